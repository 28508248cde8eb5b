"""Write a report as CSV: `;`, UTF-8 with byte order mark, CRLF, ISO dates, no cell that a spreadsheet would run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from sidecar.core.cells import harmless
from sidecar.reports.document import Cell, Document
from sidecar.reports.formats.cell_texts import plain_texts
from sidecar.reports.text_rows import iter_texts


def write(document: Document, target: Path) -> None:
    """Write the lines below their headings."""
    quote = _quoted_alone if len(document.columns) == 1 else _quoted
    texts = [partial(_field, quote, say) for say in plain_texts(document.columns, document.language)]
    with target.open("w", encoding="utf-8-sig", newline="") as file:
        file.write(_rows([[quote(harmless(column.heading)) for column in document.columns]]))
        for _, rows in iter_texts(document.lines(), texts):
            file.write(_rows(rows))


def _rows(rows: Iterable[Iterable[str]]) -> str:
    return "\r\n".join([*map(";".join, rows), ""])


def _field(quote: Callable[[str], str], say: Callable[[Cell], str], cell: Cell) -> str:
    return quote(harmless(say(cell)))


def _quoted(text: str) -> str:
    """Return a text in quotes where it would end its cell otherwise."""
    if any(sign in text for sign in ';"\r\n'):
        doubled = text.replace('"', '""')
        return f'"{doubled}"'
    return text


def _quoted_alone(text: str) -> str:
    """Return the only text of a row, which is no empty line."""
    return _quoted(text) or '""'
