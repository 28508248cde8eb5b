"""Give every request a reference, and the log one line about it, without query strings or addresses."""

from __future__ import annotations

import secrets
import time

import structlog
from flask import Response, g, request

from sidecar.log import frames_of

FRAMES_LOGGED = 8
log = structlog.get_logger()


def begin_request() -> None:
    """Give the request its reference."""
    g.reference = secrets.token_hex(6)
    g.began = time.perf_counter()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.reference)


def end_request(response: Response) -> Response:
    """Log the request and send the reference along."""
    log.info(
        "request.answered",
        method=request.method,
        route=request.url_rule.rule if request.url_rule else "",
        status=response.status_code,
        duration_ms=round((time.perf_counter() - g.began) * 1000, 1),
    )
    response.headers["X-Request-Id"] = g.reference
    return response


def log_fault(error: Exception) -> None:
    """Log where a fault of ours happened, never values."""
    log.error("request.failed", error=type(error).__name__, where=frames_of(error)[-FRAMES_LOGGED:])
