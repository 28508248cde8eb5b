"""Write a report as one page that needs nothing else: charts, a tree of units, and choices that need no script."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Final

from sidecar.reports.document import Document, Figure
from sidecar.reports.formats.charts import draw
from sidecar.reports.formats.figure_rows import rows_of
from sidecar.reports.formats.format_words import UNTOLD, word
from sidecar.reports.formats.heads import head_of, title_of
from sidecar.reports.formats.html_rows import RowWriter
from sidecar.reports.formats.row_groups import Choices, lay_out

MOST_ROWS: Final = 20_000
"""How many rows a page has; a browser takes long over more."""

OPEN_ROWS: Final = 40
"""A report with no more rows shows them all at once."""

_STYLE: Final = Path(__file__).with_name("report.css")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_DEEPEST = 6


def write(document: Document, target: Path) -> None:
    """Write head, figures and rows; of more than `MOST_ROWS` it says where they are instead."""
    with target.open("w", encoding="utf-8", newline="\n") as file:
        for piece in _pieces(document):
            file.write(piece)


def _pieces(document: Document) -> Iterator[str]:
    is_short = document.row_count <= MOST_ROWS
    layout = lay_out(document) if is_short else None
    choices = layout.choices if layout else ()
    yield from _begin(document, choices)
    for number, figure in enumerate(document.figures, 1):
        yield from _figure(figure, number, document.language)
    yield f'<h2 id="rows">{escape(word("rows", document.language))}</h2>\n'
    if layout is None:
        yield f"<p>{escape(word('rows-elsewhere', document.language, count=document.row_count))}</p>\n"
    elif not layout.branches:
        yield f"<p>{escape(word('no-rows', document.language))}</p>\n"
    else:
        yield from _choosing(choices, document.language)
        is_open = document.row_count <= OPEN_ROWS
        yield from RowWriter.of(document, choices, is_open=is_open).write(layout)
    yield "</main>\n</body>\n</html>\n"


def _begin(document: Document, choices: Sequence[Choices]) -> Iterator[str]:
    title, whose = escape(title_of(document)), escape(f"{document.municipality} · {document.period}")
    yield f'<!doctype html>\n<html lang="{document.language}">\n<head>\n<meta charset="utf-8">\n'
    yield f"<title>{title}</title>\n"
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    yield f"<style>\n{_STYLE.read_text('utf-8')}{''.join(_rules(choices))}</style>\n</head>\n<body>\n<main>\n"
    yield f'<h1>{escape(document.title)}</h1>\n<p class="whose">{whose}</p>\n<dl>\n'
    for label, text in head_of(document):
        yield f"<div><dt>{escape(label)}</dt><dd>{escape(text)}</dd></div>\n"
    yield "</dl>\n"
    if document.notes:
        yield f"<h2>{escape(word('notes', document.language))}</h2>\n"
        yield f'<ul class="notes">{"".join(f"<li>{escape(note)}</li>" for note in document.notes)}</ul>\n'


def _figure(figure: Figure, number: int, language: str) -> Iterator[str]:
    yield f'<section aria-labelledby="figure-{number}">\n<h2 id="figure-{number}">{escape(figure.title)}</h2>\n'
    if chart := draw(figure, language):
        yield _scrolling(chart.svg, chart.alternative)
        yield f"<p>{escape(chart.caption)}</p>\n" if chart.caption else ""
    headings = "".join(f'<th scope="col" class="number">{escape(one.heading)}</th>' for one in figure.series)
    label = escape(figure.label_heading)
    rows = "".join(
        f'<tr><th scope="row" class="d{min(row.depth, _DEEPEST)}">{escape(row.label)}</th>'
        + "".join(f'<td class="number">{one}</td>' for one in row.numbers)
        + "</tr>\n"
        for row in rows_of(figure, UNTOLD)
    )
    table = f'<thead><tr><th scope="col">{label}</th>{headings}</tr></thead>\n<tbody>\n{rows}</tbody>'
    numbers = word("numbers", language)
    held = _scrolling(f"<table>\n<caption>{escape(figure.title)}</caption>\n{table}\n</table>", numbers)
    yield f"<details open><summary>{escape(numbers)}</summary>\n{held}</details>\n</section>\n"


def _scrolling(content: str, name: str) -> str:
    """Return what may be wider than the screen, in a frame that the keyboard reaches."""
    return f'<div class="scroll" role="group" tabindex="0" aria-label="{escape(name)}">{content}</div>\n'


def _rules(choices: Sequence[Choices]) -> Iterator[str]:
    """Yield the rules that hide what is not chosen, and the tables and units of which nothing is left."""
    for one in choices:
        for number in one.words.values():
            name = f"c{one.column}-{number}"
            chosen = f"body:has(#{name}:checked)"
            without = f":not(:has(.{name})){{display:none}}"
            yield f"{chosen} #all tbody tr:not(.{name}){{display:none}}\n"
            yield f"{chosen} #all details{without}{chosen} #all .scroll{without}\n"


def _choosing(choices: Sequence[Choices], language: str) -> Iterator[str]:
    for one in choices:
        everything = _radio(one.column, 0, word("everything", language), is_chosen=True)
        radios = "".join(_radio(one.column, number, text) for text, number in sorted(one.words.items()))
        yield f"<fieldset><legend>{escape(one.heading)}</legend>{everything}{radios}</fieldset>\n"


def _radio(column: int, number: int, text: str, *, is_chosen: bool = False) -> str:
    """Return a choice; the page is told not to remember it, as browsers else do when it is loaded again."""
    checked = " checked" if is_chosen else ""
    control = f'<input type="radio" name="c{column}" id="c{column}-{number}" autocomplete="off"{checked}>'
    return f"<label>{control} {escape(text)}</label>"
