"""Say when a report is due, by cron expressions that are meant in Europe/Oslo, and which period it is about then."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final

from cronsim import CronSim, CronSimError

from sidecar.core.periods import OSLO, Period, day_of, half, month_before, year
from sidecar.core.report_specs import PeriodKind
from sidecar.errors import SidecarError

PRESETS: Final = {
    "monthly": "0 6 1 * *",
    "weekly": "0 6 * * 1",
    "each-term": "0 6 1 1,7 *",
    "yearly": "0 6 1 1 *",
    "by-hand": "",
}
"""The schedules to choose from: on the first at six, on Mondays at six, …; all others are written as cron."""

MOST_MISSED: Final = 12
"""How many due times of a report are run after a long stop, the newest ones."""

CRON_CHARACTERS: Final = 100
CRON_FIELDS: Final = 5


class BadScheduleError(SidecarError):
    """The schedule "{schedule}" can't be used. Write minute, hour, day, month and weekday; once an hour at most."""

    code = "bad-report-schedule"


def read_schedule(text: str) -> str:
    """Return the cron expression that a text is, or that a preset stands for; "" is by hand only.

    Raises:
        BadScheduleError: it is neither, never comes, or comes more than once an hour.
    """
    if text.strip() in PRESETS:
        return PRESETS[text.strip()]
    cron = " ".join(text.split())
    refused = BadScheduleError(schedule=text[:CRON_CHARACTERS])
    if not cron:
        return ""
    if len(cron) > CRON_CHARACTERS or len(cron.split()) != CRON_FIELDS:
        raise refused
    try:
        read = CronSim(cron, datetime.now(OSLO))
        next(read)
    except (CronSimError, StopIteration, ValueError, OverflowError):
        raise refused from None
    if len(read.minutes) != 1:
        raise refused
    return cron


def preset_of(cron: str) -> str:
    """Return the preset that is this cron expression; "" for none."""
    return next((name for name, known in PRESETS.items() if known == cron), "")


def due_after(cron: str, moment: datetime) -> Iterator[datetime]:
    """Yield, in aware UTC, each time a schedule is due after a moment, without end unless it is by hand only.

    What is due in an hour that summer time leaves out is due when that has passed, and in one that comes twice, the
    first time; see docs/decisions/0026.
    """
    if not cron:
        return
    for due in CronSim(cron, moment.astimezone(OSLO)):
        if (found := due.astimezone(UTC)) > moment:
            yield found


def next_times(cron: str, moment: datetime, count: int) -> list[datetime]:
    """Return the next due times after a moment, fewer only where there are no more."""
    return list(islice(due_after(cron, moment), count))


def due_between(cron: str, after: datetime, until: datetime) -> list[datetime]:
    """Return the due times after a moment up to another, the newest `MOST_MISSED`."""
    found: deque[datetime] = deque(maxlen=MOST_MISSED)
    for due in due_after(cron, after):
        if due > until:
            break
        found.append(due)
    return list(found)


def period_before(kind: PeriodKind, due_at: datetime) -> Period | None:
    """Return the period that a due time reports: the month, term or year before, in Europe/Oslo.

    Returns:
        None for what was not delivered yet, which differs from municipality to municipality.
    """
    day = day_of(due_at)
    if kind == "term":
        return half(day.year, 1) if day.month > 6 else half(day.year - 1, 2)
    if kind == "year":
        return year(day.year - 1)
    return month_before(day) if kind == "month" else None


def period_since(last: Period | None, due_at: datetime) -> Period | None:
    """Return the days from the one after the last delivered period to the one before a due time.

    Args:
        last: None where nothing was delivered yet: then from the beginning of the month before.

    Returns:
        None where all that was is delivered.
    """
    end = day_of(due_at) - timedelta(days=1)
    start = last.end + timedelta(days=1) if last else month_before(day_of(due_at)).start
    return Period(start, end) if start <= end else None
