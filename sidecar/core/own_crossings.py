"""Tell somebody which of their completions other regions were told of, and what became of each there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from sidecar.core.completions import Completion
from sidecar.core.courses import Course
from sidecar.core.crossing_agreements import ExchangeAgreement
from sidecar.core.crossing_sent import CrossingSent, is_to_tell
from sidecar.core.data_subjects import DataSubject
from sidecar.core.peers import Peer

SHOWN: Final = 200


class Crossed(NamedTuple):
    """A completion of somebody that another region was, or will be, told of; `state`: see `CrossingSent`."""

    course: str
    completed_on: date
    region: str
    employer: str | None
    org_number: str
    employee_ref: str | None
    state: str
    answered_at: datetime | None
    is_to_be_told: bool


def list_crossed(db: Session, subject: DataSubject) -> Sequence[Crossed]:
    """Return which of somebody's completions other regions were or will be told of, for themselves; newest first."""
    if subject.person_id is None:
        return []
    employer = (
        select(ExchangeAgreement.employer)
        .where(ExchangeAgreement.peer_id == CrossingSent.peer_id)
        .where(ExchangeAgreement.org_number == CrossingSent.org_number)
        .order_by(ExchangeAgreement.starts_on.desc(), ExchangeAgreement.id)
        .limit(1)
        .scalar_subquery()
    )
    query = (
        select(
            Course.title,
            Completion.completed_on,
            Peer.name,
            employer,
            CrossingSent.org_number,
            CrossingSent.employee_ref,
            CrossingSent.state,
            CrossingSent.answered_at,
            is_to_tell(),
        )
        .join(CrossingSent, CrossingSent.completion_id == Completion.id)
        .join(Course, Course.id == Completion.course_id)
        .join(Peer, Peer.id == CrossingSent.peer_id)
        .where(Completion.person_id == subject.person_id)
        .order_by(CrossingSent.written_at.desc(), CrossingSent.id)
    )
    return [Crossed._make(row) for row in db.execute(query.limit(SHOWN))]
