"""Say which learning paths a teacher may pick for an LMS, and how each step of one can stand there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from sidecar.core.course_facts import split_subjects
from sidecar.core.courses import LMS_ONLY, OWN, Course
from sidecar.core.held_paths import HeldPath, find_held_path
from sidecar.core.lms_addresses import LmsAddress, list_lms_addresses
from sidecar.core.offers import Offer, bare, list_offers
from sidecar.core.path_contents import Step, content_of
from sidecar.core.paths import LearningPath, LearningPathVersion, newest_versions
from sidecar.core.platforms import PlatformMunicipality
from sidecar.core.regions import Region, RegionMembership, is_member_on
from sidecar.errors import NotFoundError


@dataclass(frozen=True)
class PickableStep:
    """A step as an LMS can have it.

    Attributes:
        kind: of its course: own, lms, task, gathering, link.
        course: of ours, which the LMS may open; None for others, and for one that can't be begun.
        url: where else it is done; "" where only the page of the path tells how.
    """

    key: str
    title: str
    note: str
    kind: str
    course: Offer | None
    url: str


@dataclass(frozen=True)
class PickablePath:
    """A path and its steps, in order."""

    offer: Offer
    steps: tuple[PickableStep, ...]


def list_path_offers(db: Session, platform_id: str, today: date) -> list[Offer]:
    """Return the learning paths that an LMS may offer: published, not retired, of a region that it speaks in."""
    return _offers(db, _is_for(platform_id, today))


def find_pickable(db: Session, platform_id: str, key: str, today: date, *, reviewed_only: bool) -> PickablePath:
    """Return a learning path that an LMS may offer.

    Args:
        reviewed_only: count only courses that may play on a shared content host.

    Raises:
        NotFoundError: there is none, or it is not for this LMS.
    """
    found = _offers(db, _is_for(platform_id, today), Course.key == key)
    if not found:
        raise NotFoundError(what="learning path", key=key[:80])
    held = find_held_path(db, key)
    own = {one.key for one in held.courses.values() if one.kind == OWN}
    courses = list_offers(db, platform_id, own, reviewed_only=reviewed_only)
    theirs = {one.id for one in held.courses.values() if one.kind == LMS_ONLY}
    addresses = list_lms_addresses(db, platform_id, theirs)
    return PickablePath(found[0], tuple(_step(held, one, courses, addresses) for one in held.content.steps()))


def _step(
    held: HeldPath, step: Step, courses: Mapping[str, Offer], addresses: Mapping[str, LmsAddress]
) -> PickableStep:
    course = held.courses[step.key]
    there = addresses.get(course.id)
    return PickableStep(
        key=step.key,
        title=held.title_of(step),
        note=step.note,
        kind=course.kind,
        course=courses.get(course.key),
        url=step.url or (there.url if there else ""),
    )


def _is_for(platform_id: str, today: date) -> ColumnElement[bool]:
    """Return the condition on `LearningPath` that it is the operators', or of a region that the LMS speaks in."""
    spoken_for = select(PlatformMunicipality.municipality_id).where(PlatformMunicipality.platform_id == platform_id)
    within = RegionMembership.municipality_id.in_(spoken_for), is_member_on(today)
    regions = select(RegionMembership.region_id).where(*within)
    return or_(LearningPath.region_id.is_(None), LearningPath.region_id.in_(regions))


def _offers(db: Session, *where: ColumnElement[bool]) -> list[Offer]:
    newest = newest_versions()
    query = (
        select(Course, Region.name, LearningPathVersion)
        .join(LearningPath, LearningPath.course_id == Course.id)
        .join(newest, newest.c.path_id == LearningPath.id)
        .join(LearningPathVersion, LearningPathVersion.id == newest.c.version_id)
        .outerjoin(Region, Region.id == LearningPath.region_id)
        .where(Course.retired_at.is_(None), *where)
    )
    return [_offer(course, region or "", version) for course, region, version in db.execute(query)]


def _offer(course: Course, region: str, version: LearningPathVersion) -> Offer:
    return Offer(
        key=course.key,
        title=course.title,
        summary=course.summary or "",
        language=bare(course.language),
        municipality=region,
        municipality_slug="",
        standard="",
        size_bytes=0,
        version_id=version.id,
        subjects=split_subjects(course.subject),
        duration_minutes=course.duration_minutes,
        review_by=course.review_by,
        step_count=len(list(content_of(version.content).steps())),
    )
