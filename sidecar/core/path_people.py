"""Tell where a viewer's people stand on a learning path: who is expected to take it, or has begun.

It stands on what their employer is told of: what somebody completed before they worked there counts here only where
the employer sees it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Final, Literal, TypeVarTuple

from sqlalchemy import ColumnElement, Row, Select, and_, func, not_, or_, select
from sqlalchemy.orm import Session

from sidecar.core import course_audiences, employer_sight
from sidecar.core.access import Viewer, may_see_employment
from sidecar.core.completions import Completion
from sidecar.core.courses import Course
from sidecar.core.held_paths import DoneByCourse, HeldPath
from sidecar.core.municipalities import Municipality
from sidecar.core.paging import count_pages
from sidecar.core.path_progress import Done, Progress
from sidecar.core.people import Employment, Person, is_employed

PAGE_SIZE: Final = 100

Standing = Literal["not-begun", "under-way", "finished"]
Columns = TypeVarTuple("Columns")

STANDINGS: Final[tuple[Standing, ...]] = ("not-begun", "under-way", "finished")


@dataclass(frozen=True)
class PathPerson:
    """An employee as the list shows them.

    Attributes:
        is_expected: they belong to the path's audience.
        finished: the last time they finished the path, which may have expired; None where they never did.
    """

    person_id: str
    employment_id: str
    first_name: str
    last_name: str
    unit: str
    municipality: Municipality
    is_expected: bool
    progress: Progress
    finished: Done | None

    def standing_on(self, day: date) -> Standing:
        """Return how they stand on a day."""
        if self.finished and _is_valid(self.finished, day):
            return "finished"
        return "under-way" if self.progress.is_begun or self.finished else "not-begun"


@dataclass(frozen=True)
class PathPeoplePage:
    """One page of the list; `total` counts all that match."""

    lines: Sequence[PathPerson]
    total: int
    number: int

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return count_pages(self.total, PAGE_SIZE)


def count_expected(db: Session, viewer: Viewer, course_ids: Collection[str], today: date) -> dict[str, int]:
    """Return how many employees the viewer sees are expected to take each path, by the id of its course."""
    return _count(db, viewer, course_audiences.named_for(today, course_ids), today)


def count_finished(db: Session, viewer: Viewer, course_ids: Collection[str], today: date) -> dict[str, int]:
    """Return how many employees the viewer sees have finished each path and need not renew it, by its course's id."""
    pairs = select(Employment.id.label("employment_id"), Completion.course_id)
    return _count(db, viewer, _told(viewer, pairs, course_ids, today).where(_lasts(today)), today)


def count_under_way(db: Session, viewer: Viewer, course: Course, step_ids: Collection[str], today: date) -> int:
    """Return how many employees the viewer sees have done some step of a path, and have not finished it.

    Args:
        course: the path's own.
        step_ids: of the courses that its steps are about.
    """
    stand = _has_begun(course, step_ids, today), not_(_has_finished(course, today))
    query = select(func.count(Employment.id)).where(may_see_employment(viewer), is_employed(today), *stand)
    return db.scalar(query) or 0


def list_path_people(
    db: Session,
    viewer: Viewer,
    path: HeldPath,
    today: date,
    *,
    search: str = "",
    standing: Standing | None = None,
    number: int = 1,
) -> PathPeoplePage:
    """Return a page of those who work today and are expected to take a path or have begun, by name.

    Args:
        search: words of the name, or the whole employee number.
        number: of the page, from 1.
    """
    expected = course_audiences.named_for(today, [path.course.id]).subquery()
    is_expected = expected.c.employment_id.is_not(None)
    begun, finished = _has_begun(path.course, path.step_ids, today), _has_finished(path.course, today)
    stand = {
        None: or_(is_expected, begun),
        "not-begun": and_(is_expected, not_(begun)),
        "under-way": and_(begun, not_(finished)),
        "finished": finished,
    }[standing]
    people = (
        select(Employment, Person, Municipality, is_expected)
        .join(Person, Person.id == Employment.person_id)
        .join(Municipality, Municipality.id == Employment.municipality_id)
        .outerjoin(expected, expected.c.employment_id == Employment.id)
        .where(may_see_employment(viewer), is_employed(today), _matches(search), stand)
    )
    total = db.scalar(people.with_only_columns(func.count(Employment.id), maintain_column_froms=True)) or 0
    query = people.order_by(func.lower(Person.last_name), func.lower(Person.first_name), Employment.id)
    rows = db.execute(query.limit(PAGE_SIZE).offset((number - 1) * PAGE_SIZE)).all()
    done = _list_done(db, viewer, [row[1].id for row in rows], path.course_ids, today)
    tell = partial(_person, path, today)
    return PathPeoplePage([tell(row, done[row[0].id]) for row in rows], total, number)


