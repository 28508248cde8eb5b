"""Rewrite the kept files of a delivery without an employee who is erased; every other row stays as it was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sidecar.core.db import JsonValue
from sidecar.errors import NotFoundError
from sidecar.reports.render import CSV_TYPE, ERASED, XLSX_TYPE, read_csv, subject, write_csv, write_xlsx
from sidecar.runtime import Sidecar

NUMBER, LAST_NAME, FIRST_NAME, UNIT, RESULT = 0, 1, 2, 3, 8
"""Where the cells stand that tell who somebody is."""

File = Mapping[str, Any]


def rewrite_files(
    sidecar: Sidecar, files: Sequence[File], units: Mapping[str, str], *, municipality_name: str, period: str
) -> list[JsonValue]:
    """Store the files of a delivery anew, without some employees, and return what to keep in their place.

    The old files stay in the storage: the caller lets go of them once nothing names them.

    Args:
        files: of the delivery.
        units: of the employees to erase: the unit that may stay in their rows, "" for none, by employee number.

    Returns:
        The new files; a file that can't be rebuilt row by row is not among them.
    """
    read = _read(sidecar, files)
    if read is None:
        return []
    rows, language = read
    kept = [_without(row, units, ERASED[language]) for row in rows]
    written = {
        CSV_TYPE: lambda: write_csv(kept, language),
        XLSX_TYPE: lambda: write_xlsx(kept, language, subject(municipality_name, period, language)),
    }
    return [
        dict(file) | asdict(sidecar.storage.put([written[file["media_type"]]()]))
        for file in files
        if file["media_type"] in written
    ]


def _read(sidecar: Sidecar, files: Sequence[File]) -> tuple[list[list[str]], str] | None:
    """Return the rows and their language; None where no file holds them in a form we can read."""
    file = next((one for one in files if one["media_type"] == CSV_TYPE), None)
    if file is None:
        return None
    try:
        return read_csv(b"".join(sidecar.storage.stream(file["digest"])))
    except NotFoundError:
        return None


def _without(row: list[str], units: Mapping[str, str], word: str) -> list[str]:
    if row[NUMBER] not in units:
        return row
    bare = list(row)
    bare[NUMBER] = bare[LAST_NAME] = bare[FIRST_NAME] = word
    bare[UNIT] = row[UNIT] if row[UNIT] == units[row[NUMBER]] else ""
    bare[RESULT] = ""
    return bare
