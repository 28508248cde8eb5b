"""Read a municipality's employees from a CSV file; one wrong cell and the whole file is refused.

That is for files that somebody takes in by hand and can mend. A source that runs by itself reads the same file by
`hr_files`, row by row.
"""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from stdnum.no import fodselsnummer

from sidecar.connectors import hr_csv_problems as problem
from sidecar.connectors.base import connector, setting
from sidecar.connectors.hr_columns import REQUIRED, meaning_of
from sidecar.connectors.hr_files import PeopleFile, feed_of
from sidecar.connectors.hr_tables import HopelessError, Row, csv_rows
from sidecar.connectors.records import PeopleFeed, PersonRecord
from sidecar.errors import SidecarError

LIMITS = {"employee_number": 100, "first_name": 200, "last_name": 200, "email": 320, "unit": 200, "position": 200}
HEADINGS = {
    "employee_number": "employee number",
    "first_name": "first name",
    "last_name": "last name",
    "email": "email",
    "unit": "unit",
    "position": "position",
}
"""What people call the columns; each is translated, see `tests.house.messages`."""

MAX_MB = 256
MAX_ROWS = 1_000_000
MAX_TOLD = 50
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_HIDDEN = frozenset(("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"))
_JOINERS = "\u00ad\u200c\u200d"  # a soft hyphen and what some scripts join letters by
_ELEVEN_DIGITS = re.compile(r"\d{6}[ .]?\d{5}", re.ASCII)
_PLAIN = re.compile(r"[^\W_][\w .,'/()&@-]*")


@connector("hr_csv", "People from a CSV or XLSX file on this server")
class HrCsv(PeopleFile):
    """Read the employees from a file that the HR system exports."""

    file: Path = setting("The CSV or XLSX file with the employees: a path on this server.")

    def check(self) -> None:
        """Read the file and leave it.

        Raises:
            SidecarError: what is wrong with it, the first thing.
        """
        try:
            for _ in self.people().people:
                pass
        except problem.PeopleFileRefusedError as refused:
            raise refused.problems[0] from None

    def mapped_people(self, mapping: Mapping[str, Any], org_number: str | None = None) -> PeopleFeed:
        """Return all employees of the file; rows that can't be read are set aside.

        Raises:
            PeopleFileRefusedError: the file can't be read.
        """
        return feed_of(self.file, mapping, org_number)

    def read(self) -> Iterator[PersonRecord]:
        """Return all employees of a CSV file without a single problem; it is looked through before the first is told.

        Raises:
            PeopleFileRefusedError: with every problem that was found.
        """
        try:
            with self.file.open("rb") as file:
                _check(file)
        except OSError:
            raise problem.PeopleFileRefusedError([problem.FileUnreadableError()], 1) from None
        return self._read_again()

    def _read_again(self) -> Iterator[PersonRecord]:
        with self.file.open("rb") as file:
            yield from _records(file)


def read_people(content: bytes) -> list[PersonRecord]:
    """Return the employees that the bytes of a CSV file tell of.

    Args:
        content: UTF-8 (with or without byte order mark) or Latin-1/Windows-1252; separated by `;`, `,` or tab.

    Raises:
        PeopleFileRefusedError: with every problem that was found; a file with one is refused as a whole.
    """
    return list(_records(io.BytesIO(content)))


def _check(file: BinaryIO) -> None:
    for _ in _records(file):
        pass


def _records(file: BinaryIO) -> Iterator[PersonRecord]:
    """Yield the employees of a file; refuse it at its end where anything was wrong."""
    try:
        yield from _Sheet(csv_rows(file, lambda one: meaning_of(one) in HEADINGS, max_mb=MAX_MB)).people()
    except HopelessError as stop:
        raise problem.PeopleFileRefusedError([stop.problem], 1) from None


