"""Keep which peers an offer is for by name or by its ring, and number each change of an offer for the feed.

The numbers of a region are given by whoever holds its `ExchangeState`, in the transaction that changes the offer: a
later number is never seen before an earlier one, so that a cursor skips nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import BigInteger, ForeignKey, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core.db import Base, Id, Key
from sidecar.core.peers import Peer
from sidecar.core.rings import Ring, members_of_ring
from sidecar.core.statements import insert_if_new
from sidecar.errors import NotFoundError, SidecarError


class OfferedToNobodyError(SidecarError):
    """No region is chosen. Choose at least one, a ring, or all you share with."""

    code = "path-offer-nobody"


class ExchangeState(Base, kw_only=True):
    """How far the feed of a region is numbered."""

    __tablename__ = "exchange_state"

    region_id: Mapped[Id] = mapped_column(ForeignKey("region.id"), primary_key=True)
    last_seq: Mapped[int] = mapped_column(BigInteger, default=0)


class OfferReader(Base, kw_only=True):
    """A peer to which a path is offered by name or by its ring, or was: it hears when that has ended."""

    __tablename__ = "offer_reader"

    offer_id: Mapped[Key] = mapped_column(ForeignKey("path_offer.id"))
    peer_id: Mapped[Id] = mapped_column(ForeignKey("peer.id"), primary_key=True)
    has_ended: Mapped[bool] = mapped_column(default=False)


def choose_readers(db: Session, region_id: str, peer_ids: Collection[str], ring: Ring | None) -> set[str]:
    """Return the ids of the peers that something is to be offered to: those in a ring, or the named ones.

    Raises:
        OfferedToNobodyError: there are none.
        NotFoundError: one of them is no peer of the region.
    """
    wanted = {one.id for one in members_of_ring(db, ring.id)} if ring else set(peer_ids)
    known = set(db.scalars(select(Peer.id).where(Peer.region_id == region_id, Peer.id.in_(wanted))))
    if not wanted:
        raise OfferedToNobodyError
    if unknown := wanted - known:
        raise NotFoundError(what="region", key=min(unknown))
    return wanted


def set_readers(db: Session, offer_id: str, wanted: Collection[str]) -> None:
    """Say which peers an offer is for; those it was for before hear that it has ended."""
    there = {one.peer_id: one for one in db.scalars(select(OfferReader).where(OfferReader.offer_id == offer_id))}
    for peer_id, reader in there.items():
        reader.has_ended = peer_id not in wanted
    db.add_all(OfferReader(offer_id=offer_id, peer_id=one) for one in sorted(set(wanted) - set(there)))
    db.flush()


def list_readers(db: Session, offer_id: str) -> Sequence[Peer]:
    """Return the peers that an offer is for by name or ring, by name."""
    named = select(Peer).join(OfferReader, OfferReader.peer_id == Peer.id)
    readers = named.where(OfferReader.offer_id == offer_id, OfferReader.has_ended.is_(False))
    return db.scalars(readers.order_by(Peer.name, Peer.id)).all()


def take_number(db: Session, region_id: str) -> int:
    """Return the next number of a region's feed; whoever takes another one waits till this is committed."""
    insert_if_new(db, ExchangeState(region_id=region_id), unique=("region_id",))
    here = update(ExchangeState).where(ExchangeState.region_id == region_id)
    taken = here.values(last_seq=ExchangeState.last_seq + 1).returning(ExchangeState.last_seq)
    return db.scalars(taken).one()
