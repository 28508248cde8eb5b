"""Keep what peers offer to a region of ours: what an RKK can look at before anything of it is fetched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    ForeignKey,
    String,
    Text,
    UniqueConstraint,
    delete,
    func,
    or_,
    select,
    true,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core import audit, outbox
from sidecar.core.access import Viewer
from sidecar.core.db import Base, Id, JsonValue, Key, new_id
from sidecar.core.peers import ERROR_CHARACTERS, ORIGIN_CHARACTERS, Peer
from sidecar.errors import NotFoundError, SidecarError

KIND: Final = "path-fetch"
"""The kind of an outbox item that fetches what a peer offers; its subject is the id of an offer."""

MOST_OFFERED: Final = 20_000
"""How many paths of one peer are remembered; a region has hundreds."""

TITLE_CHARACTERS: Final = 500
SUMMARY_CHARACTERS: Final = 1000
LANGUAGE_CHARACTERS: Final = 20
LICENCE_CHARACTERS: Final = 100


class FeedRolledBackError(SidecarError):
    """The other region offers version {offered} of a learning path of which version {known} was seen. Ask them why."""

    code = "feed-rolled-back"


class FeedChangedSilentlyError(SidecarError):
    """The other region has changed version {version} of a learning path without a new number. Ask them why."""

    code = "feed-changed-silently"


class FeedFloodsError(SidecarError):
    """The other region tells of more than {most} learning paths, so it was cut off. Ask them why."""

    code = "feed-floods"


class OfferEndedError(SidecarError):
    """This learning path is offered no more, so that it can't be fetched. Ask the other region."""

    code = "offered-path-ended"


@dataclass(frozen=True)
class Told:
    """What a feed says of a path that is offered; nothing of it is proven before the bundle was checked."""

    origin: str
    version: int
    manifest_digest: str
    signature: str
    title: str
    summary: str
    language: str
    licence: str
    statutory_basis: JsonValue
    size_bytes: int
    parts_count: int
    until: date | None


class OfferedPath(Base, kw_only=True):
    """A learning path that a peer offers to a region of ours, or has offered.

    Attributes:
        origin: what it is called for ever; `version`: the newest that was told of.
        signature: of the bundle whose manifest has `manifest_digest`.
        size_bytes, parts_count: of the whole bundle; what is here already is not fetched again.
        told_at: when its version was first told of.
        until: the last day of the offer; `withdrawn_at`: when it was heard that there is none any more.
        wanted_at: since when our RKK wants it: newer versions are then fetched by themselves.
        fetched_version: what was received last; 0: nothing. `error_code`: why the last try ended, "" where it did not.
    """

    __tablename__ = "offered_path"
    __table_args__ = (UniqueConstraint("peer_id", "origin"),)

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    region_id: Mapped[Id] = mapped_column(ForeignKey("region.id"), index=True)
    peer_id: Mapped[Id] = mapped_column(ForeignKey("peer.id"))
    origin: Mapped[str] = mapped_column(String(ORIGIN_CHARACTERS), index=True)
    version: Mapped[int]
    manifest_digest: Mapped[str] = mapped_column(String(64))
    signature: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(String(TITLE_CHARACTERS))
    summary: Mapped[str] = mapped_column(String(SUMMARY_CHARACTERS), default="")
    language: Mapped[str] = mapped_column(String(LANGUAGE_CHARACTERS), default="")
    licence: Mapped[str] = mapped_column(String(LICENCE_CHARACTERS), default="")
    statutory_basis: Mapped[JsonValue] = mapped_column(default_factory=dict)
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    parts_count: Mapped[int]
    until: Mapped[date | None] = mapped_column(default=None)
    first_seen_at: Mapped[datetime]
    told_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None] = mapped_column(default=None)
    wanted_at: Mapped[datetime | None] = mapped_column(default=None)
    wanted_by: Mapped[Id | None] = mapped_column(ForeignKey("identity.id"), default=None, index=True)
    fetched_version: Mapped[int] = mapped_column(default=0)
    fetched_at: Mapped[datetime | None] = mapped_column(default=None)
    error_code: Mapped[str] = mapped_column(String(ERROR_CHARACTERS), default="")

    def is_offered_on(self, day: date) -> bool:
        """Tell whether it can be fetched on a day (Europe/Oslo)."""
        return self.withdrawn_at is None and (self.until is None or day <= self.until)

    def state_on(self, day: date) -> str:
        """Return how it stands: offered, fetching, failed, fetched; withdrawn or expired, if no part of it is here."""
        if self.fetched_version >= self.version:
            return "fetched"
        if not self.is_offered_on(day):
            return "withdrawn" if self.withdrawn_at else "expired"
        if self.wanted_at is None:
            return "offered"
        return "failed" if self.error_code else "fetching"


