"""Sign off tasks of learning paths for the people one sees, and take that back; nobody signs off their own."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from sidecar.core import audit, settling, sign_off_requests
from sidecar.core.access import Viewer, may_see_employment
from sidecar.core.courses import Course
from sidecar.core.evidence import NOTE_CHARACTERS, SIGN_OFF, VALID, WITHDRAWN, Evidence
from sidecar.core.manual_evidence import NotToWithdrawError, check_day, check_reason, moment_of
from sidecar.core.open_tasks import find_task, states_of
from sidecar.core.people import Employment, Person, is_employed
from sidecar.core.periods import day_of
from sidecar.core.second_person import list_own_people
from sidecar.core.short_texts import tidy
from sidecar.errors import NotFoundError, SidecarError

SIGNED_SHOWN: Final = 50


class NobodyChosenError(SidecarError):
    """Nobody is chosen. Tick those who have done it."""

    code = "sign-off-nobody"


class OwnSignOffError(SidecarError):
    """You are among those you chose. Somebody else signs off what is yours."""

    code = "sign-off-own"


@dataclass(frozen=True)
class Signed:
    """A sign-off that counts, as who may take it back sees it."""

    evidence: Evidence
    person: Person
    course: Course


@dataclass(frozen=True)
class SignOff:
    """What somebody says of a task; `done_on` is a day in Norway."""

    done_on: date
    note: str = ""


def sign_off(
    db: Session,
    viewer: Viewer,
    municipality_id: str,
    key: str,
    employment_ids: Collection[str],
    said: SignOff,
    now: datetime,
) -> int:
    """Say that some of the viewer's people have done a task; return for how many it was open till now.

    Raises:
        NotFoundError: there is no such task, or one of them is not the viewer's to see.
        NobodyChosenError, OwnSignOffError: there is nobody to sign off, or the viewer is among them.
        FutureDayError, DayTooOldError, TextTooLongError: what is said can't be.
    """
    course = find_task(db, key)
    people = _lock_people(db, viewer, municipality_id, employment_ids, day_of(now))
    if not people:
        raise NobodyChosenError
    if list_own_people(db, viewer).intersection(people):
        raise OwnSignOffError
    moment, note = moment_of(check_day(said.done_on, now), now), tidy(said.note, NOTE_CHARACTERS) or None
    chosen = select(Person.id).where(Person.id.in_(people))
    states = states_of(db, course, municipality_id, chosen, day_of(now))
    ready = [person_id for person_id in people if states(person_id) in ("open", "expired")]
    for person_id in ready:
        one = Evidence(person_id=person_id, course_id=course.id, origin=SIGN_OFF, completed_at=moment, recorded_at=now)
        one.note, one.entered_by, one.municipality_id = note, viewer.identity_id, municipality_id
        db.add(one)
    db.flush()
    sign_off_requests.forget(db, people, course.id)
    settling.settle(db, {(person_id, course.id) for person_id in ready}, now)
    by = viewer.identity_id
    audit.record(db, "task.signed_off", course.id, at=now, identity_id=by, course=course.key, count=len(ready))
    db.flush()
    return len(ready)


def _lock_people(
    db: Session, viewer: Viewer, municipality_id: str, employment_ids: Collection[str], today: date
) -> Sequence[str]:
    """Return the people of these employments, about whom nobody else decides till the end of the transaction."""
    chosen = Employment.id.in_(employment_ids), Employment.municipality_id == municipality_id
    query = select(Employment.id, Employment.person_id).where(*chosen, may_see_employment(viewer), is_employed(today))
    found = dict(db.execute(query).all())
    unseen = sorted(set(employment_ids) - set(found))
    if unseen:
        raise NotFoundError(what="person", key=unseen[0][:80])
    locked = select(Person.id).where(Person.id.in_(found.values())).order_by(Person.id)
    return db.scalars(locked.with_for_update(key_share=True)).all()


def list_signed(db: Session, viewer: Viewer, municipality_id: str, key: str) -> Sequence[Signed]:
    """Return what was signed off of a task in a municipality, of the viewer's people, the newest first."""
    query = _signed(viewer).where(Evidence.municipality_id == municipality_id, Course.key == key)
    newest = query.order_by(Evidence.recorded_at.desc(), Evidence.id).limit(SIGNED_SHOWN)
    return [Signed(*row) for row in db.execute(newest)]


def find_signed(db: Session, viewer: Viewer, evidence_id: str) -> Signed:
    """Return a sign-off that counts, of one of the viewer's people.

    Raises:
        NotFoundError: there is none, or it is not theirs to see.
    """
    row = db.execute(_signed(viewer).where(Evidence.id == evidence_id)).one_or_none()
    if row is None:
        raise NotFoundError(what="sign-off", key=evidence_id[:80])
    return Signed(*row)


def _signed(viewer: Viewer) -> Select[Evidence, Person, Course]:
    works = Employment.person_id == Evidence.person_id, Employment.municipality_id == Evidence.municipality_id
    seen = select(Employment.id).where(*works, may_see_employment(viewer)).exists()
    return (
        select(Evidence, Person, Course)
        .join(Person, Person.id == Evidence.person_id)
        .join(Course, Course.id == Evidence.course_id)
        .where(Evidence.origin == SIGN_OFF, Evidence.state == VALID, Person.erased_at.is_(None), seen)
    )


def take_back(db: Session, viewer: Viewer, evidence_id: str, reason: str, now: datetime) -> Evidence:
    """Take back a sign-off of one of the viewer's people, with a reason that the employee reads too.

    Raises:
        NotFoundError: there is none that counts, or it is not theirs to see.
        ReasonMissingError: there is no reason.
        NotToWithdrawError: it was taken back meanwhile.
    """
    line, why = find_signed(db, viewer, evidence_id), check_reason(reason)
    found = db.get_one(Evidence, line.evidence.id, with_for_update=True, populate_existing=True)
    if found.state != VALID or found.person_id is None:
        raise NotToWithdrawError
    found.state, found.reason, found.decided_by, found.decided_at = WITHDRAWN, why, viewer.identity_id, now
    db.flush()
    settling.settle(db, {(found.person_id, found.course_id)}, now)
    by = viewer.identity_id
    audit.record(db, "task.sign_off_taken_back", found.id, at=now, identity_id=by, course=line.course.key)
    db.flush()
    return found
