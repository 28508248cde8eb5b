"""Offer a new window where a browser keeps no cookies of ours inside the LMS's page (Safari).

A framed login that brings no cookie of ours is sent here once more with one; if it then still has none, the LMS's own
window keeps what ties the login to the browser, where the LMS offers that (`storage`); else the page offers the same
login in a window of its own. This comes before the LMS is asked who it is, as an LMS answers a login once only.
Browsers that keep cookies go round once, and no more for a year.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import urlencode

from flask import Response, make_response, redirect, render_template, request

from lti.login import read_login
from sidecar.web.access import sidecar
from sidecar.web.cookies import give_cookie
from sidecar.web.launch.login import find_asker
from sidecar.web.launch.storage import keep_in_lms

COOKIE = "lti-embedded"
ASKED = "cookie_asked"
PARAMETERS = ("iss", "login_hint", "target_link_uri", "lti_message_hint", "client_id", "lti_deployment_id")
STORAGE = "lti_storage_target"
YEAR = timedelta(days=365)
QUERY_LIMIT = 3500
"""A longer request line is refused by web servers: such a login goes on without the question."""


def ask_for_cookie(params: Mapping[str, str]) -> Response | None:
    """Return the detour of a framed login whose cookies are in doubt, or None where the login goes on.

    Raises:
        LoginError: it has to go on without a cookie, and can't be started.
        PlatformInactiveError: likewise, as its LMS may not open anything just now.
    """
    framed = request.headers.get("Sec-Fetch-Dest") in ("iframe", "frame")
    if not framed or COOKIE in request.cookies:
        return None
    query = _query(params, *PARAMETERS)
    if len(query) > QUERY_LIMIT:
        return None
    if ASKED in params:
        return _do_without(params, f"/lti/login?{query}")
    response = make_response(redirect(f"/lti/login?{_query(params, *PARAMETERS, STORAGE)}&{ASKED}=1", 303))
    give_cookie(response, COOKIE, "1", lasts=YEAR, path="/lti")
    return response


def _do_without(params: Mapping[str, str], window_url: str) -> Response:
    if params.get(STORAGE):
        return keep_in_lms(params, window_url=window_url)
    with sidecar().reading() as db:
        find_asker(db, read_login(params))
    return make_response(render_template("launch/new_window.html", url=window_url))


def _query(params: Mapping[str, str], *names: str) -> str:
    return urlencode({name: params[name] for name in names if params.get(name)})
