"""List who has a task of a learning path open, for who may sign it off.

A task is open to who is expected to take a path that holds it, or has asked for it, and has done what comes before.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import Session

from sidecar.core import course_audiences, employer_sight
from sidecar.core.access import Viewer, may_see_employment
from sidecar.core.completions import Completion
from sidecar.core.courses import TASK, Course
from sidecar.core.held_paths import DoneByCourse, HeldPath, list_done, list_paths_of
from sidecar.core.paging import count_pages
from sidecar.core.path_progress import State
from sidecar.core.people import Employment, Person, is_employed
from sidecar.core.second_person import list_own_people
from sidecar.core.sign_off_requests import SignOffRequest, count_by_task
from sidecar.errors import NotFoundError

PAGE_SIZE: Final = 100
OPEN_FIRST: Final[tuple[State, ...]] = ("open", "expired", "locked", "done")


@dataclass(frozen=True)
class Task:
    """A task that somebody of the viewer's people may have open; `asked`: how many ask for it, by municipality."""

    course: Course
    paths: Sequence[str]
    asked: Mapping[str, int]

    @property
    def total(self) -> int:
        """How many ask for it."""
        return sum(self.asked.values())


@dataclass(frozen=True)
class OpenTask:
    """Somebody who has a task open.

    Attributes:
        asked_at: when they asked for it to be signed off; None where they didn't.
        is_own: it is the viewer's own, who can't sign it off.
    """

    person: Person
    employment: Employment
    asked_at: datetime | None
    is_own: bool


@dataclass(frozen=True)
class OpenPage:
    """One page of who has a task open; `total` counts all."""

    lines: Sequence[OpenTask]
    total: int
    number: int

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return count_pages(self.total, PAGE_SIZE)


def list_tasks(db: Session, viewer: Viewer, today: date) -> Sequence[Task]:
    """Return the tasks of paths that the viewer's people are expected to take or ask about, the asked for first.

    Args:
        today: the day in Europe/Oslo.
    """
    asked = count_by_task(db, viewer, today)
    paths = list_paths_of(db, db.scalars(select(Course.id).where(Course.kind == TASK)).all())
    expected = _list_expected(db, viewer, [one.course.id for one in paths], today)
    titles: dict[str, list[str]] = {}
    courses: dict[str, Course] = {}
    for path in paths:
        for course in (one for one in path.courses.values() if one.kind == TASK):
            if path.course.id in expected or course.id in asked:
                courses[course.id] = course
                titles.setdefault(course.id, []).append(path.course.title)
    tasks = [Task(course, titles[key], asked.get(key, {})) for key, course in courses.items()]
    return sorted(tasks, key=lambda one: (-one.total, one.course.title.casefold()))


def _list_expected(db: Session, viewer: Viewer, course_ids: Collection[str], today: date) -> frozenset[str]:
    """Return which of these paths any of the viewer's people is expected to take."""
    named = course_audiences.named_for(today, course_ids).subquery()
    seen = select(named.c.course_id).join(Employment, Employment.id == named.c.employment_id)
    return frozenset(db.scalars(seen.where(may_see_employment(viewer)).distinct()))


def find_task(db: Session, key: str) -> Course:
    """Return the course of a task.

    Raises:
        NotFoundError: there is none of this key.
    """
    found = db.scalar(select(Course).where(Course.key == key, Course.kind == TASK))
    if found is None:
        raise NotFoundError(what="course", key=key[:80])
    return found


def list_open(db: Session, viewer: Viewer, municipality_id: str, key: str, today: date, number: int = 1) -> OpenPage:
    """Return a page of who in a municipality has a task open, of those the viewer sees: who asked first, then by name.

    Args:
        today: the day in Europe/Oslo.

    Raises:
        NotFoundError: there is no such task.
    """
    course = find_task(db, key)
    paths = list_paths_of(db, [course.id])
    where = _is_candidate(viewer, municipality_id, paths, today)
    query = select(Person, Employment, SignOffRequest.asked_at).join(Employment, Employment.person_id == Person.id)
    rows = db.execute(query.outerjoin(SignOffRequest, _asks(course)).where(where).order_by(Employment.id)).all()
    people = select(Employment.person_id).outerjoin(SignOffRequest, _asks(course)).where(where)
    states, own = states_of(db, course, municipality_id, people, today), list_own_people(db, viewer)
    lines = {
        person.id: OpenTask(person, works, asked_at, person.id in own)
        for person, works, asked_at in rows
        if states(person.id) in ("open", "expired")
    }
    found = sorted(lines.values(), key=_asked_first)
    return OpenPage(found[(number - 1) * PAGE_SIZE : number * PAGE_SIZE], len(found), number)


def _asked_first(line: OpenTask) -> tuple[bool, float, str, str]:
    asked = line.asked_at.timestamp() if line.asked_at else 0.0
    return line.asked_at is None, asked, line.person.last_name.casefold(), line.person.first_name.casefold()


def _asks(course: Course) -> ColumnElement[bool]:
    return and_(SignOffRequest.person_id == Employment.person_id, SignOffRequest.course_id == course.id)


def _is_candidate(viewer: Viewer, municipality_id: str, paths: Sequence[HeldPath], today: date) -> ColumnElement[bool]:
    """Return the condition that one of the viewer's people is expected to take one of these paths, or asks."""
    named = course_audiences.named_for(today, [one.course.id for one in paths]).subquery()
    expected = select(named.c.employment_id)
    is_meant = or_(SignOffRequest.id.is_not(None), Employment.id.in_(expected))
    here = Employment.municipality_id == municipality_id, may_see_employment(viewer), is_employed(today)
    return and_(*here, is_meant)


def states_of(
    db: Session, course: Course, municipality_id: str, people: Select[str], today: date
) -> Callable[[str], State]:
    """Return how a task stands for each of some people, by their id: the furthest of all paths that hold it.

    Args:
        municipality_id: of the employer: what that one is not told of does not count.
        people: the query of their ids, bounded by who asks.
    """
    paths = list_paths_of(db, [course.id])
    course_ids = frozenset[str]().union(*(one.course_ids for one in paths))
    told = Completion.person_id.in_(people), Completion.id.in_(_told(municipality_id, course_ids, today))
    done = list_done(db, and_(*told), course_ids)
    return lambda person_id: _state(paths, course, done.get(person_id, {}), today)


def _told(municipality_id: str, course_ids: Collection[str], today: date) -> Select[str]:
    """Return the query of what a municipality is told of these courses, as an employer."""
    query = select(Completion.id).join(Course, Course.id == Completion.course_id)
    query = query.join(Employment, Employment.person_id == Completion.person_id)
    here = Employment.municipality_id == municipality_id, Completion.course_id.in_(course_ids)
    return query.where(*here, employer_sight.is_told(today)).correlate(None)


def _state(paths: Iterable[HeldPath], course: Course, done: DoneByCourse, today: date) -> State:
    states: list[State] = [
        step.state
        for path in paths
        for part in path.reckon(done, today).parts
        for step in part.steps
        if path.courses[step.step.key].id == course.id
    ]
    return min(states, key=OPEN_FIRST.index, default="done")
