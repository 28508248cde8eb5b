"""Know the periods that reports are about: whole days in Europe/Oslo."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sidecar.errors import SidecarError

OSLO = ZoneInfo("Europe/Oslo")

_MONTH = re.compile(r"(\d{4})-(\d{2})", re.ASCII)
_HALF = re.compile(r"(\d{4})-[Hh]([12])", re.ASCII)
_YEAR = re.compile(r"(\d{4})", re.ASCII)
_DAYS = re.compile(r"(\d{4}-\d{2}-\d{2})/(\d{4}-\d{2}-\d{2})", re.ASCII)


class BadPeriodError(SidecarError):
    """The period "{period}" can't be read. Write 2026-09, 2026-H2, 2026, or the days 2026-01-01/2026-03-31."""

    code = "bad-period"


class FuturePeriodError(SidecarError):
    """The period {period} has not begun yet. Choose one that has."""

    code = "future-period"


@dataclass(frozen=True)
class Period:
    """Days from `start` to `end`, both included, meant in Europe/Oslo."""

    start: date
    end: date

    @property
    def name(self) -> str:
        """The shortest way to write it: a year, a half, a month, or two days."""
        if self == year(self.start.year):
            return f"{self.start.year}"
        if self == half(self.start.year, first := 1 if self.start.month == 1 else 2):
            return f"{self.start.year}-H{first}"
        if self == month(self.start.year, self.start.month):
            return f"{self.start:%Y-%m}"
        return f"{self.start.isoformat()}/{self.end.isoformat()}"

    @property
    def begins_at(self) -> datetime:
        """The first moment, aware UTC."""
        return first_moment(self.start)

    @property
    def ends_at(self) -> datetime:
        """The first moment after it, aware UTC."""
        return end_of(self.end)


def first_moment(day: date) -> datetime:
    """Return the first moment of a day in Norway, aware UTC."""
    return datetime.combine(day, time(), tzinfo=OSLO).astimezone(UTC)


def day_of(moment: datetime) -> date:
    """Return the day it is in Europe/Oslo at a moment."""
    return moment.astimezone(OSLO).date()


def end_of(day: date) -> datetime:
    """Return the first moment after a day in Norway, aware UTC."""
    return first_moment(day + timedelta(days=1))


def last_day(end: datetime | None) -> date | None:
    """Return the last day, in Norway, before a moment; None for none."""
    return None if end is None else day_of(end - timedelta.resolution)


def month(year_number: int, number: int) -> Period:
    """Return a calendar month."""
    start = date(year_number, number, 1)
    return Period(start, _before(year_number + number // 12, number % 12 + 1))


def half(year_number: int, number: int) -> Period:
    """Return the first (1) or second (2) half of a year."""
    start = date(year_number, 1 if number == 1 else 7, 1)
    return Period(start, date(year_number, 6, 30) if number == 1 else date(year_number, 12, 31))


def year(number: int) -> Period:
    """Return a calendar year."""
    return Period(date(number, 1, 1), date(number, 12, 31))


def _before(year_number: int, month_number: int) -> date:
    return date(year_number, month_number, 1) - timedelta(days=1)


def month_before(day: date) -> Period:
    """Return the calendar month before the one of a day."""
    last = day.replace(day=1) - timedelta(days=1)
    return month(last.year, last.month)


def read_period(text: str) -> Period:
    """Return the period that a text names.

    Args:
        text: `2026-09`, `2026-H2`, `2026` or `2026-01-01/2026-03-31`.

    Raises:
        BadPeriodError: it is none of these, or ends before it begins.
    """
    try:
        period = _read(text.strip())
    except (ValueError, OverflowError):
        raise BadPeriodError(period=text[:40]) from None
    if period.start > period.end or not 2000 <= period.start.year <= period.end.year <= 2199:
        raise BadPeriodError(period=text[:40])
    return period


def _read(text: str) -> Period:
    if found := _MONTH.fullmatch(text):
        return month(int(found[1]), int(found[2]))
    if found := _HALF.fullmatch(text):
        return half(int(found[1]), int(found[2]))
    if found := _YEAR.fullmatch(text):
        return year(int(found[1]))
    if found := _DAYS.fullmatch(text):
        return Period(date.fromisoformat(found[1]), date.fromisoformat(found[2]))
    raise ValueError("no known form")
