"""Which course a link opens: the custom parameter, the binding that staff chose, or a clear page."""

from datetime import timedelta
from typing import Any

import pytest

from sidecar.core.attempts import Attempt
from sidecar.core.audit import AuditEntry
from sidecar.core.courses import Course
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Identity
from sidecar.core.platforms import PlatformMunicipality, ResourceLink
from sidecar.core.staff import Grant
from tests.certification.verdicts import assert_let_in, assert_refused
from tests.fakes.lms import HOST, Browser, RegisteredLms, add_course

NO_COURSE: dict[str, Any] = {"custom": {}}
ADMINISTRATOR = [
    "http://purl.imsglobal.org/vocab/lis/v2/membership#Instructor",
    "http://purl.imsglobal.org/vocab/lis/v2/system/person#Administrator",
]


@pytest.fixture
def staff(lms: RegisteredLms) -> Browser:
    """The browser of somebody whom an operator granted a role."""
    return grant(lms, "content-developer")


def grant(lms: RegisteredLms, role: str, subject: str = "7", *, ended: bool = False) -> Browser:
    browser, now = lms.browser(), lms.sidecar.now()
    with lms.sidecar.transaction() as db:
        identity = Identity(platform_id=lms.platform_id, subject=subject, first_seen_at=now, last_seen_at=now)
        db.add(identity)
        db.flush()
        ends_at = now - timedelta(seconds=1) if ended else None
        db.add(Grant(identity_id=identity.id, role=role, granted_at=now - timedelta(days=1), ends_at=ends_at))
    return browser


def test_the_custom_parameter_names_the_course(lms: RegisteredLms, browser: Browser) -> None:
    course_id = add_course(lms.sidecar, "smittevern", "Smittevern")
    assert_let_in(lms, browser.launch(custom={"course": " smittevern "}))
    assert lms.launches()[0].course_id == course_id
    with lms.sidecar.reading() as db:
        assert db.query(Attempt).one().course_id == course_id


@pytest.fixture
def secret(lms: RegisteredLms, rollag: Municipality) -> str:
    """The key of a course of a municipality that the LMS does not speak for."""
    course_id = add_course(lms.sidecar, "internt", "Rollags interne kurs")
    with lms.sidecar.transaction() as db:
        db.get_one(Course, course_id).municipality_id = rollag.id
    return "internt"


def speak_for(lms: RegisteredLms, municipality: Municipality) -> None:
    with lms.sidecar.transaction() as db:
        db.add(PlatformMunicipality(platform_id=lms.platform_id, municipality_id=municipality.id))


def test_a_launch_opens_no_course_of_another_municipality(
    lms: RegisteredLms, browser: Browser, secret: str, rollag: Municipality
) -> None:
    answer = browser.launch(custom={"course": secret})
    assert_refused(lms, answer, "course-unknown")
    assert "Rollags" not in answer.text
    speak_for(lms, rollag)
    assert browser.launch(custom={"course": secret}).status_code == 303


def test_a_course_of_another_municipality_is_neither_listed_nor_bound(
    lms: RegisteredLms, staff: Browser, secret: str, rollag: Municipality
) -> None:
    staff.launch(**NO_COURSE)
    path = f"/launch/{lms.launches()[0].id}/course"
    assert "Rollags" not in staff.get(path).text
    assert staff.submit(path, course=secret).status_code == 404
    assert lms.launches()[0].course_id is None
    speak_for(lms, rollag)
    assert "Rollags" in staff.get(path).text
    assert staff.submit(path, course=secret).status_code == 303


def test_a_bound_link_opens_nothing_once_the_lms_speaks_for_its_municipality_no_more(
    lms: RegisteredLms, staff: Browser, browser: Browser, secret: str, rollag: Municipality
) -> None:
    speak_for(lms, rollag)
    staff.launch(**NO_COURSE)
    staff.submit(f"/launch/{lms.launches()[0].id}/course", course=secret)
    assert browser.launch(custom={}, sub="8").status_code == 303
    with lms.sidecar.transaction() as db:
        db.query(PlatformMunicipality).filter_by(municipality_id=rollag.id).delete()
    assert browser.launch(custom={}, sub="8").status_code == 400
    assert [failure.code for failure in lms.failures()] == ["course-not-chosen"]


def test_a_second_launch_takes_the_attempt_up(lms: RegisteredLms, browser: Browser) -> None:
    browser.launch()
    browser.launch()
    with lms.sidecar.reading() as db:
        assert db.query(Attempt).count() == 1


@pytest.mark.parametrize("key", ["unknown", "x" * 5000, "<script>", "' OR 1=1 --"])
def test_an_unknown_course_gets_a_clear_page(lms: RegisteredLms, browser: Browser, key: str) -> None:
    answer = browser.launch(custom={"course": key})
    assert_refused(lms, answer, "course-unknown")
    assert answer.status_code == 404
    assert "<script>" not in answer.text


