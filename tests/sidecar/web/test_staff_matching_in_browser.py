"""Matching, its rules, the tree of units, regions and a person's page in a real browser: axe, languages, narrow."""

import pytest
from playwright.sync_api import Page
from sqlalchemy import select

from sidecar.core.matching import look
from sidecar.core.person_matches import PersonMatch
from sidecar.runtime import Sidecar
from tests.sidecar.core.folk import Folk
from tests.sidecar.core.test_units import add_unit
from tests.sidecar.web.looking import look_through, visit
from tests.sidecar.web.town import Town

pytestmark = pytest.mark.browser

LONG = "Anne-Margrethe Bjørnstjerne-Kongsbergsson"


@pytest.fixture
def match_ids(sidecar: Sidecar, town: Town) -> list[str]:
    """One pair that waits, one that was joined by its rule; units, one deep below another."""
    folk = Folk(sidecar)
    people = []
    for number, (name, national) in enumerate([(LONG, ""), ("Åse Li", "f00")]):
        email = f"{'n' * 40}{number}@en-lang-kommune.example.no"
        people.append(folk.person(town.kongsberg.id, f"k{number}", name, email=email, national=national))
        folk.person(town.rollag.id, f"r{number}", name, email=email, national=national)
    with sidecar.transaction() as db:
        above = None
        for name in ("Oppvekst", "Grunnskolene", "Skolefritidsordningen ved Kongsgårdmoen"):
            above = add_unit(db, town.kongsberg.id, name, above)
        look(db, people, sidecar.now())
        return list(db.scalars(select(PersonMatch.id).order_by(PersonMatch.state.desc())))


def test_the_pages_are_accessible(page: Page, site: str, town: Town, match_ids: list[str]) -> None:
    waiting, merged = match_ids
    base = "/staff/municipalities/kongsberg"
    pages = {
        "queue": "/staff/matching",
        "one": f"/staff/matching/{waiting}",
        "apart": f"/staff/matching/{merged}",
        "decided": "/staff/matching/decided",
        "rules": "/staff/matching/rules",
        "units": f"{base}/units",
        "regions": f"{base}/regions",
        "person": f"{base}/people/{town.kari}",
    }
    look_through(page, site, pages, "matching", narrow=320)


def test_a_decision_and_the_order_are_made_by_keyboard(page: Page, site: str, match_ids: list[str]) -> None:
    visit(page, f"{site}/staff/matching")
    page.get_by_role("link", name="Samme person").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Ja, slå dem sammen").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/decided#match-*")
    assert page.get_by_role("link", name="Ta fra hverandre").count() == 2
    visit(page, f"{site}/staff/matching")
    page.get_by_text("Ingen venter.").wait_for()
    visit(page, f"{site}/staff/matching/rules")
    page.locator("#email button[value=up]").focus()
    page.keyboard.press("Space")
    page.wait_for_url("**/rules#email")
    assert page.locator(".step h2").all_inner_texts()[1] == "Jobb-e-post"
