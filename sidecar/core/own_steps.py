"""Let learners act on the steps of their learning paths: say that they followed a link, ask for a task's sign-off.

Whoever acts is found as a data subject (`data_subjects.of_identity`), and acts for themselves alone.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from sidecar.core import settling, sign_off_requests
from sidecar.core.courses import LINK, TASK, Course
from sidecar.core.data_subjects import DataSubject
from sidecar.core.evidence import SELF, VALID, WITHDRAWN, Evidence
from sidecar.core.own_paths import find_own_path
from sidecar.core.path_progress import StepProgress
from sidecar.core.people import Identity
from sidecar.core.periods import day_of
from sidecar.core.sign_off_requests import SignOffRequest
from sidecar.core.statements import insert_if_new
from sidecar.errors import NotFoundError, SidecarError


class StepLockedError(SidecarError):
    """This step opens once you have done what comes before it. Your learning path says what comes next."""

    code = "step-locked"


class NotMatchedError(SidecarError):
    """You are matched with no employee yet, so nobody can see that you ask. Tell your manager, or who trains you."""

    code = "learner-not-matched"


def say_done(db: Session, subject: DataSubject, key: str, step: str, *, identity_id: str, now: datetime) -> None:
    """Record that somebody says they have followed a link; a second time changes nothing as long as that is valid.

    Raises:
        NotFoundError: there is no such path, or no such step of this kind in it.
        StepLockedError: other steps come first.
    """
    db.scalar(select(Identity.id).where(Identity.id == identity_id).with_for_update())
    found, course = _find_step(db, subject, key, step, LINK, now)
    if found.state == "locked":
        raise StepLockedError
    if found.state == "done":
        return
    told = Evidence(person_id=subject.person_id, course_id=course.id, origin=SELF, completed_at=now, recorded_at=now)
    told.identity_id = identity_id
    db.add(told)
    _settle(db, subject, course, now)


def take_back(db: Session, subject: DataSubject, key: str, step: str, *, identity_id: str, now: datetime) -> None:
    """Let what somebody said of a link count no longer.

    Raises:
        NotFoundError: there is no such step, or they have said nothing of it that counts.
    """
    _, course = _find_step(db, subject, key, step, LINK, now)
    told = select(Evidence).where(_is_own_word(subject), Evidence.course_id == course.id)
    newest = db.scalars(told.order_by(Evidence.completed_at.desc()).limit(1).with_for_update()).first()
    if newest is None:
        raise NotFoundError(what="completion", key=step[:80])
    newest.state, newest.decided_by, newest.decided_at = WITHDRAWN, identity_id, now
    _settle(db, subject, course, now)


def list_said(db: Session, subject: DataSubject, course_ids: Collection[str]) -> frozenset[str]:
    """Return of which of these courses somebody has said themselves that they are done."""
    query = select(Evidence.course_id).where(_is_own_word(subject), Evidence.course_id.in_(course_ids))
    return frozenset(db.scalars(query))


def ask_for_sign_off(
    db: Session, subject: DataSubject, key: str, step: str, *, identity_id: str, now: datetime
) -> None:
    """Ask that a task is signed off; a second time changes nothing.

    Raises:
        NotFoundError: there is no such path, or no such step of this kind in it.
        StepLockedError: other steps come first.
        NotMatchedError: they are matched with no employee, so that nobody could answer.
    """
    found, course = _find_step(db, subject, key, step, TASK, now)
    if found.state == "locked":
        raise StepLockedError
    if subject.person_id is None:
        raise NotMatchedError
    if found.state != "done":
        asked = SignOffRequest(person_id=subject.person_id, course_id=course.id, asked_at=now, identity_id=identity_id)
        insert_if_new(db, asked, unique=("person_id", "course_id"))


def stop_asking(db: Session, subject: DataSubject, key: str, step: str, now: datetime) -> None:
    """Take back that somebody asked for a task's sign-off.

    Raises:
        NotFoundError: there is no such path, or no such step of this kind in it.
    """
    _, course = _find_step(db, subject, key, step, TASK, now)
    sign_off_requests.forget(db, subject.person_ids, course.id)


def _find_step(
    db: Session, subject: DataSubject, key: str, step: str, kind: str, now: datetime
) -> tuple[StepProgress, Course]:
    own = find_own_path(db, subject, key, day_of(now))
    steps = (one for part in own.progress.parts for one in part.steps)
    found = next((one for one in steps if one.step.key == step and one.step.kind == kind), None)
    if found is None:
        raise NotFoundError(what="step", key=step[:80])
    return found, own.path.courses[step]


def _is_own_word(subject: DataSubject) -> ColumnElement[bool]:
    """Return the condition on `Evidence` that it is somebody's own word, and counts."""
    nobody_s = and_(Evidence.identity_id.in_(subject.all_identity_ids), Evidence.person_id.is_(None))
    mine = or_(nobody_s, Evidence.person_id == subject.person_id) if subject.person_id else nobody_s
    return and_(mine, Evidence.origin == SELF, Evidence.state == VALID)


def _settle(db: Session, subject: DataSubject, course: Course, now: datetime) -> None:
    db.flush()
    if subject.person_id is not None:
        settling.settle(db, {(subject.person_id, course.id)}, now)
