"""Play real packages in a real Chromium: nothing that was set is lost, and nothing is called saved that isn't."""

import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Frame, Page, expect, sync_playwright

from sidecar.core import attempts
from sidecar.core.attempts import Attempt
from sidecar.core.completions import find_completion
from sidecar.runtime import Sidecar
from sidecar.settings import Settings
from tests.e2e.serving import Line, cookie_of, serve
from tests.fakes.learner import Learner, bring_learner
from tests.fakes.package import make_package

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
FIND_12 = """
function find(name) { let w = window; while (!w[name] && w.parent !== w) w = w.parent; return w[name]; }
"""
PAGE_12 = (
    f"<!doctype html><meta charset='utf-8'><title>Del</title><h1>Del</h1><script>{FIND_12}const api = find('API');"
)
PAGE_2004 = PAGE_12.replace("'API'", "'API_1484_11'")
CLOSE = "</script>"

Open = Callable[[Learner], Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip("there is no /usr/bin/chromium on this machine")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield found
        found.close()


@pytest.fixture
def settings(settings: Settings) -> Settings:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return replace(settings, port=port, public_url=f"http://127.0.0.1:{port}", content_url=f"http://localhost:{port}")


@pytest.fixture
def line(sidecar: Sidecar) -> Iterator[Line]:
    with serve(sidecar) as opened:
        yield opened


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    opened = browser.new_context(locale="en-GB")
    yield opened
    opened.close()


@pytest.fixture
def open_player(context: BrowserContext, sidecar: Sidecar, line: Line) -> Open:
    def run(learner: Learner) -> Page:
        origin = sidecar.settings.public_url
        context.add_cookies([cookie_of(learner.launch_id, learner.secret, origin)])
        page = context.new_page()
        page.goto(f"{origin}/play/{learner.launch_id}")
        return page

    return run


def part(page: Page, name: str = "a") -> Frame:
    """The package's own frame, once its script has run."""
    for _ in range(100):
        found = next((frame for frame in page.frames if frame.url.endswith(f"/{name}.html")), None)
        if found and found.evaluate("typeof api") != "undefined":
            return found
        page.wait_for_timeout(50)
    raise AssertionError(f"the part never came: {[frame.url for frame in page.frames]}")


def saved(sidecar: Sidecar, learner: Learner) -> dict[str, dict[str, str]]:
    with sidecar.reading() as db:
        return attempts.list_states(db, learner.attempt_id)


def wait_for(page: Page, condition: Callable[[], bool], seconds: float = 8) -> None:
    for _ in range(int(seconds * 20)):
        if condition():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it never became true")


def state_of(sidecar: Sidecar, learner: Learner) -> str:
    with sidecar.reading() as db:
        return db.get_one(Attempt, learner.attempt_id).state


SETS_12: dict[str, str] = {
    "cmi.core.lesson_location": "side 3",
    "cmi.core.lesson_status": "incomplete",
    "cmi.suspend_data": "æ" * 60_000,
    "cmi.core.score.raw": "40",
    "cmi.objectives.0.id": "mål-1".replace("å", "a"),
    "cmi.objectives.0.status": "passed",
    "cmi.objectives.0.score.raw": "7",
    "cmi.student_preference.text": "1",
    "cmi.comments": "Hei",
}
SETS_2004: dict[str, str] = {
    "cmi.location": "side 3",
    "cmi.completion_status": "incomplete",
    "cmi.success_status": "unknown",
    "cmi.progress_measure": "0.5",
    "cmi.suspend_data": "æ" * 60_000,
    "cmi.score.scaled": "0.4",
    "cmi.score.raw": "40",
    "cmi.objectives.0.id": "maal-1",
    "cmi.objectives.0.success_status": "passed",
    "cmi.objectives.0.score.scaled": "0.7",
    "cmi.learner_preference.audio_captioning": "1",
    "cmi.interactions.0.id": "sporsmal-1",
    "cmi.interactions.0.type": "choice",
    "cmi.interactions.0.timestamp": "2026-11-22T05:38:00.0Z",
    "cmi.interactions.0.objectives.0.id": "maal-1",
    "cmi.interactions.0.correct_responses.0.pattern": "a[,]b",
    "cmi.interactions.0.learner_response": "a",
    "cmi.interactions.0.result": "incorrect",
    "cmi.interactions.0.latency": "PT3.5S",
    "cmi.interactions.0.weighting": "1",
    "cmi.interactions.0.description": "Hva gjør du først?",
    "cmi.comments_from_learner.0.comment": "Fint kurs",
}


def test_scorm_12_plays_saves_resumes_and_completes(sidecar: Sidecar, tmp_path: Path, open_player: Open) -> None:
    page_html = PAGE_12 + "api.LMSInitialize('')" + CLOSE
    learner, _ = bring_learner(sidecar, make_package(tmp_path / "p.zip", pages={"a": page_html}))
    page = open_player(learner)
    for name, value in SETS_12.items():
        assert part(page).evaluate("([n, v]) => api.LMSSetValue(n, v)", [name, value]) == "true", name
    assert part(page).evaluate("api.LMSCommit('')") == "true"
    assert saved(sidecar, learner)["a"] == SETS_12
    expect(page.get_by_role("status")).to_have_text("Saved")
    page.close()
    again = open_player(learner)
    for name, value in SETS_12.items():
        assert part(again).evaluate("name => api.LMSGetValue(name)", name) == value, name
    assert part(again).evaluate("api.LMSGetValue('cmi.core.entry')") == "resume"
    assert part(again).evaluate("api.LMSGetValue('cmi.objectives._count')") == "1"
    part(again).evaluate("api.LMSSetValue('cmi.core.lesson_status', 'passed')")
    part(again).evaluate("api.LMSSetValue('cmi.core.score.raw', '90')")
    assert part(again).evaluate("api.LMSFinish('')") == "true"
    again.get_by_role("button", name="Exit").click()
    expect(again.get_by_text("You have completed this course.")).to_be_visible()
    expect(again.get_by_role("link", name="Back to your LMS")).to_have_attribute(
        "href", "https://lms.example.org/course"
    )
    with sidecar.reading() as db:
        completion = find_completion(db, learner.attempt_id)
        assert completion is not None
        assert completion.score == 0.9


def test_scorm_2004_plays_saves_resumes_and_completes(sidecar: Sidecar, tmp_path: Path, open_player: Open) -> None:
    page_html = PAGE_2004 + "api.Initialize('')" + CLOSE
    package = make_package(tmp_path / "p.zip", pages={"a": page_html}, standard="scorm-2004")
    learner, _ = bring_learner(sidecar, package)
    page = open_player(learner)
    for name, value in SETS_2004.items():
        assert part(page).evaluate("([n, v]) => api.SetValue(n, v)", [name, value]) == "true", name
    assert part(page).evaluate("api.Commit('')") == "true"
    assert saved(sidecar, learner)["a"] == SETS_2004
    page.close()
    again = open_player(learner)
    for name, value in SETS_2004.items():
        assert part(again).evaluate("name => api.GetValue(name)", name) == value, name
    assert part(again).evaluate("api.GetValue('cmi.entry')") == "resume"
    assert part(again).evaluate("api.GetValue('cmi.interactions._count')") == "1"
    part(again).evaluate("api.SetValue('cmi.completion_status', 'completed')")
    assert part(again).evaluate("api.Terminate('')") == "true"
    assert state_of(sidecar, learner) == "completed"


@pytest.mark.parametrize(
    "name", ["cmi", "cmi.objectives", "cmi.core", "cmi.core.nothing", "adl.nav.request", "__proto__"]
)
def test_an_element_that_does_not_exist_is_refused_in_the_browser(
    sidecar: Sidecar, tmp_path: Path, open_player: Open, name: str
) -> None:
    page_html = PAGE_12 + "api.LMSInitialize('')" + CLOSE
    learner, _ = bring_learner(sidecar, make_package(tmp_path / "p.zip", pages={"a": page_html}))
    page = open_player(learner)
    assert part(page).evaluate("n => [api.LMSSetValue(n, 'x'), api.LMSGetLastError()]", name) == ["false", "401"]
    assert part(page).evaluate("[api.LMSSetValue('cmi.core.student_id', 'x'), api.LMSGetLastError()]") == [
        "false",
        "403",
    ]
    assert part(page).evaluate("api.LMSGetValue('cmi.core.lesson_status')") == "not attempted"


def test_closing_the_tab_saves_what_the_package_says_last(sidecar: Sidecar, tmp_path: Path, open_player: Open) -> None:
    last = (
        "addEventListener('unload', () => { api.LMSSetValue('cmi.core.lesson_location', 'last'); api.LMSFinish('') })"
    )
    page_html = PAGE_12 + f"api.LMSInitialize(''); {last}" + CLOSE
    learner, _ = bring_learner(sidecar, make_package(tmp_path / "p.zip", pages={"a": page_html}))
    page = open_player(learner)
    part(page).evaluate("api.LMSSetValue('cmi.suspend_data', 'just now')")
    page.close(run_before_unload=False)
    other = open_player(learner)
    wait_for(other, lambda: saved(sidecar, learner) != {})
    assert saved(sidecar, learner)["a"] == {"cmi.core.lesson_location": "last", "cmi.suspend_data": "just now"}


def test_closing_the_tab_carries_even_the_largest_state(sidecar: Sidecar, tmp_path: Path, open_player: Open) -> None:
    last = "addEventListener('pagehide', () => { api.LMSSetValue('cmi.suspend_data', 'æ'.repeat(60000)); api.LMSFinish('') })"
    page_html = PAGE_12 + f"api.LMSInitialize(''); {last}" + CLOSE
    learner, _ = bring_learner(sidecar, make_package(tmp_path / "p.zip", pages={"a": page_html}))
    page = open_player(learner)
    part(page)
    page.close(run_before_unload=False)
    other = open_player(learner)
    wait_for(other, lambda: saved(sidecar, learner) != {})
    assert saved(sidecar, learner)["a"]["cmi.suspend_data"] == "æ" * 60_000
