"""Compare what an LMS tells of completions with the evidence that is there, and write only what differs.

A piece of evidence is one (course, holder) of a source. When the LMS names a later time for it that begins a new cycle,
or that is somebody else's by now, the old piece stays as it was, under a key of its own (`_put_by`), and a new one
begins: a history is never overwritten.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Executable, bindparam, func, insert, or_, select, update
from sqlalchemy.orm import Session

from sidecar.core import completion_matching, settling
from sidecar.core.completion_matching import Holders
from sidecar.core.completions import Completion
from sidecar.core.db import new_id
from sidecar.core.evidence import LMS, VALID, WITHDRAWN, Evidence
from sidecar.core.paging import count_pages
from sidecar.core.people import Person
from sidecar.core.people_sources import LmsCourse
from sidecar.core.periods import day_of
from sidecar.core.placing import Rule as PlacingRule
from sidecar.core.statements import run
from sidecar.core.validity import Rule

KEYS_A_TIME: Final = 5_000
PIECES_A_TIME: Final = 2_000
PAGE: Final = 100

_PUT_BY: Final = "\n"
"""Stands in the key of a piece that the LMS does not tell of any more; no holder has a line break."""


class Told(NamedTuple):
    """What an LMS tells of one course and holder; `key` is `lms_courses.source_key`, `course_id` the course meant."""

    key: str
    holder: str
    course_id: str
    completed_at: datetime
    score: float | None
    lms_course_id: str | None = None


class Piece(NamedTuple):
    """What the tables say of it."""

    key: str
    id: str
    person_id: str | None
    course_id: str
    completed_at: datetime
    score: float | None
    state: str
    completion_id: str | None
    seen_in: str | None


class Missing(NamedTuple):
    """How many completions of one of its courses an LMS does not tell of any more."""

    title: str
    key: str
    gone: int


@dataclass(frozen=True)
class MissingPage:
    """A page of what an LMS does not tell of any more, by course."""

    lines: Sequence[Missing]
    number: int
    pages: int


@dataclass(frozen=True)
class Speaker:
    """The source that tells, and by what its holders are read."""

    source_id: str
    platform_id: str | None
    rules: Sequence[PlacingRule]


@dataclass
class Differences:
    """What differs of what was told: new pieces, pieces that are told otherwise, and pieces that wait for a person."""

    new: list[Told] = field(default_factory=list)
    changed: list[tuple[Piece, Told]] = field(default_factory=list)
    waiting: list[tuple[Piece, Told]] = field(default_factory=list)
    seen: list[Piece] = field(default_factory=list)

    @property
    def holders(self) -> set[str]:
        """Who must be looked up."""
        return {one.holder for one in self.new} | {one.holder for _, one in self.changed + self.waiting}


def compare(db: Session, source_id: str, told: Mapping[str, Told]) -> Differences:
    """Return what differs of what is told, at most some thousands at a time."""
    known = {key: Piece(key, *rest) for key, *rest in run(db, _pieces(), source_id=source_id, keys=list(told))}
    found = Differences(seen=list(known.values()))
    for key, one in told.items():
        piece = known.get(key)
        if piece is None:
            found.new.append(one)
        elif _differs(piece, one):
            found.changed.append((piece, one))
        elif piece.person_id is None:
            found.waiting.append((piece, one))
    return found


@cache
def _pieces() -> Executable:
    columns = [getattr(Evidence, name) for name in Piece._fields[1:]]
    keys = Evidence.source_key.in_(bindparam("keys", expanding=True))
    return select(Evidence.source_key, *columns).where(Evidence.source_id == bindparam("source_id"), keys)


def _differs(piece: Piece, told: Told) -> bool:
    is_other_score = told.score is not None and told.score != piece.score
    return piece.state != VALID or piece.completed_at != told.completed_at or is_other_score


def write(db: Session, speaker: Speaker, found: Differences, now: datetime, *, seen_in: str | None) -> dict[str, int]:
    """Write what differs, and reckon the completions of whom it concerns, in the caller's transaction.

    Args:
        seen_in: the run that tells, where it tells all.

    Returns:
        How many pieces are new, changed, restored, matched, waiting for a person, or of somebody who was erased.
    """
    completion_matching.lock(db, speaker.rules)
    holders = completion_matching.look_up(db, speaker.rules, speaker.platform_id, found.holders)
    writer = _Writer(db, speaker.source_id, holders, now, seen_in)
    for one in found.new:
        writer.add(one)
    writer.change(found.changed)
    for piece, one in found.waiting:
        writer.place(piece, one)
    return writer.finish()


class _Writer:
    """Gather rows for a few statements."""

    def __init__(self, db: Session, source_id: str, holders: Holders, now: datetime, seen_in: str | None) -> None:
        self._db, self._source_id, self._holders, self._now, self._seen_in = db, source_id, holders, now, seen_in
        self._rows: list[dict[str, Any]] = []
        self._changes: list[dict[str, Any]] = []
        self._put_by: list[dict[str, Any]] = []
        self._pairs: set[settling.Pair] = set()
        self._counts = dict.fromkeys(("new", "changed", "restored", "matched", "waiting", "erased"), 0)

    def add(self, told: Told) -> None:
        if self._holders.is_gone(told.holder, told.completed_at):
            self._counts["erased"] += 1
            return
        person_id = self._holders.person_of(told.holder, told.completed_at)
        self._rows.append(_row(self._source_id, told, person_id, self._now, self._seen_in))
        self._counts["new"] += 1
        self._counts["waiting"] += person_id is None
        self._settle(person_id, told.course_id)

    def change(self, changed: Sequence[tuple[Piece, Told]]) -> None:
        renewed = _list_renewed(self._db, changed)
        for piece, told in changed:
            person_id = self._holders.person_of(told.holder, told.completed_at) or piece.person_id
            is_anothers = piece.person_id not in (None, person_id)
            if piece.state == VALID and (is_anothers or piece.id in renewed):
                self._put_by.append({"id": piece.id, "source_key": _put_by(piece)})
                self.add(told)
                continue
            self._counts["restored" if piece.state != VALID else "changed"] += 1
            self._alter(piece, told, person_id)

    def place(self, piece: Piece, told: Told) -> None:
        person_id = self._holders.person_of(told.holder, told.completed_at)
        if person_id is not None:
            self._counts["matched"] += 1
            self._alter(piece, told, person_id)

    def _alter(self, piece: Piece, told: Told, person_id: str | None) -> None:
        same = {"id": piece.id, "person_id": person_id, "holder": None if person_id else told.holder}
        score = piece.score if told.score is None else told.score
        stays = piece.completion_id if piece.state == VALID else None
        told_now = {"completed_at": told.completed_at, "score": score, "state": VALID, "completion_id": stays}
        self._changes.append(same | told_now | {"decided_at": None})
        for each in {person_id, piece.person_id}:
            self._settle(each, piece.course_id)

    def _settle(self, person_id: str | None, course_id: str) -> None:
        if person_id is not None:
            self._pairs.add((person_id, course_id))

    def finish(self) -> dict[str, int]:
        if self._put_by:  # before the new ones, which take their keys
            self._db.execute(update(Evidence), self._put_by)
        if self._changes:
            self._db.execute(update(Evidence), self._changes)
        if self._rows:
            self._db.execute(insert(Evidence.__table__), self._rows)  # type: ignore[arg-type]  # past the ORM
        settling.settle(self._db, self._pairs, self._now)
        return self._counts


def _row(source_id: str, told: Told, person_id: str | None, now: datetime, seen_in: str | None) -> dict[str, Any]:
    return {
        "id": new_id(),
        "person_id": person_id,
        "course_id": told.course_id,
        "origin": LMS,
        "source_id": source_id,
        "source_key": told.key,
        "lms_course_id": told.lms_course_id,
        "holder": None if person_id else told.holder,
        "score": told.score,
        "completed_at": told.completed_at,
        "recorded_at": now,
        "state": VALID,
        "seen_in": seen_in,
    }


def _put_by(piece: Piece) -> str:
    return f"{piece.key}{_PUT_BY}{piece.completed_at.isoformat()}"


def _list_renewed(db: Session, changed: Sequence[tuple[Piece, Told]]) -> set[str]:
    """Return the ids of pieces whose new time begins another cycle of their course."""
    later = [(piece, told) for piece, told in changed if told.completed_at > piece.completed_at]
    if not later:
        return set()
    rules = settling.rules_of(db, {piece.course_id for piece, _ in later})
    ids = [piece.completion_id for piece, _ in later if piece.completion_id]
    cycles = {one.id: one for one in db.scalars(select(Completion).where(Completion.id.in_(ids)))}
    renewed = set()
    for piece, told in later:
        cycle, rule = cycles.get(piece.completion_id or ""), rules[piece.course_id]
        if cycle is not None:
            rule = Rule(cycle.validity_months, cycle.validity_window, cycle.renewal_days)
        renewable_from = rule.renewable_from(day_of(cycle.completed_at if cycle else piece.completed_at))
        if renewable_from is not None and day_of(told.completed_at) >= renewable_from:
            renewed.add(piece.id)
    return renewed


def mark_seen(db: Session, pieces: Collection[Piece], run_id: str) -> None:
    """Note that a run that tells all has told of these."""
    ids = [piece.id for piece in pieces if piece.seen_in != run_id]
    for start in range(0, len(ids), KEYS_A_TIME):
        run(db, _marking(), run_id=run_id, ids=ids[start : start + KEYS_A_TIME])


@cache
def _marking() -> Executable:
    table = Evidence.__table__
    these = table.c.id.in_(bindparam("ids", expanding=True))
    return update(table).where(these).values(seen_in=bindparam("run_id"))  # type: ignore[arg-type]


def count_missing(db: Session, source_id: str, run_id: str) -> tuple[int, int]:
    """Return how many valid pieces of a source a run that tells all has not told of, and how many there are."""
    query = select(func.count(Evidence.id), func.count(Evidence.id).filter(_is_missing(run_id)))
    total, missing = db.execute(query.where(*_is_told(source_id))).one()
    return missing, total


def list_missing(db: Session, source_id: str, run_id: str, *, number: int = 1) -> MissingPage:
    """Return of which courses how much a run that tells all has not told of, the most first."""
    missing = [*_is_told(source_id), _is_missing(run_id)]
    count = func.count(Evidence.id)
    by_course = select(LmsCourse.title, LmsCourse.key, count).join(LmsCourse, LmsCourse.id == Evidence.lms_course_id)
    query = by_course.where(*missing).group_by(LmsCourse.id, LmsCourse.title, LmsCourse.key)
    pages = count_pages(db.scalar(select(func.count()).select_from(query.subquery())) or 0, PAGE)
    number = min(number, pages)
    rows = db.execute(
        query.order_by(count.desc(), LmsCourse.title, LmsCourse.id).limit(PAGE).offset((number - 1) * PAGE)
    )
    return MissingPage([Missing(*row) for row in rows], number, pages)


def withdraw_missing(db: Session, source_id: str, run_id: str, now: datetime) -> int:
    """Withdraw some of what a run that tells all has not told of, in the caller's transaction; return how many."""
    query = select(Evidence.id, Evidence.person_id, Evidence.course_id).where(*_is_told(source_id), _is_missing(run_id))
    some = db.execute(query.limit(PIECES_A_TIME)).all()
    if some:
        gone = {"state": WITHDRAWN, "decided_at": now}
        db.execute(update(Evidence), [{"id": row.id} | gone for row in some])
        settling.settle(db, {(row.person_id, row.course_id) for row in some if row.person_id}, now)
    return len(some)


def _is_told(source_id: str) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of what a source must tell of: what was put by stays, as does what erased people had."""
    erased = select(Person.id).where(Person.erased_at.is_not(None))
    is_kept = or_(Evidence.person_id.is_(None), Evidence.person_id.not_in(erased))
    is_live = Evidence.source_key.not_like(f"%{_PUT_BY}%")
    return Evidence.source_id == source_id, Evidence.state == VALID, is_live, is_kept


def _is_missing(run_id: str) -> ColumnElement[bool]:
    return or_(Evidence.seen_in.is_(None), Evidence.seen_in != run_id)
