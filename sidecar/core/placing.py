"""Place identities: find the one employment that an LMS's `lis.person_sourcedid` names.

A platform speaks only for its listed municipalities. For each of them the value yields possible employee numbers,
by the municipality's own pattern or else by the default: the whole value, or what follows the municipality's
organisation number, municipality number or slug and one of `: / _ . -` (`rollag-1001`, `3336:1001`). Exactly one
employment matches over all of them, or the identity is not placed: it plays, everything is kept, and a later
import of people places it. Nothing else, no custom value and no e-mail, ever places anybody.

A placed identity stays where it is until its value changes (a value that is merely left out changes nothing).
Then it is judged anew; but where completions hang on it already and the new value names somebody else, or nobody,
it is taken from the person and *held*: an LMS account that was handed on must not give one person's completions to
another. Only `release`, an operator's act, lets it be placed again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Final, TypeGuard

from sqlalchemy import Executable, Select, bindparam, or_, select
from sqlalchemy.orm import Session

from sidecar.core import outbox, settling
from sidecar.core.evidence import Evidence
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Employment, Identity
from sidecar.core.periods import day_of
from sidecar.core.platforms import PlatformMunicipality
from sidecar.core.statements import run
from sidecar.errors import InvalidInputError

GROUP = "employee_number"
PATTERN_LIMIT = 500
VALUE_LIMIT = 255
NUMBERS_A_QUERY = 5_000
"""How many employee numbers one query names; databases take some 30,000 parameters."""

IDENTITIES_A_TIME: Final = 2_000
"""How many identities that wait one transaction looks at."""

KIND: Final = "place"
"""The kind of an outbox item that places what waits for a municipality's people; its subject is the municipality."""

SEPARATORS: Final = ":/_.-"
_SEPARATORS: Final = re.escape(SEPARATORS)


@dataclass(frozen=True)
class Rule:
    """Read employee numbers of one municipality out of what a platform sends.

    Attributes:
        prefixes: what may stand before the number where there is no pattern.
        pattern: matches the whole value.
    """

    municipality_id: str
    prefixes: tuple[str, ...]
    pattern: str | None

    def numbers(self, value: str) -> tuple[str, ...]:
        """Return the employee numbers that the value can mean here, none to two."""
        if not value:
            return ()
        if self.pattern is not None:
            match = re.fullmatch(self.pattern, value)
            number = match[GROUP] if match else None
            return (number,) if number else ()
        names = "|".join(re.escape(prefix) for prefix in self.prefixes)
        match = re.fullmatch(rf"(?:{names})[{_SEPARATORS}](.+)", value, re.IGNORECASE)
        return (value, match[1]) if match else (value,)

    def values(self, number: str) -> tuple[str, ...]:
        """Return what an LMS most often sends for an employee number; `numbers` says whether it means it."""
        before = [f"{prefix}{separator}" for prefix in self.prefixes for separator in SEPARATORS]
        return number, *(f"{start}{number}" for start in before)


@dataclass(frozen=True)
class Piece:
    """What one transaction did of what waits: how many it placed, and the last id it looked at; None at the end."""

    placed: int
    last_id: str | None


def check_pattern(pattern: str) -> str:
    """Return a pattern that can be used.

    Raises:
        InvalidInputError: too long, not a regular expression, or without the group.
    """
    if len(pattern) > PATTERN_LIMIT:
        raise InvalidInputError(field="pattern", reason=f"it is longer than {PATTERN_LIMIT} characters.")
    try:
        groups = re.compile(pattern).groupindex
    except re.error as error:
        raise InvalidInputError(field="pattern", reason=f"it is no regular expression: {error}.") from error
    if GROUP not in groups:
        raise InvalidInputError(field="pattern", reason=f"it needs a group (?P<{GROUP}>...).")
    return pattern


def are_ambiguous(patterns: Iterable[str | None]) -> bool:
    """Tell whether an employee number that two municipalities of an LMS use would place nobody.

    Args:
        patterns: one for each municipality it speaks for; None means the default, which does not tell them apart.
    """
    return sum(pattern is None for pattern in patterns) > 1


def rules_of(db: Session, platform_id: str) -> list[Rule]:
    """Return the rules of the municipalities that a platform speaks for."""
    rows = run(db, _municipalities(), platform_id=platform_id)
    return [
        Rule(key, tuple(name for name in (org_number, number, slug) if name), pattern)
        for key, org_number, number, slug, pattern in rows
    ]


