"""Serve packages on their own origin: strictly the files they hold, and the shim in which they find their API.

Nothing here knows who asks: there are no cookies, and a version's id can't be guessed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import structlog
from flask import Blueprint, Flask, Response, abort, current_app, g, render_template, request
from werkzeug.exceptions import HTTPException, InternalServerError, NotFound, ServiceUnavailable

from sidecar.core.courses import PackageFile, find_file, is_reviewed
from sidecar.errors import NotFoundError
from sidecar.runtime import Sidecar
from sidecar.storage import StorageUnreachableError
from sidecar.web import requests_log
from sidecar.web.assets import FOLDER, build
from sidecar.web.byte_ranges import choose_range
from sidecar.web.headers import frame_ancestors
from sidecar.web.media_types import DOCUMENTS, DOWNLOAD, TEXTS, media_type_of
from sidecar.web.requests_log import log_fault

YEAR_S = 365 * 24 * 3600
RETRY_AFTER_S = 30
SHIM_FILES = {
    "shim.js": FOLDER / "player" / "shim.js",
    "engine.js": FOLDER / "player" / "engine.js",
    "transport.js": FOLDER / "player" / "transport.js",
    "shim.css": FOLDER / "player" / "shim.css",
    "scorm12.min.js": FOLDER / "vendor" / "scorm-again" / "scorm12.min.js",
    "scorm2004.min.js": FOLDER / "vendor" / "scorm-again" / "scorm2004.min.js",
}
PACKAGE_POLICY = (
    "default-src 'self' https: data: blob: 'unsafe-inline' 'unsafe-eval'; object-src 'none'; base-uri 'self'; "
    "form-action 'self'; worker-src 'self' blob:"
)
"""Real packages need inline script, and some load from elsewhere, which the check told their authors."""

SHIM_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src {application}/api/attempts/ "
    "{application}/api/previews/; "
    "frame-src 'self' https:; base-uri 'none'; form-action 'none'; frame-ancestors {ancestors}"
)

PERMISSIONS = ", ".join(
    f"{feature}=()"
    for feature in (
        "bluetooth",
        "camera",
        "clipboard-read",
        "display-capture",
        "geolocation",
        "hid",
        "idle-detection",
        "local-fonts",
        "microphone",
        "midi",
        "payment",
        "publickey-credentials-get",
        "serial",
        "usb",
        "window-management",
    )
)
"""What no course may ask the learner's browser for, in a window of its own either."""

blueprint = Blueprint("content", __name__)
log = structlog.get_logger()


def create_content_app(sidecar: Sidecar) -> Flask:
    """Make the application of the content origin around an opened Sidecar."""
    app = Flask(__name__, static_folder=None)
    app.extensions["sidecar"] = sidecar
    app.url_map.merge_slashes = False
    app.register_blueprint(blueprint)
    app.before_request(requests_log.begin_request)
    app.before_request(_refuse_service_workers)
    app.after_request(_protect)
    app.after_request(requests_log.end_request)
    app.register_error_handler(HTTPException, _answer_plainly)
    app.register_error_handler(Exception, _answer_fault)
    return app


@blueprint.get("/_player/shim.html")
def shim() -> Response:
    """Show the page that stands between the player and a package: it holds the API that packages look for."""
    settings = _sidecar().settings
    response = Response(render_template("player/shim.html", build=build(), application=settings.public_url))
    policy = SHIM_POLICY.format(application=settings.public_url, ancestors=_ancestors())
    response.headers["Content-Security-Policy"] = policy
    response.headers["Cache-Control"] = "no-cache"
    return response


@blueprint.get("/_player/<of_build>/<name>")
def shim_file(of_build: str, name: str) -> Response:
    """Send a script or style of the shim."""
    path: Path | None = SHIM_FILES.get(name)
    if path is None:
        raise NotFound
    response = Response(path.read_bytes(), content_type=f"{media_type_of(name)}; charset=utf-8")
    _keep(response, for_ever=of_build == build())
    return response


