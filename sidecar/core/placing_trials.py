"""Say where an identity was placed, and if nowhere, why: for a test, before learners meet it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from sidecar.core.access import Viewer
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Employment, Identity, Person
from sidecar.core.placing import VALUE_LIMIT, Rule, count_matches, rules_of

Outcome = Literal["placed", "placed-elsewhere", "no-number", "no-municipality", "unreadable", "unknown", "ambiguous"]


@dataclass(frozen=True)
class Placing:
    """Where a value led.

    Attributes:
        municipalities: the names of those that could read a number out of the value.
        person_id: who was found; "" where nobody was, or whom the viewer may not see.
    """

    outcome: Outcome
    municipalities: tuple[str, ...] = ()
    person_id: str = ""
    municipality_id: str = ""
    name: str = field(default="", repr=False)


def explain_placing(db: Session, viewer: Viewer, identity_id: str, value: str, now: datetime) -> Placing:
    """Return where an identity stands that came with this value; its person only to who sees their municipality.

    Who does not see all municipalities that could be meant is told nothing of the others, not even that nobody there
    has the number: else whoever tries numbers learns which are in use.
    """
    if not value:
        return Placing("no-number")
    identity = db.get_one(Identity, identity_id)
    if identity.employment_id is None:
        return _why_nowhere(db, viewer, identity.platform_id or "", value, now)
    placed = select(Employment, Person, Municipality.name).join(Person, Employment.person_id == Person.id)
    named = placed.join(Municipality, Employment.municipality_id == Municipality.id)
    employment, person, municipality = db.execute(named.where(Employment.id == identity.employment_id)).one()
    if not viewer.sees_municipality(employment.municipality_id):
        return Placing("placed-elsewhere")
    name = f"{person.first_name} {person.last_name}"
    return Placing("placed", (municipality,), person.id, employment.municipality_id, name)


def _why_nowhere(db: Session, viewer: Viewer, platform_id: str, value: str, now: datetime) -> Placing:
    rules = rules_of(db, platform_id)
    if not rules:
        return Placing("no-municipality")
    reading = [rule for rule in rules if len(value) <= VALUE_LIMIT and rule.numbers(value)]
    if not reading or value.startswith("$"):
        return Placing("unreadable", _names(db, rules))
    if not all(viewer.sees_municipality(rule.municipality_id) for rule in reading):
        return Placing("placed-elsewhere")
    several = count_matches(db, reading, value, now) > 1
    return Placing("ambiguous" if several else "unknown", _names(db, reading))


def _names(db: Session, rules: list[Rule]) -> tuple[str, ...]:
    query = select(Municipality.name).where(Municipality.id.in_([rule.municipality_id for rule in rules]))
    return tuple(db.scalars(query.order_by(Municipality.name)))