@pytest.mark.parametrize("custom", [{}, {"course": ""}, {"course": "$Course.key"}, {"course": 5}])
def test_a_learner_without_a_course_gets_a_clear_page(
    lms: RegisteredLms, browser: Browser, custom: dict[str, Any]
) -> None:
    assert_refused(lms, browser.launch(custom=custom), "course-not-chosen")


def test_no_lti_role_lets_anybody_choose(lms: RegisteredLms, browser: Browser) -> None:
    assert_refused(lms, browser.launch(custom={}, roles=ADMINISTRATOR), "course-not-chosen")


def test_a_grant_that_has_ended_lets_nobody_choose(lms: RegisteredLms) -> None:
    browser = grant(lms, "operator", ended=True)
    assert_refused(lms, browser.launch(**NO_COURSE), "course-not-chosen")


@pytest.mark.parametrize("role", ["manager", "contact"])
def test_other_staff_do_not_choose(lms: RegisteredLms, role: str) -> None:
    assert_refused(lms, grant(lms, role).launch(**NO_COURSE), "course-not-chosen")


def test_staff_choose_once_and_the_link_opens_that_course_for_everybody(
    lms: RegisteredLms, staff: Browser, browser: Browser
) -> None:
    course_id = add_course(lms.sidecar, "smittevern", "Smittevern")
    answer = staff.launch(**NO_COURSE)
    launch_id = lms.launches()[0].id
    assert answer.headers["Location"] == f"/launch/{launch_id}/course"
    chosen = staff.submit(f"/launch/{launch_id}/course", course="smittevern")
    assert (chosen.status_code, chosen.headers["Location"]) == (303, f"/play/{launch_id}")
    assert browser.launch(custom={}, sub="8").status_code == 303
    assert [launch.course_id for launch in lms.launches()] == [course_id, course_id]
    with lms.sidecar.reading() as db:
        assert {entry.action for entry in db.query(AuditEntry)} >= {"resource_link.bound"}


def test_the_link_can_be_bound_to_another_course(lms: RegisteredLms, staff: Browser) -> None:
    add_course(lms.sidecar, "smittevern", "Smittevern")
    staff.launch(**NO_COURSE)
    path = f"/launch/{lms.launches()[0].id}/course"
    staff.submit(path, course="smittevern")
    staff.submit(path, course="brannvern")
    with lms.sidecar.reading() as db:
        assert db.query(ResourceLink).count() == 1
    staff.launch(**NO_COURSE)
    assert lms.launches()[-1].course_id == lms.launches()[0].course_id


def test_a_link_that_names_its_course_in_the_lms_is_not_bound(lms: RegisteredLms, staff: Browser) -> None:
    staff.launch()
    answer = staff.submit(f"/launch/{lms.launches()[0].id}/course", course="brannvern")
    assert answer.status_code == 400
    with lms.sidecar.reading() as db:
        assert db.query(ResourceLink).count() == 0


def test_the_courses_can_be_searched(lms: RegisteredLms, staff: Browser) -> None:
    add_course(lms.sidecar, "smittevern", "Smittevern")
    staff.launch(**NO_COURSE)
    path = f"/launch/{lms.launches()[0].id}/course"
    assert "Brannvern" in staff.get(path).text
    found = staff.get(f"{path}?q=SMITTE").text
    assert "Smittevern" in found
    assert "Brannvern" not in found
    assert "<script>" not in staff.get(f"{path}?q=<script>").text


def test_an_unknown_choice_changes_nothing(lms: RegisteredLms, staff: Browser) -> None:
    staff.launch(**NO_COURSE)
    assert staff.submit(f"/launch/{lms.launches()[0].id}/course", course="unknown").status_code == 404
    assert lms.launches()[0].course_id is None


def test_a_choice_needs_the_token_of_the_form(lms: RegisteredLms, staff: Browser) -> None:
    staff.launch(**NO_COURSE)
    path = f"/launch/{lms.launches()[0].id}/course"
    forged = staff.client.post(path, base_url=HOST, data={"course": "brannvern"}, headers={"Origin": HOST})
    assert forged.status_code == 403
    assert lms.launches()[0].course_id is None


def test_another_browser_sees_no_choice(lms: RegisteredLms, staff: Browser, browser: Browser) -> None:
    staff.launch(**NO_COURSE)
    assert browser.get(f"/launch/{lms.launches()[0].id}/course").status_code == 401


def test_a_learner_may_not_open_the_choice_of_an_own_launch(lms: RegisteredLms, browser: Browser) -> None:
    browser.launch()
    assert browser.get(f"/launch/{lms.launches()[0].id}/course").status_code == 403


def test_staff_go_on_to_the_staff_pages(lms: RegisteredLms, staff: Browser) -> None:
    staff.launch(**NO_COURSE)
    launch_id = lms.launches()[0].id
    answer = staff.submit(f"/launch/{launch_id}/staff")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/staff/")
    cookie = answer.headers["Set-Cookie"].split("; ")
    assert cookie[0].startswith("__Host-sidecar-staff=")
    assert {"Secure", "HttpOnly", "SameSite=None", "Partitioned", "Path=/"} <= set(cookie)
