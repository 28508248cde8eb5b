"""Set a report as a PDF that is read aloud as well as it is seen (PDF/UA-1), by typst."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path
from typing import Any, Final

import typst

from sidecar.reports.document import Document, Figure
from sidecar.reports.formats.cell_texts import shown_texts
from sidecar.reports.formats.charts import draw
from sidecar.reports.formats.figure_rows import rows_of
from sidecar.reports.formats.format_words import UNTOLD, word
from sidecar.reports.formats.heads import head_of, title_of
from sidecar.reports.formats.pdf_letters import REPLACEMENT, shown

MOST_ROWS: Final = 1500
"""How many rows are set; typst holds all of a document in memory, and nobody reads sixty pages of a table."""

_TEMPLATE: Final = Path(__file__).with_name("report.typ")
_CREATED: Final = 946_684_800
"""No moment: a fixed time, so that the same rows give the same bytes."""

_REGIONS = {"nb": "NO", "nn": "NO", "en": "GB"}
_FEW_COLUMNS = 9
_TALLEST_CHART = 640
"""So that it stands on one page with its heading."""


def write(document: Document, target: Path) -> None:
    """Write head, figures and rows; of more than `MOST_ROWS` it says where they are instead.

    What the report says goes in as data, so that no text of it is taken for typst's own language.
    """
    data = _data_of(document)
    try:
        _compile(_with_note(data, shown(data), document.language), target)
    except typst.TypstError:  # signs that are there one by one are not always there side by side
        _compile(_with_note(data, shown(data, plain_only=True), document.language), target)


def _compile(data: dict[str, Any], target: Path) -> None:
    typst.compile(
        _TEMPLATE,
        target,
        format="pdf",
        root=_TEMPLATE.parent,
        ignore_system_fonts=True,
        sys_inputs={"report": json.dumps(data, ensure_ascii=False)},
        pdf_standards=["ua-1"],
        timestamp=_CREATED,
    )


def _with_note(data: dict[str, Any], told: dict[str, Any], language: str) -> dict[str, Any]:
    """Return what is shown with a note where that is not all of it."""
    if json.dumps(told).count(REPLACEMENT) == json.dumps(data).count(REPLACEMENT):
        return told
    return told | {"notes": [*told["notes"], word("no-sign", language)]}


def _data_of(document: Document) -> dict[str, Any]:
    language = document.language
    return {
        "lang": language,
        "region": _REGIONS[language],
        "title": title_of(document),
        "heading": document.title or UNTOLD,
        "head": head_of(document),
        "notes": document.notes,
        "words": {key: word(key, language) for key in ("page", "notes", "rows")},
        "table-size": 9 if len(document.columns) <= _FEW_COLUMNS else 7.5,
        "columns": [
            {"heading": one.heading, "width": one.width, "right": one.kind in ("integer", "percent")}
            for one in document.columns
        ],
        "figures": [_figure(one, language) for one in document.figures],
        "sentence": _sentence(document),
        "rows": _rows(document),
    }


def _sentence(document: Document) -> str | None:
    """Return what stands instead of the rows."""
    if document.row_count > MOST_ROWS:
        return word("rows-elsewhere", document.language, count=document.row_count)
    return None if document.row_count else word("no-rows", document.language)


def _rows(document: Document) -> list[list[str]]:
    if document.row_count > MOST_ROWS:
        return []
    texts = shown_texts(document.columns, document.language)
    lines = islice(document.lines(), MOST_ROWS)
    return [[say(cell) for say, cell in zip(texts, line.cells, strict=True)] for line in lines]


def _figure(figure: Figure, language: str) -> dict[str, Any]:
    chart = draw(figure, language, tallest=_TALLEST_CHART)
    return {
        "title": figure.title or UNTOLD,
        "svg": chart.svg if chart else None,
        "alternative": chart.alternative if chart else "",
        "caption": chart.caption if chart else "",
        "headings": [figure.label_heading, *(one.heading for one in figure.series)],
        "rows": [
            {"label": row.label, "depth": row.depth, "numbers": [str(one) for one in row.numbers]}
            for row in rows_of(figure, UNTOLD)
        ],
    }
