"""Hold every page that a launch leads to against axe and a narrow screen, in the LMS's frame and each language."""

from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import BrowserContext, Frame, Page, expect

from practice_lms.config import Faults
from sidecar.catalogue import add_package
from sidecar.core.courses import CourseVersion
from sidecar.language import translator
from tests.browsers import violations
from tests.e2e.learning import course_in, log_in, nb, open_here
from tests.e2e.playing import FIND, page_12
from tests.e2e.region import Region
from tests.fakes.package import make_package

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SECURITY, FIRE, UNBOUND = "1", "2", "3"
WIDTH_PX = 320
PASS = """const api = find("API");
api.LMSSetValue("cmi.core.lesson_status", "passed");
api.LMSSetValue("cmi.core.score.raw", "83");
api.LMSCommit("");"""


@pytest.fixture(params=["nb", "nn", "en"])
def locale(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def tool_frame(page: Page) -> Frame:
    """The frame of the LMS's page in which the tool shows itself."""
    frame = page.locator("main iframe").element_handle().content_frame()
    assert frame
    return frame


def check(page: Page, language: str) -> None:
    """Hold what the tool shows now against axe, the width and the language."""
    frame = tool_frame(page)
    assert violations(frame) == []
    assert frame.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it scrolls sideways"
    assert frame.evaluate("document.documentElement.lang") == language


def narrow(page: Page) -> Page:
    page.set_viewport_size({"width": WIDTH_PX, "height": 700})
    return page


def test_the_pages_of_staff_and_of_a_course_that_waits(
    context: BrowserContext, region: Region, locale: str, tmp_path: Path
) -> None:
    _ = translator(locale)
    region.lms.config = replace(region.lms.config, locale=locale)
    waiting = make_package(tmp_path / "w.zip", pages={"a": page_12()}, title="Kurs som ingen har sett på ennå")
    added = add_package(region.sidecar, waiting, key="venter", is_published=True)
    with region.sidecar.transaction() as db:  # as versions stand that were uploaded before there were drafts
        db.get_one(CourseVersion, added.version_id).reviewed_at = None
    region.grant(region.teacher(), "content-developer")
    page = narrow(log_in(context, region, region.teacher()))
    tool = open_here(page, region, UNBOUND)
    expect(tool.get_by_role("heading", name=_("Choose the course of this activity"))).to_be_visible()
    check(page, locale)
    tool.get_by_role("searchbox").fill("finnes ikke")
    tool.get_by_role("button", name=_("Search")).click()
    expect(tool.get_by_text(_("No course fits. Search for another word."))).to_be_visible()
    check(page, locale)
    tool = open_here(page, region, UNBOUND)
    tool.get_by_role("button", name="Kurs som ingen har sett på ennå").click()
    expect(tool.get_by_role("link", name=_("Back to your LMS"))).to_be_visible()
    check(page, locale)


def test_the_pages_of_a_learner(context: BrowserContext, region: Region, locale: str) -> None:
    _ = translator(locale)
    region.lms.config = replace(region.lms.config, locale=locale)
    page = narrow(log_in(context, region, region.learner("kongsberg")))
    tool = open_here(page, region, FIRE)
    expect(tool.get_by_role("status")).to_have_text(_("Saved"))
    check(page, locale)
    course_in(tool).locator("body").evaluate(f"() => {{ {FIND} {PASS} }}")
    tool.get_by_role("button", name=_("Exit"), exact=True).click()
    expect(tool.get_by_text(_("You have completed this course."))).to_be_visible()
    expect(tool.get_by_text("83")).to_be_visible()
    check(page, locale)


def test_the_pages_of_a_launch_that_fails(context: BrowserContext, region: Region, locale: str) -> None:
    _ = translator(locale)
    page = narrow(log_in(context, region, region.learner("kongsberg")))
    region.spoil(Faults(wrong_key=True))
    tool = open_here(page, region, FIRE)
    tool.get_by_text(_("For the administrator of the LMS")).click()
    expect(tool.get_by_text(_("Code"), exact=True)).to_be_visible()
    check(page, locale)
    context.clear_cookies(name="lti-embedded")
    own = region.sidecar.settings.public_url
    asked = {"iss": region.lms.config.issuer, "login_hint": "1", "target_link_uri": f"{own}/lti/launch"}
    tool_frame(page).goto(f"{own}/lti/login?{urlencode(asked | {'cookie_asked': '1'})}")
    expect(tool.get_by_role("link", name=_("Open the course in a new window"))).to_be_visible()
    check(page, locale)


@pytest.mark.parametrize("locale", ["nb"])
def test_a_learner_chooses_another_language_in_the_frame(context: BrowserContext, region: Region) -> None:
    page = log_in(context, region, region.learner("rollag"))
    tool = open_here(page, region, SECURITY)
    expect(tool.get_by_role("status")).to_have_text(nb("Saved"))
    tool.get_by_role("button", name="English").click()
    expect(tool.get_by_role("button", name="Exit", exact=True)).to_be_visible()
    tool = open_here(page, region, FIRE)
    expect(tool.get_by_role("button", name="Exit", exact=True)).to_be_visible()