class _Sheet:
    """One file being read: its columns, what was found wrong, and which numbers were seen."""

    def __init__(self, rows: Iterator[Row]) -> None:
        self._problems: list[SidecarError] = []
        self._count = 0
        self._lines: dict[str, int] = {}
        self._rows = rows
        headings = next(self._rows, (0, []))[1]
        self._columns = self._read_headings(headings)

    def people(self) -> Iterator[PersonRecord]:
        """Yield the people, and at the end refuse the file if anything was wrong."""
        is_empty = True
        for row in self._rows:
            record = self._read_row(row)
            if record and not self._count:
                is_empty = False
                yield record
        if self._count:
            raise problem.PeopleFileRefusedError(self._problems, self._count)
        if is_empty:
            raise HopelessError(problem.FileEmptyError())

    def _report(self, found: SidecarError) -> None:
        self._count += 1
        if len(self._problems) < MAX_TOLD:
            self._problems.append(found)

    def _read_headings(self, headings: list[str]) -> list[str]:
        if not headings:
            raise HopelessError(problem.FileEmptyError())
        meanings = [meaning if (meaning := meaning_of(one)) in HEADINGS else None for one in headings]
        if not any(meanings):  # perhaps there is no heading line: then nothing of it may be quoted
            raise HopelessError(problem.NoHeadingsError())
        self._check_headings(headings, meanings)
        if self._count:
            raise problem.PeopleFileRefusedError(self._problems, self._count)
        return [meaning or "" for meaning in meanings]

    def _check_headings(self, headings: list[str], meanings: list[str | None]) -> None:
        for column, (heading, meaning) in enumerate(zip(headings, meanings, strict=True), start=1):
            if meaning is None:
                self._report(problem.UnknownColumnError(found=heading.strip()[:60], column=column))
            elif meanings.index(meaning) + 1 < column:
                first = meanings.index(meaning) + 1
                self._report(problem.ColumnTwiceError(column=column, first=first, heading=HEADINGS[meaning]))
        for required in REQUIRED:
            if required not in meanings:
                self._report(problem.ColumnMissingError(heading=HEADINGS[required]))

    def _read_row(self, row: Row) -> PersonRecord | None:
        line, cells = row
        if len(self._lines) >= MAX_ROWS:
            raise HopelessError(problem.TooManyRowsError(limit=MAX_ROWS))
        if len(cells) != len(self._columns):
            self._report(problem.RaggedRowError(line=line, found=len(cells), expected=len(self._columns)))
            return None
        values: dict[str, Any] = {
            column: self._read_cell(line, column, cell) for column, cell in zip(self._columns, cells, strict=True)
        }
        number = values["employee_number"]
        first = self._lines.setdefault(number, line)
        if number and first != line:
            self._report(problem.DuplicateNumberError(line=line, first=first))
        return PersonRecord(**values)

    def _read_cell(self, line: int, column: str, raw: str) -> str:
        if (
            len(raw) < LIMITS["employee_number"]
            and _PLAIN.fullmatch(raw)
            and raw.isascii()
            and not _is_long_number(raw)
        ):
            return raw.rstrip()
        value = unicodedata.normalize("NFC", raw.strip())
        heading = HEADINGS[column]
        if raw.startswith(_FORMULA) or value.startswith(_FORMULA):
            self._report(problem.FormulaError(line=line, heading=heading))
        elif not value and column in REQUIRED:
            self._report(problem.ValueMissingError(line=line, heading=heading))
        elif len(value) > LIMITS[column]:
            self._report(problem.ValueTooLongError(line=line, heading=heading, limit=LIMITS[column]))
        elif _hides_something(value):
            self._report(problem.ControlCharacterError(line=line, heading=heading))
        elif any(map(fodselsnummer.is_valid, _ELEVEN_DIGITS.findall(value))):
            self._report(problem.NationalIdError(line=line, heading=heading))
        return value


def _is_long_number(value: str) -> bool:
    """Tell whether a national identity number could stand in a value."""
    return len(value) > 10 and _ELEVEN_DIGITS.search(value) is not None


def _hides_something(value: str) -> bool:
    if value.isprintable():
        return False
    return not value.strip(_JOINERS) or any(
        unicodedata.category(each) in _HIDDEN and each not in _JOINERS for each in value
    )
