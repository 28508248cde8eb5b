"""Read people from the files that HR systems export, row by row; what is wrong in a row keeps that row out only.

An employee with several rows holds several positions; whoever reads the feed puts them together.
"""

from __future__ import annotations

import re
import unicodedata
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any, Final

from stdnum.no import fodselsnummer

from sidecar.connectors import hr_columns as columns
from sidecar.connectors import hr_csv_problems as problem
from sidecar.connectors.base import PeopleSource
from sidecar.connectors.hr_columns import IGNORE, NATIONAL_ID, REQUIRED, columns_of, meaning_of, missing_of
from sidecar.connectors.hr_tables import HopelessError, Row, rows_of
from sidecar.connectors.records import Cursor, PeopleFeed, PersonRecord, PositionRecord, SetAside, UnitRecord
from sidecar.errors import SidecarError

MAX_ROWS: Final = 1_000_000
NUMBER_CHARACTERS: Final = 100
SAMPLE_ROWS: Final = 20
SAMPLE_CHARACTERS: Final = 40

_FORMULA: Final = tuple("=+-@＝＋－＠")
_LONG_NUMBER: Final = re.compile(r"\d{6}[ .]?\d{5}")
"""What may be a national identity number, also one that is wrong by a digit."""

_ELEVEN_DIGITS: Final = re.compile(r"(?<!\d)\d{6}[ .]?\d{5}(?!\d)", re.ASCII)
_MAY_BE_ELEVEN: Final = re.compile(r"[0-9][0-9]{5}[ .]?[0-9]{5}")
_MAY_BE_FORMULA: Final = re.compile(rf"\n[^\S\n]*[{re.escape(''.join(_FORMULA))}]")
"""What a row as a whole is searched for, each cell after a line break, before any of its cells is looked at."""


class PeopleFile(PeopleSource):
    """Know the employees of a municipality from a file with columns."""

    def people(self, since: Cursor | None = None) -> PeopleFeed:  # noqa: ARG002 (a file always tells all)
        """Return all employees of the file, by what its headings say themselves.

        Raises:
            PeopleFileRefusedError: it can't be read.
        """
        return self.mapped_people({})

    @abstractmethod
    def mapped_people(self, mapping: Mapping[str, Any], org_number: str | None = None) -> PeopleFeed:
        """Return all employees of the file.

        Args:
            mapping: what its columns mean; see `hr_columns`.
            org_number: of the municipality whose people they must be, where a column tells.

        Raises:
            PeopleFileRefusedError: it can't be read; rows that can't be are set aside instead.
        """


def feed_of(path: Path, mapping: Mapping[str, Any], org_number: str | None = None) -> PeopleFeed:
    """Return the employees of a CSV or XLSX file, read as it is gone through.

    Raises:
        PeopleFileRefusedError: it can't be read.
    """
    reading = _Reading(path, mapping, org_number)
    return PeopleFeed(is_full=True, people=reading.people(), units=reading.units, set_aside=reading.set_aside)


@dataclass(frozen=True)
class Headings:
    """What stands above the columns of a file, and what the columns mean; "" for one that is left out.

    `samples`: what stands in each column first, shortened; never a national identity number.
    """

    headings: Sequence[str]
    meanings: Sequence[str]
    samples: Sequence[str]


def headings_of(path: Path, mapping: Mapping[str, Any]) -> Headings:
    """Return the headings of a file.

    Raises:
        PeopleFileRefusedError: it can't be read, or has no headings.
    """
    try:
        rows = rows_of(path, lambda one: meaning_of(one) is not None)
        headings, *first = [cells for _, cells in islice(rows, 1 + SAMPLE_ROWS)] or [[]]
    except HopelessError as stop:
        raise problem.PeopleFileRefusedError([stop.problem], 1) from None
    meanings = columns_of(headings, mapping)
    samples = ["" if one == NATIONAL_ID else _sample(first, n) for n, one in enumerate(meanings)]
    return Headings([columns.tidy(one) for one in headings], meanings, samples)


def _sample(rows: Sequence[Sequence[str]], column: int) -> str:
    values = (_clean(cells[column]) for cells in rows if column < len(cells))
    return next((one[:SAMPLE_CHARACTERS] for one in values if one and not _LONG_NUMBER.search(one)), "")


