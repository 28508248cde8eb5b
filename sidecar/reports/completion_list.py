"""Read which completions stand in a municipality's list of a period, and which of them come late."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Exists, FromClause, and_, case, exists, false, func, not_, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from sidecar.core.access import Viewer, may_see_employment
from sidecar.core.completions import Completion
from sidecar.core.courses import Course, CourseVersion
from sidecar.core.deliveries import HANDED_OVER, Delivery, DeliveryItem
from sidecar.core.employer_sight import is_told, is_told_within, told_on
from sidecar.core.municipalities import Municipality
from sidecar.core.path_completions import version_number
from sidecar.core.people import Employment, Identity, Person
from sidecar.core.periods import Period
from sidecar.core.platforms import Platform
from sidecar.core.report_specs import Spec
from sidecar.core.value_tables import as_table
from sidecar.reports.columns import keys_of
from sidecar.reports.line_files import IN_TIME, LATE
from sidecar.reports.selection import holds_position, is_selected, works_in
from sidecar.reports.sorted_rows import Field, Rows, by_letters, canonical, iter_blocks, quoted, rank
from sidecar.reports.spool import collate


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
        own = is_told_within(self.period.start, self.period.end)
        if not self._delivered(db, self._is_same()):
            return own
        told_later = self._has_item(Delivery.period_start > self.period.end)
        return and_(own, or_(not_(told_later), self._has_item(self._is_same())))

    def _is_late(self, db: Session) -> ColumnElement[bool]:
        """Return the condition that a completion's own period was delivered without it, and nothing told it since."""
        closed = self._delivered(db, Delivery.period_end < self.period.start)
        if not closed:
            return false()
        in_closed = [is_told_within(one.start, one.end) for one in _merge(closed)]
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


@dataclass(frozen=True)
class CompletionList:
    """The list of a period, not read yet; `late` tells of a row whether it is late."""

    query: Rows
    order: Sequence[Field]
    late: ColumnElement[bool]
    fields: Sequence[Field]

    def blocks(self, db: Session, first: int | None = None) -> Iterator[bytes]:
        """Yield the list in its order, in blocks of the lines that `line_files` keeps.

        Args:
            first: only so many lines.
        """
        return iter_blocks(db, self.query.order_by(*self.order).limit(first), self.fields)

    def count(self, db: Session) -> tuple[int, int]:
        """Return how many lines it has, and how many of them are late."""
        counted = self.query.with_only_columns(func.count(Completion.id), func.count(case((self.late, 1))))
        count, late_count = db.execute(counted).one()
        return count, late_count


def find_list(
    db: Session, viewer: Viewer, municipality: Municipality, spec: Spec, ledger: Ledger, today: date
) -> CompletionList:
    """Return the list of the ledger's period.

    A completion belongs to the period of the day from which on the employer is told it, `core.employer_sight` says
    which, and to every employment that its person has here. What became known after its own period was delivered over
    this channel stands in the next report as late, once.
    """
    last_day = min(ledger.period.end, today)
    people = as_table(db, "people", _columns_of_people(db, viewer, municipality, spec, last_day))
    courses = as_table(db, "courses", _columns_of_courses(db))
    platforms = as_table(db, "platforms", _columns_of_platforms(db))
    conditions = is_selected(municipality, spec, last_day), is_told(today), ledger.holds(db)
    order = people.c.rank1, courses.c.rank1, people.c.rank2, courses.c.rank2, people.c.rank3
    late = told_on() < ledger.period.start
    told: Mapping[str, Field] = {
        **{key: people.c[key] for key in ("employee_number", "last_name", "first_name", "unit", "position")},
        "course": courses.c.title,
        "course_version": version_number(),
        "status": case((late, '"late"'), else_='"completed"'),
        "completed_on": quoted(Completion.completed_on),
        "valid_until": quoted(Completion.valid_until),
        "score": Completion.score,
        "source": func.coalesce(platforms.c.name, quoted(Completion.origin)),
    }
    head: list[Field] = [case((late, LATE), else_=IN_TIME), people.c.id, people.c.person_id, Completion.id]
    return CompletionList(
        query=_joined(viewer, people, courses, platforms).where(*conditions),
        order=(*order, Completion.completed_on, people.c.rank4, by_letters(db, Completion.id)),
        late=late,
        fields=[*head, *(told[key] for key in keys_of(spec))],
    )


def _columns_of_people(
    db: Session, viewer: Viewer, municipality: Municipality, spec: Spec, day: date
) -> Mapping[str, Sequence[Any]]:
    """Return the employees of whom the list may be, ranked by unit and name as Norwegian sorts, by these, number, id.

    They are ranked here because no database sorts as `collate` does.
    """
    query = (
        select(
            Employment.id,
            Employment.unit,
            Person.last_name,
            Person.first_name,
            _unless_erased(Employment.employee_number),
            _unless_erased(Employment.position),
            _unless_erased(Person.id),
            Employment.position,
        )
        .join(Person, Person.id == Employment.person_id)
        .where(works_in(municipality, spec, day), may_see_employment(viewer))
    )
    holds = holds_position(spec)
    found = [row[:-1] for row in db.execute(query) if holds(row[-1])]
    ids, units, last_names, first_names, numbers, positions, people = zip(*found, strict=True) if found else [()] * 7
    words = list(zip(units, last_names, first_names, strict=True))
    return {
        "id": ids,
        "person_id": people,
        "rank1": rank([tuple(map(collate, each)) for each in words]),
        "rank2": rank(words),
        "rank3": rank(numbers),
        "rank4": rank(ids),
        "employee_number": list(map(canonical, numbers)),
        "last_name": list(map(canonical, last_names)),
        "first_name": list(map(canonical, first_names)),
        "unit": list(map(canonical, units)),
        "position": list(map(canonical, positions)),
    }


def _unless_erased(told: InstrumentedAttribute[str]) -> ColumnElement[str]:
    return case((Employment.erased_at.is_not(None), ""), else_=told)


def _columns_of_courses(db: Session) -> Mapping[str, Sequence[Any]]:
    """Return all courses, ranked by title as Norwegian sorts, and by its letters."""
    rows = db.execute(select(Course.id, Course.title)).all()
    titles = [row.title for row in rows]
    return {
        "id": [row.id for row in rows],
        "rank1": rank(list(map(collate, titles))),
        "rank2": rank(titles),
        "title": list(map(canonical, titles)),
    }


def _columns_of_platforms(db: Session) -> Mapping[str, Sequence[Any]]:
    rows = db.execute(select(Platform.id, Platform.name).where(Platform.name != "")).all()
    return {"id": [row.id for row in rows], "name": [canonical(row.name) for row in rows]}


def _joined(viewer: Viewer, people: FromClause, courses: FromClause, platforms: FromClause) -> Rows:
    return (
        select(Completion.id)
        .select_from(people)
        .join(Employment, Employment.id == people.c.id)
        .join(Completion, Completion.person_id == Employment.person_id)
        .join(Course, Course.id == Completion.course_id)
        .join(courses, courses.c.id == Course.id)
        .outerjoin(CourseVersion, CourseVersion.id == Completion.version_id)
        .outerjoin(Identity, Identity.id == Completion.identity_id)
        .outerjoin(platforms, platforms.c.id == Identity.platform_id)
        .where(may_see_employment(viewer))
    )
