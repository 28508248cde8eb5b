"""List the courses a member of staff looks after, and say what they are about."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select
from sqlalchemy.orm import Session, aliased, defer

from sidecar.core import audit, previews
from sidecar.core.access import Viewer, may_see_course
from sidecar.core.attempts import Attempt
from sidecar.core.courses import (
    DRAFT,
    IN_REVIEW,
    KEY_CHARACTERS,
    OWN,
    PATH,
    PUBLISHED,
    SUMMARY_CHARACTERS,
    Course,
    CourseVersion,
    PackageFile,
    check_key,
    find_version,
    playing_versions,
    suggest_key,
)
from sidecar.core.dead_links import CourseLink
from sidecar.core.municipalities import Municipality
from sidecar.core.paths import LearningPath, may_see_path
from sidecar.core.regions import Region
from sidecar.core.short_texts import tidy
from sidecar.errors import InvalidInputError, NotAllowedError, NotFoundError, SidecarError

REVIEWERS = ("rkk", "operator")
LANGUAGE_CODE = re.compile(r"(?=.{2,20}\Z)[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", re.ASCII)
"""Source: BCP 47 (RFC 5646 §2.1), as far as courses need it."""


class BadCourseKeyError(SidecarError):
    """The key "{key}" can't be used. Write small letters a–z, digits and hyphens, like brannvern-2026."""

    code = "bad-course-key"


class CourseKeyTakenError(SidecarError):
    """The key "{key}" belongs to a course that is not yours. Choose another key."""

    code = "course-key-taken"


class VersionInUseError(SidecarError):
    """Version {number} of "{course}" has been begun by learners, so it stays. Only what nobody has begun can go."""

    code = "version-in-use"


class SummaryTooLongError(SidecarError):
    """The description has {length} characters, {most} is the most. Shorten it."""

    code = "summary-too-long"


class CourseLanguageError(SidecarError):
    """The code "{language}" is none of a language. Write a code like nb, nn, en or se."""

    code = "course-language"


@dataclass(frozen=True)
class CourseLine:
    """A course as a list shows it.

    `newest`: its version of the highest number; `playing`: the one that new attempts play; each None where there is
    none. `is_in_review`: one of its versions is, whichever.
    """

    course: Course
    municipality: str | None
    newest: CourseVersion | None
    playing: CourseVersion | None
    is_in_review: bool

    @property
    def waits(self) -> bool:
        """Tell whether a version waits for review, as `count_unreviewed` counts them."""
        is_unseen = self.playing is not None and self.playing.reviewed_at is None
        return self.course.retired_at is None and (self.is_in_review or is_unseen)

    def status(self, today: date) -> str:
        """Return how the course stands on a day: empty, draft, in-review, published, review-due or retired."""
        return status_of(self.course, self.newest, self.playing, today)

    def fits(self, words: str, subject: str, status: str, today: date) -> bool:
        """Tell whether a course is what somebody looks for; "" leaves each open.

        Args:
            words: each must stand in its title, key or description.
            status: as `status`; "in-review" fits wherever a version waits for review.
        """
        course = self.course
        text = f"{course.title} {course.key} {course.summary or ''}".casefold()
        states = {self.status(today), *([IN_REVIEW] if self.waits else [])}
        subjects = [each.strip() for each in (course.subject or "").split(",")]
        return (
            all(word in text for word in words.casefold().split())
            and subject in ("", *subjects)
            and (not status or status in states)
        )


def status_of(course: Course, newest: CourseVersion | None, playing: CourseVersion | None, today: date) -> str:
    """Return how a course stands on a day: empty, draft, in-review, published, review-due or retired.

    Args:
        newest: its version of the highest number.
        playing: the one that new attempts play.
    """
    if course.retired_at:
        return "retired"
    if playing is None:
        return newest.state if newest else "empty"
    return "review-due" if course.review_by and course.review_by <= today else "published"


