"""Keep the outside links of the versions that learners get, and which of them lead nowhere."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import ForeignKey, String, Text, delete, func, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core.courses import Course, CourseVersion, PackageFile, playing_versions
from sidecar.core.db import Base, Key
from sidecar.core.notices import OF_COURSES, Observation
from sidecar.errors import SidecarError

KIND: Final = "course-links"
"""The kind of the jobs that look."""

ALIVE: Final = "alive"
UNKNOWN: Final = "unknown"
FAILURES: Final = ("404", "410", "dns")
"""What makes a link dead when it is seen twice in a row: the page is not there, is gone, or its host has no address."""

DEAD_AFTER: Final = 2
MOST_LINKS: Final = 500
PAGE_SUFFIXES: Final = (".html", ".htm", ".xhtml")


class DeadLinksError(SidecarError):
    """Links that lead nowhere in the course "{course}": {count}. Its page lists them; mend them in a new version."""

    code = f"{OF_COURSES}dead-links"


class CourseLink(Base, kw_only=True):
    """A link of a course version to the outside.

    `page`: the first file it stands in. `outcome`: alive, unknown (nothing can be said), or one of `FAILURES`;
    `failures`: how many looks in a row were such; `failing_since`: the first of them.
    """

    __tablename__ = "course_link"

    version_id: Mapped[Key] = mapped_column(ForeignKey("course_version.id"))
    url_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    url: Mapped[str] = mapped_column(Text)
    page: Mapped[str] = mapped_column(String(4000))
    outcome: Mapped[str] = mapped_column(String(10), default=UNKNOWN)
    failures: Mapped[int] = mapped_column(default=0)
    failing_since: Mapped[datetime | None] = mapped_column(default=None)
    checked_at: Mapped[datetime | None] = mapped_column(default=None)


def list_due(db: Session, before: datetime) -> Sequence[str]:
    """Return the ids of the versions that learners get and whose links were not all looked at since a moment."""
    playing = playing_versions()
    is_due = or_(CourseVersion.links_checked_at.is_(None), CourseVersion.links_checked_at < before)
    query = select(CourseVersion.id).join(playing, playing.c.version_id == CourseVersion.id)
    query = query.join(Course, Course.id == CourseVersion.course_id).where(is_due, Course.retired_at.is_(None))
    return db.scalars(query.order_by(CourseVersion.id)).all()


def list_pages(db: Session, version_id: str) -> Sequence[tuple[str, str]]:
    """Return path and digest of the pages of a version."""
    query = select(PackageFile.path, PackageFile.digest).where(PackageFile.version_id == version_id)
    rows = db.execute(query.order_by(PackageFile.path))
    return [(path, digest) for path, digest in rows if path.lower().endswith(PAGE_SUFFIXES)]


def note_links(db: Session, version_id: str, links: Mapping[str, str]) -> None:
    """Write the links of a version down, for the first time.

    Args:
        links: the page where each stands, by its address; at most `MOST_LINKS` are kept.
    """
    kept = list(links.items())[:MOST_LINKS]
    version = db.get(CourseVersion, version_id)
    if version is None:  # it was removed meanwhile
        return
    version.links_count = len(kept)
    for url, page in kept:
        digest = hashlib.sha256(url.encode()).hexdigest()
        db.add(CourseLink(version_id=version_id, url_digest=digest, url=url, page=page))
    db.flush()


def is_read(db: Session, version_id: str) -> bool:
    """Tell whether the links of a version have been written down; True where there is no such version any more."""
    version = db.get(CourseVersion, version_id)
    return version is None or version.links_count is not None


def record_round(db: Session, version_id: str, now: datetime) -> None:
    """Record that all links of a version have been looked at."""
    version = db.get(CourseVersion, version_id)
    if version is not None:
        version.links_checked_at = now
    db.flush()


def next_link(db: Session, version_id: str, before: datetime) -> CourseLink | None:
    """Return a link of a version that was not looked at since a moment; None where there is none left."""
    is_due = or_(CourseLink.checked_at.is_(None), CourseLink.checked_at < before)
    query = select(CourseLink).where(CourseLink.version_id == version_id, is_due)
    return db.scalar(query.order_by(CourseLink.url_digest).limit(1))


def record(db: Session, version_id: str, url_digest: str, outcome: str, now: datetime) -> None:
    """Record what a look at a link said; where nothing can be said, what was known before stays."""
    link = db.get(CourseLink, (version_id, url_digest))
    if link is None:  # its version was removed meanwhile
        return
    link.checked_at = now
    if outcome in FAILURES:
        link.failures, link.failing_since = link.failures + 1, link.failing_since or now
        link.outcome = outcome
    elif outcome == ALIVE:
        link.outcome, link.failures, link.failing_since = ALIVE, 0, None
    db.flush()


def list_dead(db: Session, version_id: str) -> Sequence[CourseLink]:
    """Return the links of a version that lead nowhere, by page."""
    dead = CourseLink.version_id == version_id, CourseLink.failures >= DEAD_AFTER
    return db.scalars(select(CourseLink).where(*dead).order_by(CourseLink.page, CourseLink.url)).all()


def forget(db: Session, version_ids: Iterable[str]) -> None:
    """Forget the links of versions."""
    db.execute(delete(CourseLink).where(CourseLink.version_id.in_(version_ids)))


def forget_replaced(db: Session) -> None:
    """Forget the links of versions that learners don't get any more; they are found anew should one come back."""
    playing = playing_versions()
    old = select(CourseLink.version_id).where(CourseLink.version_id.not_in(select(playing.c.version_id))).distinct()
    replaced = db.scalars(old).all()
    for version in db.scalars(select(CourseVersion).where(CourseVersion.id.in_(replaced))):
        version.links_checked_at = version.links_count = None
    forget(db, replaced)
    db.flush()


def observe(db: Session) -> Iterator[Observation]:
    """Yield the courses with links that lead nowhere, in the version that learners get."""
    playing = playing_versions()
    query = (
        select(Course, func.count())
        .join(playing, playing.c.course_id == Course.id)
        .join(CourseLink, CourseLink.version_id == playing.c.version_id)
        .where(CourseLink.failures >= DEAD_AFTER, Course.retired_at.is_(None))
        .group_by(Course.id)
        .order_by(Course.key)
    )
    for course, count in db.execute(query):
        facts: dict[str, str | int] = {"course": course.title, "count": count, "key": course.key}
        yield Observation(DeadLinksError.code, DeadLinksError.text(), facts, course.id, course.municipality_id)
