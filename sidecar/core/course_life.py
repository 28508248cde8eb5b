"""Lead course versions through their life: draft, in review, published; and courses to their end.

A second person looks at each version with a checklist before learners get it. To go back is to publish an earlier
version again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from sidecar.core import audit
from sidecar.core.access import Viewer
from sidecar.core.attempts import Attempt
from sidecar.core.courses import (
    DRAFT,
    IN_REVIEW,
    NOTE_CHARACTERS,
    PUBLISHED,
    Course,
    CourseVersion,
    PackageFile,
    find_version,
    playing_version_id,
)
from sidecar.core.launches import Launch
from sidecar.core.periods import day_of
from sidecar.core.short_texts import tidy
from sidecar.core.staff_courses import REVIEWERS, find_course_of, may_publish
from sidecar.errors import NotAllowedError, SidecarError

CHECKLIST: Final = ("accessibility", "language", "sources", "pictures", "quiz", "review-date")
LOOKED_AT_AGAIN: Final = timedelta(days=365)
"""What a reviewer has looked at before a version is published for the first time."""


class ChecklistOpenError(SidecarError):
    """Points of the checklist that are left: {count}. Look at each of them, tick it, then publish."""

    code = "checklist-open"


class OwnReviewError(SidecarError):
    """You uploaded this version yourself, so somebody else must look at it. If nobody else can, say so and publish."""

    code = "own-review"


class NotDraftError(SidecarError):
    """Version {number} is no draft (any more), so it can't be sent to review. Reload the page to see how it stands."""

    code = "not-draft"


class NotInReviewError(SidecarError):
    """Version {number} is not in review (any more), so it can't be sent back. Reload the page to see how it stands."""

    code = "not-in-review"


class NeverPublishedError(SidecarError):
    """Version {number} was never published, so there is no going back to it. Review and publish it."""

    code = "never-published"


class NoEarlierVersionError(SidecarError):
    """The course "{course}" has no earlier published version to go back to."""

    code = "no-earlier-version"


@dataclass(frozen=True)
class Effect:
    """Whom a step would touch.

    Attributes:
        under_way: learners in the middle of the course.
        elsewhere: those of them in another version than the one the step is about.
        activities: of LMSs that have opened the course.
    """

    under_way: int
    elsewhere: int
    activities: int


@dataclass(frozen=True)
class Publishing:
    """How a version is published.

    Attributes:
        ticked: points of the checklist that were looked at.
        is_alone: who uploaded it reviews it, as nobody else could.
        starts_over: who is under way in another version begins anew in this one, at their next launch.
        review_by: the day from which the course is due to be looked at again; None leaves it, and where there is none
            makes it a year from now.
    """

    ticked: Collection[str] = ()
    is_alone: bool = False
    starts_over: bool = False
    review_by: date | None = None


def effect_of(db: Session, course: Course, version_id: str | None = None) -> Effect:
    """Return whom a step would touch.

    Args:
        version_id: of the version that the step is about; None for the course as a whole.
    """
    open_ones = select(func.count()).where(Attempt.course_id == course.id, Attempt.state == "open")
    link = select(Launch.platform_id, Launch.resource_link_id).where(Launch.course_id == course.id).distinct()
    under_way = db.scalar(open_ones) or 0
    elsewhere = db.scalar(open_ones.where(Attempt.version_id != version_id)) or 0 if version_id else under_way
    return Effect(under_way, elsewhere, db.scalar(select(func.count()).select_from(link.subquery())) or 0)


def describe_changes(db: Session, viewer: Viewer, key: str, number: int, note: str, now: datetime) -> CourseVersion:
    """Let an author say what is new in a version; "" takes it away.

    Raises:
        NotFoundError: there is no such version, or the course is not theirs.
        TextTooLongError: it is longer than `NOTE_CHARACTERS`.
    """
    course = find_course_of(db, viewer, key)
    version = find_version(db, course, number, to_change=True)
    said = tidy(note, NOTE_CHARACTERS) or None
    if said != version.note:
        version.note = said
        _record(db, "course_version.described", viewer, course, version, now)
    return version


