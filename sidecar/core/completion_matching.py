"""Find whom completions from an LMS belong to: the one employment that what the LMS calls its holder can mean.

An LMS tells for whom a completion is by the ID number it has (`CompletionRecord.holder`), which is read by the same
rules as `lis.person_sourcedid` of a launch (`core.placing`): the platform speaks for its municipalities only, and
exactly one of their employments must match. Unlike a launch, a completion may be from before somebody left, so an
employment counts that had not ended on the day of it. An account whose number was handed on (`placing.is_held`) places
nobody, and what matches nobody waits with its `holder` till a later import of people places it.

Who was erased is not brought back: their employee numbers are kept as hashes, and what was completed before the
erasure is passed over though the same number should belong to somebody again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from typing import Final

from sqlalchemy import Executable, Row, Select, bindparam, delete, or_, select, update
from sqlalchemy.orm import Session

from sidecar.core import erased_subjects, settling
from sidecar.core.connections import Connection
from sidecar.core.data_subjects import DataSubject
from sidecar.core.evidence import Evidence
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Employment, Identity
from sidecar.core.people_sources import Source
from sidecar.core.periods import day_of
from sidecar.core.placing import NUMBERS_A_QUERY, Piece, Rule, rules_of
from sidecar.core.platforms import PlatformMunicipality
from sidecar.core.statements import run

PIECES_A_TIME: Final = 5_000

Pair = tuple[str, str]
"""Id of a municipality, employee number."""


@dataclass(frozen=True)
class _Match:
    """An employment that a holder can mean."""

    person_id: str
    ended_on: date | None
    erased_before: datetime | None

    def fits(self, completed_at: datetime, day: date) -> bool:
        if self.erased_before is not None and completed_at < self.erased_before:
            return False
        return self.ended_on is None or self.ended_on >= day


@dataclass(frozen=True)
class Holders:
    """Whom holders can mean, as the tables say now; good for one transaction.

    Attributes:
        erased: holders that can mean somebody who was erased.
        held: holders whose account was taken from its person and waits for an operator.
    """

    matches: Mapping[str, Sequence[_Match]] = field(default_factory=dict)
    erased: frozenset[str] = frozenset()
    held: frozenset[str] = frozenset()

    def person_of(self, holder: str, completed_at: datetime) -> str | None:
        """Return the id of the person who completed something then; None where it is nobody, or not exactly one."""
        if holder in self.held:
            return None
        day = day_of(completed_at)
        fitting = [one for one in self.matches.get(holder, ()) if one.fits(completed_at, day)]
        return fitting[0].person_id if len(fitting) == 1 else None

    def is_gone(self, holder: str, completed_at: datetime) -> bool:
        """Tell whether nothing may be kept of it, as it can only be of somebody who was erased."""
        return holder in self.erased and self.person_of(holder, completed_at) is None


def rules_for(db: Session, platform_id: str | None, municipality_id: str | None) -> list[Rule]:
    """Return the rules by which a source's holders are read.

    Args:
        platform_id: of the source's connection; it speaks for its municipalities.
        municipality_id: of the source: only its employees are meant. Without a platform its employee numbers count.
    """
    if platform_id is not None:
        rules = rules_of(db, platform_id)
        return [one for one in rules if municipality_id in (None, one.municipality_id)]
    municipality = db.get(Municipality, municipality_id) if municipality_id else None
    if municipality is None:
        return []
    names = municipality.org_number, municipality.number, municipality.slug
    return [Rule(municipality.id, tuple(name for name in names if name), None)]


def look_up(db: Session, rules: Sequence[Rule], platform_id: str | None, holders: Iterable[str]) -> Holders:
    """Find whom these holders can mean, all together, in the caller's transaction, which `lock` keeps true."""
    meant = {holder: {(rule.municipality_id, n) for rule in rules for n in rule.numbers(holder)} for holder in holders}
    pairs = sorted({pair for mine in meant.values() for pair in mine})
    known = _list_employments(db, [rule.municipality_id for rule in rules], pairs)
    erased = erased_subjects.when_erased(db, pairs)
    matches = {
        holder: [_Match(*known[pair], erased.get(pair)) for pair in mine if pair in known]
        for holder, mine in meant.items()
    }
    gone = frozenset(holder for holder, mine in meant.items() if not mine.isdisjoint(erased))
    return Holders(matches, gone, _list_held(db, platform_id, list(meant)) if platform_id else frozenset())


def lock(db: Session, rules: Sequence[Rule]) -> None:
    """Let nobody of these municipalities be imported or erased till the end of the transaction."""
    here = sorted({rule.municipality_id for rule in rules})
    query = select(Municipality.id).where(Municipality.id.in_(here)).order_by(Municipality.id)
    db.execute(query.with_for_update(read=True)).all()


def _list_employments(db: Session, here: list[str], pairs: Sequence[Pair]) -> dict[Pair, tuple[str, date | None]]:
    numbers = sorted({number for _, number in pairs})
    known: dict[Pair, tuple[str, date | None]] = {}
    for start in range(0, len(numbers), NUMBERS_A_QUERY):
        asked = numbers[start : start + NUMBERS_A_QUERY]
        for municipality_id, number, person_id, ended_on in run(db, _employments(), here=here, numbers=asked):
            known[municipality_id, number] = person_id, ended_on
    return known


