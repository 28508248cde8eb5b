"""The pages on which reports are defined in a real browser: axe, three languages, wide and narrow."""

import pytest
from playwright.sync_api import Page

from sidecar.core.access import operator_at_the_console
from sidecar.core.periods import read_period
from sidecar.core.report_specs import Spec
from sidecar.reports import defining, running
from sidecar.reports.scheduling import start_due
from sidecar.runtime import Sidecar
from tests.sidecar.web.looking import check, look_through, visit

pytestmark = pytest.mark.browser

OPERATOR = operator_at_the_console()


@pytest.mark.usefixtures("town")
def test_defined_reports_are_accessible(page: Page, site: str, sidecar: Sidecar) -> None:
    start_due(sidecar)
    made = defining.define(sidecar, OPERATOR, "Brannvern hver mandag", Spec(schedule="0 6 * * 1")).id
    defining.change(sidecar, OPERATOR, made, "Brannvern", Spec(kind="status", schedule="0 6 * * 1"))
    done, waiting = (running.run_now(sidecar, OPERATOR, made, read_period("2026-08")) for _ in range(2))
    running.run_part(sidecar, done)
    base = f"/staff/reports/{made}"
    pages = {
        "list": "/staff/reports",
        "one": base,
        "edit": f"{base}/edit",
        "run": f"{base}/run",
        "done": f"/staff/report-runs/{done}",
        "waiting": f"/staff/report-runs/{waiting}",
        "retire": f"{base}/retire",
        "calendar": "/staff/reports/calendar",
    }
    look_through(page, site, pages, "reports-defined")
    visit(page, f"{site}{base}/edit")
    page.locator("button[value=preview]").click()
    page.locator("#previewed").wait_for()
    check(page, "reports-defined-preview")