def list_courses_of(db: Session, viewer: Viewer) -> Sequence[CourseLine]:
    """Return the courses of ours that the viewer looks after, by title."""
    numbers = select(CourseVersion.course_id, func.max(CourseVersion.number).label("number"))
    newest = numbers.group_by(CourseVersion.course_id).subquery()
    places, playing = playing_versions(), aliased(CourseVersion)
    waiting = aliased(CourseVersion)
    in_review = exists().where(waiting.course_id == Course.id, waiting.state == IN_REVIEW)
    query = (
        select(Course, Municipality.name, CourseVersion, playing, in_review)
        .outerjoin(Municipality, Course.municipality_id == Municipality.id)
        .outerjoin(newest, newest.c.course_id == Course.id)
        .outerjoin(
            CourseVersion,
            (CourseVersion.course_id == Course.id) & (CourseVersion.number == newest.c.number),
        )
        .outerjoin(places, places.c.course_id == Course.id)
        .outerjoin(playing, playing.id == places.c.version_id)
        .where(may_see_course(viewer), Course.kind == OWN)
        .order_by(func.lower(Course.title), Course.key)
        .options(*(defer(large) for one in (CourseVersion, playing) for large in (one.manifest, one.findings)))
    )
    return [CourseLine(*row) for row in db.execute(query)]


def find_course_of(db: Session, viewer: Viewer, key: str) -> Course:
    """Return a course the viewer looks after; a learning path's only who looks after the path.

    Raises:
        NotFoundError: there is none, or it is not theirs.
    """
    course = db.scalar(select(Course).where(Course.key == key, looks_after(viewer)))
    if course is None:
        raise NotFoundError(what="course", key=key)
    return course