@cache
def _municipalities() -> Executable:
    columns = Municipality.id, Municipality.org_number, Municipality.number, Municipality.slug
    joined = PlatformMunicipality.municipality_id == Municipality.id
    query = select(*columns, PlatformMunicipality.pattern).join(PlatformMunicipality, joined)
    return query.where(PlatformMunicipality.platform_id == bindparam("platform_id"))


def take_value(db: Session, identity: Identity, value: str | None, now: datetime) -> None:
    """Take over what the platform now says in `lis.person_sourcedid`; see the rules at the top.

    Args:
        value: None or too long to be a number changes nothing.
    """
    if not is_news(value, identity.person_sourcedid):
        return
    identity.person_sourcedid = value
    if identity.person_id is None or identity.platform_id is None:
        return
    found = _find_employments(db, rules_of(db, identity.platform_id), {value}, now)
    employment_id, person_id = found.get(value, (None, None))
    if person_id == identity.person_id:
        identity.employment_id = employment_id
        return
    identity.person_id = identity.employment_id = None
    if not _has_completions(db, identity):
        identity.placed_at = None
        return
    settling.follow(db, {identity.id: None}, now)


def is_news(value: str | None, known: str | None) -> TypeGuard[str]:
    """Tell whether a platform says a value that we don't have yet and could be a number."""
    return value is not None and len(value) <= VALUE_LIMIT and value != known


def place(db: Session, identity: Identity, platform_id: str, now: datetime, *, is_new: bool = False) -> bool:
    """Place an identity if it is not placed, not held, and exactly one employment matches.

    Args:
        is_new: it has never been here, so there is nothing it has earned.

    Returns:
        Whether it is placed now.
    """
    if identity.person_id is None and not is_held(identity):
        placed = _place(db, [identity], rules_of(db, platform_id), now)
        settling.follow(db, {} if is_new else _owners(placed), now)
    return identity.person_id is not None


def place_all(db: Session, identities: Sequence[Identity], platform_id: str, now: datetime) -> None:
    """Place those of a platform's new identities that can be placed, all looked up together; none has been here."""
    _place(db, [one for one in identities if one.person_sourcedid], rules_of(db, platform_id), now)


def ask_to_place(db: Session, municipality_id: str, now: datetime) -> None:
    """Let what waits for a municipality's people be placed soon; the caller has locked the municipality."""
    outbox.put_soon(db, KIND, municipality_id, now=now)


def list_speaking(db: Session, municipality_id: str) -> Sequence[str]:
    """Return the ids of the platforms that speak for a municipality."""
    query = select(PlatformMunicipality.platform_id).where(PlatformMunicipality.municipality_id == municipality_id)
    return db.scalars(query.order_by(PlatformMunicipality.platform_id)).all()


def place_waiting(db: Session, municipality_id: str, now: datetime) -> int:
    """Place the identities that an import of a municipality's people may have made placeable, in one transaction.

    Returns:
        How many were placed.
    """
    placed = 0
    for platform_id in list_speaking(db, municipality_id):
        after: str | None = ""
        while after is not None:
            piece = place_some(db, platform_id, after, now)
            placed, after = placed + piece.placed, piece.last_id
    return placed


def place_some(db: Session, platform_id: str, after: str, now: datetime) -> Piece:
    """Place what can be placed of the identities of a platform that wait, some of them, in the order of their ids."""
    query = _waiting(platform_id).where(Identity.id > after).order_by(Identity.id).limit(IDENTITIES_A_TIME)
    some = db.scalars(query).all()
    placed = _place_these(db, some, platform_id, now)
    return Piece(placed, some[-1].id if len(some) == IDENTITIES_A_TIME else None)


def place_numbers(db: Session, municipality_id: str, numbers: Sequence[str], now: datetime) -> int:
    """Place the identities that wait for these few employees, as far as they say the number in the usual ways.

    Returns:
        How many were placed.
    """
    placed = 0
    for platform_id in list_speaking(db, municipality_id):
        rules = [one for one in rules_of(db, platform_id) if one.municipality_id == municipality_id]
        values = {value for rule in rules for number in numbers for value in rule.values(number)}
        waiting = db.scalars(_waiting(platform_id).where(Identity.person_sourcedid.in_(values))).all()
        placed += _place_these(db, waiting, platform_id, now)
    return placed


