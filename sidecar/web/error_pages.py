"""Answer errors in the visitor's language, with what to do and a reference; as JSON or SCIM for machines."""

from __future__ import annotations

import json
from typing import Final

from flask import Flask, Response, g, jsonify, make_response, render_template, request
from werkzeug.exceptions import HTTPException

from sidecar.errors import NotFoundError, SidecarError
from sidecar.language import say
from sidecar.room import NoRoomError, is_no_room
from sidecar.sharing import signed_requests
from sidecar.sync.scim.documents import describe_error
from sidecar.sync.scim.errors import ScimError
from sidecar.web.access import current
from sidecar.web.rendering import gettext as _
from sidecar.web.requests_log import log_fault

SCIM: Final = "/scim/"
JSON: Final = ("/api/", "/exchange/")
STATUS = {
    "not-found": 404,
    "conflict": 409,
    "not-allowed": 403,
    "bad-token": 401,
    "api-token-refused": 401,
    "not-signed-in": 401,
    "contact-not-signed-in": 401,
    "cursor-ahead": 409,
    "cursor-too-old": 410,
    **dict.fromkeys(signed_requests.REFUSALS, 401),
    "peer-invitation-ended": 410,
    "peer-there": 409,
    "link-spent": 403,
    "files-removed": 410,
    "picker-expired": 410,
    "picker-answered": 409,
    "preview-ended": 410,
    "preview-spent": 410,
    "misconfigured": 500,
    "wrong-secret-key": 500,
    "unreachable": 502,
    "insufficient-storage": 507,
    "storage-unreachable": 503,
    "storage-refused": 503,
}


class UnknownFaultError(SidecarError):
    """Something went wrong on our side. Try again; if it happens again, tell your regional competence office."""

    code = "fault"


def add_error_pages(app: Flask) -> None:
    """Answer every error with a page, or JSON where machines ask."""
    app.register_error_handler(SidecarError, answer_own_error)
    app.register_error_handler(HTTPException, answer_http_error)
    app.register_error_handler(Exception, answer_fault)


def answer_own_error(error: SidecarError) -> Response:
    """Answer an error of our own family with its text; a page doesn't repeat the address that led nowhere."""
    if isinstance(error, ScimError):
        return _answer_scim(error.status, say(error, current().language), error.scim_type)
    status = STATUS.get(error.code, 400)
    is_page = not request.path.startswith((*JSON, SCIM))
    text = _advice(status) if is_page and isinstance(error, NotFoundError) else say(error, current().language)
    return answer(status, error.code, text, error.facts)


def answer_http_error(error: HTTPException) -> Response:
    """Answer an error of HTTP: unknown address, wrong method, too large."""
    if error.code is None or error.code < 400:
        return make_response(error.get_response())
    response = answer(error.code, f"http-{error.code}", _advice(error.code), {})
    for name, value in error.get_headers():
        if name not in ("Content-Type", "Content-Length"):
            response.headers[name] = value
    return response


def answer_fault(error: Exception) -> Response:
    """Answer a fault of ours; the log gets where it happened, never values."""
    log_fault(error)
    fault = NoRoomError() if is_no_room(error) else UnknownFaultError()
    return answer(STATUS.get(fault.code, 500), fault.code, say(fault, current().language), {})


def answer(status: int, code: str, text: str, facts: dict[str, str | int]) -> Response:
    """Answer with an error page, or JSON where machines ask, or what SCIM has for errors below /scim.

    Args:
        text: what happened and what to do, in the visitor's language.
    """
    if request.path.startswith(JSON):
        body = {"code": code, "facts": facts, "message": text, "reference": g.get("reference", "")}
        return make_response(jsonify(error=body), status)
    if request.path.startswith(SCIM):
        return _answer_scim(status, text)
    page = render_template("error.html", status=status, title=_title(status), text=text)
    return make_response(page, status)


def _answer_scim(status: int, text: str, scim_type: str = "") -> Response:
    """Answer as SCIM clients understand it (RFC 7644 §3.12)."""
    body = json.dumps(describe_error(status, text, scim_type), ensure_ascii=False)
    response = make_response(body, status, {"Content-Type": "application/scim+json"})
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _title(status: int) -> str:
    titles = {
        401: _("Sign in first"),
        403: _("You can't open this"),
        404: _("The page is not here"),
        409: _("That is there already"),
        410: _("It is no longer here"),
        413: _("That is too large"),
        429: _("Too much at once"),
    }
    return titles.get(status) or (_("Something went wrong") if status >= 500 else _("That did not work"))


def _advice(status: int) -> str:
    advice = {
        401: _("Open the page from your LMS, or with a sign-in link from your regional competence office."),
        403: _("Go back, load the page again and try once more. If you opened a form long ago, sign in again."),
        404: _("The address may be wrong, or the page is not for you. Start again from the front page or your LMS."),
        405: _("This address can't be used that way. Go back and use the buttons on the page."),
        413: _("What you sent is larger than this page takes. Choose a smaller file."),
        415: _("The file or data is of a kind this page can't read."),
        429: _(
            "Too many tries came from your network in a short time. Wait a minute, then open the activity in your LMS, "
            "or your sign-in link, once more. What was saved is kept."
        ),
    }
    fault = _("Something went wrong on our side. Try again; if it happens again, tell your regional competence office.")
    return advice.get(status) or (fault if status >= 500 else _("Check what you filled in, and try again."))
