"""Show learners the gatherings that they may take part in, and let them sign up and leave; they see nobody else's part.

Whoever acts is found as a data subject (`data_subjects.of_identity`), and acts for themselves alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from sidecar.core import attendances
from sidecar.core.attendances import TAKEN, GatheringOverError
from sidecar.core.courses import Course
from sidecar.core.data_subjects import DataSubject
from sidecar.core.gatherings import GONE, SIGNED_UP, WAITING, Gathering, GatheringAttendance, is_for, lock
from sidecar.core.own_steps import NotMatchedError
from sidecar.core.people import Employment, is_employed
from sidecar.core.periods import day_of
from sidecar.errors import NotFoundError


@dataclass(frozen=True)
class OwnGathering:
    """A gathering as a learner sees it.

    Attributes:
        state: of their own part in it; "" where they have none, or took it back.
        free: how many seats are free; None where nobody counts them.
        ahead: how many wait before them, where they wait.
    """

    gathering: Gathering
    title: str
    state: str
    free: int | None
    ahead: int = 0

    @property
    def is_theirs(self) -> bool:
        """Tell whether they have a seat, or wait for one."""
        return self.state in (SIGNED_UP, WAITING)


def list_dates(
    db: Session, subject: DataSubject, course_ids: Collection[str], now: datetime
) -> Mapping[str, Sequence[OwnGathering]]:
    """Return the gatherings to come that somebody may take part in, or takes part in, by course, the next first.

    One that was cancelled is there for who has signed up.
    """
    theirs = Gathering.course_id.in_(course_ids), Gathering.ends_at >= now
    found: Mapping[str, list[OwnGathering]] = defaultdict(list)
    for one in _list(db, subject, now, *theirs):
        if one.gathering.cancelled_at is None or one.is_theirs:
            found[one.gathering.course_id].append(one)
    return found


def find_own_gathering(db: Session, subject: DataSubject, gathering_id: str, now: datetime) -> OwnGathering:
    """Return a gathering that somebody may take part in, or takes part in.

    Raises:
        NotFoundError: there is none for them.
    """
    found = _list(db, subject, now, Gathering.id == gathering_id)
    if not found:
        raise NotFoundError(what="gathering", key=gathering_id[:80])
    return found[0]


def sign_up(db: Session, subject: DataSubject, gathering_id: str, *, identity_id: str, now: datetime) -> str:
    """Give somebody a seat, or let them wait for one; return which. A second time changes nothing.

    Raises:
        NotFoundError: there is no such gathering for them.
        NotMatchedError: they are matched with no employee, so that nobody could find them in the list.
        GatheringOverError: it has begun, or is cancelled.
    """
    gathering = _lock(db, subject, gathering_id, now)
    if subject.person_id is None:
        raise NotMatchedError
    return attendances.take_seat(db, gathering, subject.person_id, identity_id, now).state


def leave(db: Session, subject: DataSubject, gathering_id: str, *, identity_id: str, now: datetime) -> None:
    """Take somebody's part in a gathering back; the seat goes to who has waited longest.

    Raises:
        NotFoundError: there is no such gathering for them.
        GatheringOverError: it has begun, or is cancelled.
    """
    gathering = _lock(db, subject, gathering_id, now)
    found = attendances.find_attendance(db, gathering.id, subject.person_id)
    if found is not None and found.state in (SIGNED_UP, WAITING):
        attendances.leave_seat(db, gathering, found, identity_id, now)


def _lock(db: Session, subject: DataSubject, gathering_id: str, now: datetime) -> Gathering:
    gathering = lock(db, gathering_id)
    find_own_gathering(db, subject, gathering_id, now)
    if gathering.cancelled_at is not None or gathering.starts_at <= now:
        raise GatheringOverError
    return gathering


def _list(db: Session, subject: DataSubject, now: datetime, *where: ColumnElement[bool]) -> list[OwnGathering]:
    part = and_(
        GatheringAttendance.gathering_id == Gathering.id,
        GatheringAttendance.person_id == subject.person_id,
        GatheringAttendance.state != GONE,
    )
    meant = or_(is_for(_list_employers(db, subject, day_of(now)), day_of(now)), GatheringAttendance.id.is_not(None))
    query = (
        select(Gathering, Course.title, GatheringAttendance)
        .join(Course, Course.id == Gathering.course_id)
        .outerjoin(GatheringAttendance, part)
        .where(meant, *where)
        .order_by(Gathering.starts_at, Gathering.id)
    )
    return [_own(db, *row) for row in db.execute(query).all()]


def _own(db: Session, gathering: Gathering, title: str, part: GatheringAttendance | None) -> OwnGathering:
    taken = _count(db, gathering, GatheringAttendance.state.in_(TAKEN))
    free = None if gathering.seats is None else max(0, gathering.seats - taken)
    if part is None or part.state != WAITING:
        return OwnGathering(gathering, title, part.state if part else "", free)
    earlier = GatheringAttendance.state == WAITING, GatheringAttendance.signed_up_at < part.signed_up_at
    return OwnGathering(gathering, title, WAITING, free, _count(db, gathering, *earlier))


def _count(db: Session, gathering: Gathering, *where: ColumnElement[bool]) -> int:
    of_it = GatheringAttendance.gathering_id == gathering.id
    return db.scalar(select(func.count(GatheringAttendance.id)).where(of_it, *where)) or 0


def _list_employers(db: Session, subject: DataSubject, today: date) -> Sequence[str]:
    """Return the ids of the municipalities that somebody works for today."""
    mine = Employment.id.in_(subject.employment_ids), is_employed(today)
    return db.scalars(select(Employment.municipality_id).where(*mine)).all()
