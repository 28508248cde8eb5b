"""Tell where each employee stands with each course on a report's last day."""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from sqlalchemy import (
    CTE,
    ColumnElement,
    CompoundSelect,
    Date,
    Select,
    String,
    and_,
    cast,
    literal,
    not_,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from sidecar.core import roster_courses
from sidecar.core.access import Viewer, may_see_employment
from sidecar.core.attempts import Attempt
from sidecar.core.completions import Completion
from sidecar.core.course_audiences import pairs
from sidecar.core.courses import Course
from sidecar.core.db import UtcDateTime, new_id
from sidecar.core.employer_sight import is_told
from sidecar.core.municipalities import Municipality
from sidecar.core.paths import LearningPath, LearningPathStep, newest_versions
from sidecar.core.people import Employment, Identity, Person, is_employed
from sidecar.core.periods import Period, day_of, end_of
from sidecar.core.report_specs import Spec
from sidecar.core.rosters import RosterMember
from sidecar.reports.selection import holds_position, is_selected
from sidecar.reports.spool import Sorter, sort_key

State = Literal["finished", "started", "missing", "expiring"]

ROWS_A_TIME: Final = 2_000


@dataclass(frozen=True)
class Standing:
    """Where an employee stands with a course.

    Attributes:
        unit_id: of the main position, as are `unit` and `position`; None where no tree has it.
        state: finished (valid on the last day), expiring (finished, and not valid for `Spec.days` more), started
            (begun, and nothing valid), or missing (expected to have it, and nothing valid).
        completed_on, valid_until: of what is valid; else of what was so last; None where nothing ever was.
        is_erased: they are erased; never so by now, as they are left out.
        completion_id: that the days are of, "" for none.
    """

    employment_id: str
    person_id: str
    employee_number: str
    last_name: str
    first_name: str
    unit_id: str | None
    unit: str
    position: str
    course_id: str
    course: str
    state: State
    completed_on: date | None
    valid_until: date | None
    is_erased: bool = False
    completion_id: str = ""


class _Row(NamedTuple):
    """One thing that is known of an employee and a course: a completion, an attempt, a step, or that it is expected."""

    employment_id: str
    person_id: str
    employee_number: str
    last_name: str
    first_name: str
    unit_id: str | None
    unit: str
    position: str
    started_on: date | None
    course_id: str
    course: str
    kind: str
    completion_id: str
    completed_on: date | None
    valid_until: date | None
    begun_at: datetime | None


def iter_standings(
    db: Session, viewer: Viewer, municipality: Municipality, spec: Spec, period: Period, spool: Path
) -> Iterator[Standing]:
    """Yield where each employee stands with each course that concerns them, by unit, name and course.

    It is about who is employed on the last day and whom the viewer may see. A course concerns who has something valid
    in it that this employer is told, who has begun it here, and of whom it is expected: they take part in an LMS course
    that launches it, or the RKK set it for them. A learning path is begun with the first step, by whom it is expected
    of. Of the kind "renewals" there are only those who finished in the last
    `Spec.days` and those whose completion expires within as many.

    Args:
        spool: a folder for what memory does not hold.
    """
    sorter = Sorter(spool, f"standings-{new_id()}")
    for one in find_standings(db, viewer, municipality, spec, period.end):
        sorter.add(_key(one), json.dumps(astuple(one), default=date.isoformat))
    for text in sorter.lines():
        yield _read(json.loads(text))


def first_of(found: Iterable[Standing], count: int) -> Sequence[Standing]:
    """Return the first of what `find_standings` found, in their order; memory holds no others."""
    return heapq.nsmallest(count, found, key=_key)


def _key(one: Standing) -> str:
    return f"{sort_key(one.unit, one.last_name, one.first_name, one.course)}\0{one.employee_number}"


def _read(fields: list[Any]) -> Standing:
    fields[11], fields[12] = (date.fromisoformat(day) if day else None for day in fields[11:13])
    return Standing(*fields)


def find_standings(
    db: Session, viewer: Viewer, municipality: Municipality, spec: Spec, day: date
) -> Iterator[Standing]:
    """Yield what `iter_standings` does, in no order: for who only counts."""
    launched = roster_courses.list_launched(db, municipality.id)
    rows = (_Row._make(row) for row in db.execute(_query(viewer, municipality, spec, day, launched)))
    holds = holds_position(spec)
    for _, known in groupby(rows, key=lambda row: (row.employment_id, row.course_id)):
        one = _judge(list(known), day, spec)
        if one and holds(one.position) and (spec.kind != "renewals" or _is_renewal(one, spec, day)):
            yield one


def _judge(known: Sequence[_Row], day: date, spec: Spec) -> Standing | None:
    """Return how things stand; None where the course does not concern the employee."""
    completions = [row for row in known if row.completed_on]
    last = max(completions, key=_lasts, default=None)
    is_valid = last is not None and (last.valid_until is None or last.valid_until >= day)
    state: State
    if last and is_valid:
        is_ending = last.valid_until is not None and last.valid_until <= day + timedelta(days=spec.days)
        state = "expiring" if is_ending else "finished"
    elif any(_is_begun(row, last) for row in known if row.kind == "begun"):
        state = "started"
    elif any(row.kind == "expected" for row in known):
        state = "started" if any(_is_begun(row, last) for row in known) else "missing"
    else:
        return None
    who, days = known[0], last or known[0]
    return Standing(
        employment_id=who.employment_id,
        person_id=who.person_id,
        employee_number=who.employee_number,
        last_name=who.last_name,
        first_name=who.first_name,
        unit_id=who.unit_id,
        unit=who.unit,
        position=who.position,
        course_id=who.course_id,
        course=who.course,
        state=state,
        completed_on=days.completed_on,
        valid_until=days.valid_until,
        completion_id=days.completion_id,
    )


def _lasts(row: _Row) -> tuple[date, date]:
    return row.valid_until or date.max, row.completed_on or date.min


def _is_begun(row: _Row, last: _Row | None) -> bool:
    """Tell whether a row is of an attempt that was begun in this employment, and after what was valid last.

    A step of a learning path may have been done before the employment, as far as the employer is told.
    """
    if row.begun_at is None:
        return False
    begun_on = day_of(row.begun_at)
    since = row.kind == "step" or row.started_on is None or begun_on >= row.started_on
    return since and (last is None or last.completed_on is None or begun_on > last.completed_on)


def _is_renewal(one: Standing, spec: Spec, day: date) -> bool:
    """Tell whether what is valid is that new, or that old."""
    if one.state == "expiring":
        return True
    is_new = one.completed_on is not None and one.completed_on > day - timedelta(days=spec.days)
    return one.state == "finished" and is_new


def _query(
    viewer: Viewer, municipality: Municipality, spec: Spec, day: date, launched: Sequence[tuple[str, str]]
) -> Select[*tuple[object, ...]]:
    """Return the query of all that is known, what belongs together one after the other."""
    known = _known(viewer, municipality, day, launched).subquery()
    columns = (
        Employment.id,
        Employment.person_id,
        Employment.employee_number,
        Person.last_name,
        Person.first_name,
        Employment.unit_id,
        Employment.unit,
        Employment.position,
        Employment.started_on,
        Course.id,
        Course.title,
        *list(known.c)[2:],
    )
    return (
        select(*columns)
        .select_from(known)
        .join(Employment, Employment.id == known.c.employment_id)
        .join(Person, Person.id == Employment.person_id)
        .join(Course, Course.id == known.c.course_id)
        .where(is_selected(municipality, spec, day), may_see_employment(viewer), is_employed(day))
        .order_by(Employment.id, Course.id)
        .execution_options(yield_per=ROWS_A_TIME)
    )


def _known(
    viewer: Viewer, municipality: Municipality, day: date, launched: Sequence[tuple[str, str]]
) -> CompoundSelect[*tuple[object, ...]]:
    here = and_(Employment.municipality_id == municipality.id, may_see_employment(viewer), is_employed(day))
    of_nothing = cast(literal(""), String), cast(null(), Date), cast(null(), Date), cast(null(), UtcDateTime())
    completed = (
        select(
            Employment.id.label("employment_id"),
            Completion.course_id.label("course_id"),
            literal("completed").label("kind"),
            Completion.id.label("completion_id"),
            Completion.completed_on,
            Completion.valid_until,
            cast(null(), UtcDateTime()).label("begun_at"),
        )
        .join(Completion, Completion.person_id == Employment.person_id)
        .join(Course, Course.id == Completion.course_id)
        .where(here, is_told(day), Completion.completed_on <= day)
    )
    begun = (
        select(Employment.id, Attempt.course_id, literal("begun"), *of_nothing[:3], Attempt.started_at)
        .join(Identity, Identity.person_id == Employment.person_id)
        .join(Attempt, Attempt.identity_id == Identity.id)
        .where(here, Attempt.started_at < end_of(day), not_(_is_completed(day)))
    )
    taking_part = _taking_part(roster_courses.as_table(launched), day).subquery()
    enrolled = (
        select(Employment.id, taking_part.c.course_id, literal("expected"), *of_nothing)
        .join(Identity, Identity.person_id == Employment.person_id)
        .join(taking_part, taking_part.c.identity_id == Identity.id)
        .where(here)
    )
    meant = pairs(day, municipality.id).subquery()
    set_for = select(meant.c.employment_id, meant.c.course_id, literal("expected"), *of_nothing)
    return union_all(completed, begun, enrolled, set_for, _steps_done(viewer, here, day, of_nothing[:3]))


def _steps_done(
    viewer: Viewer, here: ColumnElement[bool], day: date, of_nothing: Sequence[ColumnElement[Any]]
) -> Select[*tuple[object, ...]]:
    """Return the query of what is valid of the steps of learning paths, as a beginning of the paths."""
    newest = newest_versions()
    lasting = or_(Completion.valid_until.is_(None), Completion.valid_until >= day)
    return (
        select(Employment.id, LearningPath.course_id, literal("step"), *of_nothing, Completion.completed_at)
        .join(Completion, Completion.person_id == Employment.person_id)
        .join(Course, Course.id == Completion.course_id)
        .join(LearningPathStep, LearningPathStep.course_id == Course.id)
        .join(newest, newest.c.version_id == LearningPathStep.version_id)
        .join(LearningPath, LearningPath.id == newest.c.path_id)
        .where(here, may_see_employment(viewer), is_told(day), Completion.completed_on <= day, lasting)
    )


def _is_completed(day: date) -> ColumnElement[bool]:
    return and_(Attempt.state == "completed", or_(Attempt.finished_at.is_(None), Attempt.finished_at < end_of(day)))


def _taking_part(launched: CTE, day: date) -> Select[str, str]:
    """Return the query of accounts and the courses that the LMS courses they learn in launch, but for retired ones."""
    roles = cast(RosterMember.roles, String)
    ends_at = end_of(day)
    there = RosterMember.joined_at < ends_at, or_(RosterMember.left_at.is_(None), RosterMember.left_at >= ends_at)
    offered = or_(Course.retired_at.is_(None), Course.retired_at >= ends_at)
    return (
        select(RosterMember.identity_id, launched.c.course_id)
        .join(launched, launched.c.roster_id == RosterMember.roster_id)
        .join(Course, Course.id == launched.c.course_id)
        .where(*there, or_(roles.like("%Learner%"), roles == "[]"), offered)
    )
