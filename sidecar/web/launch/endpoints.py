"""Answer the LMS: login, launch, key set."""

from __future__ import annotations

from collections.abc import Mapping

import structlog
from flask import Response, jsonify, make_response, redirect, request

from lti.errors import LtiError
from sidecar import tool
from sidecar.core.platforms import PlatformInactiveError
from sidecar.errors import SidecarError
from sidecar.web import limits
from sidecar.web.access import audience, sidecar
from sidecar.web.launch.admission import Admitted, admit
from sidecar.web.launch.blueprint import blueprint
from sidecar.web.launch.login import drop_login_cookie, find_claimed, set_launch_cookie, set_login_cookie, start_login
from sidecar.web.launch.new_window import ask_for_cookie
from sidecar.web.launch.own_pages import learning_path
from sidecar.web.launch.pickers import Opened, enter_picker
from sidecar.web.launch.refusals import NotALaunchError, RefusedError, refuse
from sidecar.web.launch.storage import ask_lms, carry_on, handed_back, window_path
from sidecar.web.requests_log import tally
from sidecar.web.wire import KeySetSchema, speaks

log = structlog.get_logger()

LAUNCH_BODY_BYTES = 128 * 1024
KEY_SET_AGE_S = 3600


@blueprint.route("/lti/login", methods=["GET", "POST"])
@audience("platform", body_bytes=LAUNCH_BODY_BYTES)
def login() -> Response:
    """Start a launch that a platform initiated.

    Source: 1EdTech Security Framework 1.0 §5.1.1.1 (GET and POST must both work).
    """
    params = request.form if request.method == "POST" else request.args
    try:
        detour = ask_for_cookie(params)
        start = detour or start_login(sidecar(), params)
    except (LtiError, SidecarError) as problem:
        return refuse(problem, find_claimed(sidecar(), params))
    if isinstance(start, Response):
        return start
    response = make_response(redirect(start.redirect_url, 302))
    set_login_cookie(response, start)
    return response


@blueprint.post("/lti/launch")
@audience("platform", body_bytes=LAUNCH_BODY_BYTES)
def launch() -> Response:
    """Let a learner in, to the course; staff, to the choice of the course; who asks for content, to the picker.

    Source: LTI Core 1.3 §4.1 and §5; 1EdTech Security Framework 1.0 §5.1.1.5.
    """
    try:
        asked = ask_lms(request.form, request.cookies)
    except PlatformInactiveError as problem:
        return refuse(problem)
    return asked or _let_in(request.cookies)


@blueprint.post("/lti/launch/stored")
@audience("public", body_bytes=LAUNCH_BODY_BYTES)
def launch_stored() -> Response:
    """Let a launch without cookies in, as its LMS's window kept what ties it to this browser.

    Only our own page may send this form: another site's would bring a launch of its own and the secret of that.
    """
    return _let_in(handed_back(request.form), in_storage=True)


@blueprint.get("/lti/launch")
@audience("public")
def launch_by_hand() -> Response:
    """Tell who comes by a bookmark where courses are opened."""
    return refuse(NotALaunchError(), is_kept=False)


@blueprint.get("/lti/jwks")
@audience("public")
@speaks({200: KeySetSchema})
def publish_keys() -> Response:
    """Publish the tool's public keys."""
    response = jsonify(tool.published_key_set(sidecar()))
    response.cache_control.public = True
    response.cache_control.max_age = KEY_SET_AGE_S
    return response


def _let_in(cookies: Mapping[str, str], *, in_storage: bool = False) -> Response:
    try:
        admitted = admit(sidecar(), request.form, cookies, count=_count)
        if isinstance(admitted, Opened):
            response = _enter_picker(admitted, in_storage=in_storage)
        else:
            response = _enter(admitted, in_storage=in_storage)
    except RefusedError as refused:
        response = refuse(refused.problem, refused.platform_id, is_answer=True)
    except SidecarError as problem:
        response = refuse(problem)
    if state := request.form.get("state"):
        drop_login_cookie(response, state)
    return response


def _count(platform_id: str) -> None:
    """Refuse what an LMS gone wild sends; a rehearsal comes not by here, and counts for nothing."""
    limits.refuse_beyond_of_platform(platform_id)


def _enter(admitted: Admitted, *, in_storage: bool) -> Response:
    """Send the browser on with the cookie of its new session; where it keeps none, with the secret in its pages."""
    launch_id = admitted.launch_id
    log.info("launch.admitted", launch=launch_id)
    tally().count("launch", "admitted")
    target = f"/play/{launch_id}" if admitted.has_course else f"/launch/{launch_id}/course"
    if admitted.page:
        target = learning_path(launch_id, admitted.page)
    if in_storage:
        url = target if admitted.has_course else window_path(launch_id, admitted.page)
        return carry_on(url, admitted.secret, is_framed=admitted.has_course)
    response = make_response(redirect(target, 303))
    set_launch_cookie(response, launch_id, admitted.secret)
    return response


def _enter_picker(opened: Opened, *, in_storage: bool) -> Response:
    return carry_on(f"/pick/{opened.picker_id}", opened.secret) if in_storage else enter_picker(opened)
