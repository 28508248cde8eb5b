"""Keep the regions that a region of ours shares with, at other sidecars, and by which keys each of them is known.

A peer is trusted by one region of ours, not by the installation. It is `proving` as long as it is not found under its
address with a key that we know it by: nothing is shared with it, its card alone is asked for. A `blocked` one is
neither asked nor answered.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, ForeignKey, String, UniqueConstraint, func, or_, select, true
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core import audit
from sidecar.core.access import Viewer
from sidecar.core.db import Base, Id, JsonValue, Key, new_id
from sidecar.core.short_texts import one_line
from sidecar.errors import NotFoundError, SidecarError

KIND: Final = "peer-pull"
"""The kind of an outbox item that reads a peer's feed; its subject is the peer."""

ADDRESS_CHARACTERS: Final = 300
"""Of an exchange address."""

ORIGIN_CHARACTERS: Final = 400
"""Of what a course or learning path is called there, which begins with that address."""

NAME_CHARACTERS: Final = 200
KID_CHARACTERS: Final = 64
ERROR_CHARACTERS: Final = 60
ETAG_CHARACTERS: Final = 100

MOST_KEYS: Final = 500
"""How many keys of a peer are remembered, and how many that it revoked; a region has a few."""

PROVING: Final = "proving"
TRUSTED: Final = "trusted"
BLOCKED: Final = "blocked"

BY_FINGERPRINT: Final = "fingerprint"
BY_INVITATION: Final = "invitation"


class PeerThereError(SidecarError):
    """You share with {address} already. Look at it in the list; a region that is blocked can be trusted again there."""

    code = "peer-there"


class OwnAddressError(SidecarError):
    """This is the address of your own region. Ask the other region for theirs."""

    code = "peer-own-address"


class PeerKeysFloodError(SidecarError):
    """The other region names more than {most} keys of its own, so it was cut off. Ask them why."""

    code = "peer-keys-flood"


class Peer(Base, kw_only=True):
    """A region elsewhere that a region of ours shares with.

    Attributes:
        address: its exchange address; `name`: as its card says.
        known_by: fingerprint, or invitation.
        card_stamp: of the card that was read last, as its feed says it; "" before one was.
        feed_after: the number up to which its feed is taken in, `feed_etag`: what it said to be asked by next time.
        pulled_at: when its feed was last read to the end; `next_pull_at`: when it is due; None: not by itself.
        failures: how many looks in a row failed, `error_code`: the last of them, "" where it went well.
    """

    __tablename__ = "peer"
    __table_args__ = (UniqueConstraint("region_id", "address"),)

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    region_id: Mapped[Id] = mapped_column(ForeignKey("region.id"), index=True)
    address: Mapped[str] = mapped_column(String(ADDRESS_CHARACTERS))
    name: Mapped[str] = mapped_column(String(NAME_CHARACTERS), default="")
    state: Mapped[str] = mapped_column(String(10), default=PROVING)
    known_by: Mapped[str] = mapped_column(String(20))
    added_at: Mapped[datetime]
    added_by: Mapped[Id | None] = mapped_column(ForeignKey("identity.id"), default=None, index=True)
    card_stamp: Mapped[str] = mapped_column(String(KID_CHARACTERS), default="")
    feed_after: Mapped[int] = mapped_column(default=0)
    feed_etag: Mapped[str] = mapped_column(String(ETAG_CHARACTERS), default="")
    pulled_at: Mapped[datetime | None] = mapped_column(default=None)
    next_pull_at: Mapped[datetime | None] = mapped_column(default=None, index=True)
    failures: Mapped[int] = mapped_column(default=0)
    error_code: Mapped[str] = mapped_column(String(ERROR_CHARACTERS), default="")


class PeerKey(Base, kw_only=True):
    """A key by which a peer signs.

    Attributes:
        vouched_by: the key of the peer that signed this one; None where our own staff, or an invitation, named it.
        revoked_at: from when it signs nothing more that we believe, as the peer told us.
    """

    __tablename__ = "peer_key"

    peer_id: Mapped[Key] = mapped_column(ForeignKey("peer.id"))
    kid: Mapped[str] = mapped_column(String(KID_CHARACTERS), primary_key=True)
    public: Mapped[JsonValue]
    vouched_by: Mapped[str | None] = mapped_column(String(KID_CHARACTERS), default=None)
    first_seen_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None] = mapped_column(default=None)


