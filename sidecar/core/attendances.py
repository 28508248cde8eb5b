"""Keep who takes part in a gathering: seats and who waits for one, who came, and the completion that it gives.

Whoever decides about a gathering's seats or list has locked the gathering (`gatherings.lock`), so that of two who want
the last seat one waits.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update
from sqlalchemy.orm import Session

from sidecar.core import audit, settling
from sidecar.core.access import Viewer, may_see_employment
from sidecar.core.evidence import GATHERING, VALID, WITHDRAWN, Evidence
from sidecar.core.gatherings import (
    ABSENT,
    ATTENDED,
    GONE,
    SIGNED_UP,
    WAITING,
    Gathering,
    GatheringAttendance,
    GatheringLine,
    find_gathering,
    lock,
)
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Employment, Person, is_employed
from sidecar.core.periods import day_of
from sidecar.core.regions import members_of
from sidecar.core.second_person import list_own_people
from sidecar.errors import NotAllowedError, NotFoundError, SidecarError

MARKS: Final = (SIGNED_UP, ATTENDED, ABSENT, GONE)
"""What who keeps the list may say of somebody in it."""

TAKEN: Final = (SIGNED_UP, ATTENDED, ABSENT)
MOST_AT_ONCE: Final = 200


class GatheringNotBegunError(SidecarError):
    """The gathering has not begun yet. Say who came once it has."""

    code = "gathering-not-begun"


class OwnAttendanceError(SidecarError):
    """You are among those you say came. Somebody else who holds the gathering says that of you."""

    code = "gathering-own"


class GatheringOverError(SidecarError):
    """This gathering has begun, or is cancelled. Who holds it can still change the list."""

    code = "gathering-over"


@dataclass(frozen=True)
class AttendanceLine:
    """Somebody in a gathering's list, as an employee that the viewer sees."""

    attendance: GatheringAttendance
    person: Person
    employment: Employment
    municipality: Municipality


@dataclass(frozen=True)
class AttendanceList:
    """A gathering's list as far as the viewer sees the people; `others`: how many more there are."""

    line: GatheringLine
    people: Sequence[AttendanceLine]
    others: int


def list_attendances(db: Session, viewer: Viewer, gathering_id: str, today: date) -> AttendanceList:
    """Return who takes part, or waits, or took part, by name; of people the viewer does not see, their number alone.

    Raises:
        NotFoundError: there is no such gathering, or it is not theirs to see.
    """
    line = find_gathering(db, viewer, gathering_id, today)
    query = (
        select(GatheringAttendance, Person, Employment, Municipality)
        .join(Person, Person.id == GatheringAttendance.person_id)
        .join(Employment, Employment.person_id == Person.id)
        .join(Municipality, Municipality.id == Employment.municipality_id)
        .where(GatheringAttendance.gathering_id == gathering_id, GatheringAttendance.state != GONE)
        .where(may_see_employment(viewer), is_employed(day_of(line.gathering.starts_at)))
        .order_by(func.lower(Person.last_name), func.lower(Person.first_name), Person.id, Employment.id)
    )
    people: dict[str, AttendanceLine] = {}
    for row in db.execute(query):
        people.setdefault(row[1].id, AttendanceLine(*row))
    return AttendanceList(line, list(people.values()), line.taken + line.waiting - len(people))


def list_addable(
    db: Session, viewer: Viewer, gathering_id: str, words: str, now: datetime
) -> Sequence[tuple[Person, Employment, Municipality]]:
    """Return the viewer's people who may take part, don't yet, and have all of these words in their name or number.

    Raises:
        NotFoundError: there is no such gathering, or it is not theirs to see.
    """
    gathering = find_gathering(db, viewer, gathering_id, day_of(now)).gathering
    of_it = GatheringAttendance.gathering_id == gathering_id, GatheringAttendance.state != GONE
    there = select(GatheringAttendance.person_id).where(*of_it)
    name = func.lower(Person.first_name + " " + Person.last_name)
    named = [or_(name.contains(w.lower(), autoescape=True), Employment.employee_number == w) for w in words.split()]
    query = (
        select(Person, Employment, Municipality)
        .join(Employment, Employment.person_id == Person.id)
        .join(Municipality, Municipality.id == Employment.municipality_id)
        .where(may_see_employment(viewer), _may_take_part(db, gathering, day_of(now)), Person.id.not_in(there), *named)
        .order_by(func.lower(Person.last_name), func.lower(Person.first_name), Employment.id)
        .limit(MOST_AT_ONCE)
    )
    return [(person, works, where) for person, works, where in db.execute(query)] if named else []


