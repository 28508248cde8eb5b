"""Ask for looks at course versions in a browser, and keep what they saw beside what their files say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from sidecar.core import audit, outbox
from sidecar.core.access import Viewer
from sidecar.core.courses import Course, CourseVersion, PackageFile, find_version
from sidecar.core.outbox import OutboxItem
from sidecar.core.staff_courses import find_course_of
from sidecar.errors import NotAllowedError

KIND: Final = "browser-check"
"""The kind of the jobs that look; workers of their own do them, which an installation need not have."""

DONE: Final = "done"
FAILED: Final = "failed"
NOT_RUN: Final = "not-run"
OPEN: Final = ("waiting", "claimed")


def ask_for(db: Session, version_id: str, now: datetime) -> None:
    """Let a new version be looked at."""
    outbox.put(db, KIND, version_id, key=f"{KIND}:{version_id}", now=now)


def ask_again(db: Session, viewer: Viewer, key: str, number: int, now: datetime) -> None:
    """Let a version be looked at once more; what was seen stays till then. While a look is under way only hasten it.

    Raises:
        NotFoundError: there is no such version, or the course is not theirs.
        NotAllowedError: they may see it and not change it.
    """
    course = find_course_of(db, viewer, key)
    if not viewer.may_change_courses_of(course.municipality_id):
        raise NotAllowedError
    version = find_version(db, course, number, to_change=True)
    if outbox.is_under_way(db, KIND, version.id):
        outbox.hasten(db, KIND, version.id, now=now)
        return
    _forget_tries(version)
    outbox.put(db, KIND, version.id, key=f"{KIND}:{version.id}:{now.isoformat()}", now=now)
    by = viewer.identity_id
    audit.record(
        db, "course_version.look_requested", version.id, at=now, identity_id=by, course=course.key, number=number
    )


def _forget_tries(version: CourseVersion) -> None:
    known = dict(version.accessibility or {})
    if known.get("browser", {}).get("state") == FAILED:
        del known["browser"]
        version.accessibility = known


def list_open(db: Session, course: Course) -> dict[str, str]:
    """Return waiting or claimed for each version of a course that is to be looked at, by its id."""
    query = select(OutboxItem.subject, OutboxItem.state).join(CourseVersion, CourseVersion.id == OutboxItem.subject)
    mine = CourseVersion.course_id == course.id, OutboxItem.kind == KIND, OutboxItem.state.in_(OPEN)
    return {row.subject: row.state for row in db.execute(query.where(*mine))}


def count_open(db: Session) -> int:
    """Return how many versions are to be looked at; one that was removed counts not."""
    query = select(func.count(OutboxItem.id)).join(CourseVersion, CourseVersion.id == OutboxItem.subject)
    return db.scalar(query.where(OutboxItem.kind == KIND, OutboxItem.state.in_(OPEN))) or 0


def list_files(db: Session, version_id: str) -> Sequence[tuple[str, str, int]]:
    """Return path, digest and size of each file of a version; none where it was removed meanwhile."""
    query = select(PackageFile.path, PackageFile.digest, PackageFile.size_bytes)
    rows = db.execute(query.where(PackageFile.version_id == version_id).order_by(PackageFile.path))
    return [(path, digest, size_bytes) for path, digest, size_bytes in rows]


def keep(db: Session, version_id: str, told: Mapping[str, Any]) -> int:
    """Keep what a look said in the place of the one before.

    Returns:
        How many looks in a row have failed by now.
    """
    version = db.scalar(select(CourseVersion).where(CourseVersion.id == version_id).with_for_update())
    if version is None:  # it was removed meanwhile
        return 0
    known = version.accessibility or {}
    tries = known.get("browser", {}).get("tries", 0) + 1 if told["state"] == FAILED else 0
    version.accessibility = {**known, "browser": {**told, **({"tries": tries} if tries else {})}}
    db.flush()
    return tries


def give_up(db: Session, version_id: str, code: str) -> None:
    """Say of a version that it could not be looked at, when no further try will be made."""
    version = db.get(CourseVersion, version_id)
    told = (version.accessibility or {}).get("browser", {}) if version else {}
    if told.get("reason") != code:
        keep(db, version_id, {"state": FAILED, "reason": code})
