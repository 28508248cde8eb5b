"""Look at the office's answer for a month, the ledger and a delivery's page in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from sidecar.connectors.base import Progress, RejectedError
from sidecar.core.periods import month
from sidecar.reports import asking
from sidecar.reports.resending import resend
from sidecar.runtime import Sidecar
from tests.fakes.channel import Followed, Post, set_channel
from tests.fakes.clock import FakeClock
from tests.fakes.worker import perform_all_due
from tests.sidecar.web.looking import check_widths, visit
from tests.sidecar.web.test_staff_deliveries import CONSOLE, be_due
from tests.sidecar.web.town import Town

pytestmark = pytest.mark.browser


def test_an_empty_month_is_accessible(page: Page, site: str) -> None:
    visit(page, f"{site}/staff/deliveries")
    check_widths(page, "deliveries-empty")


def test_the_answer_the_ledger_and_a_delivery_are_accessible_in_each_state(
    page: Page, site: str, sidecar: Sidecar, town: Town, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = Post(problems=[RejectedError(reason="Mottakeren finnes ikke")])
    set_channel(monkeypatch, Followed, post)
    be_due(sidecar)
    first = asking.request(sidecar, town.kongsberg.id, month(2026, 8))[0]
    perform_all_due(sidecar)
    visit(page, f"{site}/staff/deliveries")
    assert page.locator("#answer").count() == 1
    check_widths(page, "deliveries-wanting")
    visit(page, f"{site}/staff/ledger/{first.id}")
    check_widths(page, "delivery-failed")

    visit(page, f"{site}/staff/deliveries")
    page.locator("form[action$='/mend'] button").click()
    page.wait_for_url(f"{site}/staff/deliveries?month=2026-09&done=retried&count=1")
    check_widths(page, "deliveries-under-way")
    perform_all_due(sidecar)
    visit(page, f"{site}/staff/ledger/{first.id}")
    page.locator("details summary").click()
    check_widths(page, "delivery-sent")
    page.fill("#reason", "Filen kom bort hos mottakeren")
    page.locator("form[action$='/resend'] button").click()
    page.wait_for_url(lambda url: "/staff/ledger/" in url and not url.endswith(first.id))
    post.says = Progress("read")
    clock.advance(minutes=11)
    perform_all_due(sidecar)
    clock.advance(minutes=11)
    perform_all_due(sidecar)
    visit(page, f"{site}/staff/ledger/{first.id}")
    check_widths(page, "delivery-read")
    visit(page, f"{site}/staff/ledger")
    check_widths(page, "ledger")
    visit(page, f"{site}/staff/deliveries")
    check_widths(page, "deliveries-yes")
    assert resend(sidecar, CONSOLE, first.id, "en gang til").state == "waiting"
