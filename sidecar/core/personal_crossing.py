"""List what is kept of a person's completions that cross over to and from other regions; as staff, what they agreed."""

from __future__ import annotations

from typing import Final

from sqlalchemy import ColumnElement, literal, or_, select, true

from sidecar.core.completions import Completion
from sidecar.core.courses import Course
from sidecar.core.crossing_agreements import ExchangeAgreement
from sidecar.core.crossing_received import CrossingReceived
from sidecar.core.crossing_sent import CrossingSent
from sidecar.core.data_subjects import DataSubject
from sidecar.core.evidence import Evidence
from sidecar.core.municipalities import Municipality
from sidecar.core.named_employers import NamedEmployer
from sidecar.core.peers import Peer
from sidecar.core.personal_sections import Section


def _is_whole(subject: DataSubject) -> ColumnElement[bool]:
    """Return the condition that the person asks: where else somebody works is not an employer's to know."""
    return literal(subject.is_whole)


def _is_of_employer(subject: DataSubject) -> ColumnElement[bool]:
    """Return the condition on `CrossingReceived`: all for the person, for a contact what was told of its employees."""
    return true() if subject.is_whole else CrossingReceived.municipality_id.in_(subject.municipality_ids)


CROSSING: Final = (
    Section(
        "employers_named",
        ("named_employer",),
        lambda s: (
            select(
                NamedEmployer.org_number, NamedEmployer.employee_ref, NamedEmployer.given_at, NamedEmployer.withdrawn_at
            )
            .where(NamedEmployer.person_id.in_(s.person_ids), _is_whole(s))
            .order_by(NamedEmployer.given_at, NamedEmployer.id)
        ),
    ),
    Section(
        "told_to_regions",
        ("crossing_sent",),
        lambda s: (
            select(
                Peer.name.label("region"),
                CrossingSent.org_number,
                CrossingSent.employee_ref,
                Course.title.label("course"),
                Completion.completed_at,
                CrossingSent.revision,
                CrossingSent.state,
                CrossingSent.code,
                CrossingSent.record.label("to_be_told"),
                CrossingSent.written_at,
                CrossingSent.answered_at,
            )
            .join(Peer, Peer.id == CrossingSent.peer_id)
            .join(Completion, Completion.id == CrossingSent.completion_id)
            .join(Course, Course.id == Completion.course_id)
            .where(Completion.person_id == s.person_id, _is_whole(s))
            .order_by(CrossingSent.written_at, CrossingSent.id)
        ),
    ),
    Section(
        "told_by_regions",
        ("crossing_received",),
        lambda s: (
            select(
                Peer.name.label("region"),
                Municipality.name.label("municipality"),
                CrossingReceived.employee_ref,
                Course.title.label("course"),
                CrossingReceived.completed_on,
                CrossingReceived.revision,
                CrossingReceived.state,
                CrossingReceived.received_at,
                CrossingReceived.decided_at,
            )
            .join(Peer, Peer.id == CrossingReceived.peer_id)
            .join(Evidence, Evidence.id == CrossingReceived.evidence_id)
            .join(Course, Course.id == Evidence.course_id)
            .outerjoin(Municipality, Municipality.id == CrossingReceived.municipality_id)
            .where(Evidence.person_id == s.person_id, _is_of_employer(s))
            .order_by(CrossingReceived.received_at, CrossingReceived.id)
        ),
    ),
    Section(
        "crossings_decided",
        ("crossing_received",),
        lambda s: (
            select(
                Municipality.name.label("municipality"),
                CrossingReceived.state,
                CrossingReceived.decided_at,
            )
            .outerjoin(Municipality, Municipality.id == CrossingReceived.municipality_id)
            .where(CrossingReceived.decided_by.in_(s.identity_ids))
            .order_by(CrossingReceived.decided_at)
        ),
    ),
    Section(
        "agreements_recorded",
        ("exchange_agreement",),
        lambda s: (
            select(
                ExchangeAgreement.employer,
                ExchangeAgreement.org_number,
                ExchangeAgreement.recorded_at,
                ExchangeAgreement.ended_at,
            )
            .where(
                or_(
                    ExchangeAgreement.recorded_by.in_(s.identity_ids),
                    ExchangeAgreement.ended_by.in_(s.identity_ids),
                )
            )
            .order_by(ExchangeAgreement.recorded_at)
        ),
    ),
)
"""The employers they named elsewhere, what was told of them, and what they decided as staff."""