@cache
def _employments() -> Executable:
    columns = Employment.municipality_id, Employment.employee_number, Employment.person_id, Employment.ended_on
    here = Employment.municipality_id.in_(bindparam("here", expanding=True))
    numbers = Employment.employee_number.in_(bindparam("numbers", expanding=True))
    return select(*columns).where(here, numbers, Employment.erased_at.is_(None))


def _list_held(db: Session, platform_id: str, holders: list[str]) -> frozenset[str]:
    found: set[str] = set()
    for start in range(0, len(holders), NUMBERS_A_QUERY):
        asked = holders[start : start + NUMBERS_A_QUERY]
        found.update(row[0] for row in run(db, _held(), platform_id=platform_id, holders=asked))
    return frozenset(found)


@cache
def _held() -> Executable:
    waits = Identity.person_id.is_(None), Identity.placed_at.is_not(None)
    named = Identity.person_sourcedid.in_(bindparam("holders", expanding=True))
    return select(Identity.person_sourcedid).where(Identity.platform_id == bindparam("platform_id"), named, *waits)


@dataclass(frozen=True)
class Speaker:
    """A source, with what its holders are read by."""

    source_id: str
    platform_id: str | None
    municipality_id: str | None


def place_holders(db: Session, municipality_id: str, now: datetime) -> int:
    """Let what waits for a person count for a municipality's people who match now, in the caller's transaction.

    Returns:
        How many pieces of evidence were placed.
    """
    placed = 0
    for speaker in list_speakers(db, [municipality_id]):
        after: str | None = ""
        while after is not None:
            piece = place_some(db, speaker, after, now)
            placed, after = placed + piece.placed, piece.last_id
    return placed


def place_some(db: Session, speaker: Speaker, after: str, now: datetime) -> Piece:
    """Place what can be placed of what waits of a source, some of it, in the order of its ids."""
    rows = db.execute(_waiting(speaker).where(Evidence.id > after).order_by(Evidence.id).limit(PIECES_A_TIME)).all()
    placed = _place_these(db, speaker, rows, now)
    return Piece(placed, rows[-1].id if len(rows) == PIECES_A_TIME else None)


def place_numbers(db: Session, municipality_id: str, numbers: Sequence[str], now: datetime) -> int:
    """Let what waits for these few employees count for them, as far as an LMS says the number in the usual ways.

    Returns:
        How many pieces of evidence were placed.
    """
    placed = 0
    for speaker in list_speakers(db, [municipality_id]):
        rules = rules_for(db, speaker.platform_id, speaker.municipality_id)
        ours = [rule for rule in rules if rule.municipality_id == municipality_id]
        values = {value for rule in ours for number in numbers for value in rule.values(number)}
        rows = db.execute(_waiting(speaker).where(Evidence.holder.in_(values))).all()
        placed += _place_these(db, speaker, rows, now)
    return placed


def list_speakers(db: Session, municipality_ids: Collection[str]) -> list[Speaker]:
    """Return the sources of completions that speak for one of these municipalities."""
    spoken = select(PlatformMunicipality.platform_id).where(PlatformMunicipality.municipality_id.in_(municipality_ids))
    query = select(Source.id, Connection.platform_id, Source.municipality_id)
    joined = query.join(Connection, Connection.id == Source.connection_id)
    theirs = or_(Source.municipality_id.in_(municipality_ids), Connection.platform_id.in_(spoken))
    return [Speaker(*row) for row in db.execute(joined.where(theirs).order_by(Source.id))]


def _waiting(speaker: Speaker) -> Select[str, str | None, datetime, str]:
    columns = Evidence.id, Evidence.holder, Evidence.completed_at, Evidence.course_id
    waits = Evidence.person_id.is_(None), Evidence.holder.is_not(None)
    return select(*columns).where(Evidence.source_id == speaker.source_id, *waits)


def _place_these(
    db: Session, speaker: Speaker, rows: Sequence[Row[str, str | None, datetime, str]], now: datetime
) -> int:
    if not rows:
        return 0
    rules = rules_for(db, speaker.platform_id, speaker.municipality_id)
    holders = look_up(db, rules, speaker.platform_id, {row.holder or "" for row in rows})
    found = [(row, holders.person_of(row.holder or "", row.completed_at)) for row in rows]
    changes = [{"id": row.id, "person_id": person, "holder": None} for row, person in found if person]
    if changes:
        db.execute(update(Evidence), changes)
        settling.settle(db, {(person, row.course_id) for row, person in found if person}, now)
    return len(changes)


def forget_holders(db: Session, subject: DataSubject, now: datetime) -> None:
    """Let no LMS bring back who is being erased, and take away what waits that can be theirs.

    Call it while their employee numbers still stand.
    """
    here = Employment.id.in_(subject.employment_ids)
    query = select(Employment.municipality_id, Employment.employee_number)
    theirs: set[Pair] = {(row[0], row[1]) for row in db.execute(query.where(here, Employment.erased_at.is_(None)))}
    for municipality_id, number in sorted(theirs):
        erased_subjects.remember(db, municipality_id, number, now)
    for speaker in list_speakers(db, subject.municipality_ids):
        rules = rules_for(db, speaker.platform_id, speaker.municipality_id)
        waits = Evidence.source_id == speaker.source_id, Evidence.person_id.is_(None), Evidence.holder.is_not(None)
        for piece_id, holder in db.execute(select(Evidence.id, Evidence.holder).where(*waits)).all():
            if any((rule.municipality_id, n) in theirs for rule in rules for n in rule.numbers(holder or "")):
                db.execute(delete(Evidence).where(Evidence.id == piece_id))
    db.flush()
