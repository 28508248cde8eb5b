"""Look through a report's lines once: which belong together, and by what a reader may want to choose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sidecar.reports.document import Document

MOST_CHOICES: Final = 12
"""A column with more different words is no choice."""

CHOOSABLE: Final = ("course", "status", "state", "source", "position")
"""The keys of columns by whose words one may choose rows."""


@dataclass(frozen=True)
class Group:
    """Lines that follow each other and are of one unit; "" is of none."""

    unit: str
    count: int


@dataclass(frozen=True)
class Choices:
    """The words of a column, with the number that each goes by."""

    column: int
    heading: str
    words: Mapping[str, int]


@dataclass(frozen=True)
class Layout:
    """How the lines are shown: in which groups, and by what they can be chosen."""

    groups: Sequence[Group]
    choices: Sequence[Choices]


def lay_out(document: Document) -> Layout:
    """Read the lines once; a report without units is one group."""
    units = next((at for at, column in enumerate(document.columns) if column.key == "unit"), None)
    found: dict[int, dict[str, int]] = {
        at: {} for at, column in enumerate(document.columns) if column.key in CHOOSABLE and column.kind == "text"
    }
    groups: list[Group] = []
    for line in document.lines():
        unit = "" if units is None else str(line.cells[units] or "")
        count = groups.pop().count if groups and groups[-1].unit == unit else 0
        groups.append(Group(unit, count + 1))
        for at, words in found.items():
            if len(words) <= MOST_CHOICES:
                words.setdefault(str(line.cells[at] or ""), len(words) + 1)
    choices = [
        Choices(at, document.columns[at].heading, words)
        for at, words in found.items()
        if 1 < len(words) <= MOST_CHOICES and "" not in words
    ]
    return Layout(groups, choices)
