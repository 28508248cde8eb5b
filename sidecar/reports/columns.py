"""Say what the columns of the lists per person hold: how a value is kept between building and writing, and shown."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Final

from sidecar.core.report_specs import COLUMNS, Spec
from sidecar.reports import words
from sidecar.reports.document import Cell, Column, ColumnType, OnErasure
from sidecar.reports.remembered import Remembered

Value = str | int | float | None
"""What a cell is made of, the same in every language; a day is ISO 8601, a late completion is the state "late"."""


@dataclass(frozen=True)
class _Shape:
    width: int
    kind: ColumnType = "text"
    on_erasure: OnErasure = "keep"


_SHAPES: Final[Mapping[str, _Shape]] = {
    "employee_number": _Shape(16, on_erasure="word"),
    "last_name": _Shape(20, on_erasure="word"),
    "first_name": _Shape(20, on_erasure="word"),
    "unit": _Shape(28, on_erasure="unit"),
    "position": _Shape(28, on_erasure="blank"),
    "course": _Shape(40),
    "course_version": _Shape(12, "integer"),
    "status": _Shape(22),
    "completed_on": _Shape(12, "date"),
    "valid_until": _Shape(12, "date"),
    "score": _Shape(10, "percent", "blank"),
    "source": _Shape(24),
}


def keys_of(spec: Spec) -> tuple[str, ...]:
    """Return the keys of the columns of a list per person, in their order."""
    return spec.columns or COLUMNS[spec.kind]


def columns_of(spec: Spec, language: str) -> tuple[Column, ...]:
    """Return the columns of a list per person, as they are said in a language."""
    return tuple(_column(key, language) for key in keys_of(spec))


def _column(key: str, language: str) -> Column:
    shape = _SHAPES[key]
    return Column(key, words.heading(key, language), shape.kind, shape.width, shape.on_erasure)


def readers_of(columns: Sequence[Column], language: str) -> Sequence[Callable[[str], Cell]]:
    """Return for each column what turns a value, as JSON, into its cell."""
    return [Remembered(partial(_read, _say(column.key, language))).__getitem__ for column in columns]


def _read(say: Callable[[Value], Cell] | None, text: str) -> Cell:
    value: Value = json.loads(text)
    return say(value) if say and value else value


def eraser_of(columns: Sequence[Column], language: str) -> Callable[[Sequence[Cell]], tuple[Cell, ...]]:
    """Return what puts the word for erased in the place of who somebody was."""
    is_word = [column.on_erasure == "word" for column in columns]
    erased = words.erased_word(language)
    return lambda cells: tuple(erased if word else cell for word, cell in zip(is_word, cells, strict=True))


def _say(key: str, language: str) -> Callable[[Value], Cell] | None:
    if key == "status":
        return lambda value: words.state_word(str(value), language)
    if key == "source":
        return lambda value: words.source_word(str(value), language)
    return _day if _SHAPES[key].kind == "date" else None


def _day(value: Value) -> Cell:
    return date.fromisoformat(str(value))
