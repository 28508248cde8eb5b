"""Look through a report's lines once: which unit each belongs to, and by what a reader may want to choose."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sidecar.reports.document import Cell, Document, Line

MOST_CHOICES: Final = 12
"""A column with more different words is no choice."""

CHOOSABLE: Final = ("course", "status", "state", "source", "position")
"""The keys of columns by whose words one may choose rows."""


@dataclass(frozen=True)
class Branch:
    """A unit with its own lines, and the units below it that have some; "" is of no unit.

    Attributes:
        count: how many lines are its own or of a unit below it.
        is_shared: several units of the tree have this name, and the lines don't say which they are of.
    """

    unit: str
    lines: Sequence[Line]
    below: Sequence[Branch]
    count: int
    is_shared: bool = False


@dataclass(frozen=True)
class Choices:
    """The words of a column, with the number that each goes by."""

    column: int
    heading: str
    words: Mapping[str, int]


@dataclass(frozen=True)
class Layout:
    """How the lines are shown: in which tree, and by what they can be chosen."""

    branches: Sequence[Branch]
    choices: Sequence[Choices]


def lay_out(document: Document) -> Layout:
    """Read the lines once, and hold them by unit; a report without units is one branch."""
    at_unit = next((at for at, column in enumerate(document.columns) if column.key == "unit"), None)
    found: dict[int, dict[str, int]] = {
        at: {} for at, column in enumerate(document.columns) if column.key in CHOOSABLE and column.kind == "text"
    }
    names = Counter(unit.name for unit in document.units)
    places = {unit.name: at for at, unit in enumerate(document.units) if names[unit.name] == 1}
    held: dict[int | str, list[Line]] = {}
    for line in document.lines():
        unit = _word(line, at_unit)
        held.setdefault(places.get(unit, unit) if line.unit_at is None else line.unit_at, []).append(line)
        for at, words in found.items():
            if len(words) <= MOST_CHOICES:
                words.setdefault(_word(line, at), len(words) + 1)
    outside = [
        Branch(unit, lines, (), len(lines), is_shared=unit in names)
        for unit, lines in held.items()
        if isinstance(unit, str)
    ]
    return Layout([*_tree(document, held), *outside], list(_choices(document, found)))


def _word(line: Line, at: int | None) -> str:
    cell: Cell = None if at is None else line.cells[at]
    return str(cell or "")


def _tree(document: Document, held: Mapping[int | str, Sequence[Line]]) -> list[Branch]:
    """Return the branches that have lines, those below each with it: from the last unit to the first, leaves first."""
    waiting: dict[int, list[Branch]] = {}
    for at in reversed(range(len(document.units))):
        unit, lines = document.units[at], held.get(at, ())
        below = waiting.pop(unit.depth + 1, [])[::-1]
        count = len(lines) + sum(one.count for one in below)
        if count:
            waiting.setdefault(unit.depth, []).append(Branch(unit.name, lines, below, count))
    return waiting.get(0, [])[::-1]


def _choices(document: Document, found: Mapping[int, Mapping[str, int]]) -> Iterator[Choices]:
    for at, words in found.items():
        if 1 < len(words) <= MOST_CHOICES and "" not in words:
            yield Choices(at, document.columns[at].heading, words)
