"""Keep how much other regions use the learning paths that a region shares: as counts, as far as they agreed to tell.

No person stands in it, and no small number: fewer than `FEWEST` is all that is said of few.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import ForeignKey, String, and_, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core.access import Viewer
from sidecar.core.adoptions import Adoption
from sidecar.core.courses import Course
from sidecar.core.db import Base, Id, Key
from sidecar.core.held_paths import held_path_of
from sidecar.core.path_people import count_finished, count_under_way
from sidecar.core.paths import LearningPath, PathLine
from sidecar.core.peers import Peer
from sidecar.core.received_paths import ReceivedPath
from sidecar.core.regions import members_of
from sidecar.errors import NotFoundError

KIND: Final = "path-use"
"""The kind of an outbox item that tells an owner how much a path is used; its subject is the id of an adoption."""

FEWEST: Final = 5
FEW: Final = f"<{FEWEST}"


class PathUse(Base, kw_only=True):
    """How much a region uses a path of ours, as it told last.

    Attributes:
        month: of which it was told, as 2026-11.
        begun, finished: a number, or `FEW`.
    """

    __tablename__ = "path_use"

    path_id: Mapped[Key] = mapped_column(ForeignKey("learning_path.id"))
    peer_id: Mapped[Id] = mapped_column(ForeignKey("peer.id"), primary_key=True)
    month: Mapped[str] = mapped_column(String(7))
    begun: Mapped[str] = mapped_column(String(10))
    finished: Mapped[str] = mapped_column(String(10))
    told_at: Mapped[datetime]


@dataclass(frozen=True)
class Use:
    """How many have begun a path, and finished it."""

    month: str
    begun: str
    finished: str


def month_of(day: date) -> str:
    """Return the month of a day, as 2026-11."""
    return f"{day:%Y-%m}"


def count_use(db: Session, region_id: str, line: PathLine, today: date) -> Use:
    """Return how much the employees of a region's municipalities use a path now."""
    viewer = Viewer(roles=frozenset({"rkk"}), municipality_ids=members_of(db, region_id, today))
    finished = count_finished(db, viewer, [line.course.id], today).get(line.course.id, 0)
    under_way = count_under_way(db, viewer, line.course, held_path_of(db, line).step_ids, today)
    return Use(month_of(today), coarse(under_way + finished), coarse(finished))


def coarse(count: int) -> str:
    """Write a number so that nobody can be told by it."""
    return FEW if count < FEWEST else str(count)


def list_due(db: Session, month: str) -> Sequence[tuple[str, bool]]:
    """Return the ids of the adoptions whose owner is to be told, once a month; False: that they are told no more."""
    is_due = and_(Adoption.reports_use, Adoption.use_told != month)
    is_over = and_(Adoption.reports_use.is_(False), Adoption.use_told != "")
    rows = db.execute(select(Adoption.id, Adoption.reports_use).where(or_(is_due, is_over)).order_by(Adoption.id))
    return [(adoption_id, is_told) for adoption_id, is_told in rows]


def find_told(db: Session, adoption_id: str) -> tuple[Adoption, ReceivedPath, str] | None:
    """Return an adoption, from where it is, and the key of its course; None where it is gone."""
    query = (
        select(Adoption, ReceivedPath, Course.key)
        .join(ReceivedPath, ReceivedPath.id == Adoption.received_id)
        .join(LearningPath, LearningPath.id == Adoption.path_id)
        .join(Course, Course.id == LearningPath.course_id)
    )
    row = db.execute(query.where(Adoption.id == adoption_id)).one_or_none()
    return (row[0], row[1], row[2]) if row else None


def note_told(db: Session, adoption_id: str, month: str) -> None:
    """Note of which month the owner was told; "" that they were told that it has ended."""
    adoption = db.get(Adoption, adoption_id, with_for_update=True)
    if adoption is not None:
        adoption.use_told = month
        db.flush()


def note_use(db: Session, region_id: str, peer_id: str, key: str, use: Use | None, now: datetime) -> None:
    """Keep what a peer tells of a path of ours in the place of what it told before.

    Args:
        use: None where it tells no more.

    Raises:
        NotFoundError: the region has no such path.
    """
    query = select(LearningPath.id).join(Course, Course.id == LearningPath.course_id)
    path_id = db.scalar(query.where(Course.key == key, LearningPath.region_id == region_id))
    if path_id is None:
        raise NotFoundError(what="learning path", key=key[:80])
    known = db.get(PathUse, (path_id, peer_id), with_for_update=True)
    if use is None:
        if known is not None:
            db.delete(known)
    elif known is None:
        db.add(PathUse(path_id=path_id, peer_id=peer_id, told_at=now, **vars(use)))
    else:
        known.month, known.begun, known.finished, known.told_at = use.month, use.begun, use.finished, now
    db.flush()


def list_use(db: Session, line: PathLine) -> Sequence[tuple[PathUse, Peer]]:
    """Return what other regions tell of a path, by their names.

    Args:
        line: from `paths.find_path`, so that it is the viewer's.
    """
    query = select(PathUse, Peer).join(Peer, Peer.id == PathUse.peer_id).where(PathUse.path_id == line.path.id)
    return [(use, peer) for use, peer in db.execute(query.order_by(Peer.name, Peer.address))]
