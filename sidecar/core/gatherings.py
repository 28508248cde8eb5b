"""Keep the gatherings of learning paths: where and when people meet, on the spot or online, and who holds them.

A gathering belongs to a region, whose RKK holds it for all its municipalities; to one municipality; or to the
operators, for everybody. Whoever is employed there may take part: `sidecar.core.attendances` says who does.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    ScalarSelect,
    Select,
    String,
    UniqueConstraint,
    and_,
    func,
    or_,
    select,
    true,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core.access import Viewer
from sidecar.core.courses import GATHERING, Course
from sidecar.core.db import Base, Id, Key, new_id
from sidecar.core.manual_evidence import may_be_entered
from sidecar.core.municipalities import Municipality
from sidecar.core.paging import count_pages
from sidecar.core.periods import day_of
from sidecar.core.regions import Region, RegionMembership, is_member_on
from sidecar.errors import NotFoundError

SIGNED_UP: Final = "signed-up"
WAITING: Final = "waiting"
ATTENDED: Final = "attended"
ABSENT: Final = "absent"
GONE: Final = "withdrawn"

PLACE_CHARACTERS: Final = 200
URL_CHARACTERS: Final = 2000
NOTE_CHARACTERS: Final = 1000
PAGE_SIZE: Final = 50
KEPT: Final = timedelta(days=730)
"""How long after its end a gathering and its list are kept; what was completed by it stays."""


class Gathering(Base, kw_only=True):
    """A gathering; people meet at a place, by a meeting link, or both.

    Attributes:
        course_id: of kind gathering: who has attended has completed it.
        region_id, municipality_id: whose it is, at most one; neither: the operators'.
        instructor: what people read of who leads it; a name as a rule.
        seats: None for as many as come.
        changes: how often it was changed, so that a calendar knows which of two files is newer.
    """

    __tablename__ = "gathering"

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    course_id: Mapped[Id] = mapped_column(ForeignKey("course.id"), index=True)
    region_id: Mapped[Id | None] = mapped_column(ForeignKey("region.id"), default=None, index=True)
    municipality_id: Mapped[Id | None] = mapped_column(ForeignKey("municipality.id"), default=None, index=True)
    starts_at: Mapped[datetime] = mapped_column(index=True)
    ends_at: Mapped[datetime]
    place: Mapped[str | None] = mapped_column(String(PLACE_CHARACTERS), default=None)
    meeting_url: Mapped[str | None] = mapped_column(String(URL_CHARACTERS), default=None)
    instructor: Mapped[str | None] = mapped_column(String(PLACE_CHARACTERS), default=None)
    seats: Mapped[int | None] = mapped_column(default=None)
    note: Mapped[str | None] = mapped_column(String(NOTE_CHARACTERS), default=None)
    made_at: Mapped[datetime]
    made_by: Mapped[Id | None] = mapped_column(ForeignKey("identity.id"), default=None, index=True)
    changed_at: Mapped[datetime]
    changes: Mapped[int] = mapped_column(default=0)
    cancelled_at: Mapped[datetime | None] = mapped_column(default=None)


class GatheringAttendance(Base, kw_only=True):
    """Somebody's part in a gathering.

    Attributes:
        state: signed-up, waiting (for a seat), attended, absent, withdrawn.
        signed_up_at: who came first gets the next seat.
        changed_by: the account that said so last; None at the command line, and where a seat came free by itself.
        evidence_id: of the completion that it gave, also after that was withdrawn.
    """

    __tablename__ = "gathering_attendance"
    __table_args__ = (UniqueConstraint("gathering_id", "person_id"),)

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    gathering_id: Mapped[Id] = mapped_column(ForeignKey("gathering.id"))
    person_id: Mapped[Id] = mapped_column(ForeignKey("person.id"), index=True)
    state: Mapped[str] = mapped_column(String(10))
    signed_up_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    changed_by: Mapped[Id | None] = mapped_column(ForeignKey("identity.id"), default=None, index=True)
    evidence_id: Mapped[Id | None] = mapped_column(ForeignKey("evidence.id"), default=None, index=True)


@dataclass(frozen=True)
class GatheringLine:
    """A gathering as staff see it; `owner`: "" for the operators', `runs`: the viewer holds it and keeps its list."""

    gathering: Gathering
    course: Course
    owner: str
    taken: int
    waiting: int
    attended: int
    runs: bool

    @property
    def free(self) -> int | None:
        """How many seats are free; None where nobody counts them."""
        return None if self.gathering.seats is None else max(0, self.gathering.seats - self.taken)


@dataclass(frozen=True)
class GatheringPage:
    """One page of a list; `total` counts all."""

    lines: Sequence[GatheringLine]
    total: int
    number: int

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return count_pages(self.total, PAGE_SIZE)


