"""Keep the rules by which people are found to be one: their order, and what each does; the first that fits decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from sidecar.core import audit, outbox
from sidecar.core.access import Viewer
from sidecar.core.person_matches import ASK, JOIN, OFF, MatchingRule
from sidecar.errors import InvalidInputError, NotAllowedError

KIND: Final = "look-alikes"
"""The kind of an outbox item that looks at everybody anew; its subject is the id of who was looked at last, or ""."""

PLACING: Final = "placing"
"""The first rule, which nobody moves: what an LMS sends as ID number places its accounts, `sidecar.core.placing`."""

BY_NATIONAL_ID: Final = "national-id"
BY_EMAIL: Final = "email"
BY_NAME: Final = "name"
BY_HAND: Final = "by-hand"

ACTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    BY_NATIONAL_ID: (JOIN, ASK, OFF),
    BY_EMAIL: (JOIN, ASK, OFF),
    BY_NAME: (ASK, OFF),
}
"""What each rule may do, in the order they have until somebody changes it."""

DEFAULTS: Final = {BY_NATIONAL_ID: JOIN, BY_EMAIL: ASK, BY_NAME: OFF}


@dataclass(frozen=True)
class Rule:
    """A rule as it holds now; `actions` is what it may do."""

    name: str
    action: str
    actions: tuple[str, ...]
    changed_at: datetime | None


def list_rules(db: Session) -> Sequence[Rule]:
    """Return the rules in the order in which they are asked."""
    changed = {one.rule: one for one in db.scalars(select(MatchingRule)).all()}
    places = {name: changed[name].place if name in changed else place for place, name in enumerate(ACTIONS)}
    return [
        Rule(name, changed[name].action, ACTIONS[name], changed[name].changed_at)
        if name in changed
        else Rule(name, DEFAULTS[name], ACTIONS[name], None)
        for name in sorted(ACTIONS, key=lambda each: places[each])
    ]


def set_rule(
    db: Session, viewer: Viewer, name: str, *, action: str | None = None, place: int | None = None, now: datetime
) -> Sequence[Rule]:
    """Change what a rule does, or where it stands, and have everybody looked at anew; return all of them.

    Args:
        action: None leaves it.
        place: from 1; None leaves it.

    Raises:
        NotAllowedError: the viewer is no operator.
        InvalidInputError: there is no such rule, it can't do that, or there is no such place.
    """
    if not viewer.everything:
        raise NotAllowedError
    rules = {one.name: one.action for one in list_rules(db)}
    if name not in rules:
        raise InvalidInputError(field="rule", reason=", ".join(ACTIONS))
    if action is not None and action not in ACTIONS[name]:
        raise InvalidInputError(field="action", reason=f"{name} takes {', '.join(ACTIONS[name])}.")
    if place is not None and not 1 <= place <= len(rules):
        raise InvalidInputError(field="place", reason=f"1 to {len(rules)}")
    order = list(rules)
    if place is not None:
        order.remove(name)
        order.insert(place - 1, name)
    rules[name] = action or rules[name]
    _keep(db, viewer, order, rules, now)
    placed = order.index(name) + 1
    audit.record(
        db,
        "matching_rule.changed",
        name,
        at=now,
        identity_id=viewer.identity_id,
        does=rules[name],
        place=placed,
    )
    ask_to_look(db, now)
    return list_rules(db)


def ask_to_look(db: Session, now: datetime, *, after: str = "") -> None:
    """Have everybody looked at anew soon, or only who comes after a person, by id."""
    outbox.put_soon(db, KIND, after, now=now)


def _keep(db: Session, viewer: Viewer, order: Sequence[str], actions: Mapping[str, str], now: datetime) -> None:
    """Write the rules that differ from what is kept, in one order whoever else does."""
    known = {one.rule: one for one in db.scalars(select(MatchingRule).order_by(MatchingRule.rule).with_for_update())}
    for name in sorted(order):
        place, action = order.index(name), actions[name]
        kept = known.get(name)
        if kept is None:
            db.add(MatchingRule(rule=name, place=place, action=action, changed_by=viewer.identity_id, changed_at=now))
        elif (kept.place, kept.action) != (place, action):
            kept.place, kept.action, kept.changed_by, kept.changed_at = place, action, viewer.identity_id, now
    db.flush()
