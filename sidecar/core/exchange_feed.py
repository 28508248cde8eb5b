"""Read what a peer may know of what a region offers, from a number on, and what of it the peer may fetch."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import Session

from sidecar.core.change_feed import CursorAheadError
from sidecar.core.offer_readers import ExchangeState, OfferReader
from sidecar.core.path_bundles import PathBundlePart
from sidecar.core.path_contents import canonical
from sidecar.core.path_offers import TO_ALL, PathOffer
from sidecar.errors import NotFoundError

MOST_ENTRIES: Final = 200
"""How many entries stand on one page of the feed, if they are not longer than `PAGE_BYTES`."""

PAGE_BYTES: Final = 1_000_000

OFFERED: Final = "offered"
WITHDRAWN: Final = "withdrawn"


@dataclass(frozen=True)
class FeedPage:
    """What stands behind a number: `last` is the number to ask from next, `newest` the last that the region gave."""

    after: int
    last: int
    newest: int
    entries: tuple[dict[str, Any], ...]


def newest_of(db: Session, region_id: str) -> int:
    """Return the last number that a region gave; 0 before the first."""
    state = db.get(ExchangeState, region_id)
    return state.last_seq if state else 0


def read_page(db: Session, region_id: str, peer_id: str, after: int, today: date) -> FeedPage:
    """Return a page of a region's feed as one peer may read it.

    Raises:
        CursorAheadError: no such number was given yet, which a restored backup makes so.
    """
    newest = newest_of(db, region_id)
    if after > newest:
        raise CursorAheadError(after=after, last=newest)
    theirs = PathOffer.region_id == region_id, PathOffer.seq > after, _may_hear(peer_id)
    query = select(PathOffer, _may_read(peer_id)).where(*theirs).order_by(PathOffer.seq).limit(MOST_ENTRIES)
    entries: list[dict[str, Any]] = []
    size_bytes = 0
    for offer, is_theirs in db.execute(query):
        entries.append(_entry(offer, is_theirs=is_theirs and offer.holds_on(today)))
        size_bytes += len(canonical(entries[-1]))
        if size_bytes > PAGE_BYTES or len(entries) == MOST_ENTRIES:
            return FeedPage(after, offer.seq, newest, tuple(entries))
    return FeedPage(after, newest, newest, tuple(entries))


def _entry(offer: PathOffer, *, is_theirs: bool) -> dict[str, Any]:
    said = offer.entry or {}
    if not is_theirs:
        return {"seq": offer.seq, "state": WITHDRAWN, "origin": said.get("origin")}
    until = offer.until.isoformat() if offer.until else None
    bundle = {"manifest": offer.manifest_digest, "signature": offer.signature}
    return {**said, **bundle, "seq": offer.seq, "state": OFFERED, "version": offer.version, "until": until}


def size_for(db: Session, region_id: str, peer_id: str, digest: str, today: date) -> int:
    """Return how many bytes a file has that a peer may fetch now.

    Raises:
        NotFoundError: nothing that is offered to the peer holds it.
    """
    parts = PathBundlePart.version_id == PathOffer.version_id
    offers = select(PathOffer, PathBundlePart.size_bytes).join(PathBundlePart, parts)
    theirs = PathOffer.region_id == region_id, PathBundlePart.digest == digest, _may_read(peer_id)
    for offer, size_bytes in db.execute(offers.where(*theirs)):
        if offer.holds_on(today):
            return int(size_bytes)
    raise NotFoundError(what="file", key=digest)


def _may_read(peer_id: str) -> ColumnElement[bool]:
    """Return the condition on `PathOffer` that a peer is among those it is for."""
    return or_(PathOffer.audience == TO_ALL, exists().where(*_reader(peer_id), OfferReader.has_ended.is_(False)))


def _may_hear(peer_id: str) -> ColumnElement[bool]:
    """Return the condition on `PathOffer` that a peer may ever have heard of it."""
    return or_(PathOffer.was_for_all, exists().where(*_reader(peer_id)))


def _reader(peer_id: str) -> tuple[ColumnElement[bool], ...]:
    return OfferReader.offer_id == PathOffer.id, OfferReader.peer_id == peer_id
