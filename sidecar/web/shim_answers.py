"""Answer the shim, which speaks to us from the packages' origin."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Response, request

from sidecar.errors import SidecarError
from sidecar.language import say
from sidecar.web.access import current, sidecar
from sidecar.web.error_pages import answer


def let_the_content_origin_read(response: Response) -> Response:
    """Let the shim on the content origin, and no other page, read the answers to commits (runs after requests)."""
    origin = request.headers.get("Origin", "")
    parts = urlsplit(origin)
    settings = sidecar().settings
    is_ours = settings.version_of_content_host(parts.netloc) is not None
    if request.path.startswith("/api/") and is_ours and parts.scheme == urlsplit(settings.content_url).scheme:
        response.headers["Access-Control-Allow-Origin"] = origin
    response.vary.add("Origin")
    return response


def answer_conflict(error: SidecarError) -> Response:
    """Answer that a commit came too late or out of order."""
    return answer(409, error.code, say(error, current().language), error.facts)
