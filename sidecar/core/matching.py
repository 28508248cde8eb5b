"""Find people who may be one and the same: by the rules in their order, many people at a time.

The first rule that fits two people decides what happens: they are joined, wait for somebody's word, or nothing. They
are joined only where first and last name fit too, and an RKK could take them apart again: all who employ or employed
either are members of one region. Else one region's feed could lay hands on another's employees. What
somebody said are different people never comes back, also for whom they were merged into. Two people whose national ids
are known and differ are never alike.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from typing import Final, TypeVarTuple

from sqlalchemy import Row, Select, distinct, func, or_, select
from sqlalchemy.orm import Session

from sidecar.core import merging
from sidecar.core.matching_rules import BY_EMAIL, BY_NAME, BY_NATIONAL_ID, list_rules
from sidecar.core.people import Employment, Identity, Person, fold_name
from sidecar.core.people_plans import Employee
from sidecar.core.periods import day_of
from sidecar.core.person_matches import EMAIL, JOIN, NATIONAL_ID, OFF, WAITING, PersonIdentifier, PersonMatch
from sidecar.core.regions import list_alliances
from sidecar.core.statements import among, dialect_of, run

PEOPLE_A_TIME: Final = 5_000
MOST_ALIKE: Final = {BY_NATIONAL_ID: 10, BY_EMAIL: 3, BY_NAME: 3}
"""How many people may have the same before it says nothing about any of them: a mailbox of many, a common name."""

MOST_COUNTED: Final = 40
"""The same with those who are merged, and may have kept what they were known by."""

_KINDS: Final = {BY_NATIONAL_ID: NATIONAL_ID, BY_EMAIL: EMAIL}
"""The kinds of the identifiers that rules compare; names stand with the people."""

Columns = TypeVarTuple("Columns")
Pair = tuple[str, str]
"""Ids of two people, the smaller first."""


@dataclass(frozen=True)
class Counts:
    """What a look did: `joined` by a rule, `asked`: newly in the queue."""

    joined: int = 0
    asked: int = 0


@dataclass(frozen=True)
class _Facts:
    """What is known of the people of all candidate pairs, to tell a doubtful pair from a sure one."""

    names: Mapping[str, tuple[str, str]]
    employers: Mapping[str, frozenset[str]]
    hashes: Mapping[str, frozenset[str]]
    accounts: Mapping[str, int]
    everywhere: dict[str, frozenset[str]]
    regions: Sequence[frozenset[str]]

    def contradict(self, pair: Pair) -> bool:
        """Tell whether both national ids are known, and differ."""
        one, other = (self.hashes.get(each, frozenset()) for each in pair)
        return bool(one and other and not one & other)

    def share_employer(self, pair: Pair) -> bool:
        """Tell whether one municipality employs both."""
        one, other = (self.employers.get(each, frozenset()) for each in pair)
        return bool(one & other)

    def share_region(self, pair: Pair) -> bool:
        """Tell whether one municipality, or the members of one region now, are all who ever employed the two."""
        one, other = (self.everywhere.get(each, frozenset()) for each in pair)
        is_one = len(one | other) == 1 or any(one | other <= region for region in self.regions)
        return bool(one and other and is_one)

    def share_names(self, pair: Pair) -> bool:
        """Tell whether first and last name are the same."""
        return self.names[pair[0]] == self.names[pair[1]]

    def keep_first(self, pair: Pair) -> Pair:
        """Return who is kept, and who goes into them: the one with more LMS accounts stays."""
        one, other = pair
        return (one, other) if self.accounts.get(one, 0) >= self.accounts.get(other, 0) else (other, one)


def look(db: Session, person_ids: Iterable[str], now: datetime, *, newcomers: Sequence[Employee] = ()) -> Counts:
    """Find whom these people may be besides themselves; join them, or let them wait, as the rules say.

    Joining never waits for another transaction: who is held by one waits in the queue for the next look.

    Args:
        newcomers: the first of these people, of whom no more is known yet than this: it need not be read again.
    """
    ids = list(dict.fromkeys(person_ids))
    joined = asked = 0
    for start in range(0, len(ids), PEOPLE_A_TIME):
        some = slice(start, start + PEOPLE_A_TIME)
        done = _look(db, ids[some], newcomers[some], now)
        joined, asked = joined + done.joined, asked + done.asked
    return Counts(joined, asked)


def alike_by(db: Session, pairs: Collection[Pair]) -> dict[Pair, tuple[str, ...]]:
    """Return, by pair, all rules that find these people alike, also those that are off."""
    people = frozenset(one for pair in pairs for one in pair)
    facts = _facts(db, people)
    values = {
        BY_NATIONAL_ID: facts.hashes,
        BY_EMAIL: _values(db, people, EMAIL),
    }
    told: dict[Pair, tuple[str, ...]] = {}
    for pair in pairs:
        same = [rule for rule, of in values.items() if of.get(pair[0], frozenset()) & of.get(pair[1], frozenset())]
        told[pair] = tuple([*same, BY_NAME] if facts.share_names(pair) else same)
    return told


def _look(db: Session, ids: Sequence[str], newcomers: Sequence[Employee], now: datetime) -> Counts:
    db.flush()
    found: dict[Pair, tuple[str, str]] = {}
    told, kept = _told_values(newcomers), _kept_values(db, ids[len(newcomers) :])
    for rule in list_rules(db):
        if rule.action != OFF:
            for pair in _pairs(db, rule.name, frozenset(ids), list(told[rule.name] | kept[rule.name])):
                found.setdefault(pair, (rule.name, rule.action))
    if not found:
        return Counts()
    facts = _facts(db, frozenset(one for pair in found for one in pair), now)
    known = _known(db, frozenset(facts.names))
    joined = asked = 0
    merged: dict[str, str] = {}
    for pair, (rule_name, action) in sorted(found.items()):
        old = known.get(pair)
        if not _fits(facts, pair, rule_name) or (old is not None and old.state != WAITING):
            continue
        if action == JOIN and _is_sure(facts, pair, merged) and _join(db, facts, pair, rule_name, merged, now):
            joined += 1
        elif old is None and not any(one in merged for one in pair):
            keep_id, other_id = facts.keep_first(pair)
            db.add(PersonMatch(person_id=keep_id, other_id=other_id, rule=rule_name, found_at=now))
            asked += 1
    db.flush()
    return Counts(joined, asked)


def _fits(facts: _Facts, pair: Pair, rule: str) -> bool:
    """Tell whether two people with the same value are alike: by e-mail or name, not within one municipality."""
    if not all(one in facts.names for one in pair) or facts.contradict(pair):
        return False
    return rule == BY_NATIONAL_ID or not facts.share_employer(pair)


def _is_sure(facts: _Facts, pair: Pair, merged: Mapping[str, str]) -> bool:
    """Tell whether two people, or who they have become, may be joined without asking."""
    one, other = (merged.get(each, each) for each in pair)
    return facts.share_names(pair) and facts.share_region((one, other))


def _join(db: Session, facts: _Facts, pair: Pair, rule: str, merged: dict[str, str], now: datetime) -> bool:
    """Merge two people, or who they have become since this look began; False where they are held by another."""
    keep_id, other_id = (merged.get(one, one) for one in facts.keep_first(pair))
    if keep_id == other_id or not merging.lock(db, (keep_id, other_id), patiently=False):
        return False
    try:
        merging.merge(db, keep_id, other_id, rule=rule, by=None, now=now)
    except (merging.PersonMergedError, merging.PersonErasedError):
        return False
    for one in [other_id, *(before for before, into in merged.items() if into == other_id)]:
        merged[one] = keep_id
    facts.everywhere[keep_id] = facts.everywhere[keep_id] | facts.everywhere[other_id]
    return True


def _told_values(newcomers: Sequence[Employee]) -> dict[str, set[str]]:
    """Return by rule what newcomers have."""
    told = [(kind, value) for one in newcomers for kind, scope, value in one.identifiers if not scope]
    values = {rule: {value for of_kind, value in told if of_kind == kind} for rule, kind in _KINDS.items()}
    return values | {BY_NAME: {fold_name(one.first_name, one.last_name) for one in newcomers} - {""}}


def _kept_values(db: Session, ids: Sequence[str]) -> dict[str, set[str]]:
    """Return by rule what the tables keep of people."""
    names = select(Person.folded_name).where(Person.folded_name != "", among(dialect_of(db), Person.id, "ids"))
    known = run(db, _identifiers(db), ids=ids).all()
    values = {rule: {value for _, of_kind, value in known if of_kind == kind} for rule, kind in _KINDS.items()}
    return values | {BY_NAME: set(run(db, names, ids=ids).scalars().all())}


def _pairs(db: Session, rule: str, ids: frozenset[str], own: Sequence[str]) -> Iterator[Pair]:
    """Yield each two people that have the same value, one of them of `ids` at least.

    One step after the other: a database that knows its tables badly, as while they are filled, makes one query of all
    of it an endless one.

    Args:
        own: the values of `ids`.
    """
    groups: dict[str, set[str]] = defaultdict(set)
    person_id = Person.id if rule == BY_NAME else PersonIdentifier.person_id
    value = Person.folded_name if rule == BY_NAME else PersonIdentifier.value
    these = among(dialect_of(db), value, "values")
    shared = _of_rule(rule, select(value)).where(these).group_by(value)
    shared = shared.having(func.count(distinct(person_id)).between(2, MOST_COUNTED))
    for start in range(0, len(own), PEOPLE_A_TIME):
        few = run(db, shared, values=own[start : start + PEOPLE_A_TIME]).scalars().all()
        for same, one in run(db, _of_rule(rule, select(value, person_id)).where(these), values=few) if few else ():
            groups[same].add(one)
    live = _live(db, [one for people in groups.values() for one in people])
    for people in groups.values():
        alike = sorted(people & live)
        if len(alike) <= MOST_ALIKE[rule]:
            yield from ((a, b) for a, b in combinations(alike, 2) if a in ids or b in ids)


def list_candidates(db: Session) -> list[str]:
    """Return the ids of everybody who has something in common with a few others, by the rules that are not off."""
    found: set[str] = set()
    for rule in (one.name for one in list_rules(db) if one.action != OFF):
        person_id = Person.id if rule == BY_NAME else PersonIdentifier.person_id
        value = Person.folded_name if rule == BY_NAME else PersonIdentifier.value
        shared = _of_rule(rule, select(value)).group_by(value)
        few = db.scalars(shared.having(func.count(distinct(person_id)).between(2, MOST_COUNTED))).all()
        for start in range(0, len(few), PEOPLE_A_TIME):
            theirs = _of_rule(rule, select(person_id)).where(value.in_(few[start : start + PEOPLE_A_TIME]))
            found.update(db.scalars(theirs))
    return sorted(_live(db, sorted(found)))


def _of_rule(rule: str, query: Select[*Columns]) -> Select[*Columns]:
    """Bound a query to what a rule compares; who lacks a first or a last name is like nobody."""
    if rule == BY_NAME:
        return query.where(Person.folded_name != "")
    return query.where(PersonIdentifier.kind == _KINDS[rule], PersonIdentifier.scope == "")


def _identifiers(db: Session) -> Select[str, str, str]:
    """Return the query of person, kind and value of what people of `ids` are known by, whoever tells it.

    It names no kind: SQLite would go through all that there are of that, rather than to these few people.
    """
    query = select(PersonIdentifier.person_id, PersonIdentifier.kind, PersonIdentifier.value)
    return query.where(PersonIdentifier.scope == "", among(dialect_of(db), PersonIdentifier.person_id, "ids"))


def _live(db: Session, people: Sequence[str]) -> frozenset[str]:
    """Return those who are neither merged nor erased."""
    found: set[str] = set()
    for start in range(0, len(people), PEOPLE_A_TIME):
        these = Person.id.in_(people[start : start + PEOPLE_A_TIME])
        found.update(
            db.scalars(select(Person.id).where(these, Person.merged_into_id.is_(None), Person.erased_at.is_(None)))
        )
    return frozenset(found)


def _facts(db: Session, people: Collection[str], now: datetime | None = None) -> _Facts:
    everywhere = select(Employment.person_id, Employment.municipality_id).where(Employment.person_id.in_(people))
    employers = everywhere
    if now is not None:
        employers = employers.where(or_(Employment.ended_on.is_(None), Employment.ended_on >= day_of(now)))
    names = select(Person.id, Person.first_name, Person.last_name).where(Person.id.in_(people))
    accounts = select(Identity.person_id, func.count()).where(Identity.person_id.in_(people))
    return _Facts(
        names={key: (first.casefold(), last.casefold()) for key, first, last in db.execute(names)},
        employers=_grouped(db.execute(employers)),
        hashes=_values(db, people, NATIONAL_ID),
        accounts={key or "": count for key, count in db.execute(accounts.group_by(Identity.person_id))},
        everywhere=_grouped(db.execute(everywhere)),
        regions=() if now is None else list_alliances(db, day_of(now)),
    )


def _values(db: Session, people: Collection[str], kind: str) -> dict[str, frozenset[str]]:
    rows = db.execute(_identifiers(db), {"ids": list(people)})
    return _grouped((person_id, value) for person_id, of_kind, value in rows if of_kind == kind)


def _grouped(rows: Iterable[Row[str, str] | Pair]) -> dict[str, frozenset[str]]:
    grouped: dict[str, set[str]] = defaultdict(set)
    for key, value in rows:
        grouped[key].add(value)
    return {key: frozenset(values) for key, values in grouped.items()}


def _known(db: Session, people: Collection[str]) -> dict[Pair, PersonMatch]:
    """Return what is decided or waits already; what was said of somebody counts for whom they were merged into."""
    into = {key: kept for key, kept in db.execute(_merged_into(people)) if kept}
    everybody = [*people, *into]
    query = select(PersonMatch).where(or_(PersonMatch.person_id.in_(everybody), PersonMatch.other_id.in_(everybody)))
    known: dict[Pair, PersonMatch] = {}
    for one in db.scalars(query).all():
        first, last = sorted((into.get(one.person_id, one.person_id), into.get(one.other_id, one.other_id)))
        if (first, last) not in known or one.state != WAITING:
            known[first, last] = one
    return known


def _merged_into(people: Collection[str]) -> Select[str, str | None]:
    return select(Person.id, Person.merged_into_id).where(Person.merged_into_id.in_(people))
