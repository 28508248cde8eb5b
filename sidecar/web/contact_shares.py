"""Share the codes that may be sent to an address, so that a stranger who types it uses up nobody's share but their own.

Whether the address is a contact's plays no part: what is counted, and when it is too much, is the same for all.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final

from flask import request
from limits import RateLimitItem, RateLimitItemPerDay, RateLimitItemPerHour
from werkzeug.exceptions import TooManyRequests
from werkzeug.wrappers import Response

from sidecar.core import contact_codes, deliveries
from sidecar.secrets import BadTokenError
from sidecar.web import limits
from sidecar.web.access import own_cookie, sidecar
from sidecar.web.cookies import give_cookie

OF_BROWSER: Final[Sequence[RateLimitItem]] = (
    RateLimitItemPerHour(6, namespace="contact-browser"),
    RateLimitItemPerDay(10, namespace="contact-browser"),
)
"""How many codes a browser may have sent to an address that was signed in with there."""

OF_LINKS: Final = RateLimitItemPerDay(10, namespace="contact-links")
"""How many codes may be sent to one address by who comes from the link to a report."""

OF_CLIENT: Final[Sequence[RateLimitItem]] = (
    RateLimitItemPerHour(4, namespace="contact-client"),
    RateLimitItemPerDay(6, namespace="contact-client"),
)
"""How many codes one client may have sent to one address; a whole town hall is one, but has many addresses."""

OF_STRANGERS: Final = RateLimitItemPerDay(20, namespace="contact-strangers")
"""How many codes may be sent to one address by all of them: with five tries each, and those of links, a guess hits once
in more than six thousand days."""

LASTS: Final = timedelta(days=365)
PURPOSE: Final = "contact-browser"
ID_BYTES: Final = 16


def take(key: bytes, address: str, delivery_id: str) -> str:
    """Count a code that is to be sent to an address; return of which share it is, "" for that of strangers.

    Args:
        key: of the hashes.
        delivery_id: of the report whose link they came by; "" for none.

    Raises:
        TooManyRequests: it is used up.
    """
    hashed = contact_codes.hash_address(key, address)
    for share, items in _own_shares(hashed, delivery_id):
        try:
            for item, of_what in items:
                limits.refuse_beyond(item, f"{hashed} {of_what}")
        except TooManyRequests:
            continue
        return share
    for item in OF_CLIENT:
        limits.refuse_beyond_of_address(item, about=hashed)
    limits.refuse_beyond(OF_STRANGERS, hashed)
    return ""


def remember(response: Response, key: bytes, address: str) -> None:
    """Let a browser that signed in ask for codes for this address later, whatever strangers do; it names nobody."""
    claims = {PURPOSE: secrets.token_hex(ID_BYTES), "address": contact_codes.hash_address(key, address)}
    token = sidecar().secrets.token(claims, sidecar().now())
    give_cookie(response, _cookie(), token, lasts=LASTS, embedded=False)


def _own_shares(hashed: str, delivery_id: str) -> Iterator[tuple[str, Sequence[tuple[RateLimitItem, str]]]]:
    """Yield the shares that strangers don't have, each with its limits and what they count."""
    if browser := _read_browser(hashed):
        yield f"browser {browser}", [(item, browser) for item in OF_BROWSER]
    if delivery_id and _is_report(delivery_id):
        yield f"link {delivery_id}", [(OF_LINKS, "")]


def _read_browser(hashed: str) -> str:
    """Return the id of a browser that was signed in with this address; "" for any other."""
    here, token = sidecar(), request.cookies.get(_cookie(), "")
    try:
        claims = here.secrets.read_token(token, here.now(), max_age_s=int(LASTS.total_seconds()))
    except BadTokenError:
        return ""
    is_same = hmac.compare_digest(claims.get("address", ""), hashed)
    return claims.get(PURPOSE, "") if is_same else ""


def _is_report(delivery_id: str) -> bool:
    with sidecar().reading() as db:
        return deliveries.is_known(db, delivery_id)


def _cookie() -> str:
    return own_cookie("sidecar-known")
