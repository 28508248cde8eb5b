"""Match what waits of other regions' records: by itself once the employee is here, or as staff say; never in silence.

What has waited long enough is given up, and its region told.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from sidecar.core import audit, settling
from sidecar.core.access import Viewer
from sidecar.core.crossing_counting import Batch, Hearer, count, settle
from sidecar.core.crossing_received import (
    TURNED_DOWN,
    CrossingReceived,
    find_line,
    is_meant,
    list_matchable,
    list_overdue,
    mark_of,
)
from sidecar.core.crossing_sent import COUNTED, EXPIRED, REFUSED, WAITING
from sidecar.core.evidence import WITHDRAWN as TAKEN_BACK
from sidecar.core.evidence import Evidence
from sidecar.core.people import Employment
from sidecar.errors import SidecarError


class TurnedDownError(SidecarError):
    """The staff of the other region say that the completion is of none of their employees."""

    code = "crossing-turned-down"


class NobodyThereError(SidecarError):
    """{municipality} has no employee with this number. Look at the list of its employees."""

    code = "crossing-nobody"


def match_waiting(db: Session, hearer: Hearer, limit: int, *, now: datetime, today: date) -> int:
    """Let some of what waits count for the employees who are here by now; return how many, 0 where nothing is left."""
    found = list_matchable(db, hearer.peer_id, limit)
    batch = Batch(hearer, now, today)
    for one, person_id in found:
        try:
            count(db, batch, one, person_id)
        except SidecarError as refusal:
            one.strip()
            one.state, one.code = REFUSED, refusal.code
        one.tells = True
    settle(db, batch)
    return len(found)


def expire(db: Session, peer_id: str, limit: int, *, now: datetime) -> int:
    """Keep nothing of some of what has waited long enough, but that its region must be told; return how many."""
    found = list_overdue(db, peer_id, now, limit)
    for one in found:
        one.strip()
        one.state, one.tells = EXPIRED, True
    db.flush()
    return len(found)


def match_by_hand(
    db: Session, viewer: Viewer, hearer: Hearer, received_id: str, number: str, *, now: datetime, today: date
) -> None:
    """Let what waits count for the employee of the same municipality whom somebody names.

    Raises:
        NotFoundError: nothing of this id waits that the viewer may match.
        NobodyThereError: there is no such employee.
    """
    line = find_line(db, viewer, received_id, WAITING)
    meant = is_meant(line.municipality.id, number.strip(), None)
    person_id = db.scalar(select(Employment.person_id).where(meant))
    if person_id is None:
        raise NobodyThereError(municipality=line.municipality.name)
    batch, one = Batch(hearer, now, today), line.received
    count(db, batch, one, person_id)
    _decide(db, viewer, one, now)
    audit.record(db, "crossing.matched", line.municipality.id, at=now, identity_id=viewer.identity_id)
    settle(db, batch)


def turn_down(db: Session, viewer: Viewer, received_id: str, *, now: datetime) -> None:
    """Say of what waits, or counts, that it is of none of our employees, or of another; its region is told.

    Raises:
        NotFoundError: nothing of this id waits or counts that the viewer may match.
    """
    line = find_line(db, viewer, received_id, WAITING, COUNTED)
    one = line.received
    evidence = db.get(Evidence, one.evidence_id) if one.evidence_id else None
    if evidence is not None:
        evidence.state, evidence.decided_at, evidence.decided_by = TAKEN_BACK, now, viewer.identity_id
    mark = mark_of(one.employee_ref or "", one.origin)
    one.strip()
    one.state, one.code, one.document = REFUSED, TurnedDownError.code, {TURNED_DOWN: mark}
    _decide(db, viewer, one, now)
    audit.record(db, "crossing.refused", line.municipality.id, at=now, identity_id=viewer.identity_id)
    if evidence is not None and evidence.person_id:
        settling.settle(db, {(evidence.person_id, evidence.course_id)}, now)


def _decide(db: Session, viewer: Viewer, one: CrossingReceived, now: datetime) -> None:
    one.decided_at, one.decided_by, one.tells = now, viewer.identity_id, True
    db.flush()
