"""Do the main job in a real Chromium: the LMS, the application and the packages are three sites, the courses real."""

from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from practice_lms.config import Faults
from sidecar.connecting import add_connection
from sidecar.core.access import operator_at_the_console
from sidecar.core.launches import FailedLaunch
from sidecar.core.municipalities import Municipality
from sidecar.core.periods import month
from sidecar.reports.asking import request
from tests.e2e.learning import (
    answer,
    answer_by_keys,
    course_in,
    following,
    hand_in,
    leave,
    link_to,
    log_in,
    nb,
    open_here,
    open_in_new_window,
    press,
    take_course,
    text,
    title_of,
)
from tests.e2e.region import Region

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SECURITY, FIRE, UNBOUND = "1", "2", "3"


@pytest.fixture
def locale() -> str:
    return "nb-NO"


def test_a_learner_passes_inside_the_lms_with_the_keyboard_alone(context: BrowserContext, region: Region) -> None:
    person, page = region.learner("rollag"), context.new_page()
    page.goto(region.lms.config.issuer)
    press(page, page.get_by_label("Bruker"), person.first_name[0])
    press(page, page.get_by_role("button", name="Logg inn"))
    press(page, link_to(page, region, FIRE, "Åpne her"))
    tool = page.frame_locator("main iframe")
    course = course_in(tool)
    expect(course.get_by_text(text("page-of", page=1, pages=9)).last).to_be_visible()
    has_third_party_cookies = tool.locator("body").evaluate("() => document.hasStorageAccess()")
    assert not has_third_party_cookies, "the test means nothing where the browser lets third-party cookies through"
    while not hand_in(course).is_visible():
        press(page, following(course))
    answer_by_keys(page, course, "brannvern")
    press(page, hand_in(course))
    expect(course.get_by_text(text("exam-passed", percent=80))).to_be_visible()
    press(page, tool.get_by_role("button", name=nb("Exit"), exact=True), back=True)
    expect(tool.get_by_text(nb("You have completed this course."))).to_be_visible()
    expect(tool.get_by_text("100 %")).to_be_visible()
    expect(tool.get_by_text(nb("On its way"))).to_be_visible()
    region.run_jobs()
    press(page, tool.get_by_role("link", name=nb("Back to your LMS")))
    press(page, page.get_by_role("link", name="Til kurset"))
    press(page, page.get_by_role("link", name="Karakterbok"))
    expect(page.get_by_role("row", name=person.name).get_by_text("100.00")).to_be_visible()


def test_a_learner_passes_in_a_window_of_its_own(context: BrowserContext, region: Region) -> None:
    person = region.learner("rollag")
    window = open_in_new_window(log_in(context, region, person), region, SECURITY)
    take_course(window, "informasjonssikkerhet")
    region.run_jobs()
    window.reload()
    expect(window.get_by_text(nb("Sent"), exact=True)).to_be_visible()
    window.get_by_role("link", name=nb("Back to your LMS")).click()
    window.get_by_role("link", name="Karakterbok").click()
    expect(window.get_by_role("row", name=person.name).get_by_text("100.00")).to_be_visible()


@pytest.mark.parametrize("link_id", [SECURITY, FIRE])
def test_a_learner_goes_on_where_the_tab_was_closed(context: BrowserContext, region: Region, link_id: str) -> None:
    page = log_in(context, region, region.learner("kongsberg"))
    tool = open_here(page, region, link_id)
    course = course_in(tool)
    while not course.get_by_role("radio").first.is_visible():
        following(course).click()
    course.get_by_role("radio").first.check()
    course.get_by_role("button", name=text("check")).first.click()
    where = course.get_by_role("heading", level=1).inner_text()
    expect(tool.get_by_role("status")).to_have_text(nb("Saved"))
    page.close()
    again = course_in(open_here(context.new_page(), region, link_id))
    expect(again.get_by_role("heading", level=1)).to_have_text(where)
    expect(again.get_by_role("radio").first).to_be_checked()


