"""Let learners agree that an employer sees what they completed before they worked there, and take it back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from sidecar.core import audit, employer_sight
from sidecar.core.completions import Completion
from sidecar.core.courses import Course
from sidecar.core.data_subjects import DataSubject
from sidecar.core.municipalities import Municipality
from sidecar.core.own_wishes import SharingConsent
from sidecar.core.people import Employment, Person
from sidecar.errors import NotFoundError


@dataclass(frozen=True)
class Question:
    """What somebody is asked: may this employer see that they completed this course before they came there?

    Attributes:
        days: on which they completed it.
        has_leave: they have agreed already.
    """

    municipality_id: str
    municipality: str
    course_id: str
    course: str
    days: Sequence[date]
    has_leave: bool


def find_question(db: Session, subject: DataSubject, municipality_id: str, course_id: str) -> Question:
    """Return what somebody may agree to, or take back.

    Raises:
        NotFoundError: it is nothing for them to decide.
    """
    given = _find(db, subject, municipality_id, course_id)
    has_leave = given is not None and given.withdrawn_at is None
    query = (
        select(Completion.completed_on)
        .join(Course, Course.id == Completion.course_id)
        .join(Employment, Employment.person_id == Completion.person_id)
        .where(Completion.person_id == subject.person_id, Completion.course_id == course_id)
        .where(Employment.municipality_id == municipality_id, Employment.erased_at.is_(None))
        .where(employer_sight.needs_leave())
    )
    days = sorted(set(db.scalars(query)))
    if not (days or has_leave):
        raise NotFoundError(what="completion", key=course_id)
    municipality, course = db.get_one(Municipality, municipality_id), db.get_one(Course, course_id)
    return Question(municipality_id, municipality.name, course_id, course.title, days, has_leave)


def agree(db: Session, subject: DataSubject, question: Question, *, identity_id: str, now: datetime) -> None:
    """Let the employer see it from now on; a second time changes nothing.

    Raises:
        NotFoundError: there is nothing (any more) that they could agree to.
    """
    _lock(db, subject)
    asked = find_question(db, subject, question.municipality_id, question.course_id)
    if asked.has_leave:
        return
    given = _find(db, subject, asked.municipality_id, asked.course_id)
    if given is None:
        given = SharingConsent(
            person_id=subject.id, municipality_id=asked.municipality_id, course_id=asked.course_id, given_at=now
        )
        db.add(given)
    given.given_at, given.withdrawn_at, given.identity_id = now, None, identity_id
    db.flush()
    audit.record(db, "sharing.agreed", given.id, at=now, identity_id=identity_id)


def take_back(db: Session, subject: DataSubject, question: Question, *, identity_id: str, now: datetime) -> None:
    """Let the employer see it no more; what was delivered stays there. A second time changes nothing.

    What somebody gave who turned out to be the same person ends too: it must not come back if the two are taken apart.
    """
    _lock(db, subject)
    given = _find(db, subject, question.municipality_id, question.course_id)
    if given is None or given.withdrawn_at is not None:
        return
    there = SharingConsent.municipality_id == given.municipality_id, SharingConsent.course_id == given.course_id
    theirs = SharingConsent.person_id.in_(subject.person_ids), SharingConsent.withdrawn_at.is_(None)
    for one in db.scalars(select(SharingConsent).where(*there, *theirs)).all():
        one.withdrawn_at = now
    db.flush()
    audit.record(db, "sharing.withdrawn", given.id, at=now, identity_id=identity_id)


def _find(db: Session, subject: DataSubject, municipality_id: str, course_id: str) -> SharingConsent | None:
    return db.scalar(
        select(SharingConsent).where(
            SharingConsent.person_id == subject.person_id,
            SharingConsent.municipality_id == municipality_id,
            SharingConsent.course_id == course_id,
        )
    )


def _lock(db: Session, subject: DataSubject) -> None:
    """Let two windows of one person not write the same consent twice."""
    query = select(Person.id).where(Person.id == subject.person_id)
    db.execute(query.with_for_update(key_share=True)).all()
