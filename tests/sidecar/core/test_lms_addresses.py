"""Learners are sent to a course of their own LMS where we know its address."""

import pytest

from sidecar.core.connections import Connection
from sidecar.core.courses import Course
from sidecar.core.data_subjects import of_identity
from sidecar.core.lms_addresses import LmsAddress, find_lms_addresses
from sidecar.core.municipalities import Municipality
from sidecar.core.people_sources import LmsCourse, Source
from sidecar.core.platforms import Platform
from sidecar.runtime import Sidecar
from tests.sidecar.core.folk import Folk


@pytest.fixture
def told(sidecar: Sidecar, kongsberg: Municipality) -> dict[str, str]:
    """An LMS that tells of a course; the ids of the course, the connection, and of two accounts, one of that LMS."""
    folk, now = Folk(sidecar), sidecar.now()
    kari = folk.account(folk.person(kongsberg.id, "1"), "u1")
    with sidecar.transaction() as db:
        course = Course(key="hms", title="HMS", kind="lms", created_at=now)
        connection = Connection(connector="moodle", settings=b"", created_at=now, platform_id=folk.platform_id)
        db.add_all([course, connection])
        db.flush()
        source = Source(connection_id=connection.id, kind="completions", created_at=now, interval_minutes=60)
        db.add(source)
        db.flush()
        row = LmsCourse(
            source_id=source.id, key="HMS & brann", title="HMS", own_course_id=course.id, course_id=course.id
        )
        db.add(row)
        db.get_one(Platform, folk.platform_id).issuer = "https://lms.example.no/"
        return {"course": course.id, "connection": connection.id, "kari": kari}


def addresses(sidecar: Sidecar, told: dict[str, str]) -> dict[str, LmsAddress]:
    with sidecar.reading() as db:
        return dict(find_lms_addresses(db, of_identity(db, told["kari"]), [told["course"]]))


def test_a_course_of_moodle_is_found_by_its_short_name(sidecar: Sidecar, told: dict[str, str]) -> None:
    found = addresses(sidecar, told)[told["course"]]
    assert found.url == "https://lms.example.no/course/view.php?name=HMS+%26+brann"


def test_another_kind_of_lms_is_named_without_an_address(sidecar: Sidecar, told: dict[str, str]) -> None:
    with sidecar.transaction() as db:
        db.get_one(Connection, told["connection"]).connector = "another"
    assert addresses(sidecar, told)[told["course"]].url == ""


def test_nobody_is_sent_to_an_lms_that_they_never_came_from(sidecar: Sidecar, told: dict[str, str]) -> None:
    with sidecar.transaction() as db:
        db.get_one(Connection, told["connection"]).platform_id = None
    assert addresses(sidecar, told) == {}
