"""Test that lines become the texts that each cell by itself would, however many there are."""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path

import pytest

from sidecar.core.cells import harmless
from sidecar.reports.document import Column, Line
from sidecar.reports.formats import csv as csv_format
from sidecar.reports.remembered import MOST_REMEMBERED, Remembered
from sidecar.reports.text_rows import LINES_A_TIME, iter_texts
from tests.sidecar.reports.formats.documents import document

CELLS = [
    "",
    " a ",
    "a;b",
    'a "b"',
    '"',
    "a\rb",
    "a\nb",
    "a\r\nb",
    "=1",
    "'=1",
    "-",
    "Å",
    "a,b",
    "a\tb",
    "\\N",
    ";;",
    "\x01",
]


@pytest.mark.parametrize("width", [1, 2, 3])
def test_csv_is_what_the_csv_module_writes(tmp_path: Path, width: int) -> None:
    rows = [[*CELLS[at:], *CELLS[:at]][:width] for at in range(len(CELLS))]
    columns = tuple(Column(f"c{number}", f"c{number}") for number in range(width))
    csv_format.write(document(*rows, columns=columns), tmp_path / "report")
    expected = io.StringIO()
    writer = csv.writer(expected, delimiter=";", lineterminator="\r\n")
    writer.writerows([[column.heading for column in columns], *([harmless(cell) for cell in row] for row in rows)])
    assert (tmp_path / "report").read_bytes().decode("utf-8-sig") == expected.getvalue()


def test_lines_come_in_order_each_with_whom_it_is_about() -> None:
    count = LINES_A_TIME * 2 + 1
    lines = (Line((number % 7, date(2026, 9, 3)), f"e{number}") for number in range(count))
    told = [
        (about, *row)
        for abouts, rows in iter_texts(lines, [str, lambda day: day.isoformat() if isinstance(day, date) else ""])
        for about, row in zip(abouts, rows, strict=True)
    ]
    assert told == [(f"e{number}", str(number % 7), "2026-09-03") for number in range(count)]


def test_no_more_is_remembered_than_memory_bears() -> None:
    made = list[int]()

    def square(value: int) -> int:
        made.append(value)
        return value * value

    squares = Remembered(square)
    assert [squares[value] for value in (3, 3, 4)] == [9, 9, 16]
    assert made == [3, 4]
    for value in range(MOST_REMEMBERED + 1):
        assert squares[value] == value * value
    assert len(squares) <= MOST_REMEMBERED
