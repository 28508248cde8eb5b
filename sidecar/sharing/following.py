"""Follow what peers offer: read each one's feed from where we were, and keep how that went for staff to see."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from sidecar.core import offered_paths, outbox, peers
from sidecar.core.access import Viewer
from sidecar.core.db import new_id
from sidecar.core.offered_paths import FeedFloodsError, OfferedPath
from sidecar.core.outbox import TryLater
from sidecar.core.peers import BLOCKED, KIND, PROVING, Peer, PeerKeysFloodError
from sidecar.core.regions import Region
from sidecar.errors import SidecarError
from sidecar.runtime import Sidecar
from sidecar.sharing.addresses import address_of
from sidecar.sharing.cards import fetch_card, learn
from sidecar.sharing.feed import TYP
from sidecar.sharing.feed_entries import Page, read_page
from sidecar.sharing.json_texts import read_object
from sidecar.sharing.reaching import call
from sidecar.sharing.signatures import SignedByUnknownKeyError, verify

EVERY: Final = timedelta(minutes=15)
WAITS: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 360, 720))
"""How long to wait after the first, second, … failed look; after the last of them always as long as that."""

MOST_PAGES: Final = 200
"""How many pages one look takes; a feed that goes on behind them is one without end."""

log = structlog.get_logger()


class FeedRefusedError(SidecarError):
    """The other region's sidecar does not answer as one (status {status}). Ask them whether it works."""

    code = "feed-refused"


class FeedBehindError(SidecarError):
    """The other region's feed ends before the number {after}, up to which it was read: it may have been restored.

    Ask them; then begin anew with it.
    """

    code = "feed-behind"


class PeerKeyUnknownError(SidecarError):
    """The other region signs with a key that no known one vouches for. Compare its fingerprint by telephone."""

    code = "peer-key-unknown"


CUT_OFF: Final = (FeedFloodsError, PeerKeysFloodError)
"""After these nothing is asked any more till staff say so."""


def ask_where_due(sidecar: Sidecar) -> int:
    """Put a look at each feed that is due into the outbox; return how many."""
    now = sidecar.now()
    is_due = Peer.state != BLOCKED, Peer.next_pull_at <= now
    with sidecar.reading() as db:
        found = db.scalars(select(Peer.id).where(*is_due).order_by(Peer.next_pull_at))
        due = [one for one in found if not outbox.is_under_way(db, KIND, one)]
    if due:
        with sidecar.transaction() as db:
            for one in due:
                outbox.put(db, KIND, one, key=f"{KIND}:{one}:{new_id()}", now=now)
    return len(due)


def begin_anew(sidecar: Sidecar, viewer: Viewer, peer_id: str) -> None:
    """Read a peer's feed from its beginning, as after it was restored; what was received stays.

    Raises:
        NotFoundError: the viewer's regions have no such peer.
    """
    with sidecar.transaction() as db:
        peer = peers.find_peer(db, viewer, peer_id)
        peer.feed_after, peer.feed_etag = 0, ""
        offered_paths.forget_unwanted(db, peer.id)
        peers.trust_again(db, viewer, peer, sidecar.now())


def pull(sidecar: Sidecar, peer_id: str) -> None:
    """Read a peer's feed to its end; how it went stands with the peer (the outbox calls this)."""
    with sidecar.reading() as db:
        peer = db.get(Peer, peer_id)
        state = peer.state if peer else BLOCKED
    if state == BLOCKED:
        return
    try:
        if state == PROVING:
            _read_card(sidecar, peer_id, "")
        _read_feed(sidecar, peer_id)
    except (TryLater, SidecarError) as error:
        _note_failure(sidecar, peer_id, error)
    else:
        _note_success(sidecar, peer_id)


def _read_card(sidecar: Sidecar, peer_id: str, stamp: str) -> None:
    """Learn from a peer's card by which keys it signs.

    Raises:
        PeerKeyUnknownError: by none that we can trust.
    """
    with sidecar.reading() as db:
        address = db.get_one(Peer, peer_id).address
    card = fetch_card(sidecar, address)
    with sidecar.transaction() as db:
        is_known = learn(db, db.get_one(Peer, peer_id, with_for_update=True), card, stamp, sidecar.now())
    if not is_known:
        raise PeerKeyUnknownError


