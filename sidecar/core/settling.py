"""Bring completions up to date with their evidence: `sidecar.core.cycles` says which there are, this writes them.

Whoever adds, confirms, withdraws or moves evidence calls `settle` in the same transaction. A completion without any
valid evidence is withdrawn, and comes back with it; one that turns out to be part of another gives it what was
delivered of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, Final, cast

from sqlalchemy import exists, insert, literal, select, update
from sqlalchemy.orm import Session, aliased
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.orm.util import identity_key

from sidecar.core import evidence as states
from sidecar.core import path_finishing
from sidecar.core.completions import Completion
from sidecar.core.courses import Course
from sidecar.core.cycles import Cycle, Known, Piece, reckon
from sidecar.core.db import Base, new_id
from sidecar.core.deliveries import DeliveryItem
from sidecar.core.evidence import Evidence
from sidecar.core.people import Person
from sidecar.core.periods import day_of
from sidecar.core.validity import Rule

Pair = tuple[str, str]
"""Id of a person, id of a course."""

Values = dict[str, Any]

PAIRS_A_TIME: Final = 2_000
ACCOUNTS_A_TIME: Final = 5_000


def settle(db: Session, pairs: Collection[Pair], now: datetime) -> None:
    """Reckon the completions of these people and courses anew, in the caller's transaction.

    The people are locked, by id, until it ends: of two who bring evidence at once, the second sees the first one's.
    Learning paths that they have finished by it are reckoned too.
    """
    waiting = iter(sorted(set(pairs)))
    while chunk := list(islice(waiting, PAIRS_A_TIME)):
        _settle(db, chunk, now)
        if finished := path_finishing.renew(db, chunk, now):
            _settle(db, sorted(finished), now)


def follow(db: Session, owners: Mapping[str, str | None], now: datetime) -> None:
    """Let what accounts have earned count for the person each is placed with now, or for nobody.

    Args:
        owners: the person by account, which the caller has locked.
    """
    waiting, pairs = iter(owners), set[Pair]()
    while chunk := list(islice(waiting, ACCOUNTS_A_TIME)):
        query = select(Evidence.id, Evidence.course_id, Evidence.person_id, Evidence.identity_id)
        rows = db.execute(query.where(Evidence.identity_id.in_(chunk))).all()
        found = [(key, course_id, person_id, owners[account or ""]) for key, course_id, person_id, account in rows]
        moved = [one for one in found if one[2] != one[3]]
        _write(db, Evidence, [{"id": key, "person_id": owner} for key, _, _, owner in moved])
        pairs.update((person, course_id) for _, course_id, *both in moved for person in both if person is not None)
    settle(db, pairs, now)


def apply_rule(db: Session, course_id: str, person_ids: Collection[str], now: datetime) -> None:
    """Let the course's present rule hold for the cycles of these people that are not over; what is over stays."""
    rule, today = rules_of(db, [course_id])[course_id], day_of(now)
    waiting = iter(sorted(set(person_ids)))
    while chunk := list(islice(waiting, PAIRS_A_TIME)):
        _lock(db, chunk)
        lasts = Completion.valid_until.is_(None) | (Completion.valid_until >= today)
        of_course = Completion.course_id == course_id, Completion.person_id.in_(chunk)
        ids = db.scalars(select(Completion.id).where(*of_course, Completion.withdrawn_at.is_(None), lasts)).all()
        _write(db, Completion, [{"id": key, **_rule_columns(rule)} for key in ids])
        settle(db, [(person_id, course_id) for person_id in chunk], now)


def rules_of(db: Session, course_ids: Iterable[str]) -> dict[str, Rule]:
    """Return how long each of these courses is valid."""
    query = select(Course.id, Course.validity_months, Course.validity_window, Course.renewal_days)
    rows = db.execute(query.where(Course.id.in_(list(course_ids))))
    return {key: Rule(months, window, renewal_days) for key, months, window, renewal_days in rows}


@dataclass
class _Changes:
    """What there is to write: new completions, what differs in others, and where evidence belongs."""

    added: list[Values] = field(default_factory=list)
    changed: list[Values] = field(default_factory=list)
    pointed: list[Values] = field(default_factory=list)
    joined: list[tuple[str, str]] = field(default_factory=list)


def _settle(db: Session, pairs: Sequence[Pair], now: datetime) -> None:
    people, courses = sorted({person for person, _ in pairs}), sorted({course for _, course in pairs})
    _lock(db, people)
    rules = rules_of(db, courses)
    pieces, known = _list_pieces(db, people, courses), _list_known(db, people, courses)
    changes = _Changes()
    for pair in pairs:
        _compare(changes, pair, rules[pair[1]], pieces[pair], known[pair], now)
    if changes.added:
        db.execute(insert(Completion), changes.added)
    _write(db, Completion, changes.changed)
    _write(db, Evidence, changes.pointed)
    for joined_id, kept_id in changes.joined:
        _hand_items_over(db, joined_id, kept_id)


