"""Write a report as a workbook: its rows as typed cells, then a sheet with a chart for each of its figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import count, islice
from math import ceil
from pathlib import Path
from typing import Any, Final

from rustpy_xlsxwriter import Format, write_worksheets

from sidecar.reports.document import Cell, Document, Figure, Series
from sidecar.reports.formats.figure_rows import rows_of
from sidecar.reports.formats.format_words import UNTOLD, word
from sidecar.reports.formats.heads import head_of, title_of
from sidecar.reports.formats.legal_text import legal
from sidecar.reports.formats.xlsx_parts import finish

SHEET_ROWS: Final = 1_048_575
"""What one sheet holds below its headings."""

LONGEST: Final = 32_767
"""How many characters a cell holds; what is longer is cut."""

_NUMBER_FORMATS = {"date": "yyyy-mm-dd", "percent": "0.0 %", "integer": "0"}
_HEAD_COLUMNS = 6
_HEAD_CHARACTERS = 90
_LINE_POINTS = 16.0
_LABEL_WIDTH, _NUMBER_WIDTH = 40.0, 14.0
_CHART_WIDTH, _CHART_HEIGHT = 900, 420

Look = dict[str, Any]
"""The options of the library: by option, what each sheet has."""


def write(document: Document, target: Path) -> None:
    """Write the workbook; the same rows give the same bytes.

    Text stays text, whatever it begins with. Rows that no sheet has room for go on in a further one.
    """
    language = document.language
    rows = _names(word("rows", language), ceil(document.row_count / SHEET_ROWS) or 1)
    figures = document.figures or (_count_of(document),)
    summaries = dict(zip(_names(word("summary", language), len(figures)), figures, strict=True))
    records = _iter_records(document)
    sheets: list[tuple[str, Any]] = [(name, islice(records, SHEET_ROWS)) for name in rows]
    sheets += [(name, _records_of(figure)) for name, figure in summaries.items()]
    look = _look_of_rows(document, rows)
    for option, sheet_options in _look_of_summaries(document, summaries).items():
        look[option] = look.get(option, {}) | sheet_options
    write_worksheets(sheets, str(target), bold_headers=True, **look)
    alternatives = [word("chart-beside", language, title=legal(one.title)) for one in document.figures]
    finish(target, legal(title_of(document)), language, alternatives)


def _names(name: str, number: int) -> list[str]:
    return [name if position == 1 else f"{name} {position}" for position in range(1, number + 1)]


def _count_of(document: Document) -> Figure:
    """Return what the summary tells where the report has no figures: how many rows there are."""
    language = document.language
    counted = Series(word("count", language), (document.row_count,))
    return Figure(document.title, "", (word("rows", language),), (counted,))


def _iter_records(document: Document) -> Iterator[dict[str, Cell]]:
    """Yield the rows by heading; a report without any has one empty row, as the library writes no headings alone."""
    headings = _distinct([column.heading for column in document.columns])
    if not document.row_count:
        yield dict.fromkeys(headings)
    for line in document.lines():
        yield dict(zip(headings, map(_legal, line.cells), strict=True))


def _records_of(figure: Figure) -> list[dict[str, Cell]]:
    headings = _headings_of(figure)
    return [
        dict(zip(headings, (legal("    " * row.depth + row.label), *row.numbers), strict=True))
        for row in rows_of(figure, UNTOLD)
    ]


def _headings_of(figure: Figure) -> list[str]:
    return _distinct([figure.label_heading, *(one.heading for one in figure.series)])


def _distinct(headings: Sequence[str]) -> list[str]:
    """Return headings of which no two are alike: the library takes a row as what stands under each."""
    distinct: list[str] = []
    for heading in headings:
        name = legal(heading)
        names = (name if number == 1 else f"{name} ({number})" for number in count(1))
        distinct.append(next(one for one in names if one not in distinct))
    return distinct


def _legal(cell: Cell) -> Cell:
    """Return a cell without what a workbook can't hold."""
    return legal(cell)[:LONGEST] if isinstance(cell, str) else cell


def _look_of_rows(document: Document, names: Sequence[str]) -> Look:
    columns = document.columns
    headings = _distinct([column.heading for column in columns])
    formats = {
        heading: Format().set_num_format(_NUMBER_FORMATS[column.kind])
        for heading, column in zip(headings, columns, strict=True)
        if column.kind in _NUMBER_FORMATS
    }
    every = {
        "freeze_panes": {"row": 1, "col": 0},
        "autofilter": True,
        "column_widths": [float(column.width) for column in columns],
        "column_formats": formats,
        "page_setup": {"landscape": True, "paper_size": 9, "fit_to_pages": (1, 0), "repeat_rows": 0},
    }
    return {option: dict.fromkeys(names, value) for option, value in every.items()}


def _look_of_summaries(document: Document, summaries: Mapping[str, Figure]) -> Look:
    """Return how the sheets with figures look: the head above the first table, and a chart beside each."""
    look: Look = {}
    for name, figure in summaries.items():
        lines = _head_lines(document, figure)
        widths = [_LABEL_WIDTH, *(_NUMBER_WIDTH for _ in figure.series)]
        charts = [_chart_of(figure, len(lines))] if document.figures else []
        of_sheet = {
            "header_row": len(lines),
            "merge_ranges": [(row, 0, row, _HEAD_COLUMNS, text, _format(row)) for row, text in enumerate(lines)],
            "row_heights": {row: _height(row, text) for row, text in enumerate(lines)},
            "column_widths": widths,
            "dedupe_strings": True,  # the chart then holds its words and numbers itself, for readers that want them
            "charts": charts,
            "page_setup": {"landscape": True, "paper_size": 9, "fit_to_pages": (1, 0)},
        }
        for option, value in of_sheet.items():
            look.setdefault(option, {})[name] = value
    return look


def _head_lines(document: Document, figure: Figure) -> list[str]:
    head = (f"{label}: {text}" for label, text in head_of(document))
    lines = (title_of(document), *head, *document.notes, " ", figure.title)
    return [legal(line) for line in lines]


def _format(row: int) -> Format:
    wrapped = Format().set_text_wrap().set_align("top")
    return wrapped.set_bold().set_font_size(14.0) if row == 0 else wrapped


def _height(row: int, text: str) -> float:
    return _LINE_POINTS * max(1, ceil(len(text) / _HEAD_CHARACTERS)) * (1.4 if row == 0 else 1)


def _chart_of(figure: Figure, row: int) -> dict[str, Any]:
    label, *series = _headings_of(figure)
    return {
        "type": "column",
        "series": series,
        "categories": label,
        "title": legal(figure.title),
        "row": row,
        "col": _HEAD_COLUMNS + 2,
        "width": _CHART_WIDTH,
        "height": _CHART_HEIGHT,
        "legend": True,
    }
