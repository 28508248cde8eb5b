"""Say which courses are due, or soon due, to be looked at again, and who looks after them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from sidecar.core.courses import PUBLISHED, Course, CourseVersion
from sidecar.core.mails import Recipient
from sidecar.core.notices import OF_COURSES, Observation
from sidecar.core.people import Identity
from sidecar.core.regions import RegionMembership, is_member_on
from sidecar.core.staff import Grant, holds
from sidecar.errors import SidecarError

SOON: Final = timedelta(days=60)
VERY_SOON: Final = timedelta(days=14)


class ReviewSoonError(SidecarError):
    """The course "{course}" is to be looked at again by {day}. See that somebody has time for it."""

    code = f"{OF_COURSES}review-soon"


class ReviewVerySoonError(SidecarError):
    """The course "{course}" is to be looked at again by {day}. Look at it now: a new version takes a second person."""

    code = f"{OF_COURSES}review-very-soon"


class ReviewDueError(SidecarError):
    """The review of the course "{course}" was due by {day}. Set a new day if all of it holds, or mend or retire it."""

    code = f"{OF_COURSES}review-due"


def observe(db: Session, today: date) -> Iterator[Observation]:
    """Yield the courses that learners can begin and whose review is due, or is so within 60 or 14 days."""
    published = select(CourseVersion.course_id).where(CourseVersion.state == PUBLISHED)
    due = select(Course).where(Course.review_by <= today + SOON, Course.retired_at.is_(None), Course.id.in_(published))
    for course in db.scalars(due.order_by(Course.key)):
        yield _observation(course, today)


def _observation(course: Course, today: date) -> Observation:
    day = course.review_by or today
    problem = ReviewSoonError if day > today + VERY_SOON else ReviewVerySoonError if day > today else ReviewDueError
    facts: dict[str, str | int] = {"course": course.title, "day": day.isoformat(), "key": course.key}
    return Observation(problem.code, problem.text(), facts, course.id, course.municipality_id)


def list_keepers(
    db: Session, municipality_id: str | None, now: datetime, today: date, language: str
) -> Sequence[Recipient]:
    """Return who looks after the courses of a municipality and has an address: its authors, and the RKK of its region.

    Args:
        municipality_id: None for courses that belong to no single one: then the RKK of every region.
        language: for those who never chose one.
    """
    offices = Grant.role == "rkk"
    if municipality_id is not None:
        member = RegionMembership.municipality_id == municipality_id, is_member_on(today)
        regions = select(RegionMembership.region_id).where(*member)
        authors = and_(Grant.role == "content-developer", Grant.municipality_id == municipality_id)
        offices = or_(authors, and_(offices, Grant.region_id.in_(regions)))
    query = (
        select(Identity.email, func.coalesce(Identity.language, language))
        .join(Grant, Grant.identity_id == Identity.id)
        .where(offices, holds(now), Identity.email.is_not(None))
        .order_by(Identity.first_seen_at, Identity.id)
    )
    return [Recipient(address, spoken) for address, spoken in db.execute(query) if address]
