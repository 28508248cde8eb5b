"""Let what another region tells of a completion count as evidence, and reckon the completions anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from sqlalchemy import delete, exists, or_, select
from sqlalchemy.orm import Session

from sidecar.core import settling
from sidecar.core.change_feed import ChangeKnown
from sidecar.core.completions import Completion
from sidecar.core.courses import Course
from sidecar.core.crossing_courses import ToldCourse, find_course_for
from sidecar.core.crossing_received import CrossingReceived
from sidecar.core.crossing_records import kept_completion
from sidecar.core.crossing_sent import COUNTED, CrossingSent
from sidecar.core.deliveries import DeliveryItem
from sidecar.core.evidence import REGION, VALID, Evidence
from sidecar.core.municipalities import Municipality

PLACE_CHARACTERS: Final = 200


@dataclass(frozen=True)
class Hearer:
    """A region of ours that is told; `address`: its exchange address.

    Attributes:
        peer_id: who tells; `name`: its name, `theirs`: its exchange address.
    """

    region_id: str
    address: str
    peer_id: str
    name: str
    theirs: str


@dataclass
class Batch:
    """What is known while records are taken in, and which completions must be reckoned anew.

    Attributes:
        waiting: how many records of the region wait for an employee.
    """

    hearer: Hearer
    now: datetime
    today: date
    employers: Mapping[str, Municipality] = field(default_factory=dict)
    known: dict[str, CrossingReceived] = field(default_factory=dict)
    pairs: set[settling.Pair] = field(default_factory=set)
    gone: list[str] = field(default_factory=list)
    waiting: int = 0


def find_course(db: Session, batch: Batch, told: ToldCourse) -> Course:
    """Return the course of ours that one is which the batch's region tells of.

    Raises:
        SidecarError: it may not say so, see `crossing_courses.find_course_for`.
    """
    hearer = batch.hearer
    return find_course_for(db, hearer.region_id, hearer.address, told, batch.now, by=hearer.theirs)


def count(db: Session, batch: Batch, one: CrossingReceived, person_id: str) -> None:
    """Let a record count as evidence: that of a person, or the one it gave before."""
    told = kept_completion(one.document or {}, "", one.employee_ref or "")
    course = find_course(db, batch, told.course)
    evidence = db.get(Evidence, one.evidence_id) if one.evidence_id else None
    if evidence is None:
        evidence = Evidence(
            person_id=person_id,
            course_id=course.id,
            origin=REGION,
            completed_at=told.completed_at,
            recorded_at=batch.now,
            place=batch.hearer.name[:PLACE_CHARACTERS] or None,
        )
        db.add(evidence)
    batch.pairs |= {(evidence.person_id, each) for each in (evidence.course_id, course.id) if evidence.person_id}
    evidence.course_id, evidence.state, evidence.basis = course.id, VALID, told.kind
    evidence.completed_at, evidence.score = told.completed_at, told.score
    db.flush()
    one.state, one.evidence_id, one.code = COUNTED, evidence.id, None
    one.waits_until, one.document = None, {"course": {"origin": told.course.origin}}


def settle(db: Session, batch: Batch) -> None:
    """Reckon anew what changed; of what was erased where it was earned nothing stays that no report has told."""
    db.flush()
    settling.settle(db, batch.pairs, batch.now)
    if not batch.gone:
        return
    about = select(Evidence.completion_id).where(Evidence.id.in_(batch.gone), Evidence.completion_id.is_not(None))
    completion_ids = list(db.scalars(about))
    db.execute(delete(Evidence).where(Evidence.id.in_(batch.gone)))
    for one in db.scalars(select(Completion).where(Completion.id.in_(completion_ids))).all():
        if one.withdrawn_at is not None:
            one.score = None
    db.flush()
    named = (
        exists().where(table.completion_id == Completion.id)
        for table in (DeliveryItem, ChangeKnown, CrossingSent, Evidence)
    )
    bare = Completion.id.in_(completion_ids), Completion.withdrawn_at.is_not(None), ~or_(*named)
    db.execute(delete(Completion).where(*bare).execution_options(synchronize_session="fetch"))
