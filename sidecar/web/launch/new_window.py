"""Offer a new window where a browser keeps no cookies of ours inside the LMS's page (Safari).

A framed login that brings no cookie of ours is sent here once more with one; if it then still has none, the page
offers the same login in a window of its own. This comes before the LMS is asked who it is, as an LMS answers a login
once only. Browsers that keep cookies go round once, and no more for a year.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from flask import Response, make_response, redirect, render_template, request

COOKIE = "lti-embedded"
ASKED = "cookie_asked"
PARAMETERS = ("iss", "login_hint", "target_link_uri", "lti_message_hint", "client_id", "lti_deployment_id")
YEAR_S = 365 * 24 * 3600
QUERY_LIMIT = 3500
"""A longer request line is refused by web servers: such a login goes on without the question."""


def ask_for_cookie(params: Mapping[str, str]) -> Response | None:
    """Return the detour of a framed login whose cookies are in doubt, or None where the login goes on."""
    framed = request.headers.get("Sec-Fetch-Dest") in ("iframe", "frame")
    query = urlencode({name: params[name] for name in PARAMETERS if params.get(name)})
    if not framed or COOKIE in request.cookies or len(query) > QUERY_LIMIT:
        return None
    if ASKED in params:
        return make_response(render_template("launch/new_window.html", url=f"/lti/login?{query}"))
    response = make_response(redirect(f"/lti/login?{query}&{ASKED}=1", 303))
    response.set_cookie(
        COOKIE, "1", max_age=YEAR_S, path="/lti", secure=True, httponly=True, samesite="None", partitioned=True
    )
    return response
