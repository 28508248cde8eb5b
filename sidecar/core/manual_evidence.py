"""Enter by hand that somebody completed a course elsewhere; a second person confirms it before it counts.

Who enters it is accountable for it, and so is who confirms it: they must be two people. `second_person`
says when they are; nobody confirms what is about themselves; what was entered at the command line is
confirmed by somebody who signed in. Only the municipality that entered it looks after it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from typing import Final

from sqlalchemy import ColumnElement, func, or_, select, true
from sqlalchemy.orm import Session

from sidecar.core import audit, settling
from sidecar.core.access import Viewer
from sidecar.core.courses import LINK, REGION_ONLY, Course
from sidecar.core.data_subjects import DataSubject
from sidecar.core.evidence import FILE, MANUAL, NOTE_CHARACTERS, REFUSED, SIGN_OFF, VALID, WAITING, WITHDRAWN, Evidence
from sidecar.core.municipalities import Municipality
from sidecar.core.paging import count_pages
from sidecar.core.people import Employment, Identity, Person
from sidecar.core.periods import OSLO, day_of
from sidecar.core.second_person import is_second_person
from sidecar.core.short_texts import tidy
from sidecar.errors import NotFoundError, SidecarError

BASES: Final = ("course", "certificate", "prior-learning")
"""What shows it: a course held elsewhere, a certificate, prior learning that was judged to be enough."""

EARLIEST_YEAR: Final = 1950
PLACE_CHARACTERS: Final = 200
REASON_CHARACTERS: Final = 1000
PAGE_SIZE: Final = 50
MAY_ENTER: Final = ("contact", "rkk", "operator")


class FutureDayError(SidecarError):
    """The day has not come yet. Write the day on which the course was completed."""

    code = "evidence-future-day"


class DayTooOldError(SidecarError):
    """The day is too long ago. Write one in {year} or later."""

    code = "evidence-day-too-old"


class BasisUnknownError(SidecarError):
    """Say what shows it: choose one of those offered."""

    code = "evidence-basis"


class ReasonMissingError(SidecarError):
    """Write a reason, so that the employee and your colleagues understand it."""

    code = "evidence-reason-missing"


class SameEvidenceError(SidecarError):
    """The same course was entered for the same employee and day already. Look at what stands on the employee's page."""

    code = "evidence-entered-already"


class SecondPersonError(SidecarError):
    """Somebody else must confirm this: not who entered it, and not whom it is about.

    Both must be known as employees or by an e-mail address. Who signs in by links gets theirs from an operator.
    """

    code = "evidence-second-person"


class NotWaitingError(SidecarError):
    """This has been decided already. Open the employee's page to see how."""

    code = "evidence-decided"


class NotToWithdrawError(SidecarError):
    """Only what staff entered or signed off, and counts or waits, can be withdrawn here."""

    code = "evidence-not-to-withdraw"


@dataclass(frozen=True)
class Entry:
    """What somebody enters; `completed_on` is a day in Norway, `document`: its digest in the storage and its name."""

    course_key: str
    completed_on: date
    basis: str
    place: str = ""
    note: str = ""
    document: tuple[str, str] | None = None


@dataclass(frozen=True)
class EvidenceLine:
    """A piece of evidence as staff see it; `may_decide`: the viewer may confirm or refuse it."""

    evidence: Evidence
    course: Course
    person: Person
    municipality: Municipality
    employment_id: str | None
    may_decide: bool = False


@dataclass(frozen=True)
class EvidencePage:
    """One page of a list; `total` counts all."""

    lines: Sequence[EvidenceLine]
    total: int
    number: int

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return count_pages(self.total, PAGE_SIZE)


def moment_of(day: date, now: datetime) -> datetime:
    """Return the moment that stands for a day of which no time is known: its end, so that a known time comes first."""
    end = datetime.combine(day, time(23, 59, 59), tzinfo=OSLO).astimezone(UTC)
    return min(end, now)


