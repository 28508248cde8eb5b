"""Hold a report as every format writes it: headings, figures, and lines that are read one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal, NamedTuple

Cell = str | int | float | date | None
"""What one cell says: text, a number, a day in Europe/Oslo, or nothing. A share is 0..1."""

ColumnType = Literal["text", "integer", "percent", "date"]

OnErasure = Literal["keep", "word", "unit", "blank"]
"""What becomes of a cell when its person is erased: it stays, becomes the word for erased, stays where the unit tells
nobody who it was, or becomes empty."""


@dataclass(frozen=True)
class Column:
    """A column: `key` is the same in every language, `heading` is said in the report's; `width` in characters."""

    key: str
    heading: str
    kind: ColumnType = "text"
    width: int = 16
    on_erasure: OnErasure = "keep"


@dataclass(frozen=True)
class PlacedUnit:
    """A unit in the municipality's tree; `depth` is 0 at the top."""

    name: str
    depth: int


class Line(NamedTuple):
    """A row of a report.

    Attributes:
        about: id of the employment it is of; "" where it is of nobody.
        unit_at: position of the unit that it counts in the tree; None where its cell alone says which unit it is of.
    """

    cells: tuple[Cell, ...]
    about: str = ""
    unit_at: int | None = None


@dataclass(frozen=True)
class Series:
    """The numbers of one bar's colour; None is one that is not told."""

    heading: str
    values: tuple[int | None, ...]


@dataclass(frozen=True)
class Figure:
    """Numbers for a chart with its table: a label and, of each series, a number; what is not told is None.

    Attributes:
        depths: how deep each label stands in the tree of units, from 0; empty where they are no tree.
    """

    title: str
    label_heading: str
    labels: tuple[str, ...]
    series: tuple[Series, ...]
    depths: tuple[int, ...] = ()


@dataclass(frozen=True)
class Document:
    """A report, ready to be written in any format.

    Attributes:
        title: of the definition; `municipality`: its name.
        period: as it is written, `2026-09`; `first_day`, `last_day`: both included.
        language: nb, nn or en, in which everything here is said.
        facts: what else stands at its head: label and text.
        notes: what a reader must know of it, such as that small numbers are not told.
        lines: reads the lines from the first, each time it is called.
        corrects: the day on which the delivery that this one corrects was made; None for a first one.
        units: the tree that rows are shown in, each unit after the one above it; empty where no format shows one.
    """

    kind: str
    title: str
    municipality: str
    org_number: str
    period: str
    first_day: date
    last_day: date
    language: str
    columns: tuple[Column, ...]
    row_count: int
    lines: Callable[[], Iterator[Line]]
    figures: tuple[Figure, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    corrects: date | None = None
    units: tuple[PlacedUnit, ...] = ()
