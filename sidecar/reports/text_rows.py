"""Turn the lines of a report into texts, column by column of many lines at a time: each value is said once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from operator import attrgetter
from typing import Final

from sidecar.reports.document import Cell, Line
from sidecar.reports.remembered import Remembered

LINES_A_TIME: Final = 1_000


def iter_texts(
    lines: Iterator[Line], says: Sequence[Callable[[Cell], str]]
) -> Iterator[tuple[Sequence[str], Iterator[tuple[str, ...]]]]:
    """Yield lines as texts by blocks: whom each is about, and its cells.

    Args:
        says: what says a cell, for each column.
    """
    texts = [Remembered(say).__getitem__ for say in says]
    while some := list(islice(lines, LINES_A_TIME)):
        columns = zip(*map(attrgetter("cells"), some), strict=True)
        told = (map(text, column) for text, column in zip(texts, columns, strict=True))
        yield [line.about for line in some], zip(*told, strict=True)
