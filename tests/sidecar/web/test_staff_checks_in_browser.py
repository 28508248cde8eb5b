"""Look at the test of a connection and at failed launches in a real browser: axe, wide and narrow, three languages."""

import pytest
from flask import Flask
from playwright.sync_api import Page

from lti.fetching import Response
from lti.masking import mask_token
from sidecar.core.launches import record_failure
from sidecar.runtime import Sidecar
from tests.fakes.lms import RegisteredLms
from tests.fakes.open_lms import OpenLms
from tests.fakes.platform import FakePlatform
from tests.fakes.worker import perform_due
from tests.sidecar.web.checked import register_open
from tests.sidecar.web.looking import NARROW, WIDE, check_widths, visit
from tests.sidecar.web.town import Town

pytestmark = pytest.mark.browser


@pytest.fixture
def lms(sidecar: Sidecar, app: Flask, town: Town, monkeypatch: pytest.MonkeyPatch) -> RegisteredLms:
    assert town.course
    return register_open(sidecar, app, monkeypatch)


def test_a_connection_is_tested_in_the_browser(page: Page, site: str, sidecar: Sidecar, lms: RegisteredLms) -> None:
    assert isinstance(lms.platform, OpenLms)
    lms.platform.wrong["GET /jwks"] = Response(302, {"location": "https://lms.example/elsewhere/keys"}, b"")
    path = f"{site}/staff/platforms/{lms.platform_id}/check"
    visit(page, path)
    check_widths(page, "check-none")
    page.get_by_role("button", name="Test tilkoblingen").click()
    page.wait_for_url(path)
    assert page.get_by_text("Tilkoblingen blir testet").count() == 1
    check_widths(page, "check-moving")
    perform_due(sidecar)
    page.get_by_text("må rettes.").wait_for()  # the page asks by itself
    check_widths(page, "check-done")
    page.locator("#course").fill("brannvern")
    page.locator("#sourcedid").fill("rollag-1001")
    page.get_by_role("button", name="Prøv en åpning").click()
    page.get_by_text("Kari Rollag").wait_for()
    check_widths(page, "dry")
    for language, widths in {"nn": [NARROW], "en": [WIDE]}.items():
        visit(page, path)
        page.locator(f"button[value={language}]").click()
        check_widths(page, f"check-{language}", widths)


def test_a_failed_launch_is_looked_up_in_the_browser(
    page: Page, site: str, sidecar: Sidecar, lms: RegisteredLms
) -> None:
    visit(page, f"{site}/staff/failures")
    check_widths(page, "failures-none")
    claims = mask_token(FakePlatform().id_token())
    with sidecar.transaction() as db:
        for reference, code in (("7K3M9QXA", "course-unknown"), ("AAAAAAAA", "signature-invalid")):
            record_failure(
                db,
                code,
                {"course": "brann"} if "course" in code else {},
                reference=reference,
                platform_id=lms.platform_id,
                now=sidecar.now(),
                claims=claims,
            )
    visit(page, f"{site}/staff/failures")
    check_widths(page, "failures")
    page.locator("#reference").fill("7k3m 9qxa")
    page.get_by_role("button", name="Finn den").click()
    page.wait_for_url(f"{site}/staff/failures/7K3M9QXA")
    check_widths(page, "failure")
    page.goto(f"{site}/staff/failures/ZZZZZZZZ")
    check_widths(page, "failure-unknown")