class PeerRevocation(Base, kw_only=True):
    """A key that a peer has revoked, also one that we never met: a card of before must not bring it back."""

    __tablename__ = "peer_revocation"

    peer_id: Mapped[Key] = mapped_column(ForeignKey("peer.id"))
    kid: Mapped[str] = mapped_column(String(KID_CHARACTERS), primary_key=True)
    revoked_at: Mapped[datetime]


def may_see_peer(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition on `Peer` that bounds a query to those of the viewer's regions."""
    return true() if viewer.everything else Peer.region_id.in_(viewer.regions)


def list_peers(db: Session, viewer: Viewer, region_id: str | None = None) -> Sequence[Peer]:
    """Return the peers of the viewer's regions, or of one of these, by name."""
    query = select(Peer).where(may_see_peer(viewer))
    query = query if region_id is None else query.where(Peer.region_id == region_id)
    return db.scalars(query.order_by(Peer.name, Peer.address)).all()


def find_peer(db: Session, viewer: Viewer, key: str, region_id: str | None = None) -> Peer:
    """Return a peer of the viewer's regions by its id or address.

    Args:
        region_id: whose peer; None: of any, which an address may name several of.

    Raises:
        NotFoundError: there is none, or several have the address.
    """
    query = select(Peer).where(or_(Peer.id == key, Peer.address == key.rstrip("/")), may_see_peer(viewer))
    query = query if region_id is None else query.where(Peer.region_id == region_id)
    found = db.scalars(query.limit(2)).all()
    if len(found) != 1:
        raise NotFoundError(what="region", key=key[:ADDRESS_CHARACTERS])
    return found[0]


def peer_at(db: Session, region_id: str, address: str) -> Peer | None:
    """Return the peer of a region at an address, however it stands."""
    return db.scalar(select(Peer).where(Peer.region_id == region_id, Peer.address == address))


def add_peer(
    db: Session,
    *,
    region_id: str,
    address: str,
    name: str,
    keys: Mapping[str, JsonValue],
    state: str,
    known_by: str,
    by: str | None,
    now: datetime,
) -> Peer:
    """Begin to share with a region.

    Args:
        keys: public keys by id, those that somebody has vouched for.
        state: trusted, or proving.

    Raises:
        PeerThereError: there is one at that address.
    """
    if peer_at(db, region_id, address) is not None:
        raise PeerThereError(address=address)
    peer = Peer(
        region_id=region_id,
        address=address,
        name=one_line(name)[:NAME_CHARACTERS],
        state=state,
        known_by=known_by,
        added_at=now,
        added_by=by,
        next_pull_at=now,
    )
    db.add(peer)
    db.flush()
    for kid, public in keys.items():
        add_key(db, peer.id, kid, public, vouched_by=None, now=now)
    audit.record(db, "peer.added", peer.id, at=now, identity_id=by, address=address, kind=known_by)
    return peer


def add_key(db: Session, peer_id: str, kid: str, public: JsonValue, *, vouched_by: str | None, now: datetime) -> None:
    """Know a key of a peer from now on; one that is known stays as it is, one that was revoked is never new.

    Raises:
        PeerKeysFloodError: another key vouches for it, and there are too many.
    """
    if db.get(PeerKey, (peer_id, kid)) is None:
        if vouched_by is not None:
            _refuse_flood(db, PeerKey, peer_id)
        gone = db.get(PeerRevocation, (peer_id, kid))
        revoked_at = gone.revoked_at if gone else None
        row = PeerKey(
            peer_id=peer_id, kid=kid, public=public, vouched_by=vouched_by, first_seen_at=now, revoked_at=revoked_at
        )
        db.add(row)
        db.flush()


def name_keys_again(db: Session, peer: Peer, keys: Mapping[str, JsonValue], now: datetime) -> None:
    """Know a peer by other keys, which staff have compared: what was known of before and is not among them ends."""
    for one in list_keys(db, peer.id):
        if one.kid not in keys and one.revoked_at is None:
            one.revoked_at = now
    for kid, public in keys.items():
        add_key(db, peer.id, kid, public, vouched_by=None, now=now)
        key, gone = db.get_one(PeerKey, (peer.id, kid)), db.get(PeerRevocation, (peer.id, kid))
        key.vouched_by, key.revoked_at = None, gone.revoked_at if gone else None
    db.flush()


def list_keys(db: Session, peer_id: str) -> Sequence[PeerKey]:
    """Return every key of a peer that was ever known, the newest first."""
    query = select(PeerKey).where(PeerKey.peer_id == peer_id)
    return db.scalars(query.order_by(PeerKey.first_seen_at.desc(), PeerKey.kid)).all()


def signing_keys(db: Session, peer_id: str) -> dict[str, JsonValue]:
    """Return the public keys by which a peer may sign now, by their ids."""
    return {one.kid: one.public for one in list_keys(db, peer_id) if one.revoked_at is None}


def trusted_keys(db: Session, region_id: str, address: str) -> list[tuple[str, JsonValue, datetime | None]]:
    """Return each key of the region at an address that a region of ours trusts: id, key, from when it is revoked.

    Those of a peer that is blocked or was never found are none.
    """
    peer = peer_at(db, region_id, address)
    if peer is None or peer.state != TRUSTED:
        return []
    return [(one.kid, one.public, one.revoked_at) for one in list_keys(db, peer.id)]


def revoke_key(db: Session, peer_id: str, kid: str, at: datetime) -> None:
    """Believe nothing more of a key, nor of those that it vouched for since then; what is revoked stays so.

    Raises:
        PeerKeysFloodError: it is none that we know, and there are too many; one that we know is always revoked.
    """
    if db.get(PeerRevocation, (peer_id, kid)) is None:
        if db.get(PeerKey, (peer_id, kid)) is None:
            _refuse_flood(db, PeerRevocation, peer_id)
        db.add(PeerRevocation(peer_id=peer_id, kid=kid, revoked_at=at))
        db.flush()
    gone = {kid}
    while gone:
        ending = [one for one in list_keys(db, peer_id) if one.revoked_at is None and _ends_with(one, gone, kid, at)]
        for one in ending:
            one.revoked_at = at
        gone = {one.kid for one in ending}
    db.flush()


def _refuse_flood(db: Session, kind: type[PeerKey | PeerRevocation], peer_id: str) -> None:
    count = db.scalar(select(func.count()).select_from(kind).where(kind.peer_id == peer_id)) or 0
    if count >= MOST_KEYS:
        raise PeerKeysFloodError(most=MOST_KEYS)


def _ends_with(key: PeerKey, gone: Collection[str], kid: str, at: datetime) -> bool:
    """Tell whether a key ends as one of those that are gone: it is the one, or was vouched for by one too late."""
    return key.kid == kid or (key.vouched_by in gone and key.first_seen_at >= at)


def block(db: Session, viewer: Viewer, peer: Peer, now: datetime) -> None:
    """Neither ask nor answer a peer any more; what it offered and what was received stays."""
    if peer.state != BLOCKED:
        peer.state, peer.next_pull_at = BLOCKED, None
        audit.record(db, "peer.blocked", peer.id, at=now, identity_id=viewer.identity_id, address=peer.address)
        db.flush()


def prove(db: Session, peer: Peer, *, is_found: bool) -> None:
    """Trust a peer as long as it is found under its address with a key it is known by."""
    if peer.state != BLOCKED:
        peer.state = TRUSTED if is_found else PROVING
        db.flush()


def trust_again(db: Session, viewer: Viewer, peer: Peer, now: datetime) -> None:
    """Share again with a peer that was blocked, as soon as its card is found, or whose feed was cut off."""
    if peer.state == BLOCKED:
        peer.state = PROVING
    ask_at_once(peer, now)
    audit.record(db, "peer.trusted", peer.id, at=now, identity_id=viewer.identity_id, address=peer.address)
    db.flush()


def ask_at_once(peer: Peer, now: datetime) -> None:
    """Let a peer be asked now, whatever became of the times before."""
    peer.next_pull_at, peer.failures, peer.error_code = now, 0, ""
