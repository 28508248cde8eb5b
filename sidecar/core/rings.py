"""Keep the rings of regions within which a region of ours offers paths, each with its agreement on record."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Final

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint, delete, func, select, true
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core import audit
from sidecar.core.access import Viewer
from sidecar.core.db import Base, Id, Key, new_id
from sidecar.core.peers import Peer
from sidecar.core.short_texts import TextTooLongError, tidy
from sidecar.errors import NotAllowedError, NotFoundError, SidecarError

NAME_CHARACTERS: Final = 100
AGREEMENT_CHARACTERS: Final = 4000


class RingFormError(SidecarError):
    """The ring lacks its name or its agreement. Write what you have agreed, and since when."""

    code = "ring-form"


class RingThereError(SidecarError):
    """Your region has a ring of that name already. Choose another name, or change the members of that one."""

    code = "ring-there"


class Ring(Base, kw_only=True):
    """Regions that have agreed to share with each other; `agreement` is what they agreed, `agreed_on` since when."""

    __tablename__ = "ring"
    __table_args__ = (UniqueConstraint("region_id", "name"),)

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    region_id: Mapped[Id] = mapped_column(ForeignKey("region.id"))
    name: Mapped[str] = mapped_column(String(NAME_CHARACTERS))
    agreement: Mapped[str] = mapped_column(Text)
    agreed_on: Mapped[date]
    created_at: Mapped[datetime]
    created_by: Mapped[Id | None] = mapped_column(ForeignKey("identity.id"), default=None, index=True)


class RingMember(Base, kw_only=True):
    """A peer in a ring."""

    __tablename__ = "ring_member"

    ring_id: Mapped[Key] = mapped_column(ForeignKey("ring.id"))
    peer_id: Mapped[Id] = mapped_column(ForeignKey("peer.id"), primary_key=True)
    joined_at: Mapped[datetime]


def list_rings(db: Session, viewer: Viewer, region_id: str | None = None) -> Sequence[Ring]:
    """Return the rings of the viewer's regions, or of one of these, by name."""
    query = select(Ring).where(true() if viewer.everything else Ring.region_id.in_(viewer.regions))
    query = query if region_id is None else query.where(Ring.region_id == region_id)
    return db.scalars(query.order_by(func.lower(Ring.name), Ring.id)).all()


def find_ring(db: Session, viewer: Viewer, key: str, region_id: str | None = None) -> Ring:
    """Return a ring of the viewer's regions by its id or name.

    Raises:
        NotFoundError: there is none, or several regions have one of that name.
    """
    found = [one for one in list_rings(db, viewer, region_id) if key in (one.id, one.name)]
    if len(found) != 1:
        raise NotFoundError(what="ring", key=key[:NAME_CHARACTERS])
    return found[0]


def add_ring(
    db: Session, viewer: Viewer, region_id: str, *, name: str, agreement: str, agreed_on: date, now: datetime
) -> Ring:
    """Put a ring and its agreement on record; it has no members yet.

    Raises:
        NotAllowedError: the region is not the viewer's.
        RingFormError: the name or the agreement is missing.
        RingThereError: the region has one of that name.
        TextTooLongError: either is too long.
    """
    if not viewer.may_run_platform(region_id):
        raise NotAllowedError
    name, agreement = tidy(name, NAME_CHARACTERS), agreement.strip()
    if not name or not agreement:
        raise RingFormError
    if len(agreement) > AGREEMENT_CHARACTERS:
        raise TextTooLongError(length=len(agreement), most=AGREEMENT_CHARACTERS)
    if db.scalar(select(Ring.id).where(Ring.region_id == region_id, Ring.name == name)):
        raise RingThereError
    by = viewer.identity_id
    ring = Ring(region_id=region_id, name=name, agreement=agreement, agreed_on=agreed_on, created_at=now, created_by=by)
    db.add(ring)
    audit.record(db, "ring.added", ring.id, at=now, identity_id=by, since=str(agreed_on))
    db.flush()
    return ring


def members_of_ring(db: Session, ring_id: str) -> Sequence[Peer]:
    """Return the peers in a ring, by name."""
    query = select(Peer).join(RingMember, RingMember.peer_id == Peer.id).where(RingMember.ring_id == ring_id)
    return db.scalars(query.order_by(Peer.name, Peer.address)).all()


def set_members(db: Session, viewer: Viewer, ring: Ring, peer_ids: Collection[str], now: datetime) -> None:
    """Say which peers are in a ring; what is offered within it follows, see `sidecar.core.path_offers`.

    Raises:
        NotFoundError: one of them is no peer of the ring's region.
    """
    known = set(db.scalars(select(Peer.id).where(Peer.region_id == ring.region_id, Peer.id.in_(peer_ids))))
    if unknown := set(peer_ids) - known:
        raise NotFoundError(what="region", key=min(unknown))
    there = {one.id for one in members_of_ring(db, ring.id)}
    db.execute(delete(RingMember).where(RingMember.ring_id == ring.id, RingMember.peer_id.in_(there - known)))
    db.add_all(RingMember(ring_id=ring.id, peer_id=one, joined_at=now) for one in sorted(known - there))
    count, by = len(known), viewer.identity_id
    audit.record(db, "ring.members_changed", ring.id, at=now, identity_id=by, count=count)
    db.flush()
