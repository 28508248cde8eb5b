"""Read the days that people type into forms."""

from __future__ import annotations

from datetime import UTC, date, datetime

from sidecar.core.periods import OSLO
from sidecar.errors import SidecarError
from sidecar.web.access import sidecar


class DayUnreadableError(SidecarError):
    """That is no day this page can use. Write it as 2026-12-31, not before the year 2000."""

    code = "day-unreadable"


class MomentUnreadableError(SidecarError):
    """That is no day and time this page can use. Write it as 2026-12-31T09:00, not before the year 2000."""

    code = "moment-unreadable"


class ReviewDayPastError(SidecarError):
    """The review date is past. Choose the day by which somebody will look at the course again."""

    code = "review-day-past"


def read_day(text: str) -> date | None:
    """Return the day that a form's field names; None for an empty one.

    Raises:
        DayUnreadableError: it is none.
    """
    if not text.strip():
        return None
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        raise DayUnreadableError from None
    if not 2000 <= day.year <= 2199:
        raise DayUnreadableError
    return day


def read_old_day(text: str) -> date | None:
    """Return a day that may lie long back, of a form's field; None for an empty one.

    Raises:
        DayUnreadableError: it is none.
    """
    try:
        return date.fromisoformat(text.strip()) if text.strip() else None
    except ValueError:
        raise DayUnreadableError from None


def read_moment(text: str) -> datetime:
    """Return the moment that a form's field names as day and time in Norway, aware.

    Raises:
        MomentUnreadableError: it is none.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise MomentUnreadableError from None
    if moment.tzinfo is not None or not 2000 <= moment.year <= 2199:
        raise MomentUnreadableError
    return moment.replace(tzinfo=OSLO).astimezone(UTC)


def write_moment(moment: datetime) -> str:
    """Return a moment as a form's field for day and time wants it, in Norway."""
    return f"{moment.astimezone(OSLO):%Y-%m-%dT%H:%M}"


def read_review_day(text: str, before: date | None = None) -> date | None:
    """Return the day by which a course is to be looked at again; None for an empty field.

    Args:
        before: the day that holds now; it may stay though it is past.

    Raises:
        DayUnreadableError: it is none.
        ReviewDayPastError: it is past, or today.
    """
    day = read_day(text)
    if day is not None and day <= sidecar().today() and day != before:
        raise ReviewDayPastError
    return day
