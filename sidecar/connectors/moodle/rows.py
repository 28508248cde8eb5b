"""Make records of the rows of a report, whose cells are display texts in the language of the token's user.

Columns are found by their English headings, each of which must be there once: others may repeat (“Name” is both the
way of enrolment and the cohort), and their order is free.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from html import unescape
from typing import Final

from sidecar.connectors.moodle.errors import LanguageError, ReportLayoutError
from sidecar.connectors.moodle.reports import ReportPage
from sidecar.connectors.records import CompletionRecord

ID_NUMBER: Final = "ID number"
SHORT_NAME: Final = "Course short name"
FULL_NAME: Final = "Course full name"
COMPLETED: Final = "Completed"
TIME: Final = "Time completed"

NEEDED: Final = (ID_NUMBER, SHORT_NAME, COMPLETED, TIME)
WANTED: Final = (ID_NUMBER, SHORT_NAME, FULL_NAME, COMPLETED, TIME)
"""What a report should have, in this order; the full name of the course may be left out."""

_MONTHS: Final = {
    name: number
    for number, name in enumerate(
        (
            *("January", "February", "March", "April", "May", "June"),
            *("July", "August", "September", "October", "November", "December"),
        ),
        start=1,
    )
}
_WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

Key = tuple[str, str]
"""The ID number of a person, and the short name of a course."""


@dataclass(frozen=True)
class Layout:
    """Where the columns of a report stand; None for one that is not there."""

    id_number: int
    short_name: int
    full_name: int | None
    completed: int
    time: int


def layout_of(headings: Sequence[str]) -> Layout:
    """Return where the columns stand.

    Raises:
        LanguageError: no heading is English.
        ReportLayoutError: a column is missing, or there twice.
    """
    counts = {name: headings.count(name) for name in WANTED}
    if not any(counts.values()):
        raise LanguageError
    for name in WANTED:
        if counts[name] > 1 or (name in NEEDED and not counts[name]):
            raise ReportLayoutError(column=name, count=counts[name])
    return Layout(*(headings.index(name) if counts[name] else None for name in WANTED))  # type: ignore[arg-type]  # needed ones are there


def records(page: ReportPage, layout: Layout, titles: dict[str, str], after: Key | None) -> Iterator[CompletionRecord]:
    """Yield what the rows tell, each person and course once as far as they stand together.

    A row without an ID number is told only where something was completed: else it may be a way of enrolment that
    nobody uses. Several ways of enrolment, and several cohorts, repeat a row.

    Args:
        titles: the full names of courses by their short ones, where the report does not have them.
        after: the last person and course of the page before.
    """
    last, at_holder, at_course = after, layout.id_number, layout.short_name
    at_full = layout.full_name
    for row in page.rows:
        holder, course = _plain(row[at_holder]).strip(), _plain(row[at_course])
        at = completed_at(row, layout)
        key = (holder, course)
        if (holder and key == last) or not (holder or at):
            continue
        last = key
        full = titles.get(course, "") if at_full is None else _plain(row[at_full])
        yield CompletionRecord(holder, course, full or course, at)


def _plain(text: str) -> str:
    """Return a text as it was typed: Moodle writes names for web pages."""
    return unescape(text) if "&" in text else text


def completed_at(row: Sequence[str], layout: Layout) -> datetime | None:
    """Return when a row says that the course was completed, to the minute; None where it says that it was not.

    Raises:
        LanguageError: it is written in another way than in English.
    """
    said = row[layout.completed]
    if said == "Yes":
        return read_moment(row[layout.time])
    if said not in ("No", ""):
        raise LanguageError
    return None


def read_moment(text: str) -> datetime:
    """Return the moment of a text like “Sunday, 5 July 2026, 5:38 PM”, taken as UTC.

    Raises:
        LanguageError: it is not written like this.
    """
    day_text, _, clock_text = text.rpartition(", ")
    return _day(day_text) + _clock(clock_text)


@lru_cache(maxsize=20_000)
def _day(text: str) -> datetime:
    try:
        weekday, day, month, year = text.split()
        found = datetime(int(year), _MONTHS[month], int(day), tzinfo=UTC)
    except (ValueError, KeyError):
        raise LanguageError from None
    if weekday != f"{_WEEKDAYS[found.weekday()]},":
        raise LanguageError
    return found


@lru_cache(maxsize=2_000)
def _clock(text: str) -> timedelta:
    try:
        clock, half = text.split()
        hour, minute = (int(part) for part in clock.split(":"))
    except ValueError:
        raise LanguageError from None
    if half not in ("AM", "PM") or not 1 <= hour <= 12 or not 0 <= minute <= 59:
        raise LanguageError
    return timedelta(hours=hour % 12 + (12 if half == "PM" else 0), minutes=minute)
