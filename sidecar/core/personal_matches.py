"""List what is kept of a person as one and the same: positions, how they are known, who they were taken for."""

from __future__ import annotations

from typing import Final

from sqlalchemy import or_, select

from sidecar.core.data_subjects import DataSubject
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Employment, Position
from sidecar.core.person_matches import MatchingRule, PersonIdentifier, PersonMatch
from sidecar.core.personal_sections import Section
from sidecar.core.units import Unit


def _whole_only(subject: DataSubject) -> tuple[str, ...]:
    """Return the ids whose rows are told: none to a contact, as they may come from another employer."""
    return subject.person_ids if subject.is_whole else ()


KNOWN: Final = (
    Section(
        "positions",
        ("position",),
        lambda s: (
            select(
                Municipality.name.label("municipality"),
                Employment.employee_number,
                Unit.name.label("unit"),
                Position.title,
                Position.code,
                Position.percentage,
                Position.is_main,
                Position.is_manager,
                Position.started_on,
                Position.ended_on,
            )
            .join(Employment, Employment.id == Position.employment_id)
            .join(Municipality, Municipality.id == Employment.municipality_id)
            .outerjoin(Unit, Unit.id == Position.unit_id)
            .where(Employment.id.in_(s.employment_ids))
            .order_by(Employment.id, Position.started_on)
        ),
    ),
    Section(
        "identifiers",
        ("person_identifier",),
        lambda s: (
            select(
                PersonIdentifier.kind,
                PersonIdentifier.value,
                PersonIdentifier.first_seen_at,
                PersonIdentifier.last_seen_at,
            )
            .where(PersonIdentifier.person_id.in_(_whole_only(s)))
            .order_by(PersonIdentifier.kind, PersonIdentifier.first_seen_at)
        ),
    ),
    Section(
        "comparisons",
        ("person_match",),
        lambda s: (
            select(PersonMatch.rule, PersonMatch.state, PersonMatch.found_at, PersonMatch.decided_at)
            .where(or_(PersonMatch.person_id.in_(_whole_only(s)), PersonMatch.other_id.in_(_whole_only(s))))
            .order_by(PersonMatch.found_at)
        ),
    ),
    Section(
        "comparisons_decided",
        ("person_match",),
        lambda s: select(PersonMatch.rule, PersonMatch.state, PersonMatch.decided_at).where(
            PersonMatch.decided_by.in_(s.identity_ids)
        ),
    ),
    Section(
        "matching_rules_changed",
        ("matching_rule",),
        lambda s: select(MatchingRule.rule, MatchingRule.action, MatchingRule.changed_at).where(
            MatchingRule.changed_by.in_(s.identity_ids)
        ),
    ),
)
"""How they are known; with whom else they were compared is not told, as it says something of that person."""
