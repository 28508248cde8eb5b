"""The rosters of an LMS in a real browser: axe, three languages, wide and narrow."""

import pytest
from playwright.sync_api import Page

from sidecar.core.platforms import Platform
from sidecar.runtime import Sidecar
from tests.sidecar.web.looking import check, look_through, visit
from tests.sidecar.web.rooms import Room

pytestmark = pytest.mark.browser


def test_the_rosters_are_accessible(page: Page, site: str, room: Room) -> None:
    for name, code in (("well", None), ("refused", "service-refused")):
        room.change(error_code=code)
        look_through(page, site, {"list": room.url, "one": room.page}, f"rosters-{name}")


def test_refresh_leads_to_the_page_that_says_it_is_under_way(page: Page, site: str, room: Room) -> None:
    visit(page, site + room.url)
    page.get_by_role("button", name="Oppdater nå").click()
    page.wait_for_url(site + room.page)
    assert page.get_by_role("status").filter(has_text="Vi spør LMS-et nå").count() == 1
    check(page, "rosters-under-way")


def test_an_lms_without_rosters_is_accessible(page: Page, site: str, room: Room, sidecar: Sidecar) -> None:
    with sidecar.transaction() as db:
        other = Platform(
            name="Tom LMS",
            issuer="https://tom.example.org",
            client_id="1",
            auth_url="https://tom.example.org/auth",
            token_url="https://tom.example.org/token",
            jwks_url="https://tom.example.org/jwks",
            created_at=sidecar.now(),
        )
        db.add(other)
        db.flush()
        platform_id = other.id
    visit(page, f"{site}/staff/platforms/{platform_id}/rosters")
    check(page, "rosters-empty")
