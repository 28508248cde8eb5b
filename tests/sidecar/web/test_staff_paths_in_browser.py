"""The pages of learning paths in a real browser: axe, three languages, wide and narrow, and by the keyboard alone."""

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from sidecar.core import course_audiences
from sidecar.core.access import operator_at_the_console
from sidecar.core.course_audiences import Audience
from sidecar.core.regions import Region
from sidecar.runtime import Sidecar
from tests.sidecar.web.looking import check_widths, look_through, visit
from tests.sidecar.web.pathway import add_whole_path
from tests.sidecar.web.town import Town

pytestmark = pytest.mark.browser

CONSOLE = operator_at_the_console()


def test_paths_are_made_on_accessible_pages(page: Page, site: str, sidecar: Sidecar, town: Town) -> None:
    visit(page, f"{site}/staff/paths")
    check_widths(page, "paths-empty")
    with sidecar.transaction() as db:
        region_id = db.scalars(select(Region.id)).one()
    key = add_whole_path(sidecar, region_id)
    with sidecar.transaction() as db:
        course_audiences.add(db, CONSOLE, key, Audience(sidecar.today(), municipality="kongsberg"), sidecar.now())
    base = f"/staff/paths/{key}"
    pages = {
        "list": "/staff/paths",
        "new": "/staff/paths/new",
        "one": base,
        "edit": f"{base}/edit",
        "about": f"{base}/edit/about",
        "part": f"{base}/edit/parts/part-2",
        "add-course": f"{base}/edit/parts/part-1/add",
        "add-link": f"{base}/edit/parts/part-1/add?kind=link",
        "step": f"{base}/edit/steps/oppgave-2",
        "preview": f"{base}/preview",
        "people": f"{base}/people",
        "versions": f"{base}/versions",
        "retire": f"{base}/retire",
    }
    look_through(page, site, pages, "paths")


def test_steps_are_moved_and_removed_by_the_keyboard(page: Page, site: str, sidecar: Sidecar, town: Town) -> None:
    base = f"{site}/staff/paths/{add_whole_path(sidecar)}"
    visit(page, f"{base}/edit")
    page.locator("#step-up-oppgave-3").focus()
    page.keyboard.press("Enter")
    expect(page.locator("li.step h3")).to_have_text(["Brannvern på arbeidsplassen", "Oppgave 3", "Oppgave 2"])
    expect(page.locator("#step-up-oppgave-3")).to_be_focused()
    page.locator("#step-oppgave-2 summary").focus()
    page.keyboard.press("Enter")
    check_widths(page, "paths-removing")
    page.locator("#step-oppgave-2 summary").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("li.step h3")).to_have_text(["Brannvern på arbeidsplassen", "Oppgave 3"])
    visit(page, f"{base}/publish")
    expect(page.locator("#changes + ul li")).to_have_count(1)
    check_widths(page, "paths-publish")
