"""Write a report as JSON lines: an object a line, by the keys of the columns, which are the same in every language."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

from sidecar.reports.document import Document


def write(document: Document, target: Path) -> None:
    """Write an object for each line: a day is ISO 8601, a share is 0..1, nothing is null; UTF-8, LF."""
    keys = [column.key for column in document.columns]
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=date.isoformat).encode
    with target.open("w", encoding="utf-8", newline="\n") as file:
        for line in document.lines():
            file.write(encode(dict(zip(keys, line.cells, strict=True))) + "\n")
