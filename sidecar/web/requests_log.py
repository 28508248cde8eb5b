"""Give every request a reference, and the log one line about it, without query strings or addresses."""

from __future__ import annotations

import secrets
import time

import structlog
from flask import Response, current_app, g, request

from sidecar.log import frames_of
from sidecar.tally import Tally

FRAMES_LOGGED = 8
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
log = structlog.get_logger()


def begin_request() -> None:
    """Give the request its reference."""
    g.reference = secrets.token_hex(6)
    g.began = time.perf_counter()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.reference)


def end_request(response: Response) -> Response:
    """Log and count the request and send the reference along."""
    method = request.method if request.method in METHODS else "other"
    route = request.url_rule.rule if request.url_rule else ""
    duration_s = time.perf_counter() - g.began
    log.info(
        "request.answered",
        method=method,
        route=route,
        status=response.status_code,
        duration_ms=round(duration_s * 1000, 1),
    )
    tally().observe("request", method, route, str(response.status_code), duration_s=duration_s)
    response.headers["X-Request-Id"] = g.reference
    return response


def tally() -> Tally:
    """Return what this process counts in."""
    counts: Tally = current_app.extensions["sidecar"].tally
    return counts


def log_fault(error: Exception) -> None:
    """Log where a fault of ours happened, never values."""
    log.error("request.failed", error=type(error).__name__, where=frames_of(error)[-FRAMES_LOGGED:])
