"""Read completions from a CSV or XLSX file; one wrong cell and the whole file is refused, with every problem listed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from stdnum.no import fodselsnummer

from sidecar.connectors.hr_tables import HopelessError, Row, rows_of
from sidecar.core.evidence import NOTE_CHARACTERS
from sidecar.core.manual_evidence import EARLIEST_YEAR, moment_of
from sidecar.core.periods import OSLO, day_of
from sidecar.errors import SidecarError
from sidecar.sync import completion_file_problems as problem

REQUIRED: Final = ("employee_number", "course", "completed")
LIMITS: Final = {"employee_number": 100, "course": 80, "completed": 40, "score": 20, "note": NOTE_CHARACTERS}
ALIASES: Final = {
    "employee_number": "employeenumber ansattnummer ansattnr ansatt tilsettnummer tilsettnr",
    "course": "course coursekey kurs kursnøkkel kurskode",
    "completed": "completed completedon completedat fullført fullførtdato fullførttid dato date gjennomført",
    "score": "score result resultat poeng prosent",
    "note": "note merknad notat kommentar",
}
"""Headings by meaning, in lower case without spaces and signs; Bokmål, Nynorsk and English."""

HEADINGS: Final = {
    "employee_number": "employee number",
    "course": "course",
    "completed": "completed",
    "score": "score",
    "note": "note",
}
"""What people call the columns; each is translated, see `tests.house.messages`."""

MAX_ROWS: Final = 50_000
MAX_UNPACKED_MB: Final = 40
"""How large the sheet of a workbook may be: so many rows need less, and a web process reads them."""

MAX_TOLD: Final = 50
_MEANING: Final = {alias: column for column, aliases in ALIASES.items() for alias in aliases.split()}
_FORMULA: Final = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
_ELEVEN_DIGITS: Final = re.compile(r"\d{6}[ .]?\d{5}", re.ASCII)
_NORWEGIAN: Final = re.compile(r"(\d{1,2})[./](\d{1,2})[./](\d{4})(?: +(?:kl\.? *)?(\d{1,2})[.:](\d\d))?", re.ASCII)
_PERCENT: Final = re.compile(r"(\d{1,3}(?:[.,]\d{1,4})?) ?%?", re.ASCII)


@dataclass(frozen=True)
class FileRow:
    """A completion that a file tells of; `score` is scaled 0..1, `completed_at` the end of a day without a time."""

    line: int
    employee_number: str
    course_key: str
    completed_at: datetime
    score: float | None
    note: str

    @property
    def day(self) -> date:
        """The day it is in Norway."""
        return day_of(self.completed_at)


class Problems:
    """What was found wrong: the first ones, and how many in all."""

    def __init__(self) -> None:
        """Begin with none."""
        self.first: list[SidecarError] = []
        self.count = 0

    def add(self, found: SidecarError) -> None:
        """Take one more."""
        self.count += 1
        if len(self.first) < MAX_TOLD:
            self.first.append(found)

    def refuse(self) -> None:
        """Refuse the file where anything is wrong with it.

        Raises:
            CompletionFileRefusedError: with what was found.
        """
        if self.count:
            raise problem.CompletionFileRefusedError(self.first, self.count)


def read_completions(path: Path, problems: Problems, now: datetime) -> list[FileRow]:
    """Return the completions that a file tells of; what is wrong with single rows goes to `problems`.

    Raises:
        CompletionFileRefusedError: the file can't be read, or its headings can't be understood.
    """
    try:
        rows = rows_of(path, lambda heading: _meaning(heading) is not None, unpacked_mb=MAX_UNPACKED_MB)
        columns = _read_headings(next(rows, (0, []))[1], problems)
        return list(_read_rows(rows, columns, problems, now))
    except HopelessError as stop:
        raise problem.CompletionFileRefusedError([stop.problem], 1) from None


def _meaning(heading: str) -> str | None:
    return _MEANING.get("".join(filter(str.isalnum, heading.casefold())))


def _read_headings(headings: Sequence[str], problems: Problems) -> list[str]:
    if not headings:
        raise HopelessError(problem.CompletionFileEmptyError())
    meanings = [_meaning(heading) for heading in headings]
    if not any(meanings):  # perhaps there is no heading line: then nothing of it may be quoted
        raise HopelessError(problem.CompletionFileHeadingsError())
    for column, (heading, meaning) in enumerate(zip(headings, meanings, strict=True), start=1):
        first = meanings.index(meaning) + 1
        if meaning is None:
            problems.add(problem.CompletionColumnUnknownError(found=heading.strip()[:60], column=column))
        elif first < column:
            problems.add(problem.CompletionColumnTwiceError(column=column, first=first))
    for required in REQUIRED:
        if required not in meanings:
            problems.add(problem.CompletionColumnMissingError(heading=HEADINGS[required]))
    problems.refuse()
    return [meaning or "" for meaning in meanings]


def _read_rows(rows: Iterator[Row], columns: Sequence[str], problems: Problems, now: datetime) -> Iterator[FileRow]:
    count = 0
    for line, cells in rows:
        count += 1
        if count > MAX_ROWS:
            raise HopelessError(problem.CompletionRowsError(limit=MAX_ROWS))
        if len(cells) != len(columns):
            facts = {"found": len(cells), "expected": len(columns)}
            problems.add(problem.CompletionRowRaggedError(line=line, **facts))
            continue
        before = problems.count
        values = {column: _read_cell(line, column, cell, problems) for column, cell in zip(columns, cells, strict=True)}
        if problems.count == before:
            row = _read_row(line, values, problems, now)
            if row:
                yield row
    if not count:
        raise HopelessError(problem.CompletionFileEmptyError())


def _read_cell(line: int, column: str, raw: str, problems: Problems) -> str:
    value, heading = unicodedata.normalize("NFC", raw.strip()), HEADINGS[column]
    if not value and column in REQUIRED:
        problems.add(problem.CompletionValueMissingError(line=line, heading=heading))
    elif len(value) > LIMITS[column]:
        problems.add(problem.CompletionValueLongError(line=line, heading=heading, limit=LIMITS[column]))
    elif value.startswith(_FORMULA) or not value.isprintable():
        problems.add(problem.CompletionValueHiddenError(line=line, heading=heading))
    elif any(map(fodselsnummer.is_valid, _ELEVEN_DIGITS.findall(value))):
        problems.add(problem.CompletionNationalIdError(line=line, heading=heading))
    return value


def _read_row(line: int, values: dict[str, str], problems: Problems, now: datetime) -> FileRow | None:
    before = problems.count
    completed_at = _read_moment(values["completed"], now)
    if completed_at is None or day_of(completed_at).year < EARLIEST_YEAR:
        problems.add(problem.CompletionDayUnreadableError(line=line))
    elif completed_at > now:
        problems.add(problem.CompletionDayFutureError(line=line))
    score = _read_score(line, values.get("score", ""), problems)
    if completed_at is None or problems.count > before:
        return None
    number, course = values["employee_number"], values["course"]
    return FileRow(line, number, course.casefold(), completed_at, score, values.get("note", ""))


def _read_moment(text: str, now: datetime) -> datetime | None:
    """Return the moment that a cell means; a time without a zone is meant in Norway; None for what can't be read."""
    try:
        found = _NORWEGIAN.fullmatch(text)
        if found:
            day, month, year, hour, minute = (int(each) if each else None for each in found.groups())
            read: date = date(year or 0, month or 0, day or 0)
            if hour is not None:
                read = datetime(read.year, read.month, read.day, hour, minute or 0, tzinfo=OSLO)
        else:
            read = date.fromisoformat(text) if len(text) <= len("2026-09-30") else datetime.fromisoformat(text)
        if isinstance(read, datetime):
            return (read if read.tzinfo else read.replace(tzinfo=OSLO)).astimezone(UTC)
        return (
            moment_of(read, now) if read <= day_of(now) else datetime(read.year, read.month, read.day, 23, tzinfo=UTC)
        )
    except (ValueError, OverflowError):
        return None


def _read_score(line: int, text: str, problems: Problems) -> float | None:
    """Return a score of 0..1 from per cent; what lies between 0 and 1 may be meant as either, and is refused."""
    if not text:
        return None
    found = _PERCENT.fullmatch(text)
    percent = float(found[1].replace(",", ".")) if found else -1.0
    if percent == 0 or 1 <= percent <= 100:
        return percent / 100
    problems.add(problem.CompletionScoreError(line=line))
    return None
