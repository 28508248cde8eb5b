"""Build a report from the tables: which completions belong to a municipality's period, and which come late."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Exists, and_, exists, false, not_, or_, select
from sqlalchemy.orm import Session

from sidecar.core.access import Viewer, may_see_employment
from sidecar.core.completions import Completion
from sidecar.core.courses import Course, CourseVersion
from sidecar.core.deliveries import COMPLETIONS, Delivery, DeliveryItem
from sidecar.core.employer_sight import is_told, told_on
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Employment, Identity, Person
from sidecar.core.periods import FuturePeriodError, Period
from sidecar.core.platforms import Platform
from sidecar.reports.report import Report, Row, sort_key


def build_report(
    db: Session, viewer: Viewer, municipality: Municipality, period: Period, connection_id: str, today: date
) -> Report:
    """Build the report of a municipality's completions in a period, for one channel.

    A completion belongs to the period of the day from which on the employer is told it, `core.employer_sight` says
    which, and to every employment that its person has here. What became known after its own period was delivered over
    this channel stands in the next report as late, once.

    Args:
        connection_id: the channel, whose ledger says what was delivered before.
        today: the day in Europe/Oslo.

    Raises:
        FuturePeriodError: the period has not begun.
    """
    if period.start > today:
        raise FuturePeriodError(period=period.name)
    ledger = _Ledger(municipality.id, connection_id, period)
    belongs = or_(ledger.is_own(db), ledger.is_late(db))
    found = _find(db, viewer, municipality.id, belongs, today)
    lines = sorted(((_row(one, period), one) for one in found), key=lambda line: sort_key(line[0]))
    items = frozenset((one.completion_id, one.employment_id) for one in found)
    erased = {one.employment_id for one in found if one.erased_at}
    return Report(
        municipality_id=municipality.id,
        municipality_name=municipality.name,
        period=period,
        rows=tuple(row for row, _ in lines),
        items=items,
        erased_count=len(erased),
        person_ids=tuple("" if one.erased_at else one.person_id for _, one in lines),
    )


@dataclass(frozen=True)
class _Found:
    """A completion as one employment of its person has it."""

    completion_id: str
    completed_on: date
    told_on: date
    score: float | None
    origin: str
    course: str
    course_version: int | None
    employment_id: str
    employee_number: str
    unit: str
    erased_at: datetime | None
    person_id: str
    last_name: str
    first_name: str
    platform: str | None


def _find(db: Session, viewer: Viewer, municipality_id: str, belongs: ColumnElement[bool], today: date) -> list[_Found]:
    query = (
        select(
            Completion.id,
            Completion.completed_on,
            told_on(),
            Completion.score,
            Completion.origin,
            Course.title,
            CourseVersion.number,
            Employment.id,
            Employment.employee_number,
            Employment.unit,
            Employment.erased_at,
            Person.id,
            Person.last_name,
            Person.first_name,
            Platform.name,
        )
        .join(Person, Person.id == Completion.person_id)
        .join(Employment, Employment.person_id == Person.id)
        .join(Course, Course.id == Completion.course_id)
        .outerjoin(CourseVersion, CourseVersion.id == Completion.version_id)
        .outerjoin(Identity, Identity.id == Completion.identity_id)
        .outerjoin(Platform, Platform.id == Identity.platform_id)
        .where(Employment.municipality_id == municipality_id, may_see_employment(viewer), is_told(today), belongs)
    )
    rows: Iterable[Sequence[Any]] = db.execute(query)
    return [_Found(*row) for row in rows]


def _row(one: _Found, period: Period) -> Row:
    return Row(
        unit=one.unit,
        last_name=one.last_name,
        first_name=one.first_name,
        employee_number="" if one.erased_at else one.employee_number,
        course=one.course,
        course_version=one.course_version,
        completed_on=one.completed_on,
        late=one.told_on < period.start,
        score=one.score,
        source=one.platform or one.origin,
    )


@dataclass(frozen=True)
class _Ledger:
    """What the ledger of one channel says about a period and its neighbours."""

    municipality_id: str
    connection_id: str
    period: Period

    def is_own(self, db: Session) -> ColumnElement[bool]:
        """Return the condition that a completion belongs to the period itself.

        Once the period was delivered, what a later period's report has told as late is not told here again: to run
        a period again changes nothing.
        """
        own = and_(told_on() >= self.period.start, told_on() <= self.period.end)
        if not self._delivered(db, self._is_same()):
            return own
        told_later = self._has_item(Delivery.period_start > self.period.end)
        return and_(own, or_(not_(told_later), self._has_item(self._is_same())))

    def is_late(self, db: Session) -> ColumnElement[bool]:
        """Return the condition that a completion's own period was delivered without it, and nothing told it since."""
        closed = self._delivered(db, Delivery.period_end < self.period.start)
        if not closed:
            return false()
        in_closed = [and_(told_on() >= one.start, told_on() <= one.end) for one in closed]
        return and_(or_(*in_closed), not_(self._has_item(not_(self._is_same()))))

    def _is_same(self) -> ColumnElement[bool]:
        return and_(Delivery.period_start == self.period.start, Delivery.period_end == self.period.end)

    def _is_here(self) -> ColumnElement[bool]:
        return and_(
            Delivery.municipality_id == self.municipality_id,
            Delivery.connection_id == self.connection_id,
            Delivery.definition == COMPLETIONS,
        )

    def _delivered(self, db: Session, which: ColumnElement[bool]) -> Sequence[Period]:
        query = select(Delivery.period_start, Delivery.period_end).where(
            self._is_here(), Delivery.state == "delivered", which
        )
        return [Period(start, end) for start, end in db.execute(query.distinct())]

    def _has_item(self, which: ColumnElement[bool]) -> Exists:
        return exists().where(
            DeliveryItem.completion_id == Completion.id,
            DeliveryItem.employment_id == Employment.id,
            DeliveryItem.delivery_id == Delivery.id,
            self._is_here(),
            Delivery.state != "failed",
            which,
        )
