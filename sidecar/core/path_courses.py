"""Find the courses that steps of learning paths are about, and those that may become steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import Session

from sidecar.core import lms_courses
from sidecar.core.access import Viewer, may_see_course
from sidecar.core.courses import LMS_ONLY, OWN, Course, playing_versions
from sidecar.core.path_contents import OWN_KINDS, Content, Step, course_key_of
from sidecar.errors import NotFoundError

MOST_CHOICES: Final = 20


@dataclass(frozen=True)
class StepCourse:
    """What a step is about.

    Attributes:
        title: what people call the step; "" where it is about a course that is not there.
        kind: of its course: own, lms, task, gathering, link; "" where the course is not there (yet).
        is_ready: it can be begun: it is not retired, and a version of it is published where it needs one.
    """

    title: str
    kind: str
    is_ready: bool


@dataclass(frozen=True)
class Choice:
    """A course that may become a step; `where`: the LMS of one that only an LMS has, "" for one of ours."""

    key: str
    title: str
    summary: str = ""
    where: str = ""
    is_ready: bool = True


def look_up(db: Session, path_key: str, content: Content) -> dict[str, StepCourse]:
    """Return what the steps of a path are about, by the key of the step."""
    keys = {step.key: course_key_of(path_key, step) for step in content.steps()}
    found = {course.key: (course, is_ready) for course, is_ready in db.execute(_courses(Course.key.in_(keys.values())))}
    return {step.key: _step_course(step, found.get(keys[step.key])) for step in content.steps()}


def titles_of(db: Session, path_key: str, content: Content) -> Mapping[str, str]:
    """Return what the steps of a path are called, by the key of the step."""
    return {key: one.title or key for key, one in look_up(db, path_key, content).items()}


def list_known_ids(db: Session, path_key: str, content: Content) -> Sequence[str]:
    """Return the ids of the courses that the steps of a path are about, as far as they are there."""
    keys = {course_key_of(path_key, step) for step in content.steps()}
    return db.scalars(select(Course.id).where(Course.key.in_(keys))).all()


def search_choices(db: Session, viewer: Viewer, words: str) -> Sequence[Choice]:
    """Return courses that the viewer may make steps: ours first, then those that only an LMS has.

    Args:
        words: each must stand in the title or be the key; "" returns the first ones by title.
    """
    fitting = [or_(Course.title.icontains(word, autoescape=True), Course.key == word) for word in words.split()]
    query = _courses(Course.kind == OWN, may_see_course(viewer), Course.retired_at.is_(None), *fitting)
    ours = db.execute(query.order_by(Course.title, Course.key).limit(MOST_CHOICES))
    choices = [Choice(one.key, one.title, one.summary or "", is_ready=is_ready) for one, is_ready in ours]
    theirs = lms_courses.list_lms_courses(db, viewer, search=words, number=1).lines
    told = [Choice(one.own.key, one.own.title, where=one.where) for one in theirs if not one.is_mapped]
    return [*choices, *told[:MOST_CHOICES]]


def find_choice(db: Session, viewer: Viewer, key: str) -> Course:
    """Return a course that the viewer may make a step.

    Raises:
        NotFoundError: there is none of this key, it is retired, or it is not theirs.
    """
    may_be = may_see_course(viewer), Course.kind.in_([OWN, LMS_ONLY]), Course.retired_at.is_(None)
    course = db.scalar(select(Course).where(Course.key == key, *may_be))
    if course is None:
        raise NotFoundError(what="course", key=key[:80])
    return course


def _courses(*conditions: ColumnElement[bool]) -> Select[Course, bool]:
    playing = playing_versions()
    is_ready = and_(Course.retired_at.is_(None), or_(Course.kind != OWN, playing.c.version_id.is_not(None)))
    query = select(Course, is_ready).outerjoin(playing, playing.c.course_id == Course.id)
    return query.where(*conditions)


def _step_course(step: Step, found: tuple[Course, bool] | None) -> StepCourse:
    if found is None:
        return StepCourse(step.title, "", is_ready=step.kind in OWN_KINDS)
    course, is_ready = found
    return StepCourse(step.title or course.title, course.kind, bool(is_ready))
