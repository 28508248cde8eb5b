"""Count what a source changed in the last seven days without anybody's word, so that small steps are asked about too.

What somebody approved is not counted again. Whom the source brought in during these days is no part of what the share
is reckoned of: else a source that may not end ten of a hundred could invent a thousand first.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from sidecar.core.connections import Connection
from sidecar.core.first_days import ALL_PUSHED, PUSHES
from sidecar.core.people import Employment
from sidecar.core.people_sources import DONE, FULL, Source, SyncRun
from sidecar.core.periods import day_of

WEEK: Final = timedelta(days=7)


def count_recent(source: Source, today: date) -> int:
    """Return how many changes a source made in the last seven days that nobody was asked about."""
    return sum(_recent(source, today).values())


def add_recent(db: Session, source_id: str, changes: int, today: date) -> None:
    """Note changes that a source makes today; the caller has locked the municipality."""
    if changes:
        source = db.get_one(Source, source_id, populate_existing=True)
        days = _recent(source, today)
        source.recent_changes = days | {today.isoformat(): days.get(today.isoformat(), 0) + changes}


def _recent(source: Source, today: date) -> dict[str, int]:
    first = (today - WEEK).isoformat()
    return {day: count for day, count in (source.recent_changes or {}).items() if day > first}


def was_employed(db: Session, source: Source, now: datetime) -> ColumnElement[bool]:
    """Return the condition on `Employment` that it is one of those of which the share is reckoned.

    They were employed a week ago, or came in when all the people of the source did.
    """
    begins = max(_all_in(db, source, now), now - WEEK)
    known = or_(Employment.added_at.is_(None), Employment.added_at <= begins)
    return known & or_(Employment.ended_on.is_(None), Employment.ended_on > day_of(now) - WEEK)


def _all_in(db: Session, source: Source, now: datetime) -> datetime:
    """Return when all who were there already had come in."""
    if db.get_one(Connection, source.connection_id).connector == PUSHES:
        return source.created_at + ALL_PUSHED
    full_ones = SyncRun.source_id == source.id, SyncRun.mode == FULL, SyncRun.state == DONE
    return db.scalar(select(func.min(SyncRun.ended_at)).where(*full_ones)) or now
