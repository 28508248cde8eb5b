"""Take in what another region tells of completions: refuse what it may not say, match the rest exactly, or let it wait.

A record is known by its region and id; the highest revision holds, and the same one has one effect however often it
comes. Whoever calls has verified by its signature that the region said it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from sidecar.core import erased_subjects
from sidecar.core.crossing_agreements import TO_US, find_in_force, is_over
from sidecar.core.crossing_counting import Batch, Hearer, count, find_course, settle
from sidecar.core.crossing_received import (
    ENDED,
    MOST_WAITING,
    WAITS,
    CrossingReceived,
    count_waiting,
    find_received,
    is_meant,
    is_turned_down,
    mark_of,
)
from sidecar.core.crossing_records import ERASED, Said, ToldCompletion
from sidecar.core.crossing_sent import COUNTED, REFUSED, REMOVED, WAITING, WITHDRAWN, Answer
from sidecar.core.evidence import WITHDRAWN as TAKEN_BACK
from sidecar.core.evidence import Evidence
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Employment
from sidecar.core.periods import day_of
from sidecar.core.regions import members_of
from sidecar.errors import SidecarError


class RolledBackError(SidecarError):
    """The other region has said something newer of this completion. What is older counts for nothing."""

    code = "crossing-rolled-back"


class ChangedError(SidecarError):
    """The record says something else than the same revision of it said before."""

    code = "crossing-changed"


class OtherEmployeeError(SidecarError):
    """The record was about another employee before."""

    code = "crossing-other-employee"


class NoEmployerError(SidecarError):
    """The organisation number is that of no municipality of this region."""

    code = "crossing-no-employer"


class NoAgreementError(SidecarError):
    """Nothing is agreed with this region about that employer's people. Record it on both sides."""

    code = "crossing-no-agreement"


class AgreementEndedError(SidecarError):
    """What was agreed with this region about that employer's people has ended."""

    code = "crossing-agreement-ended"


class NotTakenError(SidecarError):
    """This region does not take the completion in."""

    code = "crossing-not-taken"


class TooManyWaitingError(SidecarError):
    """{most} records of the region wait for an employee, which is the most. A further one is not kept."""

    code = "crossing-too-many-waiting"


def take_in(db: Session, hearer: Hearer, said: Sequence[Said], *, now: datetime, today: date) -> list[Answer]:
    """Take in some records, in the caller's transaction; return what becomes of each.

    Args:
        today: the day in Europe/Oslo.
    """
    batch = Batch(hearer, now, today)
    batch.employers = _hold_employers(db, hearer, said, today)
    batch.known = find_received(db, hearer.peer_id, [one.record_id for one in said])
    batch.waiting = count_waiting(db, hearer.peer_id)
    answers = [_answer(db, batch, one) for one in said]
    settle(db, batch)
    return answers


def _hold_employers(db: Session, hearer: Hearer, said: Sequence[Said], today: date) -> dict[str, Municipality]:
    """Return the region's municipalities that are meant, whose people nobody imports or erases meanwhile."""
    numbers = {one.told.org_number for one in said if one.told}
    ours = Municipality.id.in_(members_of(db, hearer.region_id, today)), Municipality.org_number.in_(numbers)
    query = select(Municipality).where(*ours).order_by(Municipality.id)
    return {one.org_number: one for one in db.scalars(query.with_for_update(read=True))}


def _answer(db: Session, batch: Batch, said: Said) -> Answer:
    try:
        return _take(db, batch, said)
    except SidecarError as refusal:
        return Answer(said.record_id, said.revision, REFUSED, refusal.code)


def _take(db: Session, batch: Batch, said: Said) -> Answer:
    before = batch.known.get(said.record_id)
    if before is not None:
        if said.revision < before.revision:
            raise RolledBackError
        if said.revision == before.revision:
            if said.digest != before.digest:
                raise ChangedError
            return before.answer
        if said.told is not None and before.state in (REFUSED, REMOVED):
            raise NotTakenError
    if said.told:
        return _keep(db, batch, said, said.told, before).answer
    if before is None:
        return Answer(said.record_id, said.revision, _state_of(said))
    return _take_back(db, batch, said, before).answer


def _state_of(said: Said) -> str:
    return REMOVED if said.status == ERASED else WITHDRAWN