def looks_after(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition on `Course` that the viewer looks after it; a learning path is no shared course."""
    paths = select(LearningPath.course_id).where(may_see_path(viewer))
    return and_(may_see_course(viewer), or_(Course.kind != PATH, Course.id.in_(paths)))


def may_publish(viewer: Viewer, course: Course) -> bool:
    """Tell whether the viewer may let versions of a course play: an operator, or the RKK of its municipality."""
    if not viewer.is_one_of(*REVIEWERS) or not viewer.may_change_courses_of(course.municipality_id):
        return False
    return course.municipality_id is None or viewer.sees_municipality(course.municipality_id)


def may_change_rule(db: Session, viewer: Viewer, course: Course) -> bool:
    """Tell whether the viewer may say how long a course is valid and whether it counts at a later employer.

    Of a shared course that is what all regions live by: an operator's to say, and the RKK's where there is but one. Of
    a learning path it is for who looks after it.

    Args:
        course: as `find_course_of` returns it.
    """
    if not may_publish(viewer, course):
        return False
    is_own = course.municipality_id is not None or course.kind == PATH
    return viewer.everything or is_own or (db.scalar(select(func.count(Region.id))) or 0) <= 1


def count_unreviewed(db: Session, viewer: Viewer) -> int:
    """Return how many versions wait for the viewer's review; none for who may not review.

    Versions from before there were drafts wait where they play though nobody has looked at them.
    """
    if not viewer.is_one_of(*REVIEWERS):
        return 0
    playing = playing_versions()
    unseen = and_(CourseVersion.reviewed_at.is_(None), CourseVersion.id.in_(select(playing.c.version_id)))
    waits = or_(CourseVersion.state == IN_REVIEW, unseen)
    query = select(func.count(CourseVersion.id)).join(Course, CourseVersion.course_id == Course.id)
    return db.scalar(query.where(waits, Course.retired_at.is_(None), may_see_course(viewer))) or 0


def list_sent_back(db: Session, viewer: Viewer) -> Sequence[tuple[Course, CourseVersion]]:
    """Return the drafts that a reviewer answered and that the viewer uploaded or sent, by course.

    One that a newer version has followed needs no mending any more.
    """
    newer, own = aliased(CourseVersion), viewer.identity_id
    query = (
        select(Course, CourseVersion)
        .join(CourseVersion, CourseVersion.course_id == Course.id)
        .where(
            CourseVersion.state == DRAFT,
            CourseVersion.reply.is_not(None),
            or_(CourseVersion.uploaded_by == own, CourseVersion.sent_by == own),
            Course.retired_at.is_(None),
            may_see_course(viewer),
            ~exists().where(newer.course_id == Course.id, newer.number > CourseVersion.number),
        )
        .order_by(func.lower(Course.title), Course.key)
        .options(defer(CourseVersion.manifest), defer(CourseVersion.findings))
    )
    return [] if own is None else [(course, version) for course, version in db.execute(query)]


def describe(
    db: Session, viewer: Viewer, key: str, now: datetime, *, summary: str | None = None, language: str | None = None
) -> Course:
    """Say what a course is about and in which language, to teachers who choose among courses; None leaves it.

    Args:
        summary: white space is tidied; "" takes it away.
        language: its code, e.g. `nb`; "" takes it away.

    Raises:
        NotFoundError: there is no such course, or it is not theirs.
        SummaryTooLongError: it is longer than `SUMMARY_CHARACTERS`.
        CourseLanguageError: the code is none.
    """
    course = find_course_of(db, viewer, key)
    said = course.summary or "" if summary is None else tidy(summary, SUMMARY_CHARACTERS, SummaryTooLongError)
    spoken = course.language or "" if language is None else language.strip()
    if spoken != (course.language or "") and spoken and not LANGUAGE_CODE.fullmatch(spoken):
        raise CourseLanguageError(language=spoken[:20])
    if (said, spoken) != (course.summary or "", course.language or ""):
        course.summary, course.language = said or None, spoken or None
        audit.record(db, "course.described", course.id, at=now, identity_id=viewer.identity_id, course=course.key)
        db.flush()
    return course


def remove_version(db: Session, viewer: Viewer, key: str, number: int, now: datetime) -> None:
    """Forget a version that nobody has begun; its files go with the next sweep of the storage.

    Raises:
        NotFoundError: there is no such version, or the course is not theirs.
        NotAllowedError: it was published, and the viewer may not decide what learners get.
        VersionInUseError: somebody has begun it.
    """
    course = find_course_of(db, viewer, key)
    found = find_version(db, course, number, to_change=True)
    if found.state == PUBLISHED and not may_publish(viewer, course):
        raise NotAllowedError
    if db.scalar(select(Attempt.id).where(Attempt.version_id == found.id).limit(1)):
        raise VersionInUseError(course=course.key, number=number)
    previews.forget_of_version(db, found.id)
    for table in (PackageFile, CourseLink):
        db.execute(delete(table).where(table.version_id == found.id))
    db.delete(found)
    by = viewer.identity_id
    audit.record(db, "course_version.removed", found.id, at=now, identity_id=by, course=course.key, number=number)
    db.flush()


def list_owners(db: Session, viewer: Viewer) -> Sequence[tuple[str, str]]:
    """Return whose courses the viewer may add: municipality id and name; ("", "") stands for shared courses."""
    query = select(Municipality).order_by(Municipality.name)
    owners = [(each.id, each.name) for each in db.scalars(query) if viewer.may_change_courses_of(each.id)]
    return [("", ""), *owners] if viewer.may_change_courses_of(None) else owners


def key_for_upload(db: Session, viewer: Viewer, *, key: str, title: str, municipality_id: str | None) -> str:
    """Return the key under which the viewer may upload a package.

    Args:
        key: as wished; "" makes one of the title.
        municipality_id: whose course it shall be; None for a shared one.

    Raises:
        NotAllowedError: the viewer may not add courses there.
        CourseKeyTakenError: it is another's course.
        BadCourseKeyError: it can't be used.
    """
    if not viewer.may_change_courses_of(municipality_id):
        raise NotAllowedError
    wanted = _usable(key or suggest_key(title))
    taken = db.scalar(select(Course).where(Course.key == wanted))
    if taken is not None and (taken.kind != OWN or not viewer.may_change_courses_of(taken.municipality_id)):
        raise CourseKeyTakenError(key=wanted)
    return wanted


def _usable(key: str) -> str:
    try:
        return check_key(key)
    except InvalidInputError:
        raise BadCourseKeyError(key=key[:KEY_CHARACTERS]) from None
