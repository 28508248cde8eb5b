"""The pages of adopted learning paths in a real browser: axe, three languages, wide and narrow."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from sidecar.sharing import offering
from tests.fakes.two_regions import TwoRegions
from tests.sidecar.sharing.adopted import change, line, path, receive_path, send_next
from tests.sidecar.sharing.bundles import KEY
from tests.sidecar.sharing.exchanged import pull
from tests.sidecar.web.looking import check_widths, look_through, visit

pytestmark = pytest.mark.browser

OFFERED = "/staff/paths/offered"


@pytest.fixture
def received(two_regions: TwoRegions, tmp_path: Path) -> TwoRegions:
    """Two regions, before the site of ours gets an address that the other does not know."""
    receive_path(two_regions, tmp_path)
    return two_regions


@contextmanager
def known_address(two: TwoRegions) -> Iterator[None]:
    """Let our region be where the other knows it, for a moment."""
    sidecar = two.here.sidecar
    served = sidecar.settings
    sidecar.settings = replace(served, public_url=two.here.address.partition("/exchange/")[0])
    yield
    sidecar.settings = served


def test_a_path_is_adopted_and_its_versions_answered(received: TwoRegions, page: Page, site: str) -> None:
    review = f"/staff/paths/received/{line(received).received.id}"
    look_through(page, site, {"offered": OFFERED, "received": f"{review}?findings=1"}, "adopting")
    visit(page, f"{site}{review}")
    page.locator("#reports_use").check()
    page.locator(f"form[action='{review}/adopt'] button").click()
    expect(page.locator("h1")).to_have_text("HMS for nye")
    change(received.here, replace(path(received.here).draft, title="Vår HMS"), note="Vårt navn")
    with known_address(received):
        send_next(received)
    look_through(page, site, {"start": "/staff/", "update": f"{review}/update"}, "adopting")
    visit(page, f"{site}{review}/update")
    page.locator("#theirs-1").check()
    page.locator(f"form[action='{review}/accept'] button").click()
    expect(page).to_have_url(f"{site}/staff/paths/{KEY}/publish")
    with known_address(received):
        offering.withdraw(received.there.sidecar, received.there.viewer, KEY)
        pull(received.here, received.there)
    look_through(page, site, {"withdrawn": review}, "adopting")


def test_nothing_is_offered_yet(page: Page, site: str) -> None:
    visit(page, f"{site}{OFFERED}")
    check_widths(page, "adopting-empty")