def _lock(db: Session, person_ids: Sequence[str]) -> None:
    """Lock people, but let others refer to them: else two who have just added evidence would wait for each other."""
    people = select(Person.id).where(Person.id.in_(person_ids)).order_by(Person.id)
    db.execute(people.with_for_update(key_share=True)).all()


def _list_pieces(db: Session, people: Sequence[str], courses: Sequence[str]) -> Mapping[Pair, list[Piece]]:
    found = defaultdict[Pair, list[Piece]](list)
    columns = Evidence.id, Evidence.completed_at, Evidence.origin, Evidence.version_id, Evidence.identity_id
    query = select(Evidence.person_id, Evidence.course_id, *columns, Evidence.score, Evidence.completion_id)
    valid = Evidence.person_id.in_(people), Evidence.course_id.in_(courses), Evidence.state == states.VALID
    for person_id, course_id, *piece in cast("Iterable[Sequence[Any]]", db.execute(query.where(*valid))):
        found[person_id, course_id].append(Piece(*piece))
    return found


_COMPARED: Final = (
    "version_id",
    "identity_id",
    "origin",
    "completed_at",
    "completed_on",
    "valid_until",
    "score",
    "validity_months",
    "validity_window",
    "renewal_days",
    "withdrawn_at",
)
"""What evidence decides of a completion."""


def _list_known(db: Session, people: Sequence[str], courses: Sequence[str]) -> Mapping[Pair, list[Values]]:
    found = defaultdict[Pair, list[Values]](list)
    columns = (getattr(Completion, name) for name in ("person_id", "course_id", "id", *_COMPARED))
    of_them = Completion.person_id.in_(people), Completion.course_id.in_(courses)
    for row in db.execute(select(*columns).where(*of_them)):
        found[row[0], row[1]].append(dict(zip(("id", *_COMPARED), row[2:], strict=True)))
    return found


def _compare(
    changes: _Changes, pair: Pair, rule: Rule, pieces: Sequence[Piece], known: Sequence[Values], now: datetime
) -> None:
    """Note what makes the completions of a pair what its evidence says."""
    rows: dict[str, Values] = {one["id"]: one for one in known}
    for cycle in reckon(rule, pieces, [_known(one) for one in known]):
        wanted, old = _values(cycle), rows.pop(cycle.known[0].id) if cycle.known else None
        key = old["id"] if old else new_id()
        if old is None:
            own = {"id": key, "person_id": pair[0], "course_id": pair[1], "recorded_at": now}
            changes.added.append(own | wanted)
        elif old != {"id": key} | wanted:
            changes.changed.append({"id": key} | wanted)
        changes.pointed += [{"id": one.id, "completion_id": key} for one in cycle.pieces if one.completion_id != key]
        changes.joined += [(one.id, key) for one in cycle.known[1:]]
    gone = [one for one in rows.values() if one["withdrawn_at"] is None]
    changes.changed += [one | {"withdrawn_at": now} for one in gone]


def _known(row: Values) -> Known:
    rule = Rule(row["validity_months"], row["validity_window"], row["renewal_days"])
    return Known(row["id"], row["completed_at"], rule, row["withdrawn_at"] is not None)


def _values(cycle: Cycle) -> Values:
    first, day = cycle.first, day_of(cycle.first.completed_at)
    return {
        "version_id": first.version_id,
        "identity_id": first.identity_id,
        "origin": first.origin,
        "completed_at": first.completed_at,
        "completed_on": day,
        "valid_until": cycle.rule.valid_until(day),
        "score": max((one.score for one in cycle.pieces if one.score is not None), default=None),
        "withdrawn_at": None,
    } | _rule_columns(cycle.rule)


def _rule_columns(rule: Rule) -> Values:
    return {"validity_months": rule.months, "validity_window": rule.window_from, "renewal_days": rule.renewal_days}


def _write(db: Session, table: type[Base], rows: Sequence[Values]) -> None:
    """Write what changed of rows, by their id, and let the session's own objects know."""
    if not rows:
        return
    db.execute(update(table), rows)
    for row in rows:
        known = db.identity_map.get(identity_key(table, row["id"]))
        for name, value in row.items() if known is not None else ():
            set_committed_value(known, name, value)


def _hand_items_over(db: Session, joined_id: str, kept_id: str) -> None:
    """Let what was delivered of a completion count as delivered of the one it is part of now."""
    other = aliased(DeliveryItem)
    there = exists().where(
        other.delivery_id == DeliveryItem.delivery_id,
        other.employment_id == DeliveryItem.employment_id,
        other.completion_id == kept_id,
    )
    told = select(DeliveryItem.delivery_id, literal(kept_id), DeliveryItem.employment_id)
    missing = told.where(DeliveryItem.completion_id == joined_id, ~there)
    db.execute(insert(DeliveryItem).from_select(["delivery_id", "completion_id", "employment_id"], missing))
