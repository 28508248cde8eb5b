"""Answer the LMS: login, launch, key set."""

from __future__ import annotations

import structlog
from flask import Response, jsonify, make_response, redirect, request

from lti.errors import LtiError
from sidecar import tool
from sidecar.errors import SidecarError
from sidecar.web.access import audience, launch_cookie, sidecar
from sidecar.web.launch.admission import SESSION_HOURS, Admitted, admit
from sidecar.web.launch.blueprint import blueprint
from sidecar.web.launch.login import drop_login_cookie, set_login_cookie, start_login
from sidecar.web.launch.new_window import ask_for_cookie
from sidecar.web.launch.refusals import NotALaunchError, RefusedError, refuse
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
        return refuse(problem)
    if isinstance(start, Response):
        return start
    response = make_response(redirect(start.redirect_url, 302))
    set_login_cookie(response, start)
    return response


@blueprint.post("/lti/launch")
@audience("platform", body_bytes=LAUNCH_BODY_BYTES)
def launch() -> Response:
    """Let a learner in, to the course; or staff, to the choice of the course.

    Source: LTI Core 1.3 §4.1 and §5; 1EdTech Security Framework 1.0 §5.1.1.5.
    """
    try:
        response = _enter(admit(sidecar(), request.form, request.cookies))
    except RefusedError as refused:
        response = refuse(refused.problem, refused.platform_id)
    except SidecarError as problem:
        response = refuse(problem)
    if state := request.form.get("state"):
        drop_login_cookie(response, state)
    return response


@blueprint.get("/lti/launch")
@audience("public")
def launch_by_hand() -> Response:
    """Tell who comes by a bookmark where courses are opened."""
    return refuse(NotALaunchError())


@blueprint.get("/lti/jwks")
@audience("public")
@speaks({200: KeySetSchema})
def publish_keys() -> Response:
    """Publish the tool's public keys."""
    response = jsonify(tool.published_key_set(sidecar()))
    response.cache_control.public = True
    response.cache_control.max_age = KEY_SET_AGE_S
    return response


def _enter(admitted: Admitted) -> Response:
    """Send the browser on with the cookie of its new session."""
    launch_id = admitted.launch_id
    log.info("launch.admitted", launch=launch_id)
    tally().count("launch", "admitted")
    target = f"/play/{launch_id}" if admitted.has_course else f"/launch/{launch_id}/course"
    response = make_response(redirect(target, 303))
    response.set_cookie(
        launch_cookie(launch_id),
        admitted.secret,
        max_age=SESSION_HOURS * 3600,
        secure=True,
        httponly=True,
        samesite="None",
        partitioned=True,
    )
    return response
