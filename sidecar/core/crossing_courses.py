"""Know courses of other regions by their origin: the address that a course has for every sidecar, for ever.

A course or path that was adopted stands for its origin. One that we don't have, and that another region tells of, gets
a `Course` of kind "region": it has a title and can be valid for a time, and nothing to play or pick.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, ForeignKey, String, exists, func, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core import settling
from sidecar.core.courses import GATHERING, KEY, KEY_CHARACTERS, LINK, PATH, REGION_ONLY, TASK, Course, suggest_key
from sidecar.core.db import Base, Id, Key, new_id
from sidecar.core.evidence import REGION, Evidence
from sidecar.core.paths import LearningPath, LearningPathStep, LearningPathVersion
from sidecar.core.peers import ORIGIN_CHARACTERS
from sidecar.core.regions import RegionMembership
from sidecar.core.short_texts import one_line
from sidecar.core.statements import insert_if_new
from sidecar.core.validity import Rule
from sidecar.errors import SidecarError

MOST_COURSES: Final = 20_000
"""That one other region told of and we don't have: more are no courses."""

TITLE_CHARACTERS: Final = 500
OF_PATHS: Final = (PATH, TASK, GATHERING, LINK)
"""Kinds of what belongs to the region whose learning path it is, or is a step of."""

_COURSES: Final = "courses"
_PATHS: Final = "paths"
_ORIGIN: Final = re.compile(
    r"(https?://[^\s/@?#]+/exchange/[a-z0-9][a-z0-9-]{0,79})"
    rf"/({_COURSES}|{_PATHS})/({KEY.pattern})",
    re.ASCII,
)


class CrossingCourseError(SidecarError):
    """The course is not named as a region's sidecar names courses, or is said to be one of ours and is not."""

    code = "crossing-course"


class ThirdCourseError(SidecarError):
    """The course began at a third region, and is not known here. It counts once this region has adopted it."""

    code = "crossing-third-course"


class TooManyRegionCoursesError(SidecarError):
    """The region has told of {most} courses that are not here, which is the most. A further one is not kept."""

    code = "crossing-too-many-courses"


class CourseOrigin(Base, kw_only=True):
    """A course of ours that stands, for a region of ours, for one of another region."""

    __tablename__ = "course_origin"

    region_id: Mapped[Key] = mapped_column(ForeignKey("region.id"))
    origin: Mapped[str] = mapped_column(String(ORIGIN_CHARACTERS), primary_key=True)
    course_id: Mapped[Id] = mapped_column(ForeignKey("course.id"), index=True)
    known_at: Mapped[datetime]


ANY_TIME: Final = Rule()
"""Of a course that is valid for good."""


@dataclass(frozen=True)
class ToldCourse:
    """A course as another region tells of it; `rule`: how long it is valid there."""

    origin: str
    title: str
    language: str | None = None
    minutes: int | None = None
    rule: Rule = ANY_TIME


def origin_of_course(address: str, key: str, kind: str) -> str:
    """Return the origin of a course or path of the region at an exchange address."""
    return f"{address}/{_PATHS if kind == PATH else _COURSES}/{key}"


def read_origin(origin: str) -> tuple[str, str, bool]:
    """Return the address and key that an origin names, and whether it is a path's.

    Raises:
        CrossingCourseError: it is none.
    """
    found = _ORIGIN.fullmatch(origin) if len(origin) <= ORIGIN_CHARACTERS else None
    if found is None:
        raise CrossingCourseError
    return found[1], found[3], found[2] == _PATHS


def list_origins(db: Session, region_id: str, course_ids: Collection[str]) -> dict[str, str]:
    """Return the origins of those of these courses that came from another region, by course."""
    query = select(CourseOrigin.course_id, CourseOrigin.origin).order_by(CourseOrigin.origin)
    told = query.where(CourseOrigin.region_id == region_id, CourseOrigin.course_id.in_(course_ids))
    return {row.course_id: row.origin for row in db.execute(told)}


def stand_for(db: Session, region_id: str, origin: str, course_id: str, now: datetime) -> None:
    """Let a course of ours stand for another region's from now on; what was told of it moves along."""
    found = db.get(CourseOrigin, (region_id, origin))
    if found is None:
        db.add(CourseOrigin(region_id=region_id, origin=origin, course_id=course_id, known_at=now))
    elif found.course_id != course_id:
        former, found.course_id = found.course_id, course_id
        told = Evidence.course_id == former, Evidence.origin == REGION
        values = {"course_id": course_id, "completion_id": None}
        moved = db.scalars(update(Evidence).where(*told).values(values).returning(Evidence.person_id)).all()
        db.expire_all()
        settling.settle(db, {(one, each) for one in moved if one for each in (former, course_id)}, now)
    db.flush()


