"""Make documents for the tests of formats."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from sidecar.reports.document import Cell, Column, Document, Figure, Line, Series

COLUMNS = (
    Column("employee_number", "ansattnummer", on_erasure="word"),
    Column("last_name", "etternavn", width=20, on_erasure="word"),
    Column("unit", "enhet", width=28, on_erasure="unit"),
    Column("course", "kurs", width=28),
    Column("course_version", "kursversjon", "integer", 12),
    Column("completed_on", "fullført", "date", 12),
    Column("score", "resultat", "percent", 10, "blank"),
)
ROW: tuple[Cell, ...] = ("0071", "Ås", "Helse", "Brannvern", 2, date(2026, 9, 3), 0.855)
HOSTILE = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\nx", '=HYPERLINK("https://evil.example")', "https://x.no"]
MARKUP = [
    "#include",
    "#panic()",
    "$x$",
    "*x* _y_ `z`",
    "= Heading",
    "<b>&amp;</b>",
    "]{//\\",
    "{{ x }}",
    "]]>",
    "\x01\x0b",
]

FIGURE = Figure(
    "Status per enhet",
    "Enhet",
    ("Kommunen", "Helse", "Sykehjemmet"),
    (Series("Fullført", (12, 7, None)), Series("Mangler", (8, 6, None))),
    (0, 1, 2),
)


def row(**cells: Cell) -> tuple[Cell, ...]:
    """Return the row of all tests with other cells, by the key of their column."""
    return tuple(cells.get(column.key, cell) for column, cell in zip(COLUMNS, ROW, strict=True))


def document(*rows: Sequence[Cell], **fields: object) -> Document:
    """Return a report of rows, each about an employment of its own: e0, e1 …"""
    lines = [Line(tuple(cells), f"e{number}") for number, cells in enumerate(rows)]
    told: dict[str, Any] = {
        "kind": "completions",
        "title": "Fullføringer",
        "municipality": "Kongsberg kommune",
        "org_number": "942402465",
        "period": "2026-09",
        "first_day": date(2026, 9, 1),
        "last_day": date(2026, 9, 30),
        "language": "nb",
        "columns": COLUMNS,
        "row_count": len(lines),
        "lines": lambda: iter(lines),
    }
    return Document(**told | fields)


def long_document(count: int) -> Document:
    """Return a report of so many rows, which are made while they are read."""

    def lines() -> Iterator[Line]:
        for number in range(count):
            yield Line(row(employee_number=f"{number:06d}", unit=f"Enhet {number * 50 // count}"), f"e{number}")

    return document(row_count=count, lines=lines, figures=(FIGURE,))
