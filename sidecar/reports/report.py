"""Hold a report as a pure value: its rows, their order, and the hash of what they say."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from dataclasses import dataclass
from datetime import date

from sidecar.core.periods import Period

_AFTER_Z = str.maketrans({"æ": "{", "ä": "{", "ø": "|", "ö": "|", "å": "}", "đ": "d", "ŋ": "n", "ŧ": "t", "ð": "d"})


@dataclass(frozen=True)
class Row:
    """An employee who completed a course.

    `late`: completed before the report's period, and not known when that period was reported. `completed_on`: the
    day in Europe/Oslo. `course_version`: None where it was not completed in our player. `score`: scaled 0..1, None
    where the course has none. `source`: the LMS's name, or where no account in an LMS has it what it is known from:
    player, lms, file or manual. Of an erased employee neither names nor number are left.
    """

    unit: str
    last_name: str
    first_name: str
    employee_number: str
    course: str
    course_version: int | None
    completed_on: date
    late: bool
    score: float | None
    source: str

    @property
    def is_erased(self) -> bool:
        """Tell whether the row only counts: its employee was erased."""
        return not (self.employee_number or self.last_name or self.first_name)


@dataclass(frozen=True)
class Report:
    """The completions of one municipality in one period, in the order they are shown.

    `items`: (completion id, employment id) of all that the rows stand for. `erased_count`: how many of the employees
    were erased when it was built. `person_ids`: whom each row is about, in the order of the rows; "" for the erased.
    """

    municipality_id: str
    municipality_name: str
    period: Period
    rows: tuple[Row, ...]
    items: frozenset[tuple[str, str]]
    erased_count: int = 0
    person_ids: tuple[str, ...] = ()

    @property
    def late_count(self) -> int:
        """How many rows are late."""
        return sum(row.late for row in self.rows)

    def content_hash(self) -> str:
        """Return the SHA-256 of the canonical rows: JSON lines, sorted, the same in every language."""
        lines = sorted(json.dumps(vars(row), sort_keys=True, default=str) for row in self.rows)
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def sort_key(row: Row) -> tuple[object, ...]:
    """Return what puts rows in order: unit, name, course, as Norwegian sorts."""
    words = (row.unit, row.last_name, row.first_name, row.course)
    return (*map(collate, words), *words, row.employee_number, row.completed_on)


def collate(text: str) -> str:
    """Return a key that sorts æ, ø, å (and aa) after z, and other letters without their marks."""
    lower = unicodedata.normalize("NFC", text).casefold().replace("aa", "å").translate(_AFTER_Z)
    return "".join(letter for letter in unicodedata.normalize("NFD", lower) if not unicodedata.combining(letter))
