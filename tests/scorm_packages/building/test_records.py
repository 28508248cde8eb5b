"""What a course tells an LMS stays within the standard's limits, in review it tells nothing, and cmi5 is spoken too."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Request, Route, expect

from scorm_packages.authoring.course_source import CourseSource
from tests.fakes.course_taker import answer_all, go_on, question
from tests.scorm_packages.building.conftest import ORIGIN, Open

pytestmark = [pytest.mark.browser, pytest.mark.slow]

API = Path(__file__).with_name("fake_api.js").read_text("utf-8")
LRS = "https://lrs.test"
CMI5_LAUNCH = (
    f"?endpoint={LRS}/xapi&fetch={LRS}/fetch&registration=8a1e0f5a-0f1c-4d0e-9b8e-1f2d3c4b5a69&activityId=urn:au"
    '&actor={"account":{"homePage":"https://lms.test","name":"kari"}}'
)


def attach(page: Page, standard: str, **options: object) -> None:
    """Put an LMS's API where the course looks for it; it keeps what it holds when the page is loaded anew."""
    told = json.dumps({"standard": standard, **options})
    page.add_init_script(f"globalThis.name = {json.dumps(told)};{API}")


def held(page: Page) -> dict[str, str]:
    """What the LMS holds."""
    values: dict[str, str] = page.evaluate("held")
    return values


def calls(page: Page, name: str) -> list[list[str]]:
    """The calls of one kind."""
    every: list[list[str]] = page.evaluate("calls")
    return [call for call in every if call[0] == name]


def test_scorm_12_holds_a_long_reflection_within_its_4096_characters(
    course: CourseSource, page: Page, open_built: Open
) -> None:
    attach(page, "scorm-1.2")
    open_built(course, "scorm-1.2")
    box = page.get_by_role("textbox", name="Hva ville du gjort?")
    box.fill("æ" * 6000)
    go_on(page, "Sju slags spørsmål")
    go_on(page, "Test")
    answer_all(page)
    kept = held(page)["cmi.suspend_data"]
    assert 3900 < len(kept) <= 4096
    assert json.loads(kept)["a"]["q17"] == "abc"
    assert held(page)["cmi.core.lesson_status"] == "passed"
    attach(page, "scorm-1.2", values=held(page))
    page.reload()
    expect(page.get_by_role("heading", level=1, name="Test")).to_be_visible()
    expect(page.get_by_text("7 av 7 riktige (100 %).")).to_be_visible()
    assert held(page)["cmi.core.lesson_status"] == "passed"


def test_a_test_that_failed_counts_when_it_is_passed_and_stays_passed(
    course: CourseSource, page: Page, open_built: Open
) -> None:
    attach(page, "scorm-2004")
    open_built(course, "scorm-2004")
    go_on(page, "Sju slags spørsmål")
    go_on(page, "Test")
    assert "cmi.score.scaled" not in held(page)
    answer_all(page, wrong=("single", "numeric", "matching"))
    assert (held(page)["cmi.success_status"], held(page)["cmi.score.raw"]) == ("failed", "57.14")
    assert held(page)["cmi.interactions.0.result"] in {"correct", "incorrect"}
    page.get_by_role("button", name="Prøv igjen").click()
    answer_all(page)
    assert (held(page)["cmi.success_status"], held(page)["cmi.score.scaled"]) == ("passed", "1")
    page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide'))")
    assert re.fullmatch(r"PT[\d.]+S", held(page)["cmi.session_time"])
    assert len(calls(page, "Terminate")) == 1


def test_a_look_back_shows_what_was_answered_and_sets_nothing(
    course: CourseSource, page: Page, open_built: Open
) -> None:
    attach(page, "scorm-2004")
    open_built(course, "scorm-2004")
    page.locator(".menu a").nth(2).click()
    answer_all(page)
    attach(page, "scorm-2004", values={**held(page), "cmi.mode": "review"})
    page.reload()
    expect(page.get_by_text("Du ser tilbake på et kurs du har tatt.")).to_be_visible()
    expect(page.get_by_text("7 av 7 riktige (100 %).")).to_be_visible()
    expect(question(page, "single").locator("input").first).to_be_disabled()
    page.get_by_role("button", name="Forrige").click()
    page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide'))")
    assert calls(page, "Set") == []
    assert len(calls(page, "Terminate")) == 1


@pytest.mark.parametrize("standard", ["scorm-1.2", "scorm-2004", "cmi5"])
def test_without_an_lms_the_course_says_that_nothing_is_kept(
    course: CourseSource, page: Page, open_built: Open, standard: str
) -> None:
    if standard != "cmi5":
        attach(page, standard, isDeaf=True)
    open_built(course, standard)
    expect(page.get_by_text("ingenting blir lagret")).to_be_visible()
    go_on(page, "Sju slags spørsmål")


def test_a_pool_draws_tries_are_limited_and_both_are_remembered(
    course: CourseSource, page: Page, open_built: Open
) -> None:
    def drawn(language: str) -> CourseSource:
        test = course.pages[language][2]
        quiz = replace(test.quizzes[0], draw=3, tries=2)
        return replace(
            course, pages={**course.pages, language: (*course.pages[language][:2], replace(test, quizzes=(quiz,)))}
        )

    both = replace(drawn("nb"), pages={"nb": drawn("nb").pages["nb"], "nn": drawn("nn").pages["nn"]})
    attach(page, "scorm-1.2")
    open_built(both, "scorm-1.2")
    page.locator(".menu a").nth(2).click()
    asked = page.locator(".edition:not([hidden]) [data-quiz] .question:visible")
    expect(asked).to_have_count(3)
    names = [each.get_attribute("data-question") for each in asked.all()]
    expect(
        page.get_by_text("Testen har 3 spørsmål. Du må ha 80 % riktig for å bestå. Du har 2 forsøk.")
    ).to_be_visible()
    attach(page, "scorm-1.2", values=held(page))
    page.reload()
    expect(asked).to_have_count(3)
    assert [each.get_attribute("data-question") for each in asked.all()] == names


