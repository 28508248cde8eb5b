"""Answer what becomes of adopted learning paths: postpone or refuse a new version, keep a path that was withdrawn."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from sidecar.core import audit
from sidecar.core.access import Viewer
from sidecar.core.adoptions import AdoptedLine, Adoption, LicenceForbidsError, find_adopted
from sidecar.core.paths import PathLine, find_path
from sidecar.core.peers import ORIGIN_CHARACTERS
from sidecar.core.periods import day_of
from sidecar.errors import NotFoundError, SidecarError

LONGEST_POSTPONED: Final = timedelta(days=366)


class NoUpdateError(SidecarError):
    """There is no version {number} that waits for an answer any more. Reload the page to see how it stands."""

    code = "path-no-update"


class PostponedDayError(SidecarError):
    """The day can't be used. Choose one after today, within a year."""

    code = "path-postponed-day"


def postpone(db: Session, viewer: Viewer, key: str, until: date, now: datetime) -> AdoptedLine:
    """Answer a waiting version later.

    Args:
        key: id or origin of the received path.

    Raises:
        NotFoundError: as `find_adopted`.
        NoUpdateError: none waits.
        PostponedDayError: the day is not after today, or too far off.
    """
    line, adoption, _ = waiting_line(db, viewer, key, to_change=True)
    if not day_of(now) < until <= day_of(now) + LONGEST_POSTPONED:
        raise PostponedDayError
    adoption.postponed_until = until
    _record(db, "learning_path.update_postponed", viewer, line, line.newest.number, now)
    return line


def refuse(db: Session, viewer: Viewer, key: str, number: int | None, now: datetime) -> AdoptedLine:
    """Let ours stay as it is: the next version is offered again.

    Args:
        key: id or origin of the received path.
        number: of the version that was seen; None is the newest.

    Raises:
        NotFoundError: as `find_adopted`.
        NoUpdateError: it is not the one that waits.
    """
    line, adoption, _ = waiting_line(db, viewer, key, number, to_change=True)
    adoption.refused, adoption.postponed_until = line.newest.number, None
    _record(db, "learning_path.update_refused", viewer, line, line.newest.number, now)
    return line


def keep(db: Session, viewer: Viewer, key: str, now: datetime, today: date) -> AdoptedLine:
    """Go on with a path that its owner has withdrawn, as a copy of our own.

    Raises:
        NotFoundError: as `find_adopted`, or it is not adopted or not withdrawn.
        LicenceForbidsError: it may not be kept.
    """
    line = find_adopted(db, viewer, key, to_change=True)
    if line.adoption is None or not line.is_withdrawn_on(today):
        raise NotFoundError(what="learning path", key=key[:ORIGIN_CHARACTERS])
    if not line.may_be_kept:
        raise LicenceForbidsError(licence=line.licence)
    line.adoption.kept_at = now
    _record(db, "learning_path.kept", viewer, line, line.taken, now)
    return line


def change_reporting(db: Session, viewer: Viewer, key: str, *, is_on: bool, now: datetime) -> AdoptedLine:
    """Agree that the owner is told how much a path is used, or take that back.

    Raises:
        NotFoundError: as `find_adopted`, or it is not adopted.
    """
    line = find_adopted(db, viewer, key, to_change=True)
    if line.adoption is None:
        raise NotFoundError(what="learning path", key=key[:ORIGIN_CHARACTERS])
    line.adoption.reports_use = is_on
    _record(db, "learning_path.use_told" if is_on else "learning_path.use_untold", viewer, line, line.taken, now)
    return line


def waiting_line(
    db: Session, viewer: Viewer, key: str, number: int | None = None, *, to_change: bool = False
) -> tuple[AdoptedLine, Adoption, PathLine]:
    """Return a path of which a version waits.

    Args:
        number: of that version, as it was seen; None is the newest.
        to_change: nobody else answers it till the end of the transaction.

    Raises:
        NotFoundError: as `find_adopted`.
        NoUpdateError: it is not the one that waits.
        PathRetiredError: it is to be changed, and ours is out of use.
    """
    line = find_adopted(db, viewer, key, to_change=to_change)
    wanted = line.newest.number if number is None else number
    if line.adoption is None or line.course is None or not line.has_newer or line.newest.number != wanted:
        raise NoUpdateError(number=wanted)
    return line, line.adoption, find_path(db, viewer, line.course.key, to_change=to_change)


def _record(db: Session, action: str, viewer: Viewer, line: AdoptedLine, number: int, now: datetime) -> None:
    subject = line.path.id if line.path else line.received.id
    by, course = viewer.identity_id, line.course.key if line.course else ""
    audit.record(db, action, subject, at=now, identity_id=by, course=course, number=number)
    db.flush()
