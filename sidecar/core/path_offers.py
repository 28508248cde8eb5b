"""Keep which learning paths a region offers to which peers.

The feed tells how each offer stands now: a change gives it a new number and leaves no trace of what was before.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal

from sqlalchemy import BigInteger, ForeignKey, Select, String, Text, UniqueConstraint, and_, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core import audit, outbox
from sidecar.core.access import Viewer
from sidecar.core.courses import Course
from sidecar.core.db import Base, Id, JsonValue, Key, new_id
from sidecar.core.offer_readers import choose_readers, list_readers, set_readers, take_number
from sidecar.core.outbox import OutboxItem
from sidecar.core.paths import LearningPath, PathLine, newest_versions
from sidecar.core.peers import Peer
from sidecar.core.region_keys import RegionKey
from sidecar.core.rings import Ring, members_of_ring
from sidecar.core.statements import insert_if_new
from sidecar.errors import NotFoundError, SidecarError

KIND: Final = "path-offer"
"""The kind of an outbox item that makes ready what is offered; its subject is the id of an offer."""

Audience = Literal["all", "regions", "ring"]

TO_ALL: Final = "all"
TO_REGIONS: Final = "regions"
TO_RING: Final = "ring"


class NothingToOfferError(SidecarError):
    """The learning path "{key}" has not been published yet, or is retired. Publish it before you offer it."""

    code = "path-offer-nothing"


class OfferOfNoRegionError(SidecarError):
    """The learning path "{key}" belongs to no region, so no region can offer it. Make it again as a region's own."""

    code = "path-offer-no-region"


class OfferEndsBeforeError(SidecarError):
    """The offer would end on {day}, which is over. Choose a day to come, or none."""

    code = "path-offer-ends-before"


class PathOffer(Base, kw_only=True):
    """A learning path that a region offers, or has offered.

    Attributes:
        seq: the number under which the feed tells it; 0 while it was never ready.
        audience: all, regions, or ring.
        version_id, version: of the path, the one that is offered and its number; None and 0 while it was never ready.
        entry: what the feed says of it, see `sidecar.sharing.offering`; None while it was never ready.
        manifest_digest, signature, kid: of the bundle, what the region signed of it, and by which key.
        was_for_all: whether everybody may have heard of it, so that everybody hears when it is withdrawn.
        until: the last day on which it holds; None: it holds till it is withdrawn.
        error_code: why its newest version could not be made ready; "" where it could.
    """

    __tablename__ = "path_offer"
    __table_args__ = (UniqueConstraint("region_id", "path_id"),)

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    region_id: Mapped[Id] = mapped_column(ForeignKey("region.id"))
    path_id: Mapped[Id] = mapped_column(ForeignKey("learning_path.id"), index=True)
    seq: Mapped[int] = mapped_column(BigInteger, default=0, index=True)
    audience: Mapped[str] = mapped_column(String(10))
    ring_id: Mapped[Id | None] = mapped_column(ForeignKey("ring.id"), default=None, index=True)
    version_id: Mapped[Id | None] = mapped_column(ForeignKey("learning_path_version.id"), default=None, index=True)
    version: Mapped[int] = mapped_column(default=0)
    entry: Mapped[JsonValue | None] = mapped_column(default=None)
    manifest_digest: Mapped[str | None] = mapped_column(String(64), default=None)
    signature: Mapped[str | None] = mapped_column(Text, default=None)
    kid: Mapped[str | None] = mapped_column(String(64), default=None)
    was_for_all: Mapped[bool] = mapped_column(default=False)
    until: Mapped[date | None] = mapped_column(default=None)
    offered_at: Mapped[datetime]
    offered_by: Mapped[Id | None] = mapped_column(ForeignKey("identity.id"), default=None, index=True)
    withdrawn_at: Mapped[datetime | None] = mapped_column(default=None)
    error_code: Mapped[str] = mapped_column(String(60), default="")

    def holds_on(self, day: date) -> bool:
        """Tell whether it is offered on a day (Europe/Oslo)."""
        return self.withdrawn_at is None and self.entry is not None and (self.until is None or day <= self.until)