class FakeLrs:
    """Answer as an LMS's cmi5 services do, and write down what came."""

    def __init__(self, page: Page, mode: str = "Normal") -> None:
        self.page = page
        self.statements: list[dict[str, Any]] = []
        self.state = ""
        self.mode = mode
        self.tokens = 0
        page.route(f"{LRS}/**", self._answer)

    @property
    def said(self) -> list[str]:
        return [each["verb"]["id"].rpartition("/")[2] for each in self.statements]

    def wait_for_the_end(self) -> None:
        """Let the page go away, and the last statement come."""
        with self.page.expect_response(lambda told: "terminated" in (told.request.post_data or "")):
            self.page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide'))")

    def _answer(self, route: Route, request: Request) -> None:
        allowed = {
            "Access-Control-Allow-Origin": "*",
            "Access-Control-Allow-Headers": "*",
            "Access-Control-Allow-Methods": "*",
        }
        if request.method == "OPTIONS":
            return route.fulfill(status=204, headers=allowed)
        if request.url.endswith("/fetch"):
            self.tokens += 1
            return route.fulfill(json={"auth-token": "a2FyaTpo"}, headers=allowed)
        if request.headers.get("authorization") != "Basic a2FyaTpo":
            return route.fulfill(status=401, headers=allowed)
        if "LMS.LaunchData" in request.url:
            return route.fulfill(json=self._launch_data(), headers=allowed)
        if "stateId=bookmark" in request.url and request.method == "PUT":
            self.state = request.post_data or ""
            return route.fulfill(status=204, headers=allowed)
        if "stateId=bookmark" in request.url and self.state:
            return route.fulfill(body=self.state, content_type="application/json", headers=allowed)
        if request.url.endswith("/statements"):
            known = {each["id"] for each in self.statements}
            self.statements += [one for one in json.loads(request.post_data or "[]") if one["id"] not in known]
            return route.fulfill(json=[], headers=allowed)
        return route.fulfill(status=404, headers=allowed)

    def _launch_data(self) -> dict[str, Any]:
        grouping = {"contextActivities": {"grouping": [{"id": "urn:publisher"}]}, "extensions": {"urn:session": "s1"}}
        return {
            "launchMode": self.mode,
            "moveOn": "CompletedAndPassed",
            "masteryScore": 0.8,
            "contextTemplate": grouping,
        }


def test_cmi5_is_spoken_from_initialized_to_terminated(course: CourseSource, page: Page, open_built: Open) -> None:
    lrs = FakeLrs(page)
    open_built(course, "cmi5", query=CMI5_LAUNCH)
    go_on(page, "Sju slags spørsmål")
    go_on(page, "Test")
    answer_all(page, wrong=("single", "numeric"))
    page.get_by_role("button", name="Prøv igjen").click()
    answer_all(page)
    expect(page.get_by_text("Du har bestått kurset.")).to_be_visible()
    lrs.wait_for_the_end()
    said = lrs.said
    assert (said[0], said[-1]) == ("initialized", "terminated")
    assert (said.count("answered"), said.count("completed"), said.count("passed"), said.count("failed")) == (
        14,
        1,
        1,
        0,
    )
    assert lrs.tokens == 1
    by_verb = dict(zip(said, lrs.statements, strict=True))
    passed = by_verb["passed"]
    assert (passed["result"]["score"]["scaled"], passed["result"]["success"]) == (1, True)
    assert passed["context"]["extensions"] == {
        "urn:session": "s1",
        "https://w3id.org/xapi/cmi5/context/extensions/masteryscore": 0.8,
    }
    categories = [each["id"].rpartition("/")[2] for each in passed["context"]["contextActivities"]["category"]]
    assert categories == ["cmi5", "moveon"]
    assert "category" not in by_verb["answered"]["context"]["contextActivities"]
    assert by_verb["answered"]["object"]["definition"]["interactionType"]
    assert re.fullmatch(r"PT[\d.]+S", by_verb["terminated"]["result"]["duration"])
    assert all(
        one["context"]["registration"] and one["context"]["contextActivities"]["grouping"] for one in lrs.statements
    )


def test_cmi5_resumes_and_in_review_says_no_more_than_that_it_ran(
    course: CourseSource, page: Page, open_built: Open
) -> None:
    lrs = FakeLrs(page)
    open_built(course, "cmi5", query=CMI5_LAUNCH)
    page.locator(".menu a").nth(2).click()
    answer_all(page, wrong=("single", "numeric", "matching"))
    lrs.wait_for_the_end()
    assert lrs.said[-2:] == ["failed", "terminated"]
    lrs.statements.clear()
    lrs.mode = "Review"
    page.goto(f"{ORIGIN}/index.html{CMI5_LAUNCH}")
    expect(page.get_by_text("4 av 7 riktige (57 %).")).to_be_visible()
    lrs.wait_for_the_end()
    assert lrs.said == ["initialized", "terminated"]
