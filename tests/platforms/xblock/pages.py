"""Offer the few pages that a launch starts from; everything below `api/` is the library's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model, login
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.urls import include, path
from lti_consumer.api import get_lti_1p3_content_url, get_lti_1p3_launch_info, get_lti_1p3_launch_start_url
from lti_consumer.data import Lti1p3LaunchData
from lti_consumer.models import Lti1p3Passport, LtiConfiguration
from opaque_keys.edx.keys import UsageKey

from tests.platforms.xblock.open_edx import COURSE, LEARNER, external_id, note, role_of

GRADED = "graded"
UNITS = {
    GRADED: "declarative",
    "free": "programmatic",
    "columns": "programmatic",
    "chosen": "declarative",
    "empty": "declarative",
}
"""Each unit, and whether the tool uses the line item that is there or makes its own."""

WITH_COURSE = (GRADED, "free")
"""The units whose custom parameter names the tool's course."""


def make_units() -> None:
    """Make the units, which share one registration of the tool."""
    tool = settings.OUR_TOOL
    passport = Lti1p3Passport.objects.create(name="Tool", lti_1p3_tool_keyset_url=f"{tool}/lti/jwks")
    for unit, mode in UNITS.items():
        LtiConfiguration.objects.create(
            version=LtiConfiguration.LTI_1P3,
            config_store=LtiConfiguration.CONFIG_ON_DB,
            location=UsageKey.from_string(f"block-v1:{COURSE.partition(':')[2]}+type@lti_consumer+block@{unit}"),
            lti_1p3_passport=passport,
            lti_1p3_oidc_url=f"{tool}/lti/login",
            lti_1p3_launch_url=f"{tool}/lti/launch",
            lti_advantage_ags_mode=mode,
            lti_advantage_enable_nrps=True,
            lti_advantage_deep_linking_enabled=True,
            lti_advantage_deep_linking_launch_url=f"{tool}/lti/launch",
        )


def facts() -> dict[str, str]:
    """Return what a person pastes into the tool, as the library tells it."""
    told = get_lti_1p3_launch_info(_launch_data(GRADED, get_user_model().objects.get(username=LEARNER)))
    return {
        "issuer": settings.LMS_ROOT_URL,
        "client_id": told["client_id"],
        "auth_url": told["oidc_callback"],
        "token_url": told["token_url"],
        "jwks_url": told["keyset_url"],
        "deployment_id": told["deployment_id"],
    }


def _launch_data(unit: str, user: Any) -> Lti1p3LaunchData:  # noqa: ANN401 (our types know nothing of Django)
    config = next(one for one in LtiConfiguration.objects.all() if one.location.block_id == unit)
    has_course = unit in WITH_COURSE and settings.OUR_COURSE
    return Lti1p3LaunchData(
        user_id=user.id,
        user_role=role_of(user),
        config_id=config.config_id,
        resource_link_id=str(config.location),
        external_user_id=external_id(user),
        name=user.get_full_name(),
        email=user.email,
        preferred_username=user.username,
        launch_presentation_document_target="iframe",
        context_id=COURSE,
        context_type=["course_offering"],
        context_title="HMS",
        context_label=COURSE,
        custom_parameters={"course": settings.OUR_COURSE} if has_course else {},
    )


def show(request: HttpRequest) -> HttpResponse:
    """Say what there is."""
    return JsonResponse(facts() | {"units": list(UNITS)})


def sign_in(request: HttpRequest, username: str) -> HttpResponse:
    """Sign a user in without a password, on to the address in `next`."""
    login(request, get_user_model().objects.get(username=username))
    return HttpResponseRedirect(request.GET.get("next", "/"))


def open_unit(request: HttpRequest, unit: str) -> HttpResponse:
    """Open a unit as its visitor does: launch the tool, or show the links that were chosen."""
    return HttpResponseRedirect(get_lti_1p3_content_url(_launch_data(unit, request.user)))


def choose(request: HttpRequest, unit: str) -> HttpResponse:
    """Let the teacher choose in the tool what a unit opens."""
    return HttpResponseRedirect(get_lti_1p3_launch_start_url(_launch_data(unit, request.user), deep_link_launch=True))


def write_down(answer: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Note how each request was answered; a test may lead the reader of a list astray, by the file `link`."""
    astray = settings.OUR_DATA / "link"

    def run(request: HttpRequest) -> HttpResponseBase:
        response = answer(request)
        if "/memberships" in request.path and astray.exists():
            response["Link"] = astray.read_text()
        note(method=request.method, path=request.path, status=response.status_code)
        return response

    return run


urlpatterns = [
    path("", show),
    path("login/<username>", sign_in),
    path("units/<unit>/open", open_unit),
    path("units/<unit>/choose", choose),
    path("api/", include("lti_consumer.plugin.urls")),
]