def may_see_offered(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition on `OfferedPath` that bounds a query to what is offered to the viewer's regions."""
    return true() if viewer.everything else OfferedPath.region_id.in_(viewer.regions)


def list_offered(db: Session, viewer: Viewer, region_id: str | None = None) -> Sequence[tuple[OfferedPath, Peer]]:
    """Return what is offered to the viewer's regions, or one of these, also what was withdrawn, by title."""
    query = select(OfferedPath, Peer).join(Peer, Peer.id == OfferedPath.peer_id)
    query = query.where(may_see_offered(viewer))
    query = query if region_id is None else query.where(OfferedPath.region_id == region_id)
    rows = db.execute(query.order_by(func.lower(OfferedPath.title), OfferedPath.origin, OfferedPath.id))
    return [(offered, peer) for offered, peer in rows]


def find_offered(db: Session, viewer: Viewer, key: str, region_id: str | None = None) -> OfferedPath:
    """Return what is offered to the viewer's regions by its id or origin.

    Raises:
        NotFoundError: there is none, or it is offered to several regions of ours.
    """
    query = select(OfferedPath).where(or_(OfferedPath.id == key, OfferedPath.origin == key))
    query = query.where(may_see_offered(viewer))
    query = query if region_id is None else query.where(OfferedPath.region_id == region_id)
    found = db.scalars(query.limit(2)).all()
    if len(found) != 1:
        raise NotFoundError(what="offer", key=key[:ORIGIN_CHARACTERS])
    return found[0]


def note_offered(db: Session, peer: Peer, told: Told, now: datetime) -> None:
    """Take over what a feed says of a path; where our RKK wants it, a newer version is fetched.

    Raises:
        FeedRolledBackError: a newer version was seen before.
        FeedChangedSilentlyError: the same version was seen with another content.
        FeedFloodsError: there are too many.
    """
    row = _held(db, peer.id, told.origin)
    if row is None:
        _refuse_flood(db, peer.id)
        row = _add(db, peer, told, now)
    elif told.version < row.version:
        raise FeedRolledBackError(offered=told.version, known=row.version)
    elif told.version == row.version and told.manifest_digest != row.manifest_digest:
        raise FeedChangedSilentlyError(version=told.version)
    row.told_at = now if told.version > row.version else row.told_at
    for name, value in vars(told).items():
        setattr(row, name, value)
    row.withdrawn_at = None
    db.flush()
    if row.wanted_at is not None and row.fetched_version < row.version:
        _put(db, row, now)


def _add(db: Session, peer: Peer, told: Told, now: datetime) -> OfferedPath:
    row = OfferedPath(region_id=peer.region_id, peer_id=peer.id, first_seen_at=now, told_at=now, **vars(told))
    db.add(row)
    return row


def _refuse_flood(db: Session, peer_id: str) -> None:
    count = db.scalar(select(func.count()).select_from(OfferedPath).where(OfferedPath.peer_id == peer_id)) or 0
    if count >= MOST_OFFERED:
        raise FeedFloodsError(most=MOST_OFFERED)


def note_withdrawn(db: Session, peer: Peer, origin: str, now: datetime) -> None:
    """Note that a path is offered no more; one that was never heard of is nothing to note."""
    row = _held(db, peer.id, origin)
    if row is not None and row.withdrawn_at is None:
        row.withdrawn_at = now
        db.flush()


def _held(db: Session, peer_id: str, origin: str) -> OfferedPath | None:
    return db.scalar(select(OfferedPath).where(OfferedPath.peer_id == peer_id, OfferedPath.origin == origin))


def want(db: Session, viewer: Viewer, offered: OfferedPath, now: datetime, today: date) -> None:
    """Let what is offered be fetched, now and whenever there is a newer version.

    Raises:
        OfferEndedError: it is offered no more.
    """
    if not offered.is_offered_on(today):
        raise OfferEndedError
    if offered.wanted_at is None:
        offered.wanted_at, offered.wanted_by = now, viewer.identity_id
        by = viewer.identity_id
        audit.record(db, "offered_path.wanted", offered.id, at=now, identity_id=by, number=offered.version)
    if offered.fetched_version < offered.version:
        offered.error_code = ""
        _put(db, offered, now)
    db.flush()


def _put(db: Session, offered: OfferedPath, now: datetime) -> None:
    """Let a version be fetched; one that failed or waits is tried at once."""
    offered.error_code = ""
    key = f"{KIND}:{offered.id}:{offered.version}"
    outbox.put(db, KIND, offered.id, key=key, now=now)
    outbox.put_again(db, KIND, offered.id, now=now)


def note_fetched(db: Session, offered_id: str, version: int, now: datetime) -> None:
    """Note that a version was received."""
    offered = db.get_one(OfferedPath, offered_id)
    offered.fetched_version, offered.fetched_at, offered.error_code = max(offered.fetched_version, version), now, ""
    db.flush()


def give_up(db: Session, offered_id: str, code: str) -> None:
    """Note why a version is not fetched."""
    offered = db.get(OfferedPath, offered_id)
    if offered is not None:
        offered.error_code = code[:ERROR_CHARACTERS]
        db.flush()


def forget_unwanted(db: Session, peer_id: str) -> None:
    """Forget what a peer told of, but for what our RKK wanted or has: of that no older version is taken ever."""
    theirs = OfferedPath.peer_id == peer_id, OfferedPath.wanted_at.is_(None), OfferedPath.fetched_version == 0
    db.execute(delete(OfferedPath).where(*theirs).execution_options(synchronize_session=False))