@dataclass(frozen=True)
class Ready:
    """A bundle that a peer can fetch: of which version, its manifest, the signature and by which key it was made."""

    version_id: str
    version: int
    entry: JsonValue
    manifest_digest: str
    signature: str
    kid: str


@dataclass(frozen=True)
class OfferLine:
    """An offer as staff see it: `readers` are the peers it is for by name or ring."""

    offer: PathOffer
    ring: str
    readers: Sequence[Peer]


def offer_path(
    db: Session,
    viewer: Viewer,
    line: PathLine,
    audience: Audience,
    now: datetime,
    today: date,
    *,
    peer_ids: Collection[str] = (),
    ring: Ring | None = None,
    until: date | None = None,
) -> PathOffer:
    """Offer a path of a region, or say anew to whom; peers hear of it when it is made ready.

    Args:
        line: from `paths.find_path`, so that it is the viewer's.

    Raises:
        OfferOfNoRegionError: the path is no region's.
        NothingToOfferError: it was never published, or is retired.
        OfferedToNobodyError: it is for named regions or a ring, and there are none in it.
        OfferEndsBeforeError: the last day is over.
        NotFoundError: one of the peers, or the ring, is not of the path's region.
    """
    region_id = line.path.region_id
    if region_id is None:
        raise OfferOfNoRegionError(key=line.course.key)
    if line.newest is None or line.course.retired_at:
        raise NothingToOfferError(key=line.course.key)
    if until is not None and until < today:
        raise OfferEndsBeforeError(day=until.isoformat())
    if ring is not None and ring.region_id != region_id:
        raise NotFoundError(what="ring", key=ring.name)
    offer = _held_offer(db, region_id, line.path.id, audience, now)
    offer.audience, offer.ring_id, offer.until = audience, ring.id if ring else None, until
    offer.offered_at, offer.offered_by, offer.withdrawn_at = now, viewer.identity_id, None
    offer.was_for_all = offer.was_for_all or audience == TO_ALL
    set_readers(db, offer.id, choose_readers(db, region_id, peer_ids, ring) if audience != TO_ALL else ())
    by, to = viewer.identity_id, ring.name if ring else audience
    audit.record(db, "learning_path.offered", line.path.id, at=now, identity_id=by, course=line.course.key, other=to)
    ask_to_make_ready(db, offer, now)
    return offer


def _held_offer(db: Session, region_id: str, path_id: str, audience: str, now: datetime) -> PathOffer:
    new = PathOffer(region_id=region_id, path_id=path_id, audience=audience, offered_at=now)
    insert_if_new(db, new, unique=("region_id", "path_id"))
    found = select(PathOffer).where(PathOffer.region_id == region_id, PathOffer.path_id == path_id)
    return db.scalars(found.with_for_update().execution_options(populate_existing=True)).one()


def follow_ring(db: Session, ring: Ring) -> int:
    """Let what is offered within a ring follow its members; return how many offers there are."""
    within = PathOffer.ring_id == ring.id, PathOffer.audience == TO_RING
    offers = db.scalars(select(PathOffer).where(*within).order_by(PathOffer.id).with_for_update()).all()
    members = {one.id for one in members_of_ring(db, ring.id)}
    for offer in offers:
        set_readers(db, offer.id, members)
        if offer.entry is not None:
            _number(db, offer)
    return len(offers)


def ask_to_make_ready(db: Session, offer: PathOffer, now: datetime) -> None:
    """Let a worker make ready what an offer holds, and number it, which tells peers of it."""
    offer.error_code = ""
    outbox.put(db, KIND, offer.id, key=f"{KIND}:{offer.id}:{new_id()}", now=now)


def version_to_make_ready(db: Session, offer_id: str) -> str | None:
    """Return the id of the version that an offer is to hold; None where it is offered no more."""
    newest = newest_versions()
    query = select(newest.c.version_id).join(PathOffer, PathOffer.path_id == newest.c.path_id)
    return db.scalar(query.where(PathOffer.id == offer_id, PathOffer.withdrawn_at.is_(None)))


