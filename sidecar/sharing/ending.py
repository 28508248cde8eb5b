"""Retire the adopted learning paths that their owner withdrew and that we may not keep, once their last day is over."""

from __future__ import annotations

from datetime import date, datetime

import structlog
from sqlalchemy.orm import Session

from sidecar.core import adoptions, audit, path_publishing
from sidecar.core.access import operator_at_the_console
from sidecar.core.adoptions import AdoptedLine
from sidecar.runtime import Sidecar

log = structlog.get_logger()


def end_withdrawn(sidecar: Sidecar) -> int:
    """Retire what may go on no longer; return how many. Who is under way may finish the courses that they began."""
    now, today = sidecar.now(), sidecar.today()
    with sidecar.reading() as db:
        is_any = bool(_list_over(db, today))
    if not is_any:
        return 0
    with sidecar.transaction() as db:
        over = _list_over(db, today)
        for line in over:
            _end(db, line, now)
    log.info("adopted_paths.ended", count=len(over))
    return len(over)


def _list_over(db: Session, today: date) -> list[AdoptedLine]:
    lines = adoptions.list_adopted(db, operator_at_the_console())
    ends = ((line, line.ends_on(today)) for line in lines if not line.is_retired)
    return [line for line, day in ends if day is not None and day <= today]


def _end(db: Session, line: AdoptedLine, now: datetime) -> None:
    if line.course is None or line.path is None:
        return
    path_publishing.retire(db, operator_at_the_console(), line.course.key, now)
    audit.record(db, "learning_path.ended", line.path.id, at=now, course=line.course.key)
    db.flush()