def runs(viewer: Viewer, region_id: str | None, municipality_id: str | None) -> bool:
    """Tell whether the viewer holds the gatherings of a region or municipality; of neither: the operators'."""
    if viewer.everything:
        return True
    return region_id in viewer.regions or (municipality_id is not None and viewer.sees_municipality(municipality_id))


def may_see_gathering(viewer: Viewer, today: date) -> ColumnElement[bool]:
    """Return the condition on `Gathering`: those the viewer holds, and those that their people may take part in."""
    if viewer.everything:
        return true()
    places = viewer.municipality_ids | {municipality_id for municipality_id, _ in viewer.units}
    return or_(Gathering.region_id.in_(viewer.regions), is_for(places, today))


def is_for(municipality_ids: Collection[str], today: date) -> ColumnElement[bool]:
    """Return the condition on `Gathering` that employees of any of these municipalities may take part."""
    member = RegionMembership.municipality_id.in_(municipality_ids)
    regions = select(RegionMembership.region_id).where(member, is_member_on(today))
    everybody_s = and_(Gathering.region_id.is_(None), Gathering.municipality_id.is_(None))
    return or_(Gathering.municipality_id.in_(municipality_ids), Gathering.region_id.in_(regions), everybody_s)


def list_courses(db: Session, viewer: Viewer) -> Sequence[Course]:
    """Return the courses that gatherings of the viewer's can be about, by title."""
    fits = Course.kind == GATHERING, Course.retired_at.is_(None), may_be_entered(viewer)
    return db.scalars(select(Course).where(*fits).order_by(func.lower(Course.title), Course.key)).all()


def list_gatherings(
    db: Session, viewer: Viewer, now: datetime, *, is_past: bool = False, number: int = 1
) -> GatheringPage:
    """Return a page of the gatherings the viewer sees: those to come, the next first; or the past, the last first."""
    time = Gathering.ends_at < now if is_past else Gathering.ends_at >= now
    where = may_see_gathering(viewer, day_of(now)), time
    total = db.scalar(select(func.count(Gathering.id)).where(*where)) or 0
    order = Gathering.starts_at.desc() if is_past else Gathering.starts_at
    query = _lines().where(*where).order_by(order, Gathering.id).limit(PAGE_SIZE).offset((number - 1) * PAGE_SIZE)
    return GatheringPage([_line(viewer, row) for row in db.execute(query)], total, number)


def find_gathering(db: Session, viewer: Viewer, gathering_id: str, today: date) -> GatheringLine:
    """Return a gathering that the viewer sees.

    Raises:
        NotFoundError: there is none, or it is not theirs.
    """
    query = _lines().where(Gathering.id == gathering_id, may_see_gathering(viewer, today))
    row = db.execute(query.execution_options(populate_existing=True)).one_or_none()
    if row is None:
        raise NotFoundError(what="gathering", key=gathering_id[:80])
    return _line(viewer, row)


def lock(db: Session, gathering_id: str) -> Gathering:
    """Return a gathering about which nobody else decides till the end of the transaction.

    Raises:
        NotFoundError: there is none.
    """
    found = db.get(Gathering, gathering_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise NotFoundError(what="gathering", key=gathering_id[:80])
    return found


def _lines() -> Select[*tuple[Any, ...]]:
    counts = (_count(SIGNED_UP, ATTENDED, ABSENT), _count(WAITING), _count(ATTENDED))
    return (
        select(Gathering, Course, func.coalesce(Region.name, Municipality.name, ""), *counts)
        .join(Course, Course.id == Gathering.course_id)
        .outerjoin(Region, Region.id == Gathering.region_id)
        .outerjoin(Municipality, Municipality.id == Gathering.municipality_id)
    )


def _count(*states: str) -> ScalarSelect[int]:
    of_it = GatheringAttendance.gathering_id == Gathering.id, GatheringAttendance.state.in_(states)
    return select(func.count(GatheringAttendance.id)).where(*of_it).correlate(Gathering).scalar_subquery()


def _line(viewer: Viewer, row: Sequence[Any]) -> GatheringLine:
    one, course, owner, taken, waiting, attended = row
    holds = runs(viewer, one.region_id, one.municipality_id)
    return GatheringLine(one, course, owner, taken, waiting, attended, holds)


def is_old_list(now: datetime) -> ColumnElement[bool]:
    """Return the condition on `GatheringAttendance` that it was kept long enough."""
    over = select(Gathering.id).where(Gathering.ends_at < now - KEPT)
    return GatheringAttendance.gathering_id.in_(over)


def is_old(now: datetime) -> ColumnElement[bool]:
    """Return the condition on `Gathering` that it was kept long enough, and nobody stands in its list any more."""
    listed = select(GatheringAttendance.id).where(GatheringAttendance.gathering_id == Gathering.id).exists()
    return and_(Gathering.ends_at < now - KEPT, ~listed)
