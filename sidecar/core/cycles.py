"""Reckon the cycles of one person and course: which records are one completion, and by which rule it is valid.

The earliest record begins a cycle. Each later one belongs to it until the day from which the course may be renewed;
from then on it begins the next. In whatever order records come, the cycles are the same, as long as the course's rule
is. Where the rule changes, what is there keeps its own: a record that is or was in a cycle follows that cycle's rule,
one that comes to light from before a known cycle follows that one's, and only what comes after them all follows the
course's rule of now. So no cycle is overwritten, unless somebody asks for it (`sidecar.core.settling.apply_rule`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from sidecar.core.periods import day_of
from sidecar.core.validity import Rule


@dataclass(frozen=True, slots=True)
class Piece:
    """What a cycle is made of: valid evidence; `completion_id`: of the cycle it has been in till now."""

    id: str
    completed_at: datetime
    origin: str
    version_id: str | None = None
    identity_id: str | None = None
    score: float | None = None
    completion_id: str | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """A cycle as it has been till now; `began_at`: the moment of its first piece."""

    id: str
    began_at: datetime
    rule: Rule
    is_withdrawn: bool = False


@dataclass(slots=True)
class Cycle:
    """Pieces that are one completion, by time; `known`: the cycles that it is now, the first of them goes on."""

    rule: Rule
    pieces: list[Piece]
    known: list[Known] = field(default_factory=list)

    @property
    def first(self) -> Piece:
        """The piece that counts."""
        return self.pieces[0]

    def renewable_from(self) -> date | None:
        """Return the day from which on a piece begins the next cycle; None: none ever does."""
        return self.rule.renewable_from(day_of(self.first.completed_at))


def reckon(rule: Rule, pieces: Iterable[Piece], known: Sequence[Known]) -> list[Cycle]:
    """Return the cycles that pieces make, by time; known ones that stand in none have no pieces left.

    Args:
        rule: of the course, now.
    """
    rows = {one.id: one for one in known}
    cycles: list[Cycle] = []
    renewable_from = None
    for piece in sorted(pieces, key=_by_time):
        if cycles and (renewable_from is None or day_of(piece.completed_at) < renewable_from):
            cycles[-1].pieces.append(piece)
        else:
            cycles.append(Cycle(_rule_of(piece, rows, rule), [piece]))
            renewable_from = cycles[-1].renewable_from()
    _go_on(cycles, rows)
    return cycles


def _by_time(piece: Piece) -> tuple[datetime, str]:
    return piece.completed_at, piece.id


def _rule_of(first: Piece, rows: Mapping[str, Known], rule: Rule) -> Rule:
    """Return the rule of a cycle that begins with a piece."""
    own = rows.get(first.completion_id or "")
    if own is not None:
        return own.rule
    same = [one for one in rows.values() if one.began_at == first.completed_at]
    later = [one for one in rows.values() if one.began_at > first.completed_at and not one.is_withdrawn]
    nearest = min(same or later, key=lambda one: (one.began_at, one.is_withdrawn, one.id), default=None)
    return rule if nearest is None else nearest.rule


def _go_on(cycles: Iterable[Cycle], rows: dict[str, Known]) -> None:
    """Say which known cycles each is: those whose first piece left it has, else one that began at the same moment."""
    bare = []
    for cycle in cycles:
        found = (rows.pop(piece.completion_id, None) for piece in cycle.pieces if piece.completion_id)
        cycle.known = sorted(filter(None, found), key=lambda one: one.is_withdrawn)
        bare += [] if cycle.known else [cycle]
    for cycle in bare:
        same = [one for one in rows.values() if one.began_at == cycle.first.completed_at]
        if same:
            cycle.known = [rows.pop(min(same, key=lambda one: (one.is_withdrawn, one.id)).id)]
