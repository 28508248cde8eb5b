"""Move about in courses of several parts, review them, start again; with the keyboard alone and on a small screen."""

from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from sidecar.runtime import Sidecar
from tests.browsers import violations
from tests.e2e.playing import Open, page_12, page_2004, part, saved, state_of, wait_for
from tests.fakes.learner import bring_learner
from tests.fakes.package import make_package

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LEAVES = "addEventListener('unload', () => { api.LMSSetValue('cmi.core.lesson_location', 'left'); api.LMSFinish('') });"


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def test_a_course_of_several_parts_is_complete_when_all_are(
    sidecar: Sidecar, tmp_path: Path, open_player: Open
) -> None:
    pages = {"a": page_12(LEAVES), "b": page_12(LEAVES)}
    learner, _ = bring_learner(sidecar, make_package(tmp_path / "p.zip", pages=pages))
    page = open_player(learner)
    part(page).evaluate("api.LMSSetValue('cmi.core.lesson_status', 'completed')")
    expect(button(page, "Previous")).to_be_disabled()
    button(page, "Continue").click()
    part(page, "b")
    wait_for(page, lambda: saved(sidecar, learner).get("a", {}).get("cmi.core.lesson_location") == "left")
    assert state_of(sidecar, learner) == "open"
    expect(button(page, "Continue")).to_be_disabled()
    expect(button(page, "Del b")).to_have_attribute("aria-current", "true")
    button(page, "Del a").click()
    assert part(page).evaluate("api.LMSGetValue('cmi.core.lesson_location')") == "left"
    button(page, "Del b").click()
    part(page, "b").evaluate("api.LMSSetValue('cmi.core.lesson_status', 'passed')")
    button(page, "Exit").click()
    expect(page.get_by_text("You have completed this course.")).to_be_visible()
    assert state_of(sidecar, learner) == "completed"


def test_navigation_requests_of_scorm_2004_are_followed(sidecar: Sidecar, tmp_path: Path, open_player: Open) -> None:
    pages = {"a": page_2004(), "b": page_2004()}
    learner, _ = bring_learner(sidecar, make_package(tmp_path / "p.zip", pages=pages, standard="scorm-2004"))
    page = open_player(learner)
    asked = "name => api.GetValue('adl.nav.request_valid.' + name)"
    assert part(page).evaluate(asked, "continue") == "true"
    assert part(page).evaluate(asked, "previous") == "false"
    assert part(page).evaluate(asked, "choice.{target=b}") == "true"
    assert part(page).evaluate("api.SetValue('adl.nav.request', 'continue')") == "true"
    assert part(page).evaluate("api.Terminate('')") == "true"
    assert part(page, "b").evaluate(asked, "previous") == "true"
    part(page, "b").evaluate("api.SetValue('adl.nav.request', 'suspendAll')")
    part(page, "b").evaluate("void api.Terminate('')")
    expect(page.get_by_text("You have not finished yet.")).to_be_visible()
    page.get_by_role("link", name="Go on with the course").click()
    part(page, "b")


def test_a_finished_course_is_reviewed_and_can_be_started_again(
    sidecar: Sidecar, tmp_path: Path, open_player: Open
) -> None:
    learner, _ = bring_learner(sidecar, make_package(tmp_path / "p.zip", pages={"a": page_12()}))
    page = open_player(learner)
    part(page).evaluate("api.LMSSetValue('cmi.core.lesson_status', 'passed')")
    part(page).evaluate("api.LMSFinish('')")
    page.reload()
    expect(page.get_by_role("status")).to_have_text("Review: nothing is saved")
    assert part(page).evaluate("api.LMSGetValue('cmi.core.lesson_mode')") == "review"
    assert part(page).evaluate("[api.LMSSetValue('cmi.core.lesson_status', 'failed'), api.LMSCommit('')]") == [
        "true",
        "true",
    ]
    assert saved(sidecar, learner)["a"]["cmi.core.lesson_status"] == "passed"
    button(page, "Start again").click()
    assert part(page).evaluate("api.LMSGetValue('cmi.core.entry')") == "ab-initio"
    assert part(page).evaluate("api.LMSGetValue('cmi.core.lesson_mode')") == "normal"


def test_the_pages_are_accessible_on_a_small_screen(sidecar: Sidecar, tmp_path: Path, open_player: Open) -> None:
    pages = {"a": page_12(), "b": page_12()}
    learner, _ = bring_learner(sidecar, make_package(tmp_path / "p.zip", pages=pages, title="Brannvern i praksis"))
    page = open_player(learner)
    page.set_viewport_size({"width": 320, "height": 640})
    shim = part(page).parent_frame
    assert shim is not None
    assert shim.locator("iframe:visible").count() == 1, "frames without content stand in the keyboard's way"
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    for name in ("Continue", "Suspend", "Exit"):
        page.keyboard.press("Tab")
        expect(button(page, name)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.wait_for_url("**/end")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_a_package_installs_no_service_worker(sidecar: Sidecar, tmp_path: Path, open_player: Open) -> None:
    files = {"sw.js": b"addEventListener('fetch', (event) => event.respondWith(new Response('mine')))"}
    learner, _ = bring_learner(sidecar, make_package(tmp_path / "p.zip", pages={"a": page_12()}, files=files))
    page = open_player(learner)
    page.goto(part(page).url)  # by itself, as a browser lets no frame of another site register one
    register = "navigator.serviceWorker.register('sw.js').then(() => 'registered', (error) => error.message)"
    assert "A bad HTTP response code (403)" in page.evaluate(register)
    assert page.evaluate("navigator.serviceWorker.getRegistrations().then((all) => all.length)") == 0
