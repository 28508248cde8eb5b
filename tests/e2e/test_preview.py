"""Try a course in a real Chromium: from the LMS's dialog, with a result, and back to the picker as it was."""

import os
import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from sidecar.core.attempts import Attempt
from sidecar.core.evidence import Evidence
from sidecar.core.outbox import OutboxItem
from tests.browsers import violations
from tests.e2e.learning import answer, course_in, go_to_quiz, log_in, nb
from tests.e2e.region import Region

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SHOTS = os.environ.get("SIDECAR_SHOTS")
"""A folder to write pictures of every page into, for people to look at."""

WIDTHS = (1280, 360)
HAND_IN = re.compile("^Lever")
BANNER = "This is a preview. Nothing you do here counts."


@pytest.fixture
def locale() -> str:
    return "nb-NO"


def check(page: Page, name: str) -> None:
    """Hold a page against axe and its width."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        if SHOTS:
            page.screenshot(path=f"{SHOTS}/preview-{name}-{width}.png")
        assert violations(page) == [], (name, width)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} scrolls sideways"


def test_a_teacher_tries_a_course_twice_and_then_chooses_it(context: BrowserContext, region: Region) -> None:
    page = log_in(context, region, region.teacher())
    page.goto(f"{region.lms.config.issuer}/course")
    page.get_by_role("link", name="Velg innhold").click()
    dialog = page.frame_locator("main iframe")
    dialog.get_by_role("checkbox").nth(-2).check()  # the last course; after it stands "My learning"
    dialog.get_by_role("button", name="Mer om Brannvern på arbeidsplassen").click()
    with context.expect_page() as opened:
        dialog.get_by_role("button", name=nb("Try the course")).click()
    preview = opened.value
    expect(preview.get_by_text(nb(BANNER))).to_be_visible()
    course = course_in(preview)
    go_to_quiz(course)
    check(preview, "player")
    preview.get_by_role("button", name=nb("Exit"), exact=True).click()
    preview.get_by_role("link", name=nb("Go on with the course")).click()
    expect(course_in(preview).get_by_role("button", name=HAND_IN)).to_be_visible()
    answer(course_in(preview), "brannvern", wrong=6)
    preview.get_by_role("button", name=nb("Exit"), exact=True).click()
    expect(preview.get_by_text("Du ville ikke ha bestått")).to_be_visible()
    check(preview, "failed")
    preview.get_by_role("button", name=nb("Start again")).click()
    go_to_quiz(course_in(preview))
    answer(course_in(preview), "brannvern")
    preview.get_by_role("button", name=nb("Exit"), exact=True).click()
    expect(preview.get_by_text(nb("You would have passed with %(score)s.") % {"score": "100\u00a0%"})).to_be_visible()
    check(preview, "passed")
    with region.sidecar.reading() as db:
        assert [db.query(each).count() for each in (Attempt, Evidence)] == [0, 0]
        assert {item.kind for item in db.query(OutboxItem)} <= {"browser-check"}
    preview.close()
    dialog.get_by_role("button", name=nb("Choose this course")).click()
    dialog.get_by_role("button", name=nb("Go on"), exact=True).click()
    dialog.get_by_role("button", name="Legg til 2 kurs").click()
    page.wait_for_url(f"{region.lms.config.issuer}/course")
