"""Tell a peer what is offered to it, a page at a time, each signed for that peer alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sidecar.core import exchange_feed
from sidecar.core.exchange_feed import FeedPage
from sidecar.core.path_contents import canonical
from sidecar.core.peers import Peer
from sidecar.core.regions import Region
from sidecar.runtime import Sidecar
from sidecar.sharing.addresses import address_of
from sidecar.sharing.cards import stamp_of
from sidecar.sharing.region_signing import sign
from sidecar.sharing.signatures import Typ
from sidecar.sharing.signed_requests import Caller

TYP: Final[Typ] = "laeringslop-feed"


@dataclass(frozen=True)
class Tag:
    """What a page is known by: another number or another card is another page."""

    newest: int
    stamp: str
    day: str

    def __str__(self) -> str:
        """Return it as an ETag without quotes; an offer may end with a day."""
        return f"{self.newest}-{self.day}-{self.stamp}"


def tag_of(sidecar: Sidecar, caller: Caller) -> Tag:
    """Return by what a caller's page is known now."""
    with sidecar.reading() as db:
        newest = exchange_feed.newest_of(db, caller.region_id)
    return Tag(newest, stamp_of(sidecar, caller.region_id), sidecar.today().isoformat())


def write_page(sidecar: Sidecar, caller: Caller, after: int, tag: Tag) -> str:
    """Return a signed page of what stands behind a number.

    Raises:
        CursorAheadError: no such number was given yet.
    """
    with sidecar.reading() as db:
        address = address_of(sidecar, db.get_one(Region, caller.region_id))
        peer = db.get_one(Peer, caller.peer_id)
        page = exchange_feed.read_page(db, caller.region_id, caller.peer_id, after, sidecar.today())
        said = _say(page, address, peer.address, int(sidecar.now().timestamp()), tag.stamp)
    return sign(sidecar, caller.region_id, canonical(said), TYP)


def _say(page: FeedPage, issuer: str, audience: str, now: int, stamp: str) -> dict[str, object]:
    said = {"format": 1, "iss": issuer, "aud": audience, "iat": now, "card": stamp}
    return {
        **said,
        "after": page.after,
        "last": page.last,
        "newest": page.newest,
        "entries": list(page.entries),
    }
