"""Look at each state of a check in a browser, in a real browser: axe, three languages, wide and narrow."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page
from sqlalchemy import select, update

from scorm_packages.accessibility.barrier import barrier
from sidecar.catalogue import add_package
from sidecar.core import browser_checks
from sidecar.core.browser_checks import KIND
from sidecar.core.courses import CourseVersion
from sidecar.core.outbox import OutboxItem
from sidecar.runtime import Sidecar
from sidecar.web import staff_browser_checks
from tests.fakes.package import make_package
from tests.sidecar.web.looking import WIDE, check_widths, look_through, visit

pytestmark = pytest.mark.browser

AXE = {"help": "Elements must have sufficient contrast", "rule": "color-contrast", "mend": "Change " + "colour " * 20}
FOUND = [
    barrier("axe", "course/a-page-of-a-rather-long-name-without-any-spaces.html", "<p>" * 60, criterion="1.4.3", **AXE),
    barrier("keyboard-trap", "a.html", "<button id=trap>"),
]
STATES: dict[str, dict[str, Any]] = {
    "waiting": {},
    "done": {
        "state": "done",
        "states": 4,
        "seen": ["a"],
        "stopped": "",
        "findings": [each.to_json("advice") for each in FOUND],
    },
    "stopped": {"state": "done", "states": 1, "seen": ["a"], "stopped": "out-of-time", "findings": []},
    "failed": {"state": "failed", "reason": "out-of-memory"},
    "not-run": {"state": "not-run", "reason": "too-large"},
}


def upload(sidecar: Sidecar, folder: Path, key: str) -> str:
    package = make_package(folder / f"{key}.zip", pages={"a": f"<title>{key}</title>"}, title=f"Kurs {key}")
    return add_package(sidecar, package, key=key, is_published=False).version_id


def test_every_state_is_accessible(
    page: Page, site: str, sidecar: Sidecar, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staff_browser_checks, "is_browser_worker_seen", lambda _sidecar: True)
    for key, told in STATES.items():
        version_id = upload(sidecar, tmp_path, key)
        if told:
            with sidecar.transaction() as db:
                browser_checks.keep(db, version_id, {"at": sidecar.now().isoformat(), **told})
                db.execute(update(OutboxItem).where(OutboxItem.subject == version_id).values(state="done"))
    paths = {f"browser-{key}": f"/staff/courses/{key}" for key in STATES}
    look_through(page, site, paths | {"browser-publish": "/staff/courses/done/versions/1/publish"}, "staff", narrow=320)
    visit(page, f"{site}/staff/courses/done")
    page.locator("#browser-1 summary").click()
    assert page.locator("#browser-1 li").count() == 2
    check_widths(page, "staff-browser-remarks", (WIDE, 320))


def test_without_a_worker_the_page_says_so_and_another_look_is_asked_for(
    page: Page, site: str, sidecar: Sidecar, tmp_path: Path
) -> None:
    version_id = upload(sidecar, tmp_path, "alone")
    look_through(page, site, {"browser-unstaffed": "/staff/courses/alone"}, "staff", narrow=320)
    with sidecar.transaction() as db:
        browser_checks.keep(db, version_id, {"at": sidecar.now().isoformat(), **STATES["failed"]})
        db.execute(update(OutboxItem).values(state="done", ended_at=sidecar.now() - timedelta(hours=1)))
    visit(page, f"{site}/staff/courses/alone")
    page.get_by_role("button", name="Kontroller på nytt i nettleser").click()
    page.get_by_text("ikke kjørt ennå").wait_for()
    with sidecar.reading() as db:
        assert db.scalars(select(OutboxItem.state).where(OutboxItem.kind == KIND, OutboxItem.state == "waiting")).one()
        assert "browser" not in (db.get_one(CourseVersion, version_id).accessibility or {})


def test_the_page_shows_by_itself_what_was_seen(
    page: Page, site: str, sidecar: Sidecar, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staff_browser_checks, "is_browser_worker_seen", lambda _sidecar: True)
    version_id = upload(sidecar, tmp_path, "moving")
    visit(page, f"{site}/staff/courses/moving")
    page.get_by_text("venter på tur").wait_for()
    with sidecar.transaction() as db:
        browser_checks.keep(db, version_id, {"at": sidecar.now().isoformat(), **STATES["stopped"]})
        db.execute(update(OutboxItem).values(state="done", ended_at=sidecar.now()))
    page.get_by_text("Fant ikke noe som stenger folk ute").wait_for(timeout=30_000)