def _count(db: Session, viewer: Viewer, pairs: Select[str, str], today: date) -> dict[str, int]:
    """Return how many of pairs of employment and course there are by course, of who works today."""
    found = pairs.subquery()
    query = select(found.c.course_id, func.count(found.c.employment_id.distinct()))
    query = query.join(Employment, Employment.id == found.c.employment_id)
    seen = may_see_employment(viewer), is_employed(today)
    return dict(db.execute(query.where(*seen).group_by(found.c.course_id)).all())


def _has_begun(course: Course, step_ids: Collection[str], today: date) -> ColumnElement[bool]:
    return _is_told({*step_ids, course.id}, today).exists()


def _has_finished(course: Course, today: date) -> ColumnElement[bool]:
    return _is_told({course.id}, today).where(_lasts(today)).exists()


def _is_told(course_ids: Collection[str], today: date) -> Select[str]:
    """Return the query of what the employer of an `Employment` around it is told of these courses."""
    told = Completion.person_id == Employment.person_id, employer_sight.is_told(today)
    query = select(Completion.id).join(Course, Course.id == Completion.course_id)
    return query.where(Completion.course_id.in_(course_ids), *told).correlate(Employment)


def _told(viewer: Viewer, query: Select[*Columns], course_ids: Collection[str], today: date) -> Select[*Columns]:
    """Bound a query of `Employment` and `Completion` to what employers are told of these courses."""
    told = employer_sight.is_told(today), Completion.course_id.in_(course_ids), may_see_employment(viewer)
    query = query.join(Completion, Completion.person_id == Employment.person_id)
    return query.join(Course, Course.id == Completion.course_id).where(*told)


def _lasts(day: date) -> ColumnElement[bool]:
    return or_(Completion.valid_until.is_(None), Completion.valid_until >= day)


def _is_valid(done: Done, day: date) -> bool:
    return done.valid_until is None or done.valid_until >= day


def _matches(search: str) -> ColumnElement[bool]:
    words = [
        or_(Person.folded_name.contains(word.casefold(), autoescape=True), Employment.employee_number == word)
        for word in search.split()
    ]
    return and_(Employment.id.is_not(None), *words)


def _list_done(
    db: Session, viewer: Viewer, person_ids: Collection[str], course_ids: Collection[str], today: date
) -> Mapping[str, DoneByCourse]:
    """Return what employers are told of these courses, by employment and course."""
    found = defaultdict[str, dict[str, list[Done]]](lambda: defaultdict(list))
    columns = Employment.id, Completion.course_id, Completion.completed_at, Completion.valid_until
    query = _told(viewer, select(*columns), course_ids, today).where(Completion.person_id.in_(person_ids))
    for employment_id, course_id, completed_at, valid_until in db.execute(query):
        found[employment_id][course_id].append(Done(completed_at, valid_until))
    return found


def _person(
    path: HeldPath, today: date, row: Row[Employment, Person, Municipality, bool], done: DoneByCourse
) -> PathPerson:
    works, person, municipality, is_expected = row
    return PathPerson(
        person.id,
        works.id,
        person.first_name,
        person.last_name,
        works.unit,
        municipality,
        bool(is_expected),
        path.reckon(done, today),
        max(done.get(path.course.id, ()), key=lambda one: one.completed_at, default=None),
    )