def add_people(
    db: Session, viewer: Viewer, gathering_id: str, employment_ids: Collection[str], now: datetime
) -> Sequence[GatheringAttendance]:
    """Let some of the viewer's people take part, or wait for a seat; who is in the list stays as they are.

    Raises:
        NotFoundError: there is no such gathering, or one of them is not theirs to see, or can't take part.
        GatheringOverError: it is cancelled; or it has begun, and somebody else holds it.
    """
    gathering, line = lock(db, gathering_id), find_gathering(db, viewer, gathering_id, day_of(now))
    if gathering.cancelled_at is not None or (gathering.starts_at <= now and not line.runs):
        raise GatheringOverError
    chosen = Employment.id.in_(employment_ids), may_see_employment(viewer)
    query = select(Employment.id, Employment.person_id).where(*chosen, _may_take_part(db, gathering, day_of(now)))
    found = dict(db.execute(query).all())
    unseen = sorted(set(employment_ids) - set(found))
    if unseen:
        raise NotFoundError(what="person", key=unseen[0][:80])
    by = viewer.identity_id
    added = [take_seat(db, gathering, person_id, by, now) for person_id in sorted(set(found.values()))]
    audit.record(db, "gathering.people_added", gathering_id, at=now, identity_id=by, count=len(added))
    db.flush()
    return added


def _may_take_part(db: Session, gathering: Gathering, today: date) -> ColumnElement[bool]:
    """Return the condition on `Employment` that it lasts on the day of a gathering, where that is held for it."""
    lasts = is_employed(day_of(gathering.starts_at))
    if gathering.municipality_id is not None:
        return and_(lasts, Employment.municipality_id == gathering.municipality_id)
    if gathering.region_id is not None:
        return and_(lasts, Employment.municipality_id.in_(members_of(db, gathering.region_id, today)))
    return lasts


def take_seat(db: Session, gathering: Gathering, person_id: str, by: str | None, now: datetime) -> GatheringAttendance:
    """Let somebody take part, or wait where no seat is free; who comes to one that has begun needs no free seat."""
    found = find_attendance(db, gathering.id, person_id)
    if found is not None and found.state != GONE:
        return found
    is_full = gathering.seats is not None and _count(db, gathering.id, *TAKEN) >= gathering.seats
    state = WAITING if is_full and now < gathering.starts_at else SIGNED_UP
    if found is None:
        found = GatheringAttendance(
            gathering_id=gathering.id, person_id=person_id, state=state, signed_up_at=now, changed_at=now
        )
        db.add(found)
    found.state, found.signed_up_at, found.changed_at, found.changed_by = state, now, now, by
    db.flush()
    return found


def leave_seat(db: Session, gathering: Gathering, found: GatheringAttendance, by: str | None, now: datetime) -> None:
    """Take somebody out of the list, and give the seat to who has waited longest."""
    found.state, found.changed_at, found.changed_by = GONE, now, by
    db.flush()
    fill_seats(db, gathering, now)


def fill_seats(db: Session, gathering: Gathering, now: datetime) -> None:
    """Give free seats to those who wait, as long as the gathering is still to come."""
    if gathering.starts_at <= now or gathering.cancelled_at is not None:
        return
    taken = _count(db, gathering.id, *TAKEN)
    free = None if gathering.seats is None else max(0, gathering.seats - taken)
    waits = GatheringAttendance.gathering_id == gathering.id, GatheringAttendance.state == WAITING
    first = GatheringAttendance.signed_up_at, GatheringAttendance.id
    for one in db.scalars(select(GatheringAttendance).where(*waits).order_by(*first).limit(free)).all():
        one.state, one.changed_at, one.changed_by = SIGNED_UP, now, None
    db.flush()


def find_attendance(db: Session, gathering_id: str, person_id: str | None) -> GatheringAttendance | None:
    """Return somebody's part in a gathering, also where they took it back; None where they never had one."""
    of_them = GatheringAttendance.gathering_id == gathering_id, GatheringAttendance.person_id == person_id
    return db.scalar(select(GatheringAttendance).where(*of_them).execution_options(populate_existing=True))