def send_to_review(db: Session, viewer: Viewer, key: str, number: int, now: datetime, *, note: str = "") -> None:
    """Ask a second person to look at a draft.

    Args:
        note: what is new in it; "" leaves what was said before.

    Raises:
        NotFoundError: there is no such version, or the course is not theirs.
        NotDraftError: it is none (any more).
    """
    course = find_course_of(db, viewer, key)
    version = find_version(db, course, number, to_change=True)
    if version.state != DRAFT:
        raise NotDraftError(number=number)
    version.note = tidy(note, NOTE_CHARACTERS) or version.note
    version.state, version.sent_at, version.sent_by = IN_REVIEW, now, viewer.identity_id
    _record(db, "course_version.sent_to_review", viewer, course, version, now)


def send_back(db: Session, viewer: Viewer, key: str, number: int, now: datetime, *, reply: str = "") -> None:
    """Make a version in review a draft again, and say why; its author may take it back so.

    Raises:
        NotFoundError: there is no such version, or the course is not theirs.
        NotInReviewError: it is not.
    """
    course = find_course_of(db, viewer, key)
    version = find_version(db, course, number, to_change=True)
    if version.state != IN_REVIEW:
        raise NotInReviewError(number=number)
    version.state, version.reply = DRAFT, tidy(reply, NOTE_CHARACTERS) or None
    _record(db, "course_version.sent_back", viewer, course, version, now)


def needs_review(version: CourseVersion) -> bool:
    """Tell whether nobody has let a version play yet, so that it takes the checklist to publish it."""
    return version.reviewed_at is None


def is_own(viewer: Viewer, version: CourseVersion) -> bool:
    """Tell whether the viewer uploaded a version; nobody knows who did so at the command line."""
    return viewer.identity_id is not None and version.uploaded_by == viewer.identity_id


def publish(db: Session, viewer: Viewer, key: str, number: int, now: datetime, how: Publishing) -> int:
    """Let everybody who begins the course from now on get this version; for an earlier one that is to go back to it.

    Returns:
        How many learners under way will start over.

    Raises:
        NotAllowedError: the viewer is neither an operator nor of the RKK of the course's municipality.
        NotFoundError: there is no such version, or the course is not theirs.
        ChecklistOpenError: it was never reviewed, and points of the checklist are left.
        OwnReviewError: it was never reviewed, and the viewer uploaded it.
    """
    course = _course_to_publish(db, viewer, key)
    version = find_version(db, course, number, to_change=True)
    if how.review_by:
        course.review_by = how.review_by
    if needs_review(version):
        _review(viewer, course, version, how, now)
    put_in_place(db, course, version, now, by=viewer.identity_id)
    restarted = _hold_on(db, course, version, starts_over=how.starts_over)
    audit.record(
        db,
        "course_version.published",
        version.id,
        at=now,
        identity_id=viewer.identity_id,
        course=course.key,
        number=number,
        starting_over=restarted,
        alone=int(version.is_own_review),
    )
    db.flush()
    return restarted


def go_back(db: Session, viewer: Viewer, key: str, number: int, now: datetime, *, starts_over: bool) -> int:
    """Publish an earlier version again; return how many learners under way will start over.

    Raises:
        NotAllowedError, NotFoundError: as `publish`.
        NeverPublishedError: the version of this number has not been in place yet.
    """
    version = find_version(db, _course_to_publish(db, viewer, key), number)
    if version.state != PUBLISHED:
        raise NeverPublishedError(number=version.number)
    return publish(db, viewer, key, number, now, Publishing(ticked=CHECKLIST, starts_over=starts_over))


def number_before(db: Session, course: Course) -> int:
    """Return the number of the version that learners got before the one they get now.

    Raises:
        NoEarlierVersionError: there is none.
    """
    playing = playing_version_id(db, course.id)
    published = CourseVersion.course_id == course.id, CourseVersion.state == PUBLISHED, CourseVersion.id != playing
    query = select(CourseVersion.number).where(*published)
    number = db.scalar(query.order_by(CourseVersion.publishing.desc(), CourseVersion.number.desc()).limit(1))
    if number is None:
        raise NoEarlierVersionError(course=course.key)
    return number


