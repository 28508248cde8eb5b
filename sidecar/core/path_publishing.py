"""Publish learning paths: let a draft hold, with a course for every step of it; retire them and bring them back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, or_, select, true
from sqlalchemy.orm import Session

from sidecar.core import audit, course_life, outbox
from sidecar.core.access import Viewer
from sidecar.core.courses import NOTE_CHARACTERS, PATH, Course
from sidecar.core.path_contents import OWN_KINDS, Content, Step, digest_of, document_of, named, refuse_empty
from sidecar.core.paths import KIND, LearningPathStep, LearningPathVersion, describe, find_path
from sidecar.core.short_texts import tidy
from sidecar.errors import SidecarError


class SameAsPublishedError(SidecarError):
    """Nothing has changed since version {number} was published, so there is nothing to publish."""

    code = "path-same-as-published"


class StepCourseUnknownError(SidecarError):
    """The step "{step}" is about the course "{course}", which doesn't exist, or can't be a step. Choose another."""

    code = "path-step-course-unknown"


def publish(db: Session, viewer: Viewer, key: str, note: str, now: datetime) -> LearningPathVersion:
    """Let the draft hold from now on, as the path's next version; who has finished it is looked for afterwards.

    Raises:
        NotFoundError, PathRetiredError: as `find_path`.
        NoStepsError: it asks nothing of anybody.
        StepCourseUnknownError: a step's course doesn't exist, or is a path.
        SameAsPublishedError: it holds already.
        TextTooLongError: the note is longer than `NOTE_CHARACTERS`.
    """
    line = find_path(db, viewer, key, to_change=True)
    content = named(line.draft, key)
    refuse_empty(content)
    if not line.is_changed and line.newest:
        raise SameAsPublishedError(number=line.newest.number)
    courses = _courses_of(db, viewer, content, now)
    by = viewer.identity_id
    version = LearningPathVersion(
        path_id=line.path.id,
        number=(line.newest.number if line.newest else 0) + 1,
        content=document_of(content),
        digest=digest_of(content),
        note=tidy(note, NOTE_CHARACTERS) or None,
        published_at=now,
        published_by=by,
    )
    db.add(version)
    db.flush()
    for step in content.steps():
        db.add(LearningPathStep(version_id=version.id, key=step.key, course_id=courses[step.course]))
    describe(line.course, content)
    audit.record(db, "learning_path.published", line.path.id, at=now, identity_id=by, course=key, number=version.number)
    outbox.put(db, KIND, version.id, key=f"{KIND}:{version.id}", now=now)
    db.flush()
    return version


def retire(db: Session, viewer: Viewer, key: str, now: datetime) -> None:
    """Let nobody be expected to take a path any more; who has finished it keeps that.

    Raises:
        NotFoundError: as `find_path`.
    """
    find_path(db, viewer, key)
    course_life.retire(db, viewer, key, now)


def bring_back(db: Session, viewer: Viewer, key: str, now: datetime) -> None:
    """Take a retired path into use again.

    Raises:
        NotFoundError: as `find_path`.
    """
    find_path(db, viewer, key)
    course_life.bring_back(db, viewer, key, now)


def _courses_of(db: Session, viewer: Viewer, content: Content, now: datetime) -> dict[str, str]:
    """Return the id of the course of each step by its key; those of tasks, gatherings and links are made."""
    keys = {step.course for step in content.steps()}
    known = {one.key: one for one in db.scalars(select(Course).where(Course.key.in_(keys), _may_be_step(viewer)))}
    taken = set(db.scalars(select(Course.key).where(Course.key.in_(keys))))
    for step in content.steps():
        if step.course not in taken and step.kind in OWN_KINDS:
            course = Course(key=step.course, title=step.title or content.title, kind=step.kind, created_at=now)
            db.add(course)
            known[step.course] = course
            taken.add(step.course)
        _refuse_unfit(step, known)
    db.flush()
    return {key: course.id for key, course in known.items()}


def _refuse_unfit(step: Step, known: Mapping[str, Course]) -> None:
    course = known.get(step.course)
    kind = course.kind if course and course.kind in (*OWN_KINDS, PATH) else "course"
    if course is None or kind != step.kind:
        raise StepCourseUnknownError(step=step.title or step.key, course=step.course)


def _may_be_step(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition on `Course` that the viewer may put it in a path: it is shared, or they look after it."""
    theirs = [one for one in viewer.authored_for if one]
    return true() if viewer.everything else or_(Course.municipality_id.is_(None), Course.municipality_id.in_(theirs))