def _read_feed(sidecar: Sidecar, peer_id: str) -> None:
    """Read the pages there are; the last one is empty, so that the next look is answered by "not modified"."""
    for _ in range(MOST_PAGES):
        if not _read_one(sidecar, peer_id):
            return
    raise FeedFloodsError(most=offered_paths.MOST_OFFERED)


def _read_one(sidecar: Sidecar, peer_id: str) -> bool:
    """Read the next page; tell whether there was anything on it."""
    with sidecar.reading() as db:
        peer = db.get_one(Peer, peer_id)
        after, etag, stamp = peer.feed_after, peer.feed_etag, peer.card_stamp
    headers = {"If-None-Match": f'"{etag}"'} if etag else {}
    answer = call(sidecar, peer_id, "GET", f"/feed?after={after}", headers=headers)
    if answer.status == 304 and etag:
        return False
    if answer.status == 409:
        raise FeedBehindError(after=after)
    if answer.status != 200:
        raise FeedRefusedError(status=answer.status)
    token = str(read_object(answer.body).get("feed"))
    page = _verify(sidecar, peer_id, token, after)
    if page.stamp != stamp:
        _read_card(sidecar, peer_id, page.stamp)
        page = _verify(sidecar, peer_id, token, after)  # what signed it may have been revoked by the card
    is_end = page.last == after
    new_etag = answer.headers.get("etag", "").strip('"')[: peers.ETAG_CHARACTERS] if is_end else ""
    with sidecar.transaction() as db:
        return _take_in(db, peer_id, after, page, new_etag, sidecar.now()) and not is_end


def _verify(sidecar: Sidecar, peer_id: str, token: str, after: int) -> Page:
    """Return a page that the peer signed for us; by a key that is new, its card tells."""
    try:
        payload = verify(token, _keys(sidecar, peer_id), TYP).payload
    except SignedByUnknownKeyError:
        _read_card(sidecar, peer_id, "")
        payload = verify(token, _keys(sidecar, peer_id), TYP).payload
    with sidecar.reading() as db:
        peer = db.get_one(Peer, peer_id)
        here = address_of(sidecar, db.get_one(Region, peer.region_id))
        return read_page(payload, peer.address, here, after)


def _keys(sidecar: Sidecar, peer_id: str) -> list[dict[str, str]]:
    with sidecar.reading() as db:
        return list(peers.signing_keys(db, peer_id).values())


def _take_in(db: Session, peer_id: str, after: int, page: Page, etag: str, now: datetime) -> bool:
    """Write down what a page tells; False where another look has done so meanwhile."""
    peer = db.get_one(Peer, peer_id, with_for_update=True, populate_existing=True)
    if peer.feed_after != after:
        return False
    for told in page.offered:
        offered_paths.note_offered(db, peer, told, now)
    for origin in page.withdrawn:
        offered_paths.note_withdrawn(db, peer, origin, now)
    peer.feed_after, peer.feed_etag = page.last, etag
    db.flush()
    return True


def _note_success(sidecar: Sidecar, peer_id: str) -> None:
    now = sidecar.now()
    with sidecar.transaction() as db:
        peer = db.get_one(Peer, peer_id, with_for_update=True)
        peer.pulled_at, peer.next_pull_at, peer.failures, peer.error_code = now, now + EVERY, 0, ""


def _note_failure(sidecar: Sidecar, peer_id: str, error: TryLater | SidecarError) -> None:
    now = sidecar.now()
    with sidecar.transaction() as db:
        peer = db.get_one(Peer, peer_id, with_for_update=True)
        wait = WAITS[min(peer.failures, len(WAITS) - 1)]
        peer.failures, peer.error_code = peer.failures + 1, error.code[: peers.ERROR_CHARACTERS]
        peer.next_pull_at = None if isinstance(error, CUT_OFF) else now + wait
    log.warning("peer.not_followed", peer=peer_id, code=error.code)


def fetch(sidecar: Sidecar, viewer: Viewer, offered_id: str, region_id: str | None = None) -> OfferedPath:
    """Let a path be fetched that a peer offers, by a worker, as `sidecar.sharing.fetching` does it.

    Args:
        offered_id: or its origin.

    Raises:
        NotFoundError: nothing of that is offered to the viewer's regions.
        OfferEndedError: it is offered no more.
    """
    with sidecar.transaction() as db:
        offered = offered_paths.find_offered(db, viewer, offered_id, region_id)
        offered_paths.want(db, viewer, offered, sidecar.now(), sidecar.today())
        return offered