def put_in_place(db: Session, course: Course, version: CourseVersion, now: datetime, *, by: str | None) -> None:
    """Make a version the one that new attempts play; the course is called what it says.

    Publishings are counted rather than dated, as a clock may be set back.
    """
    so_far = select(func.max(CourseVersion.publishing)).where(CourseVersion.course_id == course.id)
    version.publishing = (db.scalar(so_far) or 0) + 1
    version.state, version.published_at, version.published_by = PUBLISHED, now, by
    if version.reviewed_at is None:
        version.reviewed_at, version.reviewed_by = now, by
    course.title = version.title or course.title
    course.language = (version.manifest.get("language") or "")[:20] or course.language


def retire(db: Session, viewer: Viewer, key: str, now: datetime) -> Course:
    """Let nobody begin a course any more; who is under way may finish. One that is retired stays so.

    Raises:
        NotFoundError: there is no such course, or it is not theirs.
    """
    course = find_course_of(db, viewer, key)
    if course.retired_at is None:
        course.retired_at, course.retired_by = now, viewer.identity_id
        by = viewer.identity_id
        audit.record(db, "course.retired", course.id, at=now, identity_id=by, course=course.key)
        db.flush()
    return course


def bring_back(db: Session, viewer: Viewer, key: str, now: datetime) -> Course:
    """Let a retired course be begun again.

    Raises:
        NotFoundError: there is no such course, or it is not theirs.
    """
    course = find_course_of(db, viewer, key)
    if course.retired_at is not None:
        course.retired_at = course.retired_by = None
        by = viewer.identity_id
        audit.record(db, "course.brought_back", course.id, at=now, identity_id=by, course=course.key)
        db.flush()
    return course


def compare_files(db: Session, course_id: str, digests: Mapping[str, str]) -> dict[str, int] | None:
    """Return how many files a package adds, removes and changes against the course's newest version; None for none.

    Args:
        digests: of the package's files, by path.
    """
    newest = select(CourseVersion.id).where(CourseVersion.course_id == course_id).order_by(CourseVersion.number.desc())
    version_id = db.scalar(newest.limit(1))
    if version_id is None:
        return None
    rows = db.execute(select(PackageFile.path, PackageFile.digest).where(PackageFile.version_id == version_id))
    before: dict[str, str] = dict(rows.all())
    both = before.keys() & digests.keys()
    return {
        "added": len(digests) - len(both),
        "removed": len(before) - len(both),
        "changed": sum(1 for path in both if before[path] != digests[path]),
    }


def _course_to_publish(db: Session, viewer: Viewer, key: str) -> Course:
    if not viewer.is_one_of(*REVIEWERS):
        raise NotAllowedError
    course = find_course_of(db, viewer, key)
    if not may_publish(viewer, course):
        raise NotAllowedError
    db.refresh(course, with_for_update=True)  # of two at once the second waits, and goes on from what the first left
    return course


def _review(viewer: Viewer, course: Course, version: CourseVersion, how: Publishing, now: datetime) -> None:
    left = [point for point in CHECKLIST if point not in how.ticked]
    if left:
        raise ChecklistOpenError(count=len(left))
    if is_own(viewer, version):
        if not how.is_alone:
            raise OwnReviewError
        version.is_own_review = True
    course.review_by = course.review_by or day_of(now) + LOOKED_AT_AGAIN


def _hold_on(db: Session, course: Course, version: CourseVersion, *, starts_over: bool) -> int:
    """Let open attempts at other versions go on, or start over; return how many start over."""
    open_ones = Attempt.course_id == course.id, Attempt.state == "open"
    here = update(Attempt).where(*open_ones, Attempt.version_id == version.id, Attempt.starts_over)
    db.execute(here.values(starts_over=False))
    if not starts_over:
        return 0
    others = update(Attempt).where(*open_ones, Attempt.version_id != version.id).values(starts_over=True)
    return len(db.scalars(others.returning(Attempt.id)).all())


def _record(db: Session, action: str, viewer: Viewer, course: Course, version: CourseVersion, now: datetime) -> None:
    by, number = viewer.identity_id, version.number
    audit.record(db, action, version.id, at=now, identity_id=by, course=course.key, number=number)
    db.flush()
