"""Bring the player into each of its states: what it shows leads on, and axe finds nothing."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from sidecar.runtime import Sidecar
from tests.browsers import violations
from tests.e2e.playing import Open, page_12, part
from tests.e2e.serving import Line
from tests.fakes.learner import bring_learner
from tests.fakes.package import make_package

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NARROW_PX = 360


def check(page: Page, state: str) -> None:
    """Hold what is shown against axe, on a phone."""
    page.set_viewport_size({"width": NARROW_PX, "height": 640})
    assert violations(page) == [], state
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW_PX, state


def test_every_state_of_the_player_is_accessible(
    sidecar: Sidecar, tmp_path: Path, open_player: Open, line: Line
) -> None:
    learner, _ = bring_learner(sidecar, make_package(tmp_path / "p.zip", pages={"a": page_12()}))
    page = open_player(learner)
    part(page)
    check(page, "playing")
    line.is_cut = True
    part(page).evaluate("api.LMSSetValue('cmi.core.lesson_status', 'failed')")
    expect(page.get_by_role("status")).to_have_text("Not saved yet")
    check(page, "not saved yet")
    second = open_player(learner)
    part(second)
    line.is_cut = False
    expect(page.get_by_role("status")).to_have_text("Saved", timeout=20_000)
    part(second).evaluate("api.LMSSetValue('cmi.core.lesson_location', '2')")
    expect(second.get_by_role("alert")).to_contain_text("open in another window")
    check(second, "second window")
    second.close()
    part(page).evaluate("api.LMSSetValue('cmi.core.exit', 'suspend'), api.LMSFinish('')")
    onward = page.get_by_role("button", name="See how it went")
    expect(onward).to_be_focused()
    expect(page.get_by_text("The course has ended, and everything is saved.")).to_be_visible()
    check(page, "ended")
    onward.press("Enter")
    again = page.get_by_role("button", name="Try again")
    expect(again).to_be_visible()
    assert again.get_attribute("class") is None, "it is the main button"
    check(page, "failed")
    again.click()
    assert part(page).evaluate("api.LMSGetValue('cmi.core.entry')") == "ab-initio"
    part(page).evaluate("api.LMSSetValue('cmi.core.lesson_status', 'passed'), api.LMSFinish('')")
    expect(onward).to_be_focused()
    check(page, "completed")
    page.reload()
    part(page).evaluate("api.LMSFinish('')")
    expect(page.get_by_text("This course has ended. There is nothing more to save.")).to_be_visible()
    check(page, "review")
    page.goto(f"{sidecar.settings.public_url}/play/{'0' * 32}")
    expect(page.get_by_role("heading", name="Sign in first")).to_be_visible()
    check(page, "error")


def test_the_way_on_is_shown_only_when_the_last_words_are_saved(
    sidecar: Sidecar, tmp_path: Path, open_player: Open, line: Line
) -> None:
    learner, _ = bring_learner(sidecar, make_package(tmp_path / "p.zip", pages={"a": page_12()}))
    page = open_player(learner)
    line.is_cut = True
    assert part(page).evaluate("api.LMSSetValue('cmi.core.lesson_status', 'passed'), api.LMSFinish('')") == "false"
    expect(page.get_by_role("alert")).to_contain_text("Keep this page open")
    onward = page.get_by_role("button", name="See how it went")
    expect(onward).to_be_hidden()
    line.is_cut = False
    expect(onward).to_be_focused(timeout=20_000)
    onward.click()
    expect(page.get_by_text("You have completed this course.")).to_be_visible()


def test_after_a_part_the_way_on_is_the_next_part(sidecar: Sidecar, tmp_path: Path, open_player: Open) -> None:
    pages = {"a": page_12(), "b": page_12()}
    learner, _ = bring_learner(sidecar, make_package(tmp_path / "p.zip", pages=pages))
    page = open_player(learner)
    part(page).evaluate("api.LMSSetValue('cmi.core.lesson_status', 'completed'), api.LMSFinish('')")
    expect(page.get_by_role("button", name="Continue")).to_be_focused()
    expect(page.get_by_role("button", name="See how it went")).to_be_hidden()
    page.keyboard.press("Enter")
    part(page, "b").evaluate("api.LMSSetValue('cmi.core.lesson_status', 'completed'), api.LMSFinish('')")
    expect(page.get_by_role("button", name="See how it went")).to_be_focused()
