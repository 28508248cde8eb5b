"""Draw a figure as a bar chart in SVG: plain shapes and text, no script, no style but attributes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from sidecar.reports.document import Figure
from sidecar.reports.formats.format_words import UNTOLD, word
from sidecar.reports.formats.legal_text import legal

COLOURS: Final = ("#0b5d4d", "#c9781f", "#7a2f5b", "#2f5d9e", "#6a6a1f", "#8a3b2a")
"""Each has a contrast of at least 3 to 1 to white; the legend and the order tell them apart, too."""

TALLEST: Final = 2400
"""A chart that is taller would be read by nobody: the table has all labels."""

_WIDTH = 720
_LABELS_WIDTH = 240
_NUMBERS_WIDTH = 50
_BAR, _GAP, _TOP = 14, 12, 34
_LABEL_CHARACTERS = 34
_TEXT = 'font-family="sans-serif" font-size="13" fill="#1f2421"'


@dataclass(frozen=True)
class Chart:
    """A drawn figure.

    Attributes:
        alternative: what it shows, for who can't see it.
        caption: that not all labels stand in it, where it is so.
    """

    svg: str
    alternative: str
    caption: str = ""


def draw(figure: Figure, language: str, *, tallest: int = TALLEST) -> Chart | None:
    """Return a figure as a chart of horizontal bars; None where there is nothing to draw.

    Args:
        tallest: how tall it may be, at a width of 720; the first labels stand in it.
    """
    labels = figure.labels[: (tallest - _TOP) // _group_height(figure)]
    if not any(value for one in figure.series for value in one.values):
        return None
    alternative = legal(word("chart-of", language, title=figure.title))
    height = _TOP + len(labels) * _group_height(figure)
    shapes = "".join((*_legend(figure), *_groups(figure, labels)))
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}"'
        f' role="img" aria-label="{escape(alternative)}"><title>{escape(alternative)}</title>{shapes}</svg>'
    )
    all_labels = len(figure.labels)
    is_cut = len(labels) < all_labels
    caption = word("chart-cut", language, count=len(labels), all=all_labels) if is_cut else ""
    return Chart(svg, alternative, caption)


def _group_height(figure: Figure) -> int:
    return len(figure.series) * _BAR + _GAP


def _legend(figure: Figure) -> Iterator[str]:
    x = 0
    for number, one in enumerate(figure.series):
        yield f'<rect x="{x}" y="6" width="13" height="13" fill="{_colour(number)}"/>'
        yield f'<text x="{x + 19}" y="17" {_TEXT}>{_text(one.heading)}</text>'
        x += 40 + 8 * min(len(one.heading), _LABEL_CHARACTERS)


def _groups(figure: Figure, labels: Sequence[str]) -> Iterator[str]:
    most = max(value or 0 for one in figure.series for value in one.values[: len(labels)])
    scale = (_WIDTH - _LABELS_WIDTH - _NUMBERS_WIDTH) / max(most, 1)
    depths = figure.depths or (0,) * len(labels)
    for position, (label, depth) in enumerate(zip(labels, depths, strict=False)):
        y = _TOP + position * _group_height(figure)
        yield f'<text x="{min(depth, 6) * 12}" y="{y + 11}" {_TEXT}>{_text(label, depth)}</text>'
        for number, one in enumerate(figure.series):
            yield _bar(one.values[position], number, y + number * _BAR, scale)


def _bar(value: int | None, number: int, y: int, scale: float) -> str:
    """Return a bar with its number; one that is not told has a dash."""
    if value is None:
        return f'<text x="{_LABELS_WIDTH + 2}" y="{y + 10}" {_TEXT}>{UNTOLD}</text>'
    length = round(value * scale, 1)
    return (
        f'<rect x="{_LABELS_WIDTH}" y="{y}" width="{max(length, 1)}" height="{_BAR - 3}" fill="{_colour(number)}"/>'
        f'<text x="{_LABELS_WIDTH + length + 6}" y="{y + 10}" {_TEXT}>{value}</text>'
    )


def _colour(number: int) -> str:
    return COLOURS[number % len(COLOURS)]


def _text(text: str, depth: int = 0) -> str:
    most = _LABEL_CHARACTERS - 2 * min(depth, 6)
    text = legal(text)
    return escape(text if len(text) <= most else f"{text[: most - 1].rstrip()}…")
