"""Read which completions stand in a municipality's list of a period, and which of them come late."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from operator import itemgetter
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, Exists, Select, and_, exists, false, not_, or_, select
from sqlalchemy.orm import Session

from sidecar.core.access import Viewer, may_see_employment
from sidecar.core.completions import Completion
from sidecar.core.courses import Course, CourseVersion
from sidecar.core.deliveries import HANDED_OVER, Delivery, DeliveryItem
from sidecar.core.employer_sight import is_told, told_on
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Employment, Identity, Person
from sidecar.core.periods import Period
from sidecar.core.platforms import Platform
from sidecar.core.report_specs import COLUMNS, Spec
from sidecar.reports.columns import Value, keys_of
from sidecar.reports.selection import holds_position, is_selected
from sidecar.reports.spool import sort_key

ROWS_A_TIME: Final = 2_000


@dataclass(frozen=True)
class Entry:
    """A line of the list: what puts it in order, whom and which completion it is of, and its values.

    `person_id`: "" where the employee is erased.
    """

    key: str
    employment_id: str
    person_id: str
    completion_id: str
    values: Sequence[Value]
    is_late: bool


class _Found(NamedTuple):
    """A completion as one employment of its person has it."""

    completion_id: str
    completed_on: date
    valid_until: date | None
    told_on: date
    score: float | None
    origin: str
    course: str
    course_version: int | None
    employment_id: str
    employee_number: str
    unit: str
    position: str
    erased_at: datetime | None
    person_id: str
    last_name: str
    first_name: str
    platform: str | None


@dataclass(frozen=True)
class Ledger:
    """What was told of one definition over one channel, a period and its neighbours."""

    municipality_id: str
    connection_id: str
    definition_id: str
    period: Period

    def holds(self, db: Session) -> ColumnElement[bool]:
        """Return the condition that a completion stands in the period's list."""
        return or_(self._is_own(db), self._is_late(db))

    def _is_own(self, db: Session) -> ColumnElement[bool]:
        """Return the condition that a completion belongs to the period itself.

        Once the period was delivered, what a later period's report has told as late is not told here again: to run
        a period again changes nothing.
        """
        own = and_(told_on() >= self.period.start, told_on() <= self.period.end)
        if not self._delivered(db, self._is_same()):
            return own
        told_later = self._has_item(Delivery.period_start > self.period.end)
        return and_(own, or_(not_(told_later), self._has_item(self._is_same())))

    def _is_late(self, db: Session) -> ColumnElement[bool]:
        """Return the condition that a completion's own period was delivered without it, and nothing told it since."""
        closed = self._delivered(db, Delivery.period_end < self.period.start)
        if not closed:
            return false()
        in_closed = [and_(told_on() >= one.start, told_on() <= one.end) for one in _merge(closed)]
        return and_(or_(*in_closed), not_(self._has_item(not_(self._is_same()))))

    def _is_same(self) -> ColumnElement[bool]:
        return and_(Delivery.period_start == self.period.start, Delivery.period_end == self.period.end)

    def _is_here(self) -> ColumnElement[bool]:
        return and_(
            Delivery.municipality_id == self.municipality_id,
            Delivery.connection_id == self.connection_id,
            Delivery.definition == self.definition_id,
        )

    def _delivered(self, db: Session, which: ColumnElement[bool]) -> Sequence[Period]:
        query = select(Delivery.period_start, Delivery.period_end).where(
            self._is_here(), Delivery.state.in_(HANDED_OVER), which
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


def _merge(periods: Sequence[Period]) -> Sequence[Period]:
    """Return the same days as periods that neither overlap nor follow on each other: SQLite takes 1,000 terms."""
    merged: list[Period] = []
    for one in sorted(periods, key=lambda period: period.start):
        if merged and one.start <= merged[-1].end + timedelta(days=1):
            merged[-1] = Period(merged[-1].start, max(merged[-1].end, one.end))
        else:
            merged.append(one)
    return merged


def iter_entries(
    db: Session, viewer: Viewer, municipality: Municipality, spec: Spec, ledger: Ledger, today: date
) -> Iterator[Entry]:
    """Yield the lines of the list, in no order.

    A completion belongs to the period of the day from which on the employer is told it, `core.employer_sight` says
    which, and to every employment that its person has here. What became known after its own period was delivered over
    this channel stands in the next report as late, once.
    """
    last_day = min(ledger.period.end, today)
    conditions = is_selected(municipality, spec, last_day), may_see_employment(viewer), is_told(today)
    query = _query().where(*conditions, ledger.holds(db)).execution_options(yield_per=ROWS_A_TIME)
    holds, order = holds_position(spec), COLUMNS["completions"]
    choose = itemgetter(*(order.index(key) for key in keys_of(spec)), 0)
    for row in db.execute(query):
        found = _Found._make(row)
        if holds(found.position):
            yield _entry(found, choose, ledger.period.start)


def _query() -> Select[*tuple[object, ...]]:
    columns = (
        Completion.id,
        Completion.completed_on,
        Completion.valid_until,
        told_on(),
        Completion.score,
        Completion.origin,
        Course.title,
        CourseVersion.number,
        Employment.id,
        Employment.employee_number,
        Employment.unit,
        Employment.position,
        Employment.erased_at,
        Person.id,
        Person.last_name,
        Person.first_name,
        Platform.name,
    )
    return (
        select(*columns)
        .join(Person, Person.id == Completion.person_id)
        .join(Employment, Employment.person_id == Person.id)
        .join(Course, Course.id == Completion.course_id)
        .outerjoin(CourseVersion, CourseVersion.id == Completion.version_id)
        .outerjoin(Identity, Identity.id == Completion.identity_id)
        .outerjoin(Platform, Platform.id == Identity.platform_id)
    )


def _entry(one: _Found, choose: Callable[[Sequence[Value]], Sequence[Value]], period_start: date) -> Entry:
    is_late, completed_on = one.told_on < period_start, one.completed_on.isoformat()
    number = "" if one.erased_at else one.employee_number
    values: tuple[Value, ...] = (
        number,
        one.last_name,
        one.first_name,
        one.unit,
        "" if one.erased_at else one.position,
        one.course,
        one.course_version,
        "late" if is_late else "completed",
        completed_on,
        one.valid_until.isoformat() if one.valid_until else None,
        one.score,
        one.platform or one.origin,
    )
    key = "\0".join((sort_key(one.unit, one.last_name, one.first_name, one.course), number, completed_on))
    person_id = "" if one.erased_at else one.person_id
    return Entry(key, one.employment_id, person_id, one.completion_id, choose(values)[:-1], is_late)
