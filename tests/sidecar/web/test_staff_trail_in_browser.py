"""Keys, roles, the audit trail and why, in a real browser: axe, three languages, wide and narrow."""

import pytest
from playwright.sync_api import Page
from sqlalchemy import select

from sidecar import tool
from sidecar.core import audit
from sidecar.core.access import viewer_of
from sidecar.core.api_tokens import add_token
from sidecar.core.contacts import Wanted, add_contact
from sidecar.core.people import Identity
from sidecar.core.staff import Grant, Scope, first_operator, grant, identity_named, revoke
from sidecar.runtime import Sidecar
from tests.sidecar.web.looking import check_widths, look_through, visit
from tests.sidecar.web.town import Town

pytestmark = pytest.mark.browser

LONG = "Kommunalsjef for oppvekst, kultur og velferd Anne-Margrethe Bjørnstjerne-Kongsbergsson"


@pytest.fixture
def busy(sidecar: Sidecar, town: Town) -> str:
    """Let there be keys, roles and acts of every length; returns the id of Kari's account."""
    tool.ensure_keys(sidecar)
    tool.rotate_keys(sidecar, hurry="sett i en logg")
    now = sidecar.now()
    with sidecar.transaction() as db:
        operator = first_operator(db, now=now)
        kari = db.scalars(select(Identity).where(Identity.subject == "u1")).one()
        long = identity_named(db, LONG, now=now)
        grant(db, kari.id, "manager", Scope("kongsberg", unit="sykehjemmet"), now=now, by=operator.id)
        grant(db, long.id, "contact", Scope("rollag"), now=now, by=operator.id)
        grant(db, long.id, "rkk", Scope(region="kongsbergregionen"), now=now)
        audit.record(db, "retention.changed", town.kongsberg.id, at=now, identity_id=operator.id, attempts_days=365)
        audit.record(db, "platform.update_accepted", "0" * 32, at=now, actor="lms")
        for _ in range(60):
            audit.record(db, "report.requested", town.rollag.id, at=now, identity_id=long.id, period="2026-08")
        return kari.id


def make_something(sidecar: Sidecar, town: Town, grant_id: str) -> None:
    """Let who holds a role make a token and a contact by it."""
    now, wanted = sidecar.now(), Wanted("Inger Rådgiver", "inger@example.no", "", "nb", sidecar.today())
    with sidecar.transaction() as db:
        maker = viewer_of(db, db.get_one(Grant, grant_id).identity_id, now=now, today=sidecar.today())
        add_token(db, maker, town.kongsberg.id, scope="scim", name=LONG, days=365, now=now)
        add_contact(db, maker, town.kongsberg.id, wanted, now)


def test_the_pages_are_accessible(page: Page, site: str, sidecar: Sidecar, town: Town, busy: str) -> None:
    with sidecar.reading() as db:
        given = db.scalars(select(Grant.id).where(Grant.role == "contact")).one()
        office = db.scalars(select(Grant.id).where(Grant.role == "rkk")).one()
    make_something(sidecar, town, office)
    kid = tool.active_tool_key(sidecar).kid
    pages = {
        "keys": "/staff/keys",
        "key-revoke": f"/staff/keys/{kid}/revoke",
        "roles": "/staff/roles",
        "role-who": "/staff/roles/new",
        "role-revoke": f"/staff/roles/{given}/revoke",
        "role-revoke-maker": f"/staff/roles/{office}/revoke",
        "audit": "/staff/audit",
        "audit-one": f"/staff/audit?subject={town.rollag.id}&action=report.requested",
        "audit-none": "/staff/audit?until=2020-01-01",
        "why-who": "/staff/why",
        "sign-ins": "/staff/sign-ins",
    }
    look_through(page, site, pages, "trail")
    with sidecar.transaction() as db:
        revoke(db, office, now=sidecar.now())
    left = {"tokens-left": "/staff/tokens", "contacts-left": "/staff/municipalities/kongsberg/contacts"}
    for name, path in left.items():
        visit(page, site + path)
        check_widths(page, f"trail-{name}")


def test_a_role_is_given_and_revoked_and_a_link_made(page: Page, site: str, busy: str) -> None:
    visit(page, f"{site}/staff/roles/new")
    page.fill("#search", "kari")
    page.locator("#known ~ form button").click()
    check_widths(page, "trail-role-found")
    page.get_by_role("button", name="Velg Kari").click()
    page.locator("#role-manager").check()
    page.locator("main form button").click()
    page.locator("[role=alert]").wait_for()
    check_widths(page, "trail-role-refused")
    page.select_option("#municipality", "kongsberg")
    page.fill("#unit", "Sykehjemmet")
    page.locator("main form button").click()
    page.wait_for_url(f"{site}/staff/roles")
    assert page.locator(".cards > li", has_text="Kari Nordmann").count() == 2
    page.locator(".cards > li", has_text=LONG).locator("button").first.click()
    check_widths(page, "trail-role-link")
    assert page.locator("#link").inner_text().startswith(f"{site}/sign-in#")


def test_why_is_asked_and_answered(page: Page, site: str, sidecar: Sidecar, busy: str) -> None:
    visit(page, f"{site}/staff/why")
    page.fill("#search", "nordmann")
    page.locator("#who ~ form button").click()
    page.get_by_role("button", name="Velg Kari").click()
    check_widths(page, "trail-why-asked")
    for about, verdict in (("employee", "Nei"), ("people", "Ja"), ("completions", "Ja")):
        page.locator(f"#about-{about}").check()
        page.select_option("#municipality", "kongsberg")
        page.fill("#number", "1001")
        page.locator("main form button").click()
        assert page.locator("#answer").inner_text().startswith(verdict)
        check_widths(page, f"trail-why-{about}")


def test_a_young_key_is_hurried(page: Page, site: str, busy: str) -> None:
    visit(page, f"{site}/staff/keys")
    page.locator("details summary").click()
    check_widths(page, "trail-keys-open")
    page.fill("#reason", "nøkkelen kan være lest")
    page.locator("details button").click()
    page.wait_for_url(f"{site}/staff/keys")
    assert page.locator(".cards > li").count() == 4