def _place_these(db: Session, waiting: Sequence[Identity], platform_id: str, now: datetime) -> int:
    placed = _place(db, waiting, rules_of(db, platform_id), now) if waiting else []
    settling.follow(db, _owners(placed), now)
    return len(placed)


def is_held(identity: Identity) -> bool:
    """Tell whether an identity was taken from its person and waits for an operator."""
    return identity.person_id is None and identity.placed_at is not None


def count_matches(db: Session, rules: list[Rule], value: str, now: datetime) -> int:
    """Return how many employments that have not ended a value can mean; only one places anybody."""
    meant = {(rule.municipality_id, number) for rule in rules for number in rule.numbers(value)}
    return len(meant & _list_employments(db, rules, sorted({number for _, number in meant}), now).keys())


def list_held(db: Session, platform_id: str) -> Sequence[Identity]:
    """Return the identities of a platform that wait for an operator, the oldest first."""
    query = select(Identity).where(
        Identity.platform_id == platform_id, Identity.person_id.is_(None), Identity.placed_at.is_not(None)
    )
    return db.scalars(query.order_by(Identity.first_seen_at, Identity.id)).all()


def release(db: Session, identity: Identity, now: datetime) -> bool:
    """Let a held identity be placed where its value points, with all its completions.

    Returns:
        Whether it is placed now; if not, a later import may place it.
    """
    identity.placed_at = None
    return identity.platform_id is not None and place(db, identity, identity.platform_id, now)


def _waiting(platform_id: str) -> Select[Identity]:
    return select(Identity).where(
        Identity.platform_id == platform_id,
        Identity.person_id.is_(None),
        Identity.placed_at.is_(None),
        Identity.person_sourcedid.is_not(None),
    )


def _place(db: Session, identities: Sequence[Identity], rules: list[Rule], now: datetime) -> list[Identity]:
    """Place those of the identities that exactly one employment matches, and return them."""
    found = _find_employments(db, rules, {one.person_sourcedid or "" for one in identities}, now)
    placeable = [one for one in identities if (one.person_sourcedid or "") in found]
    for identity in placeable:
        identity.employment_id, identity.person_id = found[identity.person_sourcedid or ""]
        identity.placed_at = now
    db.flush()
    return placeable


def _owners(identities: Sequence[Identity]) -> dict[str, str | None]:
    return {identity.id: identity.person_id for identity in identities}


def _find_employments(db: Session, rules: list[Rule], values: set[str], now: datetime) -> dict[str, tuple[str, str]]:
    """Return, by value, id and person id of the one employment that matches and has not ended, if it is exactly one.

    All values are looked up together: an import holds the write lock while thousands may wait.
    """
    meant = {value: {(rule.municipality_id, n) for rule in rules for n in rule.numbers(value)} for value in values}
    known = _list_employments(db, rules, sorted({number for pairs in meant.values() for _, number in pairs}), now)
    matches = {value: [known[pair] for pair in pairs if pair in known] for value, pairs in meant.items()}
    return {value: matched[0] for value, matched in matches.items() if len(matched) == 1}


def _list_employments(
    db: Session, rules: list[Rule], numbers: list[str], now: datetime
) -> dict[tuple[str, str], tuple[str, str]]:
    """Return id and person id of the employments that have not ended, by municipality id and employee number."""
    here = [rule.municipality_id for rule in rules]
    known: dict[tuple[str, str], tuple[str, str]] = {}
    for start in range(0, len(numbers), NUMBERS_A_QUERY):
        asked = numbers[start : start + NUMBERS_A_QUERY]
        rows = run(db, _employments(), here=here, numbers=asked, today=day_of(now))
        known |= {(municipality_id, number): (one, person) for municipality_id, number, one, person in rows}
    return known


@cache
def _employments() -> Executable:
    query = select(Employment.municipality_id, Employment.employee_number, Employment.id, Employment.person_id)
    lasts = or_(Employment.ended_on.is_(None), Employment.ended_on >= bindparam("today"))
    here = Employment.municipality_id.in_(bindparam("here", expanding=True))
    return query.where(here, Employment.employee_number.in_(bindparam("numbers", expanding=True)), lasts)


def _has_completions(db: Session, identity: Identity) -> bool:
    return db.scalar(select(Evidence.id).where(Evidence.identity_id == identity.id).limit(1)) is not None
