"""The pages of sources in a real browser: axe, three languages, wide and narrow."""

from pathlib import Path

import pytest
from playwright.sync_api import Page

from sidecar.core.municipalities import Municipality
from sidecar.runtime import Sidecar
from sidecar.sync import sources
from tests.sidecar.sync.hr import OPERATOR, open_hr
from tests.sidecar.web.looking import check, look_through, visit

pytestmark = pytest.mark.browser


def test_the_sources_are_accessible(
    page: Page, site: str, sidecar: Sidecar, kongsberg: Municipality, tmp_path: Path
) -> None:
    hr = open_hr(sidecar, kongsberg, tmp_path)
    hr.write(*hr.staff(20), "x;;;;;")
    hr.run()
    hr.write(*hr.staff(10))
    hr.run()
    base = f"/staff/sources/{hr.source_id}"
    pages = {"list": "/staff/sources", "one": base, "changes": f"{base}/changes", "new": "/staff/sources/new"}
    look_through(page, site, pages, "sources")
    visit(page, site + base)
    page.get_by_role("button", name="Kolonner, og hva en kjøring ville endre").click()
    page.get_by_role("heading", name="Hva en kjøring ville endre").wait_for()
    check(page, "sources-preview")
    sources.decide(sidecar, OPERATOR, hr.last_run().id, is_approved=False)
    look_through(page, site, {"rejected": base, "of": "/staff/sources?municipality=kongsberg"}, "sources")
    visit(page, site + base)
    page.get_by_role("button", name="Kolonner, og hva en kjøring ville endre").click()
    page.get_by_role("button", name="Vurder på nytt").wait_for()
    check(page, "sources-preview-rejected")
