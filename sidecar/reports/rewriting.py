"""Write the kept files of a delivery anew without an employee who is erased; every other row stays as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from sidecar.core.deliveries import Delivery
from sidecar.core.report_specs import Format
from sidecar.errors import NotFoundError
from sidecar.reports import kept, kept_rows
from sidecar.reports.document import Cell, Column, Document, Line
from sidecar.reports.files import MEDIA_TYPES, Kept, keep
from sidecar.reports.words import erased_word
from sidecar.reports.workrooms import open_workroom
from sidecar.runtime import Sidecar

NOTHING: Final = Kept([], None, None)
"""What is kept of a delivery whose rows can't be read: nothing, as somebody in it is erased."""

_FORMATS: Final[Mapping[str, Format]] = {media_type: name for name, media_type in MEDIA_TYPES.items()}


def rewrite_files(sidecar: Sidecar, delivery: Delivery, units: Mapping[str, str]) -> Kept | None:
    """Store the files of a delivery anew, without some employees and by a new key.

    The old files stay in the storage: the caller lets go of them once nothing names them.

    Args:
        delivery: one that keeps its rows.
        units: of the employments to erase: the unit that may stay in their rows, "" for none, by id.

    Returns:
        What to keep instead; None where none of them stands in it.

    Raises:
        WrongKeyError: the key of the files was sealed with one that is not among SIDECAR_SECRET_KEYS.
    """
    with open_workroom(sidecar) as folder:
        rows = folder / "rows"
        try:
            kept.read_rows(sidecar, delivery, rows)
        except (NotFoundError, kept.DamagedFileError):
            return NOTHING
        document = kept_rows.read(rows)
        if all(line.about not in units for line in document.lines()):
            return None
        return keep(sidecar, _without(document, units), _formats_of(delivery), _stem_of(delivery))


def _formats_of(delivery: Delivery) -> list[Format]:
    return [_FORMATS[file["media_type"]] for file in delivery.files]


def _stem_of(delivery: Delivery) -> str:
    return next((Path(file["name"]).stem for file in delivery.files), "")


def _without(document: Document, units: Mapping[str, str]) -> Document:
    rules = [_rule_of(column, erased_word(document.language)) for column in document.columns]

    def bare_lines() -> Iterator[Line]:
        for line in document.lines():
            if line.about in units:
                unit = units[line.about]
                yield Line(tuple(rule(cell, unit) for rule, cell in zip(rules, line.cells, strict=True)))
            else:
                yield line

    return replace(document, lines=bare_lines)


def _rule_of(column: Column, erased: str) -> Callable[[Cell, str], Cell]:
    """Return what becomes of a cell, given the unit that may stay."""
    if column.on_erasure == "word":
        return lambda _cell, _unit: erased
    if column.on_erasure == "blank":
        return lambda _cell, _unit: "" if column.kind == "text" else None
    if column.on_erasure == "unit":
        return lambda cell, unit: cell if cell == unit else ""
    return lambda cell, _unit: cell