def make_ready(db: Session, offer_id: str, ready: Ready) -> bool:
    """Let peers fetch a version from now on in the place of the one before; tell whether it is still offered."""
    offer = db.get(PathOffer, offer_id, with_for_update=True, populate_existing=True)
    if offer is None or offer.withdrawn_at is not None:
        return False
    for name, value in vars(ready).items():
        setattr(offer, name, value)
    _number(db, offer)
    return True


def withdraw(db: Session, viewer: Viewer, line: PathLine, now: datetime) -> None:
    """Offer a path no more; whoever heard of it hears that, and what they received stays theirs.

    Raises:
        NotFoundError: it is not offered.
    """
    found = find_offer(db, line)
    if found is None or found.withdrawn_at is not None:
        raise NotFoundError(what="offer", key=line.course.key)
    offer = db.get_one(PathOffer, found.id, with_for_update=True, populate_existing=True)
    _end(db, offer, now)
    by = viewer.identity_id
    audit.record(db, "learning_path.offer_withdrawn", line.path.id, at=now, identity_id=by, course=line.course.key)


def end_offers(db: Session, now: datetime, today: date) -> int:
    """Withdraw the offers whose last day is over, or whose path is retired; return how many."""
    ended = db.scalars(_ending(today).order_by(PathOffer.id).with_for_update(of=PathOffer)).all()
    for offer in ended:
        _end(db, offer, now)
    return len(ended)


def has_ending(db: Session, today: date) -> bool:
    """Tell whether there is an offer to end."""
    return db.scalars(_ending(today).limit(1)).first() is not None


def _ending(today: date) -> Select[PathOffer]:
    retired = and_(LearningPath.id == PathOffer.path_id, Course.retired_at.is_not(None))
    gone = select(LearningPath.id).join(Course, Course.id == LearningPath.course_id).where(retired).exists()
    return select(PathOffer).where(PathOffer.withdrawn_at.is_(None), or_(PathOffer.until < today, gone))


def _end(db: Session, offer: PathOffer, now: datetime) -> None:
    offer.withdrawn_at = now
    if offer.entry is not None:
        _number(db, offer)
    db.flush()


def list_outdated(db: Session) -> Sequence[tuple[str, str]]:
    """Return each offer that has to be made ready anew: its id, and the key under which that is asked for once.

    Its path has a newer version, or its bundle is signed by a key that was revoked since.
    """
    newest, revoked = newest_versions(), select(RegionKey.kid).where(RegionKey.revoked_at.is_not(None))
    is_behind = PathOffer.version_id != newest.c.version_id
    query = select(PathOffer.id, newest.c.version_id, PathOffer.kid)
    joined = query.join(newest, newest.c.path_id == PathOffer.path_id)
    rows = db.execute(joined.where(PathOffer.withdrawn_at.is_(None), or_(is_behind, PathOffer.kid.in_(revoked))))
    keys = [(offer_id, f"{KIND}:{offer_id}:{version_id}:{kid}") for offer_id, version_id, kid in rows]
    asked = select(OutboxItem.key).where(OutboxItem.key.in_([key for _, key in keys]))
    known = set(db.scalars(asked)) if keys else set()
    return [(offer_id, key) for offer_id, key in keys if key not in known]


def give_up(db: Session, offer_id: str, code: str) -> None:
    """Note why the newest version is not made ready; the one before stays offered."""
    offer = db.get(PathOffer, offer_id)
    if offer is not None:
        offer.error_code = code[:60]
        db.flush()


def find_offer(db: Session, line: PathLine) -> PathOffer | None:
    """Return the offer of a path, however it stands; None where there never was one."""
    return db.scalar(select(PathOffer).where(PathOffer.path_id == line.path.id))


def describe_offer(db: Session, line: PathLine) -> OfferLine | None:
    """Return the offer of a path as staff see it; None where there never was one."""
    offer = find_offer(db, line)
    if offer is None:
        return None
    ring = db.get(Ring, offer.ring_id) if offer.ring_id else None
    return OfferLine(offer, ring.name if ring else "", list_readers(db, offer.id))


def _number(db: Session, offer: PathOffer) -> None:
    """Let the feed tell anew how an offer stands."""
    offer.seq = take_number(db, offer.region_id)
    db.flush()
