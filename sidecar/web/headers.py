"""Put the security headers on every answer of the application's origin."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Response, current_app, g
from sqlalchemy import select
from sqlalchemy.orm import Session

from sidecar.core.platforms import Platform

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


def frame_ancestors(db: Session) -> list[str]:
    """Return the origins that may show our pages in a frame: those of the active platforms."""
    rows = db.execute(select(Platform.issuer, Platform.auth_url).where(Platform.disabled_at.is_(None)))
    origins = {_origin(url) for row in rows for url in row}
    return sorted(origins - {""})


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
