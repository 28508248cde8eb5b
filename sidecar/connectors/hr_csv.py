"""Read a municipality's employees from a CSV file; one wrong cell and the whole file is refused."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path

from stdnum.no import fodselsnummer

from sidecar.connectors import hr_csv_problems as problem
from sidecar.connectors.base import PeopleSource, PersonRecord, connector, setting
from sidecar.errors import SidecarError

REQUIRED = ("employee_number", "first_name", "last_name")
LIMITS = {"employee_number": 100, "first_name": 200, "last_name": 200, "email": 320, "unit": 200, "position": 200}
ALIASES = {
    "employee_number": "employeenumber ansattnummer ansattnr ansatt tilsettnummer tilsettnr",
    "first_name": "firstname fornavn fornamn",
    "last_name": "lastname etternavn etternamn",
    "email": "email epost epostadresse",
    "unit": "unit enhet eining avdeling",
    "position": "position stilling stillingstittel",
}
"""Headings by meaning, in lower case without spaces and signs; Bokmål, Nynorsk and English."""

HEADINGS = {
    "employee_number": "employee number",
    "first_name": "first name",
    "last_name": "last name",
    "email": "email",
    "unit": "unit",
    "position": "position",
}
"""What people call the columns; each is translated, see `tests.house.messages`."""

MAX_MB = 64
MAX_ROWS = 200_000
MAX_TOLD = 50
_MEANING = {alias: column for column, aliases in ALIASES.items() for alias in aliases.split()}
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_HIDDEN = frozenset(("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"))
_JOINERS = "\u00ad\u200c\u200d"  # a soft hyphen and what some scripts join letters by
_GARBLED = re.compile("\u00c3[^\x00-\x7f\u00c0-\u00ff]")  # what UTF-8 looks like when it was read as Latin-1
_ELEVEN_DIGITS = re.compile(r"\d{6}[ .]?\d{5}", re.ASCII)


@connector("hr_csv", "People from a CSV file")
class HrCsv(PeopleSource):
    """Read the employees from a file that the HR system exports."""

    file: Path = setting("The CSV file with the employees: a path on this server.")

    def check(self) -> None:
        """Read the file and leave it."""
        self.people()

    def people(self) -> Sequence[PersonRecord]:
        """Return all employees of the file.

        Raises:
            PeopleFileRefusedError: with every problem that was found.
        """
        try:
            with self.file.open("rb") as file:
                content = file.read(MAX_MB * 1_000_000 + 1)
        except OSError:
            raise problem.PeopleFileRefusedError([problem.FileUnreadableError()], 1) from None
        return read_people(content)


def read_people(content: bytes) -> list[PersonRecord]:
    """Return the employees that the bytes of a CSV file tell of.

    Args:
        content: UTF-8 (with or without byte order mark) or Latin-1/Windows-1252; separated by `;`, `,` or tab.

    Raises:
        PeopleFileRefusedError: with every problem that was found; a file with one is refused as a whole.
    """
    try:
        return _Sheet(_decode(content)).people()
    except _Hopeless as stop:
        raise problem.PeopleFileRefusedError([stop.problem], 1) from None


class _Hopeless(Exception):  # noqa: N818 (a jump out, never seen outside)
    """Reading on would tell nothing more."""

    def __init__(self, problem: SidecarError) -> None:
        self.problem = problem
        super().__init__()


def _decode(content: bytes) -> str:
    if len(content) > MAX_MB * 1_000_000:
        raise _Hopeless(problem.FileTooLargeError(limit=MAX_MB))
    if b"\0" in content:
        raise _Hopeless(problem.NotTextError())
    text = _decode_letters(content)
    garbled = _GARBLED.search(text)
    if garbled:
        raise _Hopeless(problem.GarbledLettersError(line=text.count("\n", 0, garbled.start()) + 1))
    return text


def _decode_letters(content: bytes) -> str:
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise _Hopeless(problem.NotTextError())


class _Sheet:
    """One file being read: its columns, what was found wrong, and which numbers were seen."""

    def __init__(self, text: str) -> None:
        self._problems: list[SidecarError] = []
        self._count = 0
        self._lines: dict[str, int] = {}
        self._rows = _rows(text)
        headings = next(self._rows, (0, []))[1]
        self._columns = self._read_headings(headings)

    def people(self) -> list[PersonRecord]:
        """Return the people, or refuse the file."""
        people = [record for record in map(self._read_row, self._rows) if record]
        if self._count:
            raise problem.PeopleFileRefusedError(self._problems, self._count)
        if not people:
            raise _Hopeless(problem.FileEmptyError())
        return people

    def _report(self, found: SidecarError) -> None:
        self._count += 1
        if len(self._problems) < MAX_TOLD:
            self._problems.append(found)

    def _read_headings(self, headings: list[str]) -> list[str]:
        if not headings:
            raise _Hopeless(problem.FileEmptyError())
        meanings = [_meaning(heading) for heading in headings]
        if not any(meanings):  # perhaps there is no heading line: then nothing of it may be quoted
            raise _Hopeless(problem.NoHeadingsError())
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

    def _read_row(self, row: tuple[int, list[str]]) -> PersonRecord | None:
        line, cells = row
        if len(self._lines) >= MAX_ROWS:
            raise _Hopeless(problem.TooManyRowsError(limit=MAX_ROWS))
        if len(cells) != len(self._columns):
            self._report(problem.RaggedRowError(line=line, found=len(cells), expected=len(self._columns)))
            return None
        values = {
            column: self._read_cell(line, column, cell) for column, cell in zip(self._columns, cells, strict=True)
        }
        number = values["employee_number"]
        first = self._lines.setdefault(number, line)
        if number and first != line:
            self._report(problem.DuplicateNumberError(line=line, first=first))
        return PersonRecord(**values)

    def _read_cell(self, line: int, column: str, raw: str) -> str:
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


def _meaning(heading: str) -> str | None:
    return _MEANING.get("".join(filter(str.isalnum, heading.casefold())))


def _separator(first_line: str) -> str:
    """Return the separator by which the headings mean the most."""

    def known(separator: str) -> int:
        return sum(1 for heading in first_line.split(separator) if _meaning(heading))

    return max((";", ",", "\t"), key=known)


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each row that is not empty, with its line number."""
    filled = text.lstrip("\r\n \t;,")
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=_separator(filled.splitlines()[0] if filled else ""), strict=True
    )
    width = 0
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                width = width or len(_without_end(cells))
                yield reader.line_num, cells[:width] + _without_end(cells[width:])
    except csv.Error:
        raise _Hopeless(problem.BrokenQuotesError(line=reader.line_num)) from None


def _without_end(cells: list[str]) -> list[str]:
    """Leave out empty cells at the end, which spreadsheets like to add."""
    filled = [number for number, cell in enumerate(cells, start=1) if cell.strip()]
    return cells[: max(filled, default=0)]


def _hides_something(value: str) -> bool:
    if value.isprintable():
        return False
    return not value.strip(_JOINERS) or any(
        unicodedata.category(each) in _HIDDEN and each not in _JOINERS for each in value
    )