def mark(db: Session, viewer: Viewer, gathering_id: str, marks: Mapping[str, str], now: datetime) -> int:
    """Say who came and who didn't, or take people out of the list; return of how many something changed.

    Who came has completed the course at the end of the gathering, or now where that is still to come; who did not
    after all, has not.

    Args:
        marks: one of `MARKS` by the id of the attendance. Who does not hold the gathering may only take their own
            people out, before it begins.

    Raises:
        NotFoundError: there is no such gathering, or one of them is not in the list that the viewer sees.
        NotAllowedError: the viewer does not hold it.
        GatheringNotBegunError, GatheringOverError: nobody can have come yet, or ever.
        OwnAttendanceError: the viewer is among those who shall have come.
    """
    gathering, seen = lock(db, gathering_id), list_attendances(db, viewer, gathering_id, day_of(now))
    _refuse_marks(gathering, seen, frozenset(marks.values()), now)
    rows = {one.attendance.id: one.attendance for one in seen.people}
    unknown = sorted(set(marks) - set(rows))
    if unknown:
        raise NotFoundError(what="person", key=unknown[0][:80])
    changed = [rows[key] for key, state in marks.items() if rows[key].state != state]
    if list_own_people(db, viewer).intersection(one.person_id for one in changed if marks[one.id] == ATTENDED):
        raise OwnAttendanceError
    for one in changed:
        one.state, one.changed_at, one.changed_by = marks[one.id], now, viewer.identity_id
        _tell(db, gathering, one, viewer.identity_id, now)
    db.flush()
    fill_seats(db, gathering, now)
    settling.settle(db, {(one.person_id, gathering.course_id) for one in changed}, now)
    by = viewer.identity_id
    audit.record(db, "gathering.list_kept", gathering_id, at=now, identity_id=by, changed=len(changed))
    db.flush()
    return len(changed)


def _refuse_marks(gathering: Gathering, seen: AttendanceList, states: frozenset[str], now: datetime) -> None:
    has_begun = gathering.starts_at <= now
    if not states.issubset(MARKS) or (not seen.line.runs and (has_begun or states != {GONE})):
        raise NotAllowedError
    if gathering.cancelled_at is not None:
        raise GatheringOverError
    if not has_begun and states & {ATTENDED, ABSENT}:
        raise GatheringNotBegunError


def _completed_at(gathering: Gathering, now: datetime) -> datetime:
    return min(gathering.ends_at, now)


def _tell(db: Session, gathering: Gathering, one: GatheringAttendance, by: str | None, now: datetime) -> None:
    """Let the evidence of an attendance say what the list says."""
    told = db.get(Evidence, one.evidence_id) if one.evidence_id else None
    if told is not None:
        told.state = VALID if one.state == ATTENDED else WITHDRAWN
        told.person_id, told.completed_at = one.person_id, _completed_at(gathering, now)
        told.decided_by, told.decided_at = by, now
    elif one.state == ATTENDED:
        told = Evidence(
            person_id=one.person_id,
            course_id=gathering.course_id,
            origin=GATHERING,
            completed_at=_completed_at(gathering, now),
            recorded_at=now,
        )
        told.entered_by, told.place = by, gathering.place
        db.add(told)
        db.flush()
        one.evidence_id = told.id


def follow_times(db: Session, gathering: Gathering, now: datetime) -> None:
    """Let those who attended have completed the course when the gathering ended, at the latest now."""
    of_it = GatheringAttendance.gathering_id == gathering.id, GatheringAttendance.state == ATTENDED
    query = select(Evidence).join(GatheringAttendance, GatheringAttendance.evidence_id == Evidence.id)
    changed, completed_at = set[tuple[str, str]](), _completed_at(gathering, now)
    for told in db.scalars(query.where(*of_it, Evidence.completed_at != completed_at)).all():
        told.completed_at = completed_at
        changed.add((told.person_id or "", told.course_id))
    db.flush()
    settling.settle(db, changed, now)


def count_attended(db: Session, gathering_id: str) -> int:
    """Return how many are listed as having attended."""
    return _count(db, gathering_id, ATTENDED)


def _count(db: Session, gathering_id: str, *states: str) -> int:
    of_it = GatheringAttendance.gathering_id == gathering_id, GatheringAttendance.state.in_(states)
    return db.scalar(select(func.count(GatheringAttendance.id)).where(*of_it)) or 0


def forget(db: Session, person_ids: Collection[str]) -> None:
    """Take people who are being erased out of every list, and their names from where they led a gathering.

    What they completed stays without them.
    """
    names = select(func.lower(Person.first_name + " " + Person.last_name)).where(Person.id.in_(person_ids))
    led = update(Gathering).where(func.lower(Gathering.instructor).in_(names)).values(instructor=None)
    db.execute(led.execution_options(synchronize_session=False))
    db.execute(delete(GatheringAttendance).where(GatheringAttendance.person_id.in_(person_ids)))
