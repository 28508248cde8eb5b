"""Who is expected to take a course, in a real browser: axe, languages, narrow; added and ended by keyboard."""

import pytest
from playwright.sync_api import Page
from sqlalchemy import select

from sidecar.core.course_audiences import CourseAudience
from sidecar.runtime import Sidecar
from tests.sidecar.web.looking import check_widths, visit
from tests.sidecar.web.town import Town

pytestmark = pytest.mark.browser


def test_the_page_is_accessible_wide_and_narrow(page: Page, site: str, town: Town, sidecar: Sidecar) -> None:
    visit(page, f"{site}/staff/courses/brannvern/audience")
    check_widths(page, "audience-empty")
    page.locator("#place").select_option("municipality:kongsberg")
    page.locator("#word").fill("fagarbeider")
    page.locator("#word").press("Enter")
    page.wait_for_url("**/audience?done=added")
    page.locator("#place").select_option("everywhere")
    page.locator("#word").press("Enter")
    page.locator("tbody tr").nth(1).wait_for()
    check_widths(page, "audience")
    page.locator("form[action$='/end'] button").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/audience?done=ended")
    with sidecar.reading() as db:
        assert len([one for one in db.scalars(select(CourseAudience)) if one.ends_on]) == 1
