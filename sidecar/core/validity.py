"""Reckon how long a completion is valid, and which completions begin a cycle of their own."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from sidecar.errors import InvalidInputError

LONGEST_MONTHS: Final = 240
RENEWAL_DAYS: Final = 90
LONGEST_RENEWAL_DAYS: Final = 365

_MONTH_AND_DAY: Final = re.compile(r"(\d\d)-(\d\d)", re.ASCII)


@dataclass(frozen=True)
class Rule:
    """How long a course counts once it is completed.

    Attributes:
        months: how many months from the day of completion on, or as long as each window; None: for good.
        window_from: MM-DD, the day on which each calendar window begins; what is completed in a window is valid to its
            end. None: there are no windows.
        renewal_days: from how many days before the end a further completion begins the next cycle; in windows, the
            next one does.
    """

    months: int | None = None
    window_from: str | None = None
    renewal_days: int = RENEWAL_DAYS

    def valid_until(self, day: date) -> date | None:
        """Return the last day on which what was completed on a day is valid; None: it is so for good."""
        if self.months is None:
            return None
        if self.window_from is None:
            return add_months(day, self.months)
        return add_months(self._window_of(day), self.months) - timedelta(days=1)

    def renewable_from(self, day: date) -> date | None:
        """Return the first day on which what was completed on a day may be completed anew; None: it never may.

        It is not before half the time is over: what is valid for a month is not renewed by what follows the next day.
        """
        valid_until = self.valid_until(day)
        if valid_until is None:
            return None
        if self.window_from is not None:
            return valid_until + timedelta(days=1)
        return valid_until - timedelta(days=min(self.renewal_days, (valid_until - day).days // 2))

    def _window_of(self, day: date) -> date:
        """Return the first day of the window that a day lies in; windows are counted from the year 2000."""
        month, first = read_window(self.window_from or "")
        start = date(2000, month, first)
        months = self.months or 12
        apart = (day.year - start.year) * 12 + day.month - start.month - (day.day < start.day)
        return add_months(start, apart // months * months)


def check_rule(rule: Rule) -> Rule:
    """Return a rule that can be kept.

    Raises:
        InvalidInputError: a number is out of bounds, or the window is no day that every year has.
    """
    if rule.months is not None and not 1 <= rule.months <= LONGEST_MONTHS:
        raise InvalidInputError(field="months", reason=f"it must be 1 to {LONGEST_MONTHS}.")
    if not 0 <= rule.renewal_days <= LONGEST_RENEWAL_DAYS:
        raise InvalidInputError(field="renewal", reason=f"it must be 0 to {LONGEST_RENEWAL_DAYS} days.")
    if rule.window_from is not None:
        read_window(rule.window_from)
        if rule.months is None:
            raise InvalidInputError(field="months", reason="a calendar window needs its length in months.")
    return rule


def read_window(text: str) -> tuple[int, int]:
    """Return month and day of MM-DD.

    Raises:
        InvalidInputError: it is no day, or one that not every month or year has (from the 29th on).
    """
    match = _MONTH_AND_DAY.fullmatch(text)
    month, day = (int(match[1]), int(match[2])) if match else (0, 0)
    if not (1 <= month <= 12 and 1 <= day <= 28):
        raise InvalidInputError(field="window", reason="write month and day as MM-DD, up to the 28th.")
    return month, day


def add_months(day: date, months: int) -> date:
    """Return the same day some months later, or the month's last day where it has no such day; at most year 9999."""
    count = day.year * 12 + day.month - 1 + months
    year, month = count // 12, count % 12 + 1
    if year > date.max.year:
        return date.max
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))