@blueprint.get("/<path:path>")
def package_file(path: str) -> Response:
    """Send a file of a course version, or the part of it that was asked for."""
    settings = _sidecar().settings
    version_id = settings.version_of_content_host(request.host)
    if not version_id:
        version_id, _, path = path.partition("/")
    if "\0" in f"{version_id}{path}":  # PostgreSQL takes no such text
        raise NotFound
    with _sidecar().reading() as db:
        file = find_file(db, version_id, path)
        may_play = settings.content_is_per_version or is_reviewed(db, version_id)
    if file is None:
        raise NotFound
    if not may_play:
        abort(403, "This course has to be reviewed before it may play here.")
    return _send(file)


def _send(file: PackageFile) -> Response:
    kind = media_type_of(file.path)
    response = Response(content_type=f"{kind}; charset=utf-8" if kind in TEXTS else kind)
    response.set_etag(file.digest)
    response.accept_ranges = "bytes"
    _keep(response, for_ever=kind not in DOCUMENTS)
    if kind == DOWNLOAD:
        response.headers["Content-Disposition"] = "attachment"
    framing = f"; frame-ancestors {_ancestors()}" if kind in DOCUMENTS else ""
    response.headers["Content-Security-Policy"] = PACKAGE_POLICY + framing
    if request.if_none_match.contains(file.digest):
        response.status_code = 304
        return response
    start, end = choose_range(response, file.digest, file.size_bytes)
    response.content_length = end - start
    if request.method != "HEAD":
        response.response = _stream(file, start, end)
    return response


def _stream(file: PackageFile, start: int, end: int) -> Iterator[bytes]:
    try:
        return _sidecar().storage.stream(file.digest, start, end)
    except NotFoundError:
        log.error("stored_file.missed", digest=file.digest, version=file.version_id)  # noqa: TRY400 (it says all)
        raise InternalServerError("This file of the course is missing on our side.") from None
    except StorageUnreachableError as error:
        log.warning("storage.not_reached", code=error.code)
        raise ServiceUnavailable(
            "The course can't be read just now. Try again in a minute.", retry_after=RETRY_AFTER_S
        ) from None


def _keep(response: Response, *, for_ever: bool) -> None:
    response.headers["Cache-Control"] = f"public, max-age={YEAR_S}, immutable" if for_ever else "no-cache"


def _ancestors() -> str:
    """Return who may show a package in a frame: itself, the application, and the LMSs around that."""
    return " ".join(["'self'", _sidecar().settings.public_url, *frame_ancestors(_sidecar())])


def _refuse_service_workers() -> None:
    """Keep a package from answering for every other file of its host, for ever."""
    if request.headers.get("Service-Worker"):
        abort(403, "Service workers are not allowed here.")


def _protect(response: Response) -> Response:
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "strict-origin-when-cross-origin"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.headers["Permissions-Policy"] = PERMISSIONS
    response.headers["Origin-Agent-Cluster"] = "?1"  # a course that hangs must not hang the page around it
    response.headers.setdefault("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
    if _sidecar().settings.public_url.startswith("https:"):
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    return response


def _answer_plainly(error: HTTPException) -> Response:
    """Answer an error without a template: this host has no languages and no visitors."""
    code = error.code or 500
    reference = f" Reference: {g.reference}" if code >= 500 else ""
    response = Response(f"{error.description}{reference}\n", code, content_type="text/plain; charset=utf-8")
    if isinstance(error, ServiceUnavailable) and error.retry_after:
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def _answer_fault(error: Exception) -> Response:
    """Answer a fault of ours; the log gets where it happened, never values."""
    log_fault(error)
    return _answer_plainly(InternalServerError("Something went wrong on our side."))


def _sidecar() -> Sidecar:
    found: Sidecar = current_app.extensions["sidecar"]
    return found
