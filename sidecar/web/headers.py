"""Put the security headers on every answer of the application's origin."""

from __future__ import annotations

import time
from typing import Final
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from flask import Response, current_app, g
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from sidecar.core.platforms import Platform, is_active
from sidecar.runtime import Sidecar

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'{posted_to}; base-uri 'none'; frame-src {framed}; "
    "frame-ancestors {ancestors}"
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

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": PERMISSIONS,
    **APART,
    "Cache-Control": "no-store",
}

KNOWN_FOR_S: Final = 5.0
"""How long the platforms are not asked for again: every answer names them, and they hardly ever change."""

_KNOWN: WeakKeyDictionary[Sidecar, tuple[float, list[str]]] = WeakKeyDictionary()


def frame_ancestors(sidecar: Sidecar) -> list[str]:
    """Return the origins that may show our pages in a frame: those of the platforms active a few seconds ago."""
    read_at, known = _KNOWN.get(sidecar, (-KNOWN_FOR_S, []))
    if time.monotonic() < read_at + KNOWN_FOR_S:
        return known
    with sidecar.reading() as db:
        found = _origins(db, is_active())
    _KNOWN[sidecar] = time.monotonic(), found
    return found


def origins_of(sidecar: Sidecar, platform_id: str) -> list[str]:
    """Return the origins of one platform's pages, however it stands."""
    with sidecar.reading() as db:
        return _origins(db, Platform.id == platform_id)


def _origins(db: Session, which: ColumnElement[bool]) -> list[str]:
    rows = db.execute(select(Platform.issuer, Platform.auth_url, Platform.frame_origins).where(which))
    origins = {_origin(url) for issuer, auth_url, others in rows for url in (issuer, auth_url, *others)}
    return sorted(origins - {""})


def protect(response: Response) -> Response:
    """Add the headers; what a view has set itself stays.

    A view that shows a package names the one origin of its frame in `g.framed`; one whose form goes to an LMS names
    that origin in `g.posted_to`.
    """
    settings = current_app.extensions["sidecar"].settings
    ancestors = " ".join(["'self'", *g.get("ancestors", [])])
    posted_to = f" {_origin(g.posted_to)}" if "posted_to" in g else ""
    policy = POLICY.format(framed=g.get("framed", "'none'"), posted_to=posted_to, ancestors=ancestors)
    wanted = {"Content-Security-Policy": policy, **ALWAYS}
    if settings.public_url.startswith("https:"):
        wanted["Strict-Transport-Security"] = HSTS
    own = {name.lower() for name, _ in response.headers}
    for name, value in wanted.items():
        if name.lower() not in own:
            response.headers.add(name, value)
    return response


def _origin(url: str) -> str:
    """Return the origin of a URL; "" where it has none that a policy could name."""
    parts = urlsplit(url)
    safe = parts.scheme in ("http", "https") and parts.netloc and not set(parts.netloc) & set(" ;,'\"@")
    return f"{parts.scheme}://{parts.netloc}" if safe else ""
