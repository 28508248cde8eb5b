"""Guard the services of the practice LMS as Moodle does: an exact media type, a token with the scope; answer in pages.

Source: 1EdTech Security Framework 1.0 §4.1; Moodle 4.5 mod/lti/services.php.
"""

import time
from collections.abc import Callable, Sequence
from functools import wraps
from typing import ParamSpec, TypeVar
from urllib.parse import urlencode

from flask import Response, abort, jsonify, make_response, request
from werkzeug.exceptions import HTTPException

from practice_lms.session import current_lms

P = ParamSpec("P")
T = TypeVar("T")


def service(media_type: str, *scopes: str) -> Callable[[Callable[P, Response]], Callable[P, Response]]:
    """Let a request in that names the exact media type and bears a token with one of the scopes, given in full."""

    def decorate(view: Callable[P, Response]) -> Callable[P, Response]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> Response:
            try:
                _check_media_type(media_type)
                _check_token(frozenset(scopes))
                return view(*args, **kwargs)
            except HTTPException as refused:
                return describe(refused.code or 500, refused.description or "")

        return guarded

    return decorate


def _check_media_type(media_type: str) -> None:
    if not media_type:
        return
    if request.method == "GET":
        offered = {part.split(";")[0].strip() for part in request.headers.get("Accept", "").split(",")}
    else:
        offered = {request.mimetype}
    if media_type not in offered:
        abort(400, f"No handler found for {request.path}")


def _check_token(scopes: frozenset[str]) -> None:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    known = current_lms().tokens.get(token.strip())
    if kind.lower() != "bearer" or known is None or known.expires_at <= time.monotonic():
        abort(401, "Bearer token missing, unknown or expired")
    if not known.scopes & scopes:
        abort(403, "Scope missing")


def describe(status: int, reason: str) -> Response:
    """Return a refusal as Moodle words it."""
    body = {"status": status, "reason": reason, "request": {"method": request.method, "url": request.url}}
    response = make_response(jsonify(body), status)
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def answer(body: object, media_type: str, status: int = 200) -> Response:
    """Return JSON under a media type of the standard."""
    response = make_response(jsonify(body), status)
    response.content_type = f"{media_type}; charset=utf-8"
    return response


def page_of(everything: Sequence[T], *, most: int = 0) -> tuple[list[T], int | None]:
    """Return the page that `from` and `limit` ask for, and where the next one begins; None for no next one.

    Args:
        most: how many a page has at most; 0 for as many as are asked for.
    """
    begin, limit = max(0, request.args.get("from", 0, int)), request.args.get("limit", 0, int)
    sizes = [size for size in (limit, most) if size > 0]
    end = begin + min(sizes) if sizes else len(everything)
    return list(everything[begin:end]), end if end < len(everything) else None


def link(url: str, rel: str, **query: str | int) -> str:
    """Return one entry of a Link header.

    Source: RFC 8288 §3.
    """
    return f'<{url}?{urlencode(query)}>; rel="{rel}"'
