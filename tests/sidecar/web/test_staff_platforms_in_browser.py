"""Connect an LMS in a real browser: invite, approve, disable; each page with axe, three languages, wide and narrow."""

import pytest
from playwright.sync_api import Page

from sidecar.runtime import Sidecar
from tests.sidecar.web.lms import Lms, deployment_row, platform, propose_update, try_deployment
from tests.sidecar.web.looking import check, check_widths, look_through, visit

pytestmark = pytest.mark.browser


@pytest.fixture
def busy(sidecar: Sidecar, lms: Lms) -> None:
    """Let our LMS have everything that may wait for a person."""
    name = "en-installasjon-med-et-uvanlig-langt-navn-uten-mellomrom-" + "x" * 100
    try_deployment(sidecar, lms.ours, name)
    propose_update(sidecar, lms.ours)


def pages_of(sidecar: Sidecar, lms: Lms) -> dict[str, str]:
    """Give the path of each page by the name of its picture."""
    ours, pending = f"/staff/platforms/{lms.ours}", f"/staff/platforms/{lms.pending}"
    return {
        "overview": "/staff/",
        "admin": "/staff/admin",
        "list": "/staff/platforms",
        "lms": ours,
        "pending": pending,
        "approve": f"{pending}/approve",
        "refuse": f"{pending}/refuse",
        "municipalities": f"{ours}/municipalities",
        "disable": f"{ours}/disable",
        "remove": f"{ours}/remove",
        "deployment": f"{ours}/deployments/{deployment_row(sidecar, lms.ours, '1')}/remove",
        "invitations": "/staff/invitations",
    }


def test_the_pages_about_lms_are_accessible(page: Page, site: str, sidecar: Sidecar, lms: Lms, busy: None) -> None:
    look_through(page, site, pages_of(sidecar, lms), "lms")


def test_the_lists_are_accessible_while_they_are_empty(page: Page, site: str) -> None:
    for name, path in (("list", "/staff/platforms"), ("invitations", "/staff/invitations")):
        visit(page, site + path)
        check_widths(page, f"lms-empty-{name}")


def test_an_invitation_is_made_copied_and_taken_back(page: Page, site: str, lms: Lms) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=site)
    visit(page, f"{site}/staff/platforms")
    page.get_by_role("link", name="Koble til et LMS").click()
    page.fill("#note", "Moodle i Kongsberg")
    page.locator("main form button").click()
    address = page.locator("#invitation").inner_text()
    assert address.startswith(f"{site}/lti/register/")
    page.locator("button[data-copy=invitation]").click()
    page.get_by_text("Kopiert.").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == address
    check_widths(page, "invitation-made")
    visit(page, f"{site}/staff/invitations")
    check_widths(page, "invitation-listed")
    page.get_by_role("link", name="Trekk den tilbake").click()
    check_widths(page, "invitation-revoke")
    page.locator("main form button").click()
    page.get_by_text("Trukket tilbake", exact=True).wait_for()


def test_an_address_that_may_not_be_copied_is_marked(page: Page, site: str, lms: Lms) -> None:
    refused = "() => { navigator.clipboard.writeText = () => Promise.reject(new Error()); }"
    visit(page, f"{site}/staff/platforms/{lms.ours}")
    page.evaluate(refused)
    page.locator("button[data-copy=tool_url]").click()
    page.get_by_text("Merket: Trykk nå Ctrl+C.").wait_for()
    assert page.evaluate("getSelection().toString()") == f"{site}/lti/launch"


def test_a_pending_lms_is_approved(page: Page, site: str, sidecar: Sidecar, lms: Lms) -> None:
    visit(page, f"{site}/staff/")
    page.get_by_role("link", name="Se LMS-ene").first.click()
    page.get_by_role("link", name="Nye Moodle").first.click()
    page.get_by_role("button", name="Godkjenn").click()
    check_widths(page, "approve-without")
    page.get_by_role("alert").get_by_text("Ingen kommune er valgt").wait_for()
    page.get_by_label("Kongsberg", exact=False).first.check()
    page.get_by_role("button", name="Godkjenn").click()
    page.wait_for_url(f"{site}/staff/platforms/{lms.pending}?done=approved")
    assert platform(sidecar, lms.pending).state == "active"
    check_widths(page, "approved")


def test_an_lms_is_disabled_and_removed(page: Page, site: str, sidecar: Sidecar, lms: Lms) -> None:
    visit(page, f"{site}/staff/platforms/{lms.ours}")
    page.get_by_role("link", name="Slå av en stund").click()
    page.locator("main form button").click()
    page.get_by_role("heading", name="Den er slått av").wait_for()
    check(page, "lms-disabled")
    page.get_by_role("link", name="Fjern dette LMS-et").click()
    page.fill("#name", "Moodle")
    page.locator("main form button").click()
    page.get_by_role("alert").wait_for()
    check(page, "lms-remove-wrong-name")
    page.fill("#name", "Moodle Kongsberg")
    page.locator("main form button").click()
    page.wait_for_url(f"{site}/staff/platforms")
    assert platform(sidecar, lms.ours).state == "removed"


def test_the_keyboard_alone_reaches_the_address_of_an_invitation(page: Page, site: str) -> None:
    visit(page, f"{site}/staff/invitations")
    page.locator("#note").focus()
    page.keyboard.type("Moodle")
    page.keyboard.press("Enter")
    page.locator("#invitation").wait_for()
    page.locator("button[data-copy=invitation]").wait_for()  # its script shows it
    page.locator("button[data-copy=invitation]").focus()
    assert page.evaluate("document.activeElement.dataset.copy") == "invitation"
