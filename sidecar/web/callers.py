"""Find out which region's sidecar asks, by the signature of its request."""

from __future__ import annotations

from typing import Final

from flask import g, request

from sidecar.errors import SidecarError
from sidecar.runtime import Sidecar
from sidecar.sharing.signed_requests import Asked, Caller, check
from sidecar.web import limits

EXCHANGE: Final = "exchange"
INVITED: Final = "invited"
KINDS: Final = frozenset({EXCHANGE, INVITED})
"""Audiences: a region that one of ours trusts; and one that answers an invitation, whose view checks it."""


def identify(sidecar: Sidecar, who: frozenset[str]) -> None:
    """Find out who asks, and bound how much; who tries signatures is soon not listened to any more.

    Raises:
        SidecarError: as `signed_requests.check`.
    """
    if who != {EXCHANGE}:
        return
    slug = str((request.view_args or {}).get("region", ""))
    try:
        g.caller = check(sidecar, slug, request.headers.get("Authorization", ""), asked(sidecar))
    except SidecarError:
        limits.refuse_beyond_of_address(limits.FAILED_TOKENS)
        raise
    limits.refuse_beyond(limits.EXCHANGE_REQUESTS, g.caller.peer_id)


def caller() -> Caller:
    """Return who asks for an endpoint of the audience `exchange`."""
    found: Caller = g.caller
    return found


def asked(sidecar: Sidecar) -> Asked:
    """Return the request as whoever signed it meant it: under our public address."""
    query = request.query_string.decode("latin-1")
    url = f"{sidecar.settings.public_url}{request.path}{f'?{query}' if query else ''}"
    return Asked(request.method, url, request.get_data())