def check_day(day: date, now: datetime) -> date:
    """Return a day on which something can have been completed.

    Raises:
        FutureDayError: it has not come yet.
        DayTooOldError: it is too long ago to be meant.
    """
    if day > day_of(now):
        raise FutureDayError
    if day.year < EARLIEST_YEAR:
        raise DayTooOldError(year=EARLIEST_YEAR)
    return day


def list_courses(db: Session, viewer: Viewer) -> Sequence[Course]:
    """Return the courses that the viewer can enter, by title; of links the learner tells, of others' their region."""
    fits = may_be_entered(viewer), Course.kind.not_in([LINK, REGION_ONLY])
    return db.scalars(select(Course).where(*fits).order_by(func.lower(Course.title), Course.key)).all()


def may_be_entered(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition on `Course`: shared ones, and those of a municipality that the viewer sees."""
    if viewer.everything:
        return true()
    return or_(Course.municipality_id.is_(None), Course.municipality_id.in_(viewer.municipality_ids))


def enter(
    db: Session, viewer: Viewer, municipality_id: str, employment_id: str, entry: Entry, now: datetime
) -> Evidence:
    """Enter what somebody completed; it waits till a second person confirms it.

    Raises:
        NotFoundError: there is no such employee or course for the viewer.
        FutureDayError, DayTooOldError, BasisUnknownError: what is entered can't be.
        SameEvidenceError: it was entered already.
    """
    person_id = _find_person(db, viewer, municipality_id, employment_id)
    course = db.scalar(select(Course).where(Course.key == entry.course_key, may_be_entered(viewer)))
    if course is None:
        raise NotFoundError(what="course", key=entry.course_key[:80])
    if entry.basis not in BASES:
        raise BasisUnknownError
    entered = Evidence(
        person_id=person_id,
        course_id=course.id,
        origin=MANUAL,
        completed_at=moment_of(check_day(entry.completed_on, now), now),
        recorded_at=now,
        state=WAITING,
        note=tidy(entry.note, NOTE_CHARACTERS) or None,
        entered_by=viewer.identity_id,
        municipality_id=municipality_id,
        basis=entry.basis,
        place=tidy(entry.place, PLACE_CHARACTERS) or None,
    )
    if entry.document:
        entered.file_digest, entered.file_name = entry.document
    _refuse_same(db, entered)
    db.add(entered)
    _record(db, "evidence.entered", entered, viewer, course, now)
    return entered


def _find_person(db: Session, viewer: Viewer, municipality_id: str, employment_id: str) -> str:
    """Return the employee's person, whom nobody erases or enters anything about till the end of the transaction."""
    db.scalar(select(Municipality.id).where(Municipality.id == municipality_id).with_for_update(read=True))
    here = Employment.id == employment_id, Employment.municipality_id == municipality_id
    person_id = db.scalar(select(Employment.person_id).where(*here, Employment.erased_at.is_(None)))
    if person_id is None or not viewer.sees_municipality(municipality_id):
        raise NotFoundError(what="person", key=employment_id[:80])
    db.scalar(select(Person.id).where(Person.id == person_id).with_for_update(key_share=True))
    return person_id


def _refuse_same(db: Session, entered: Evidence) -> None:
    same = (
        Evidence.person_id == entered.person_id,
        Evidence.course_id == entered.course_id,
        Evidence.origin == MANUAL,
        Evidence.municipality_id == entered.municipality_id,
        Evidence.state.in_((WAITING, VALID)),
    )
    days = {day_of(moment) for moment in db.scalars(select(Evidence.completed_at).where(*same))}
    if day_of(entered.completed_at) in days:
        raise SameEvidenceError


def employment_of(db: Session, viewer: Viewer, municipality_id: str, subject: DataSubject, number: str) -> str:
    """Return the id of a person's employment with this number.

    Raises:
        NotFoundError: there is none that the viewer may see.
    """
    here = Employment.municipality_id == municipality_id, Employment.employee_number == number.strip()
    found = db.scalar(select(Employment.id).where(*here, Employment.id.in_(subject.employment_ids)))
    if found is None or not viewer.sees_municipality(municipality_id):
        raise NotFoundError(what="person", key=number[:80])
    return found


def list_waiting(db: Session, viewer: Viewer, number: int = 1) -> EvidencePage:
    """Return a page of what waits for a second person in the viewer's municipalities, the oldest first."""
    where = _is_looked_after(viewer), Evidence.state == WAITING, Person.erased_at.is_(None)
    counting = select(func.count(Evidence.id)).join(Person, Person.id == Evidence.person_id)
    total = db.scalar(counting.where(*where)) or 0
    return EvidencePage(_lines(db, viewer, *where, number=number), total, number)


def count_waiting(db: Session, viewer: Viewer) -> int:
    """Return how much waits that the viewer may confirm, as far as that can be told from who entered it."""
    if not viewer.is_one_of(*MAY_ENTER):
        return 0
    waits = _is_looked_after(viewer), Evidence.state == WAITING, Person.erased_at.is_(None)
    others = Evidence.entered_by.is_distinct_from(viewer.identity_id)
    query = select(func.count(Evidence.id)).join(Person, Person.id == Evidence.person_id)
    return db.scalar(query.where(*waits, others)) or 0


def list_of_employee(
    db: Session, viewer: Viewer, municipality_id: str, person_id: str, number: int = 1
) -> Sequence[EvidenceLine]:
    """Return what a municipality entered about one of its people, by hand or from files, the newest day first."""
    theirs = Evidence.municipality_id == municipality_id, Evidence.person_id == person_id
    return _lines(db, viewer, _is_looked_after(viewer), *theirs, number=number, newest_first=True)


def find(db: Session, viewer: Viewer, evidence_id: str) -> EvidenceLine:
    """Return a piece of evidence that the viewer's municipality entered.

    Raises:
        NotFoundError: there is none that the viewer looks after.
    """
    found = _lines(db, viewer, _is_looked_after(viewer), Evidence.id == evidence_id, Person.erased_at.is_(None))
    if not found:
        raise NotFoundError(what="evidence", key=evidence_id[:80])
    return found[0]


def confirm(db: Session, viewer: Viewer, evidence_id: str, now: datetime) -> Evidence:
    """Let what was entered count.

    Raises:
        NotFoundError, NotWaitingError: there is nothing that waits for the viewer's municipality.
        SecondPersonError: the viewer entered it, or is whom it is about.
    """
    return _decide(db, viewer, evidence_id, VALID, "", now)


def refuse(db: Session, viewer: Viewer, evidence_id: str, reason: str, now: datetime) -> Evidence:
    """Turn down what was entered, with a reason that the employee reads too; `confirm` says what may be raised.

    Raises:
        ReasonMissingError: there is no reason.
    """
    return _decide(db, viewer, evidence_id, REFUSED, check_reason(reason), now)


def withdraw(db: Session, viewer: Viewer, evidence_id: str, reason: str, now: datetime) -> Evidence:
    """Take back what was entered by hand or from a file, or signed off; other evidence of the same completion stays.

    Raises:
        NotFoundError: there is none that the viewer looks after.
        ReasonMissingError: there is no reason.
        NotToWithdrawError: it doesn't count and doesn't wait.
    """
    line = find(db, viewer, evidence_id)
    found = db.get_one(Evidence, line.evidence.id, with_for_update=True, populate_existing=True)
    if found.origin not in (MANUAL, FILE, SIGN_OFF) or found.state not in (VALID, WAITING):
        raise NotToWithdrawError
    _finish(db, viewer, found, WITHDRAWN, check_reason(reason), now)
    _record(db, "evidence.withdrawn", found, viewer, line.course, now)
    return found


def _decide(db: Session, viewer: Viewer, evidence_id: str, state: str, reason: str, now: datetime) -> Evidence:
    line = find(db, viewer, evidence_id)
    found = db.get_one(Evidence, line.evidence.id, with_for_update=True, populate_existing=True)
    if found.state != WAITING:
        raise NotWaitingError
    if not _may_decide(db, viewer, found):
        raise SecondPersonError
    _finish(db, viewer, found, state, reason, now)
    _record(db, "evidence.confirmed" if state == VALID else "evidence.refused", found, viewer, line.course, now)
    return found


def _finish(db: Session, viewer: Viewer, found: Evidence, state: str, reason: str, now: datetime) -> None:
    found.state, found.reason = state, reason or None
    found.decided_by, found.decided_at = viewer.identity_id, now
    db.flush()
    if found.person_id is not None:
        settling.settle(db, {(found.person_id, found.course_id)}, now)


def _may_decide(db: Session, viewer: Viewer, found: Evidence) -> bool:
    """Tell whether the viewer may decide, and is somebody else than who entered it and whom it is about."""
    return viewer.is_one_of(*MAY_ENTER) and is_second_person(db, viewer, found)


def check_reason(reason: str) -> str:
    """Return the reason that somebody gave, or raise `ReasonMissingError`."""
    said = tidy(reason, REASON_CHARACTERS)
    if not said:
        raise ReasonMissingError
    return said


def _is_looked_after(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition on `Evidence`: entered by a municipality all of which the viewer sees."""
    if viewer.everything:
        return Evidence.municipality_id.is_not(None)
    return Evidence.municipality_id.in_(viewer.municipality_ids)


def _lines(
    db: Session, viewer: Viewer, *where: ColumnElement[bool], number: int = 1, newest_first: bool = False
) -> list[EvidenceLine]:
    query = (
        select(Evidence, Course, Person, Municipality)
        .join(Course, Course.id == Evidence.course_id)
        .join(Person, Person.id == Evidence.person_id)
        .join(Municipality, Municipality.id == Evidence.municipality_id)
        .where(*where)
        .limit(PAGE_SIZE)
        .offset((number - 1) * PAGE_SIZE)
    )
    order = Evidence.completed_at.desc() if newest_first else Evidence.recorded_at
    found = [EvidenceLine(*row, None) for row in db.execute(query.order_by(order, Evidence.id))]
    employments, at_hand = _employments(db, viewer, found), _load_accounts(db, viewer, found)
    lines = [
        replace(
            line,
            employment_id=employments.get((line.municipality.id, line.person.id)),
            may_decide=_may_decide(db, viewer, line.evidence),
        )
        for line in found
    ]
    del at_hand  # the session forgets what nobody holds
    return lines


def _employments(db: Session, viewer: Viewer, lines: Sequence[EvidenceLine]) -> Mapping[tuple[str, str], str]:
    """Return the employments that evidence was entered at, as far as they still stand, by employer and person."""
    here = {line.municipality.id for line in lines if viewer.sees_municipality(line.municipality.id)}
    theirs = Employment.person_id.in_({line.person.id for line in lines}), Employment.municipality_id.in_(here)
    query = select(Employment.municipality_id, Employment.person_id, Employment.id).where(*theirs)
    rows = db.execute(query.where(Employment.erased_at.is_(None)).order_by(Employment.id.desc()))
    return {(municipality_id, person_id): key for municipality_id, person_id, key in rows}


def _load_accounts(
    db: Session, viewer: Viewer, lines: Sequence[EvidenceLine]
) -> Sequence[tuple[Identity, Person | None]]:
    """Read together who entered these and who looks, which `_may_decide` asks the session for one by one."""
    accounts = {line.evidence.entered_by for line in lines} | {viewer.identity_id}
    query = select(Identity, Person).outerjoin(Person, Person.id == Identity.person_id)
    rows = db.execute(query.where(Identity.id.in_({one for one in accounts if one})))
    return [(identity, person) for identity, person in rows]


def _record(db: Session, action: str, found: Evidence, viewer: Viewer, course: Course, now: datetime) -> None:
    db.flush()
    by = viewer.identity_id
    audit.record(db, action, found.id, at=now, identity_id=by, course=course.key, kind=found.basis or found.origin)
