"""The pages of completions from elsewhere in a real browser: axe, narrow and wide, in three languages."""

import pytest
from playwright.sync_api import Page
from sqlalchemy import select

from sidecar.core import course_rules, manual_evidence
from sidecar.core.course_rules import CourseRule
from sidecar.core.evidence import Evidence
from sidecar.core.manual_evidence import Entry
from sidecar.core.people import Identity
from sidecar.core.validity import Rule
from sidecar.runtime import Sidecar
from tests.sidecar.web.looking import check, look_through, visit
from tests.sidecar.web.test_staff_completions import lms_course
from tests.sidecar.web.town import EVERYTHING, Town

pytestmark = [pytest.mark.slow, pytest.mark.browser]


def test_the_pages_are_accessible(page: Page, site: str, sidecar: Sidecar, town: Town) -> None:
    lms_id = lms_course(sidecar, town)
    with sidecar.transaction() as db:
        day = sidecar.today()
        entry = Entry(
            "brannvern", day, "certificate", "Norsk brannskole", "Sett på originalen", ("0" * 64, "bevis.pdf")
        )
        piece = manual_evidence.enter(db, EVERYTHING, town.kongsberg.id, town.kari, entry, sidecar.now())
        piece.entered_by = db.scalar(select(Identity.id).where(Identity.subject == "u2"))
        rule = CourseRule(Rule(12, "08-01"), None)
        course_rules.change(db, EVERYTHING, "brannvern", rule, sidecar.now(), apply=True)
    place = f"/staff/municipalities/{town.kongsberg.slug}"
    paths = {
        "start": "/staff/",
        "employee": f"{place}/people/{town.kari}/completions",
        "waiting": "/staff/completions",
        "entered": f"/staff/completions/{piece.id}",
        "import": f"{place}/completions/import",
        "validity": "/staff/courses/brannvern/validity",
        "lms-courses": "/staff/lms-courses",
        "lms-course": f"/staff/lms-courses/{lms_id}",
    }
    look_through(page, site, paths, "completions")


def test_a_completion_is_entered_and_refused_with_a_reason(page: Page, site: str, sidecar: Sidecar, town: Town) -> None:
    visit(page, f"{site}/staff/municipalities/{town.kongsberg.slug}/people/{town.kari}/completions")
    page.select_option("#course", "brannvern")
    page.fill("#day", "2026-05-04")
    page.select_option("#basis", "prior-learning")
    page.fill("#place", "Rollag brannvesen")
    page.locator("main form button").click()
    page.wait_for_url("**?done=entered")
    check(page, "completions-entered-now")
    with sidecar.transaction() as db:
        piece = db.scalars(select(Evidence).where(Evidence.origin == "manual")).one()
        other = db.scalars(select(Identity).where(Identity.subject == "u2")).one()
        for who in (other, db.get_one(Identity, piece.entered_by)):
            who.email = f"{who.id}@example.no"  # without one nobody is a second person
        piece.entered_by = other.id
    visit(page, f"{site}/staff/completions/{piece.id}")
    page.fill("#reason-refuse", "Ikke nok")
    page.locator("form[action$=refuse] button").click()
    page.locator("dd", has_text="Ikke nok").wait_for()
