"""A learning path and its steps are courses, and stand nowhere where only a course to play makes sense."""

from pathlib import Path

import pytest

from sidecar.catalogue import add_package
from sidecar.core import course_facts, manual_evidence, offers, staff_courses
from sidecar.core.access import Viewer, operator_at_the_console
from sidecar.core.audit_subjects import names_of
from sidecar.core.courses import REGION_ONLY, Course
from sidecar.core.municipalities import Municipality
from sidecar.core.staff_courses import CourseKeyTakenError, find_course_of
from sidecar.errors import NotFoundError
from sidecar.runtime import Sidecar
from tests.fakes.package import make_package
from tests.sidecar.walking import GATHERING_KEY, KEY, TASK_KEY, Walk, make_walk

CONSOLE = operator_at_the_console()


@pytest.fixture
def walk(sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality) -> Walk:
    return make_walk(sidecar, kongsberg, rollag)


@pytest.mark.parametrize("key", [KEY, TASK_KEY, GATHERING_KEY, f"{KEY}-lenke"])
def test_no_package_becomes_a_version_of_one(walk: Walk, tmp_path: Path, key: str) -> None:
    package = make_package(tmp_path / "kurs.zip", pages={"a": "<!doctype html><title>A</title>"}, title="Kurs")
    for is_published in (True, False):
        with pytest.raises(CourseKeyTakenError):
            add_package(walk.sidecar, package, key=key, is_published=is_published)
    with walk.sidecar.reading() as db:
        assert not [one for one in staff_courses.list_courses_of(db, CONSOLE) if one.course.key == key]
        with pytest.raises(NotFoundError):
            offers.find_course(db, walk.folk.platform_id, key)


def test_another_region_s_path_is_no_shared_course(walk: Walk) -> None:
    stranger = Viewer("x", frozenset({"rkk"}), authored_for=frozenset({None}), regions=frozenset({"elsewhere"}))
    with walk.sidecar.transaction() as db:
        path = db.get_one(Course, walk.course_id(KEY))
        path.subject = "Omsorg"
        shared = Course(key="brannvern", title="Brannvern", subject="Brann", created_at=walk.sidecar.now())
        db.add(shared)
        db.flush()
        assert set(names_of(db, stranger, [path.id, shared.id])) == {shared.id}
        assert course_facts.list_subjects(db, stranger) == ["Brann"]
        assert course_facts.list_subjects(db, CONSOLE) == ["Brann", "Omsorg"]
        with pytest.raises(NotFoundError):
            find_course_of(db, stranger, KEY)


def test_what_others_tell_is_not_entered_by_hand(walk: Walk) -> None:
    with walk.sidecar.transaction() as db:
        db.add(Course(key="deres", title="Deres", kind=REGION_ONLY, created_at=walk.sidecar.now()))
        db.flush()
        assert {one.key for one in manual_evidence.list_courses(db, CONSOLE)} == {KEY, TASK_KEY, GATHERING_KEY}
