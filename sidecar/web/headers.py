"""Put the security headers on every answer of the application's origin."""

from __future__ import annotations

import time
from typing import Final
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from flask import Response, current_app, g
from sqlalchemy import select

from sidecar.core.platforms import Platform
from sidecar.runtime import Sidecar

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-src {framed}; frame-ancestors {ancestors}"
)
HSTS = "max-age=31536000; includeSubDomains"
APART = {
    "Cross-Origin-Opener-Policy": "same-origin-allow-popups",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Origin-Agent-Cluster": "?1",
}
"""Keep our pages out of the reach of other origins' windows, tags and processes.

A window that a package opens to us loses its opener; one that a package opens to its own files keeps it, as some
courses look for their API there.
"""

PERMISSIONS = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"


KNOWN_FOR_S: Final = 5.0
"""How long the platforms are not asked for again: every answer names them, and they hardly ever change."""

_KNOWN: WeakKeyDictionary[Sidecar, tuple[float, list[str]]] = WeakKeyDictionary()


def frame_ancestors(sidecar: Sidecar) -> list[str]:
    """Return the origins that may show our pages in a frame: those of the platforms active a few seconds ago."""
    read_at, known = _KNOWN.get(sidecar, (-KNOWN_FOR_S, []))
    if time.monotonic() < read_at + KNOWN_FOR_S:
        return known
    with sidecar.reading() as db:
        rows = db.execute(select(Platform.issuer, Platform.auth_url).where(Platform.disabled_at.is_(None)))
        origins = {_origin(url) for row in rows for url in row}
    found = sorted(origins - {""})
    _KNOWN[sidecar] = time.monotonic(), found
    return found


def protect(response: Response) -> Response:
    """Add the headers; what a view has set itself stays.

    A view that shows a package names the one origin of its frame in `g.framed`.
    """
    settings = current_app.extensions["sidecar"].settings
    ancestors = " ".join(["'self'", *g.get("ancestors", [])])
    policy = POLICY.format(framed=g.get("framed", "'none'"), ancestors=ancestors)
    response.headers.setdefault("Content-Security-Policy", policy)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    response.headers.setdefault("Permissions-Policy", PERMISSIONS)
    for name, value in APART.items():
        response.headers.setdefault(name, value)
    if settings.public_url.startswith("https:"):
        response.headers.setdefault("Strict-Transport-Security", HSTS)
    if "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"
    return response


def _origin(url: str) -> str:
    """Return the origin of a URL; "" where it has none that a policy could name."""
    parts = urlsplit(url)
    safe = parts.scheme in ("http", "https") and parts.netloc and not set(parts.netloc) & set(" ;,'\"@")
    return f"{parts.scheme}://{parts.netloc}" if safe else ""