def is_of_region(region_id: str) -> ColumnElement[bool]:
    """Return the condition on `Course` that it is shared by all, or a region's own: no other municipality's or path's.

    Args:
        region_id: of a region of ours.
    """
    ours = select(RegionMembership.municipality_id).where(RegionMembership.region_id == region_id)
    is_ours = or_(Course.municipality_id.is_(None), Course.municipality_id.in_(ours))
    of_paths = _is_of_path(or_(LearningPath.region_id.is_(None), LearningPath.region_id == region_id))
    in_paths = _is_of_path(LearningPath.region_id != region_id)
    return is_ours & or_(Course.kind.not_in(OF_PATHS), of_paths, ~in_paths)


def _is_of_path(which: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return the condition on `Course` that it is a published path of some, or a step of one."""
    steps = select(LearningPathStep.course_id).join(
        LearningPathVersion, LearningPathVersion.id == LearningPathStep.version_id
    )
    held = steps.join(LearningPath, LearningPath.id == LearningPathVersion.path_id).where(which)
    published = LearningPathVersion.path_id == LearningPath.id, LearningPath.course_id == Course.id
    return or_(
        exists().where(*published, which),
        held.where(LearningPathStep.course_id == Course.id).correlate(Course).exists(),
    )


def find_course_for(
    db: Session, region_id: str, own_address: str, told: ToldCourse, now: datetime, *, by: str
) -> Course:
    """Return the course of ours that a told one is, made where there is none.

    Args:
        own_address: of our region; what its published paths hold comes home under its own origin.
        by: the address of the region that tells it, which names no courses but its own.

    Raises:
        CrossingCourseError: the origin is none, or names a course of ours that there is not.
        ThirdCourseError: it is a third region's, and nothing here stands for it.
        TooManyRegionCoursesError: it would be one too many.
    """
    address, key, is_path = read_origin(told.origin)
    if address == own_address:
        named = Course.key == key, (Course.kind == PATH) == is_path
        ours = db.scalar(select(Course).where(*named, _is_of_path(LearningPath.region_id == region_id)))
        if ours is None:
            raise CrossingCourseError
        return ours
    stands = db.get(CourseOrigin, (region_id, told.origin))
    if stands is not None:
        return db.get_one(Course, stands.course_id)
    if address != by:
        raise ThirdCourseError
    return _standing_for(db, region_id, told, now, by)


def _standing_for(db: Session, region_id: str, told: ToldCourse, now: datetime, by: str) -> Course:
    _refuse_too_many(db, region_id, by)
    title = one_line(told.title)[:TITLE_CHARACTERS] or "–"
    ending = f"-region-{new_id()[:12]}"
    course = Course(
        key=suggest_key(title)[: KEY_CHARACTERS - len(ending)].rstrip("-") + ending,
        title=title,
        language=told.language,
        duration_minutes=told.minutes,
        kind=REGION_ONLY,
        validity_months=told.rule.months,
        validity_window=told.rule.window_from,
        renewal_days=told.rule.renewal_days,
        created_at=now,
    )
    db.add(course)
    db.flush()
    stands = CourseOrigin(region_id=region_id, origin=told.origin, course_id=course.id, known_at=now)
    if not insert_if_new(db, stands, unique=("region_id", "origin")):
        db.delete(course)
        db.flush()
        known = CourseOrigin.region_id == region_id, CourseOrigin.origin == told.origin
        return db.get_one(Course, db.scalars(select(CourseOrigin.course_id).where(*known)).one())
    return course


def _refuse_too_many(db: Session, region_id: str, by: str) -> None:
    told_of = select(func.count()).select_from(CourseOrigin).join(Course, Course.id == CourseOrigin.course_id)
    theirs = CourseOrigin.region_id == region_id, CourseOrigin.origin.startswith(f"{by}/", autoescape=True)
    if (db.scalar(told_of.where(*theirs, Course.kind == REGION_ONLY)) or 0) >= MOST_COURSES:
        raise TooManyRegionCoursesError(most=MOST_COURSES)
