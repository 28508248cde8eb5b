"""Keep a report's lines beside its files, so that the files can be written anew when somebody in them is erased."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any, Final

from sidecar.reports.document import Cell, Column, Document, Figure, Line, PlacedUnit, Series
from sidecar.reports.text_rows import iter_texts

LEVEL: Final = 1
"""How hard to compress: lines repeat themselves, and nobody waits for the last per cent."""


def write(document: Document, target: Path) -> None:
    """Write a report as compressed JSON lines: its head first, then a line each."""
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=_as_json).encode
    head = {name: value for name, value in vars(document).items() if name != "lines"}
    with gzip.open(target, "wt", compresslevel=LEVEL, encoding="utf-8", newline="\n") as file:
        file.write(encode(head) + "\n")
        for abouts, rows in iter_texts(document.lines(), [encode] * len(document.columns)):
            lines = zip(map(encode, abouts), map(",".join, rows), strict=True)
            file.write("".join(f"[{about},{cells}]\n" if cells else f"[{about}]\n" for about, cells in lines))


def read(source: Path) -> Document:
    """Return the report that was written; its lines are read from the file each time, which must stay that long."""
    with gzip.open(source, "rt", encoding="utf-8") as file:
        head: dict[str, Any] = json.loads(file.readline())
    return Document(
        **head
        | {
            "first_day": _day(head["first_day"]),
            "last_day": _day(head["last_day"]),
            "corrects": _day(head["corrects"]),
            "columns": tuple(Column(**one) for one in head["columns"]),
            "figures": tuple(_figure(one) for one in head["figures"]),
            "facts": tuple((label, text) for label, text in head["facts"]),
            "notes": tuple(head["notes"]),
            "units": tuple(PlacedUnit(**one) for one in head.get("units", ())),
            "lines": lambda: _read_lines(source),
        }
    )


def _as_json(value: object) -> object:
    """Return a day as a list of its own, which no other cell is; and a column, a figure or a unit as its fields."""
    return [value.isoformat()] if isinstance(value, date) else asdict(value)  # type: ignore[call-overload]


def _day(value: list[str] | None) -> date | None:
    return date.fromisoformat(value[0]) if value else None


def _figure(value: dict[str, Any]) -> Figure:
    series = tuple(Series(one["heading"], tuple(one["values"])) for one in value["series"])
    return Figure(value["title"], value["label_heading"], tuple(value["labels"]), series, tuple(value["depths"]))


def _read_lines(source: Path) -> Iterator[Line]:
    with gzip.open(source, "rt", encoding="utf-8") as file:
        file.readline()
        for text in file:
            about, *cells = json.loads(text)
            yield Line(tuple(map(_cell, cells)), about)


def _cell(value: Any) -> Cell:  # noqa: ANN401 (what JSON holds)
    cell: Cell = _day(value) if isinstance(value, list) else value
    return cell
