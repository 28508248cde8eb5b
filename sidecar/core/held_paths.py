"""Read the learning paths as they hold now, and reckon how far people have come on them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from sidecar.core.completions import Completion
from sidecar.core.courses import Course
from sidecar.core.path_contents import Content, Step, content_of
from sidecar.core.path_progress import Done, Progress, reckon
from sidecar.core.paths import LearningPath, LearningPathStep, LearningPathVersion, PathLine, newest_versions
from sidecar.core.periods import day_of
from sidecar.errors import NotFoundError

DoneByCourse = Mapping[str, Sequence[Done]]
"""What somebody has completed, by the id of the course."""


@dataclass(frozen=True)
class HeldPath:
    """A path as its newest version has it; `courses`: what each step is about, by the step's key."""

    course: Course
    number: int
    content: Content
    courses: Mapping[str, Course]

    @property
    def step_ids(self) -> frozenset[str]:
        """The ids of the courses of its steps."""
        return frozenset(one.id for one in self.courses.values())

    @property
    def course_ids(self) -> frozenset[str]:
        """The ids of the courses of its steps, and its own."""
        return self.step_ids | {self.course.id}

    def title_of(self, step: Step) -> str:
        """Return what a step is called."""
        return step.title or self.courses[step.key].title

    def renewed_since(self, completions: DoneByCourse, today: date) -> date | None:
        """Return the day from which on the steps count anew, for who may renew the path by now; None for others."""
        newest = max(completions.get(self.course.id, ()), key=lambda one: one.completed_at, default=None)
        if newest is None or newest.valid_until is None:
            return None
        since = self.course.rule.renewable_from(day_of(newest.completed_at))
        return since if since is not None and since <= today else None

    def reckon(self, completions: DoneByCourse, today: date) -> Progress:
        """Return how far somebody has come; who may renew the path by now begins anew with what expires.

        Args:
            completions: of the courses of its steps, and of the path itself.
        """
        done = {key: completions.get(course.id, ()) for key, course in self.courses.items()}
        return reckon(self.content, done, today, since=self.renewed_since(completions, today))


def list_held_paths(db: Session, *where: ColumnElement[bool]) -> list[HeldPath]:
    """Return the paths that hold, by title; also those that are retired.

    Args:
        where: conditions on their `Course`.
    """
    newest = newest_versions()
    query = (
        select(Course, LearningPathVersion)
        .join(LearningPath, LearningPath.course_id == Course.id)
        .join(newest, newest.c.path_id == LearningPath.id)
        .join(LearningPathVersion, LearningPathVersion.id == newest.c.version_id)
        .where(*where)
        .order_by(Course.title, Course.key)
    )
    rows = db.execute(query).all()
    steps = _list_steps(db, [version.id for _, version in rows])
    return [HeldPath(course, one.number, content_of(one.content), steps[one.id]) for course, one in rows]


def find_held_path(db: Session, key: str) -> HeldPath:
    """Return the path of this key.

    Raises:
        NotFoundError: there is none that was ever published.
    """
    found = list_held_paths(db, Course.key == key)
    if not found:
        raise NotFoundError(what="learning path", key=key[:80])
    return found[0]


def held_path_of(db: Session, line: PathLine) -> HeldPath:
    """Return a path as it holds now; one that was never published has number 0, and its steps are about nothing yet."""
    if line.newest is None:
        return HeldPath(line.course, 0, line.content, {})
    return HeldPath(line.course, line.newest.number, line.content, _list_steps(db, [line.newest.id])[line.newest.id])


def list_paths_of(db: Session, course_ids: Collection[str]) -> list[HeldPath]:
    """Return the paths that hold, are not retired, and have a step about one of these courses."""
    newest = newest_versions()
    having = (
        select(LearningPath.course_id)
        .join(newest, newest.c.path_id == LearningPath.id)
        .join(LearningPathStep, LearningPathStep.version_id == newest.c.version_id)
        .where(LearningPathStep.course_id.in_(course_ids))
    )
    return list_held_paths(db, Course.id.in_(having), Course.retired_at.is_(None))


def list_done(db: Session, where: ColumnElement[bool], course_ids: Collection[str]) -> Mapping[str, DoneByCourse]:
    """Return what people have completed of these courses, by the id of the person.

    Args:
        where: a condition on `Completion` that says whose; the caller may see them.
    """
    found = defaultdict[str, dict[str, list[Done]]](lambda: defaultdict(list))
    columns = Completion.person_id, Completion.course_id, Completion.completed_at, Completion.valid_until
    of_them = where, Completion.course_id.in_(course_ids), Completion.withdrawn_at.is_(None)
    for person_id, course_id, moment, valid_until in db.execute(select(*columns).where(*of_them)):
        found[person_id][course_id].append(Done(moment, valid_until))
    return found


def _list_steps(db: Session, version_ids: Collection[str]) -> Mapping[str, Mapping[str, Course]]:
    found = defaultdict[str, dict[str, Course]](dict)
    query = select(LearningPathStep.version_id, LearningPathStep.key, Course)
    of_them = LearningPathStep.version_id.in_(version_ids)
    for version_id, key, course in db.execute(
        query.join(Course, Course.id == LearningPathStep.course_id).where(of_them)
    ):
        found[version_id][key] = course
    return found