class _Reading:
    """One file being read; `units` and `set_aside` are complete once its people are."""

    def __init__(self, path: Path, mapping: Mapping[str, Any], org_number: str | None) -> None:
        self.units: list[UnitRecord] = []
        self.set_aside: list[SetAside] = []
        self._org_number = org_number
        self._units: dict[str, UnitRecord] = {}
        mapped = mapping.get("columns") or {}
        rows = rows_of(path, lambda one: columns.tidy(one) in mapped or meaning_of(one) is not None)
        self._rows = self._guarded(rows)
        headings = next(self._rows, (0, []))[1]
        self._columns = columns_of(headings, mapping)
        self._check_headings(headings, mapping)

    def _guarded(self, rows: Iterator[Row]) -> Iterator[Row]:
        try:
            yield from rows
        except HopelessError as stop:
            raise problem.PeopleFileRefusedError([stop.problem], 1) from None

    def _check_headings(self, headings: Sequence[str], mapping: Mapping[str, Any]) -> None:
        problems: list[SidecarError] = []
        if not headings:
            problems.append(problem.FileEmptyError())
        elif not any(self._columns):
            problems.append(problem.NoHeadingsError())
        else:
            gone = missing_of(headings, mapping)
            problems += [problem.MappedColumnMissingError(heading=heading) for heading in gone]
            lacking = [one for one in REQUIRED if one not in self._columns]
            problems += [problem.ColumnMissingError(heading=one.replace("_", " ")) for one in lacking]
        if problems:
            raise problem.PeopleFileRefusedError(problems, len(problems))

    def people(self) -> Iterator[PersonRecord]:
        """Yield the employees, one for each row."""
        count = 0
        for line, cells in self._rows:
            count += 1
            if count > MAX_ROWS:
                raise problem.PeopleFileRefusedError([problem.TooManyRowsError(limit=MAX_ROWS)], 1)
            try:
                yield self._read(cells)
            except _RowError as error:
                self.set_aside.append(SetAside(line, error.code, error.employee_number))
        if not count:
            raise problem.PeopleFileRefusedError([problem.FileEmptyError()], 1)
        self.units += self._units.values()

    def _read(self, cells: list[str]) -> PersonRecord:
        row = "\n".join(("", *cells))  # one look at the row as a whole spares one at each cell
        cells = list(map(str.strip if row.isascii() else _clean, cells))
        values = dict(zip(self._columns, cells, strict=False))
        values.pop(IGNORE, None)
        code = self._problem_of(values, len(cells), row)
        if code:
            raise _RowError(code, _usable(values))
        try:
            return self._record(values)
        except _CellError as error:
            raise _RowError(error.code, _usable(values)) from None

    def _problem_of(self, values: Mapping[str, str], width: int, row: str) -> str | None:
        if width != len(self._columns):
            return problem.RaggedRowError.code
        if not all(map(values.get, REQUIRED)):
            return problem.ValueMissingError.code
        if len(values["employee_number"]) > NUMBER_CHARACTERS:
            return problem.ValueTooLongError.code
        code = _problem_in(values, row)
        if code:
            return code
        org_number = "".join(values.get("org_number", "").split())
        if self._org_number and org_number and org_number != self._org_number:
            return problem.OtherEmployerError.code
        return None

    def _record(self, values: Mapping[str, str]) -> PersonRecord:
        started_on = _day(values.get("started_on", ""))
        ended_on = _day(values.get("ended_on", ""))
        percentage = _percentage(values.get("percentage", ""))
        unit, unit_key = values.get("unit"), values.get("unit_key") or values.get("unit")
        self._note_unit(unit, unit_key, values)
        title = values.get("position") or ""
        code = values.get("position_code") or None
        held = PositionRecord(
            key="|".join((unit_key or "", code or "", title)),
            unit_key=unit_key,
            title=title,
            code=code,
            percentage=percentage,
            is_main=columns.read_flag(values["is_main"]) if "is_main" in values else True,
            is_manager=columns.read_flag(values.get("is_manager", "")),
            started_on=started_on,
            ended_on=ended_on,
        )
        return PersonRecord(
            employee_number=values["employee_number"],
            first_name=values["first_name"],
            last_name=values["last_name"],
            email=values.get("email"),
            unit=unit if unit is not None else unit_key,
            position=values.get("position"),
            started_on=started_on,
            ended_on=ended_on,
            percentage=percentage,
            manager_number=values.get("manager_number"),
            national_id=values.get(NATIONAL_ID) or None,
            positions=(held,),
        )

    def _note_unit(self, unit: str | None, key: str | None, values: Mapping[str, str]) -> None:
        """Note a unit of which the file tells more than its name."""
        if not key or ("unit_key" not in values and "parent_unit" not in values):
            return
        parent = values.get("parent_unit") or None
        if key not in self._units or (parent and self._units[key].parent_key is None):
            self._units[key] = UnitRecord(key, unit or key, parent)
        if parent and parent not in self._units:
            self._units[parent] = UnitRecord(parent, parent)


class _CellError(Exception):
    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__()


class _RowError(Exception):
    def __init__(self, code: str, employee_number: str) -> None:
        self.code = code
        self.employee_number = employee_number
        super().__init__()


def _clean(cell: str) -> str:
    return unicodedata.normalize("NFC", cell.strip())


def _problem_in(values: Mapping[str, str], row: str) -> str | None:
    """Return the code of a formula or a national identity number in the cells of a row, None where there is neither."""
    if _MAY_BE_FORMULA.search(row):
        for column, value in values.items():
            if value.startswith(_FORMULA) and column not in (NATIONAL_ID, "percentage"):
                return problem.FormulaError.code
    if _MAY_BE_ELEVEN.search(row):
        for column, value in values.items():
            if column != NATIONAL_ID and _holds_national_id(value):
                return problem.NationalIdError.code
    return None


def _usable(values: Mapping[str, str]) -> str:
    """Return the employee number of a row that is set aside, "" where it can't be one."""
    number = values.get("employee_number", "")
    return "" if len(number) > NUMBER_CHARACTERS or _holds_national_id(number) else number


def _holds_national_id(value: str) -> bool:
    return any(map(fodselsnummer.is_valid, _ELEVEN_DIGITS.findall(value)))


def _day(text: str) -> date | None:
    try:
        return columns.read_day(text)
    except ValueError:
        raise _CellError(problem.DateUnreadableError.code) from None


def _percentage(text: str) -> float | None:
    try:
        return columns.read_percentage(text)
    except ValueError:
        raise _CellError(problem.ShareUnreadableError.code) from None
