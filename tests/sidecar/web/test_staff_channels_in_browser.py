"""The pages on which operators set up channels in a real browser: axe, three languages, wide and narrow."""

import pytest
from playwright.sync_api import Page

from tests.sidecar.web.looking import check_widths, look_through, visit
from tests.sidecar.web.town import Town

pytestmark = pytest.mark.browser


def test_channels_are_set_up_on_accessible_pages(page: Page, site: str, town: Town) -> None:
    base = f"/staff/municipalities/{town.kongsberg.slug}/channels"
    pages = {
        "kinds": base,
        "sftp": f"{base}/new/sftp",
        "svarut": f"{base}/new/svarut",
        "email": f"{base}/new/email",
        "one": f"{base}/{town.connection_id}",
    }
    look_through(page, site, pages, "channels")
    visit(page, f"{site}{base}/new/sftp")
    page.fill("#host", "sftp.rollag.test")
    page.fill("#user", "rkk")
    page.fill("#host_key", "SHA256:x")
    page.locator("main form button").click()
    page.locator("main [role=alert]").wait_for()
    assert page.input_value("#host") == "sftp.rollag.test"
    check_widths(page, "channels-mistyped")
