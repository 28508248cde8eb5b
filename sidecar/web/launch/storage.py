"""Launch without cookies: the LMS's own window keeps what ties a login to its browser, and hands it back.

A cookie does that wherever the browser keeps one. Where it keeps none of ours in the LMS's frame, and the LMS offers
its storage (`lti_storage_target`), our page puts the secret of the browser there by `postMessage`, and another page
asks for it when the launch comes back. The session goes on in that frame, its secret in each form of its pages; or, on
request, in a window of its own, where its cookie is kept.

Source: 1EdTech LTI OIDC Login with LTI Client Side postMessages; LTI postMessage Storage.
"""

from __future__ import annotations

from collections.abc import Mapping

from flask import Response, make_response, redirect, render_template

from sidecar.core import launches, platforms
from sidecar.core.one_way import hash_secret
from sidecar.web.access import audience, csrf_token, current, sidecar
from sidecar.web.launch.blueprint import blueprint
from sidecar.web.launch.login import login_cookie, set_launch_cookie, start_login
from sidecar.web.launch.own_pages import PATH, learning_path

PATIENCE_MS = 5000
"""How long an LMS has to answer: its own page may still be loading."""

KEPT_FIELD = "kept"
SENT_ON = ("state", "id_token", "error")


def keep_in_lms(params: Mapping[str, str], *, window_url: str) -> Response:
    """Start a login whose secret our page lets the LMS's window keep before it goes on to the LMS.

    Args:
        params: of the login, `lti_storage_target` among them.
        window_url: where the same login starts in a window of its own, should the LMS not answer.

    Raises:
        LoginError: as `start_login`.
    """
    start = start_login(sidecar(), params, in_storage=True)
    page = render_template(
        "launch/storage.html",
        target=params["lti_storage_target"],
        platform=start.redirect_url,
        key=_key(start.state),
        value=start.browser_secret,
        patience_ms=PATIENCE_MS,
        url=window_url,
    )
    return make_response(page)


def ask_lms(form: Mapping[str, str], cookies: Mapping[str, str]) -> Response | None:
    """Return the page that asks the LMS's window for the secret of a launch; None where that does not keep it."""
    state = form.get("state", "")
    if not state or login_cookie(state) in cookies:
        return None
    with sidecar().reading() as db:
        login = launches.find_stored_login(db, state, sidecar().now())
        if login is None:
            return None
        target, platform = login.storage_target, platforms.platform_of_id(db, login.platform_id).auth_url
    page = render_template(
        "launch/storage.html",
        target=target,
        platform=platform,
        key=_key(state),
        patience_ms=PATIENCE_MS,
        fields={name: form[name] for name in SENT_ON if name in form},
        kept_field=KEPT_FIELD,
    )
    return make_response(page)


def handed_back(form: Mapping[str, str]) -> dict[str, str]:
    """Return what the LMS's window kept as the cookie in whose place it stands."""
    return {login_cookie(form.get("state", "")): form.get(KEPT_FIELD, "")}


def carry_on(url: str, secret: str, *, is_framed: bool = True) -> Response:
    """Return the page that goes on to another by POST, with the secret that stands for its cookie.

    Args:
        is_framed: at once and in the same frame; else in a window of its own, when the button is pressed.
    """
    page = render_template(
        "launch/onward.html", action=url, is_framed=is_framed, csrf_token=csrf_token(secret), secret=secret
    )
    return make_response(page)


@blueprint.post("/launch/<launch_id>/window")
@audience("launch")
def open_window(launch_id: str) -> Response:
    """Go on with a launch in a window of its own, which keeps its cookie."""
    launch = current().launch
    has_course = launch is not None and launch.course_id is not None
    return _in_window(launch_id, f"/play/{launch_id}" if has_course else f"/launch/{launch_id}/course")


@blueprint.post("/launch/<launch_id>/window/learning")
@audience("launch")
def open_window_of_learning(launch_id: str) -> Response:
    """Show what the learner of a launch has learnt, in a window of its own, which keeps its cookie."""
    return _in_window(launch_id, learning_path(launch_id))


@blueprint.post("/launch/<launch_id>/window/learning/paths/<key>")
@audience("launch")
def open_window_of_path(launch_id: str, key: str) -> Response:
    """Show where the learner of a launch is on a learning path, in a window of its own, which keeps its cookie."""
    return _in_window(launch_id, learning_path(launch_id, f"{PATH}{key}"))


def window_path(launch_id: str, page: str) -> str:
    """Return where a launch goes on in a window of its own: to a page of ours, or to its course where it names none."""
    of_page = learning_path(launch_id, page).removeprefix(f"/play/{launch_id}") if page else ""
    return f"/launch/{launch_id}/window{of_page}"


def _in_window(launch_id: str, target: str) -> Response:
    response, secret = make_response(redirect(target, 303)), current().carried
    if secret:
        set_launch_cookie(response, launch_id, secret)
    return response


def _key(state: str) -> str:
    """Return under what name the LMS's window keeps the secret: several logins may be under way in one page."""
    return f"sidecar-{hash_secret(state)[:16]}"
