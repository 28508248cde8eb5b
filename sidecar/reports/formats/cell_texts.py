"""Say what a cell holds as text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from sidecar.reports.document import Cell, Column
from sidecar.reports.formats.heads import short_day


def share(value: float, language: str) -> str:
    """Return a share of 0..1 in per cent, to one decimal."""
    text = f"{round(value * 100, 1):g} %"
    return text if language == "en" else text.replace(".", ",")


def shown_texts(columns: Sequence[Column], language: str) -> tuple[Callable[[Cell], str], ...]:
    """Return for each column what says a cell as people read it."""

    def say_day(cell: Cell) -> str:
        return short_day(cell, language) if isinstance(cell, date) else str(cell or "")

    texts = zip(columns, plain_texts(columns, language), strict=True)
    return tuple(say_day if column.kind == "date" else text for column, text in texts)


def plain_texts(columns: Sequence[Column], language: str) -> tuple[Callable[[Cell], str], ...]:
    """Return for each column what says a cell as text that programs read, too: a day is ISO 8601, nothing is ""."""

    def say(cell: Cell) -> str:
        if cell is None:
            return ""
        return cell.isoformat() if isinstance(cell, date) else str(cell)

    def say_share(cell: Cell) -> str:
        return share(cell, language) if isinstance(cell, int | float) else say(cell)

    return tuple(say_share if column.kind == "percent" else say for column in columns)