def test_only_a_pass_is_sent_and_the_best_one_counts(context: BrowserContext, region: Region) -> None:
    person = region.learner("kongsberg")
    page = log_in(context, region, person)
    tool = open_here(page, region, FIRE)
    take_course(tool, "brannvern", wrong=3)
    expect(tool.get_by_text(nb("You have not passed this course yet. You can try again."))).to_be_visible()
    region.run_jobs()
    assert region.lms.score_calls == []

    tool.get_by_role("link", name=nb("Go on with the course")).click()
    course_in(tool).get_by_role("button", name=text("try-again")).click()
    answer(course_in(tool), "brannvern")
    leave(tool)
    region.run_jobs()
    assert region.score_of(person, FIRE) == 100

    tool = open_here(page, region, FIRE)
    expect(tool.get_by_role("status")).to_have_text(nb("Review: nothing is saved"))
    expect(course_in(tool).get_by_text(text("review"))).to_be_visible()
    tool.get_by_role("button", name=nb("Start again")).click()
    expect(tool.get_by_role("status")).not_to_have_text(nb("Review: nothing is saved"))
    take_course(tool, "brannvern", wrong=1)
    expect(tool.get_by_text(nb("You have completed this course."))).to_be_visible()
    region.run_jobs()
    assert [call.status for call in region.lms.score_calls] == [200]
    assert region.score_of(person, FIRE) == 100


def test_staff_choose_the_course_of_an_activity_that_names_none(context: BrowserContext, region: Region) -> None:
    learner, teacher = region.learner("rollag"), region.teacher()
    not_chosen = nb(
        "Nobody has chosen the course of this activity yet. Tell your teacher or your regional competence office."
    )
    for person in (learner, teacher):
        tool = open_here(log_in(context, region, person), region, UNBOUND)
        expect(tool.get_by_text(not_chosen)).to_be_visible()
    region.grant(teacher, "content-developer")
    tool = open_here(log_in(context, region, teacher), region, UNBOUND)
    expect(tool.get_by_role("heading", name=nb("Choose the course of this activity"))).to_be_visible()
    tool.get_by_role("button", name="Brannvern på arbeidsplassen").click()
    expect(title_of(course_in(tool))).to_have_text("Brannvern på arbeidsplassen")
    tool = open_here(log_in(context, region, learner), region, UNBOUND)
    take_course(tool, "brannvern")
    region.run_jobs()
    assert region.score_of(learner, UNBOUND) == 100


def test_the_report_goes_to_the_learners_municipality_and_no_other(
    context: BrowserContext, region: Region, kongsberg: Municipality, rollag: Municipality, tmp_path: Path
) -> None:
    person = region.learner("kongsberg")
    take_course(open_here(log_in(context, region, person), region, SECURITY), "informasjonssikkerhet")
    today = region.sidecar.today()
    for municipality in (kongsberg, rollag):
        folder = tmp_path / "reports" / municipality.slug
        folder.mkdir(parents=True)
        operator = operator_at_the_console()
        add_connection(region.sidecar, operator, municipality.id, "folder", {"folder": str(folder)})
        request(region.sidecar, municipality.id, month(today.year, today.month))
    region.run_jobs()
    reports = {path.parent.name: path.read_text("utf-8-sig") for path in (tmp_path / "reports").glob("*/*.csv")}
    assert len(list((tmp_path / "reports").glob("*/*.xlsx"))) == 2
    heading, row = reports["kongsberg"].splitlines()
    assert row.startswith(f"{person.employee_number};{person.last_name};{person.first_name};{person.unit};")
    assert reports["rollag"].splitlines() == [heading]


def test_a_tampered_launch_is_refused_with_a_reference(context: BrowserContext, region: Region) -> None:
    region.spoil(Faults(wrong_key=True))
    tool = open_here(log_in(context, region, region.learner("kongsberg")), region, FIRE)
    expect(tool.get_by_role("heading", name=nb("The course did not open"))).to_be_visible()
    with region.sidecar.reading() as db:
        failure = db.query(FailedLaunch).one()
    expect(tool.locator("code").first).to_have_text(failure.reference)
