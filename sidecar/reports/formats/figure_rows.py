"""Read a figure as the rows of its table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sidecar.reports.document import Figure


@dataclass(frozen=True)
class FigureRow:
    """A label, how deep it stands in the tree of units, and its numbers; a text stands for one that is not told."""

    label: str
    depth: int
    numbers: tuple[int | str, ...]


def rows_of(figure: Figure, untold: str) -> Iterator[FigureRow]:
    """Yield the rows of a figure's table."""
    depths = figure.depths or (0,) * len(figure.labels)
    for position, (label, depth) in enumerate(zip(figure.labels, depths, strict=True)):
        values = (one.values[position] for one in figure.series)
        yield FigureRow(label, depth, tuple(untold if value is None else value for value in values))
