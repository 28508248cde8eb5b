"""A course of another region is one for each region of ours that is told of it, and there are not endlessly many."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from sidecar.core import crossing_courses
from sidecar.core.courses import Course
from sidecar.core.crossing_courses import (
    CourseOrigin,
    ToldCourse,
    TooManyRegionCoursesError,
    find_course_for,
    stand_for,
)
from sidecar.core.regions import Region
from sidecar.runtime import Sidecar

OURS = "https://sidecar.example.no/exchange/kongsbergregionen"
OSTFOLD = "https://ostfold.example.no/exchange/ostfold"
THEIRS = f"{OSTFOLD}/courses"
BRANN = ToldCourse(f"{THEIRS}/brann", "Brannvern")
HMS = ToldCourse(f"{THEIRS}/hms", "HMS")


@pytest.fixture
def regions(sidecar: Sidecar) -> tuple[str, str]:
    """Return the ids of two regions of ours."""
    with sidecar.transaction() as db:
        made = [
            Region(slug="kongsbergregionen", name="Kongsbergregionen"),
            Region(slug="vesteralen", name="Vesterålen"),
        ]
        db.add_all(made)
        db.flush()
        return made[0].id, made[1].id


def add_course(db: Session, sidecar: Sidecar, key: str) -> str:
    course = Course(key=key, title="Brannvern", created_at=sidecar.now())
    db.add(course)
    db.flush()
    return course.id


def test_who_is_told_second_at_once_gets_their_own_region_s_course(
    sidecar: Sidecar, regions: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = regions

    def lose(db: Session, row: CourseOrigin, *, unique: tuple[str, ...]) -> bool:
        del unique
        stand_for(db, row.region_id, row.origin, add_course(db, sidecar, "just-made"), sidecar.now())
        return False

    with sidecar.transaction() as db:
        stand_for(db, first, BRANN.origin, add_course(db, sidecar, "of-the-other"), sidecar.now())
        monkeypatch.setattr(crossing_courses, "insert_if_new", lose)
        assert find_course_for(db, second, OURS, BRANN, sidecar.now(), by=OSTFOLD).key == "just-made"


def test_what_stands_for_a_course_of_ours_does_not_count_towards_the_most(
    sidecar: Sidecar, regions: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    region_id = regions[0]
    monkeypatch.setattr(crossing_courses, "MOST_COURSES", 1)
    with sidecar.transaction() as db:
        stand_for(db, region_id, f"{THEIRS}/adoptert", add_course(db, sidecar, "adoptert"), sidecar.now())
        made = find_course_for(db, region_id, OURS, BRANN, sidecar.now(), by=OSTFOLD)
        assert find_course_for(db, region_id, OURS, BRANN, sidecar.now(), by=OSTFOLD) is made
        with pytest.raises(TooManyRegionCoursesError):
            find_course_for(db, region_id, OURS, HMS, sidecar.now(), by=OSTFOLD)
