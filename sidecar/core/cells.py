"""Write rows of a CSV file whose cells no spreadsheet takes for a formula."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from typing import TextIO

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def row_writer(target: TextIO) -> Callable[[Iterable[str]], object]:
    """Return what writes a row: `;`, CRLF, no cell a spreadsheet would run."""
    writer = csv.writer(target, delimiter=";", lineterminator="\r\n")
    return lambda row: writer.writerow([harmless(cell) for cell in row])


def harmless(cell: str) -> str:
    """Return a cell that a spreadsheet shows as text."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def as_it_was(cell: str) -> str:
    """Return what `harmless` was given."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA) else cell