def _take_back(db: Session, batch: Batch, said: Said, one: CrossingReceived) -> CrossingReceived:
    """Let what a region said count no more; of one that erased the person, not even that it did.

    What was refused or removed here stays so.
    """
    one.revision, one.digest, one.received_at = said.revision, said.digest, batch.now
    if one.state in (REFUSED, REMOVED) and said.status != ERASED:
        return one
    evidence = db.get(Evidence, one.evidence_id) if one.evidence_id else None
    one.strip()
    one.state, one.code, one.tells = _state_of(said), None, False
    if evidence is not None:
        evidence.state, evidence.decided_at = TAKEN_BACK, batch.now
        batch.pairs |= {(evidence.person_id, evidence.course_id)} if evidence.person_id else set()
        batch.gone += [evidence.id] if said.status == ERASED else []
    db.flush()
    return one


def _keep(
    db: Session, batch: Batch, said: Said, told: ToldCompletion, before: CrossingReceived | None
) -> CrossingReceived:
    employer = batch.employers.get(told.org_number)
    if employer is None:
        raise NoEmployerError
    is_live = before is not None and before.state not in ENDED
    if (
        before is not None
        and is_live
        and (before.municipality_id, before.employee_ref) != (employer.id, told.employee_ref)
    ):
        raise OtherEmployeeError
    if not is_live or _says_more(before, told):
        _refuse_not_agreed(db, batch, told.org_number)
        _refuse_turned_down(db, batch, employer.id, told)
    _refuse_erased(db, employer.id, told)
    person_id = _person_of(db, employer.id, told)
    if person_id or (before and before.state == COUNTED):
        find_course(db, batch, told.course)
    elif not is_live:
        _let_wait(batch)
    one = before or _begin(db, batch, said)
    if one.state in ENDED:
        one.state, one.waits_until = WAITING, batch.now + WAITS
    one.municipality_id, one.employee_ref, one.completed_on = employer.id, told.employee_ref, day_of(told.completed_at)
    one.revision, one.digest, one.received_at, one.tells = said.revision, said.digest, batch.now, False
    one.document = told.document()
    if one.state == COUNTED or person_id:
        count(db, batch, one, person_id or "")
    db.flush()
    return one


def _says_more(before: CrossingReceived | None, told: ToldCompletion) -> bool:
    """Tell whether a record says more than a correction of what it said: another course, or a later day."""
    if before is None or before.completed_on is None:
        return True
    return before.origin != told.course.origin or before.completed_on < day_of(told.completed_at)


def _let_wait(batch: Batch) -> None:
    """Refuse a further one where too many wait for an employee."""
    if batch.waiting >= MOST_WAITING:
        raise TooManyWaitingError(most=MOST_WAITING)
    batch.waiting += 1


def _begin(db: Session, batch: Batch, said: Said) -> CrossingReceived:
    one = CrossingReceived(
        peer_id=batch.hearer.peer_id,
        record_id=said.record_id,
        revision=said.revision,
        digest=said.digest,
        state=WAITING,
        received_at=batch.now,
        waits_until=batch.now + WAITS,
    )
    db.add(one)
    batch.known[said.record_id] = one
    return one


def _refuse_not_agreed(db: Session, batch: Batch, org_number: str) -> None:
    about = batch.hearer.peer_id, org_number, TO_US, batch.today
    if find_in_force(db, *about) is None:
        raise AgreementEndedError if is_over(db, *about) else NoAgreementError


def _refuse_turned_down(db: Session, batch: Batch, municipality_id: str, told: ToldCompletion) -> None:
    """Refuse what staff said is of none of their employees, also where it comes as another record."""
    if is_turned_down(db, batch.hearer.peer_id, municipality_id, mark_of(told.employee_ref, told.course.origin)):
        raise NotTakenError


def _refuse_erased(db: Session, municipality_id: str, told: ToldCompletion) -> None:
    """Refuse what can only be of somebody who was erased here."""
    pair = municipality_id, told.employee_ref
    erased_at = erased_subjects.when_erased(db, [pair]).get(pair)
    if erased_at is not None and told.completed_at < erased_at:
        raise NotTakenError


def _person_of(db: Session, municipality_id: str, told: ToldCompletion) -> str | None:
    """Return the person of the one employee that is meant, who had not left before; None where there is none."""
    meant = is_meant(municipality_id, told.employee_ref, day_of(told.completed_at))
    return db.scalar(select(Employment.person_id).where(meant))
