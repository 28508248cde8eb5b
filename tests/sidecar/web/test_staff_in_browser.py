"""Look at every page of staff in a real browser: axe, three languages, wide and narrow, keyboard."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from sqlalchemy import select

from practice_lms.serving import run_in_thread
from sidecar.core import sign_ins
from sidecar.core.launches import Launch
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Identity
from sidecar.core.periods import month
from sidecar.core.staff import first_operator, identity_named
from sidecar.reports import deliver
from sidecar.runtime import Sidecar
from sidecar.settings import Settings
from sidecar.web.app import create_app
from tests.browsers import axe_source
from tests.sidecar.web.town import Town

pytestmark = pytest.mark.browser

SHOTS = os.environ.get("SIDECAR_SHOTS")
"""A folder to write pictures of every page into, for people to look at."""

RUN_AXE = "() => axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice']})"
PUBLIC = ["/", "/privacy", "/accessibility", "/sign-in", "/nothing-here"]


@pytest.fixture
def site(sidecar: Sidecar, settings: Settings) -> Iterator[str]:
    """The application on a port of this machine; its URL."""
    app = create_app(sidecar)
    server = run_in_thread(app)
    url = f"http://127.0.0.1:{server.port}"
    sidecar.settings = replace(settings, public_url=url, content_url=f"http://localhost:{server.port}")
    yield url
    server.stop()


@pytest.fixture
def page(browser: Browser, site: str, sidecar: Sidecar) -> Iterator[Page]:
    """A browser that an operator has signed in with, by a link."""
    context = browser.new_context(locale="nb-NO")
    page = context.new_page()
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if "Content Security" in message.text else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    with sidecar.transaction() as db:
        secret = sign_ins.make_link(db, first_operator(db, now=sidecar.now()).id, sidecar.now())
    page.goto(f"{site}/sign-in#{secret}")
    page.locator("#with-link button").click()
    page.wait_for_url(f"{site}/staff/")
    yield page
    context.close()
    assert problems == []


def staff_paths(sidecar: Sidecar, town: Town) -> list[str]:
    delivery = deliver.request(sidecar, town.kongsberg.id, month(2026, 8))[0]
    base = f"/staff/municipalities/{town.kongsberg.slug}"
    pages = ["", "/people", f"/people/{town.kari}", "/not-placed", "/import", "/reports"]
    courses = ["/staff/courses", "/staff/courses/new", f"/staff/courses/{town.course}"]
    ledger = ["/staff/ledger", f"/staff/ledger/{delivery.id}"]
    return ["/staff/", "/staff/sign-ins", "/staff/municipalities", *courses, *(base + path for path in pages), *ledger]


def visit(page: Page, url: str) -> None:
    response = page.goto(url)
    assert response is not None
    assert response.status == (404 if url.endswith("/nothing-here") else 200), url


def check(page: Page, name: str) -> None:
    """Hold a page against axe and the width of the window."""
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)
    page.evaluate(axe_source())
    result: dict[str, Any] = page.evaluate(RUN_AXE)
    found = [(each["id"], [node["html"][:120] for node in each["nodes"]]) for each in result["violations"]]
    assert found == [], name
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), f"{name} scrolls sideways"


@pytest.mark.parametrize("width", [1280, 320])
@pytest.mark.parametrize("language", ["nb", "nn", "en"])
def test_every_page_is_accessible(
    page: Page, site: str, sidecar: Sidecar, town: Town, language: str, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.locator(f"button[value={language}]").click()
    assert page.locator("html").get_attribute("lang") == language
    for path in [*PUBLIC, *staff_paths(sidecar, town)]:
        visit(page, site + path)
        check(page, f"{language}-{width}-{path.strip('/').replace('/', '-')[:60] or 'front'}")


def test_an_empty_installation_is_accessible(page: Page, site: str) -> None:
    for path in ["/staff/", "/staff/municipalities", "/staff/courses", "/staff/ledger"]:
        visit(page, site + path)
        check(page, f"empty-{path.strip('/').replace('/', '-')}")


@pytest.mark.parametrize("width", [1280, 360])
def test_sign_ins_are_ended_in_the_browser(page: Page, site: str, sidecar: Sidecar, width: int) -> None:
    with sidecar.transaction() as db:
        me = first_operator(db, now=sidecar.now())
        other = identity_named(db, "Kari Kontakt", now=sidecar.now())
        for identity_id in (me.id, other.id):
            sign_ins.start(db, identity_id, None, sidecar.now())
    page.set_viewport_size({"width": width, "height": 800})
    visit(page, f"{site}/staff/sign-ins")
    page.locator("details summary").click()
    check(page, f"sign-ins-{width}")
    page.locator("details button").click()
    assert page.locator("text=Kari Kontakt").count() == 0
    page.get_by_role("button", name="Avslutt alle").click()
    assert page.locator("#own ~ .ds-card").count() == 1
    page.locator("#own ~ .ds-card button").click()
    page.wait_for_url(f"{site}/")


def test_the_keyboard_alone_reaches_the_content_first(page: Page, site: str, kongsberg: Municipality) -> None:
    visit(page, f"{site}/staff/municipalities")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")  # the table, which a narrow window scrolls
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{site}/staff/municipalities/{kongsberg.slug}")


def test_people_are_filtered_as_one_types(page: Page, site: str, town: Town) -> None:
    visit(page, f"{site}/staff/municipalities/{town.kongsberg.slug}/people")
    assert page.locator("#people-list tbody tr").count() == 2
    page.locator("#search").press_sequentially("hans")
    page.locator("#people-list tbody tr").nth(1).wait_for(state="detached")
    assert "Hansen" in page.locator("#people-list tbody").inner_text()
    assert "hans" not in page.url


def test_a_course_is_uploaded_with_progress_and_a_bad_one_is_explained(
    page: Page, site: str, town: Town, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.zip"
    bad.write_bytes(b"not a zip at all")
    visit(page, f"{site}/staff/courses/new")
    page.set_input_files("#package", bad)
    page.locator("main form button").click()
    page.locator("main a[href='/staff/courses/new']").first.wait_for()
    check(page, "course-rejected")
    visit(page, f"{site}/staff/courses/new")
    page.fill("#key", "brannvern-2")
    page.set_input_files("#package", next(town.folder.parent.glob("brannvern*.zip")))
    page.locator("main form button").click()
    page.wait_for_url(f"{site}/staff/courses/brannvern-2")
    check(page, "course-uploaded")


def test_people_are_imported_after_a_preview(page: Page, site: str, town: Town, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("ansattnummer;fornavn;etternavn\n2001;Åse;Ås\n", encoding="utf-8")
    visit(page, f"{site}/staff/municipalities/{town.kongsberg.slug}/import")
    page.set_input_files("#people", file)
    page.locator("main form button").click()
    check(page, "import-preview")
    page.locator("main form button").click()
    check(page, "import-done")
    visit(page, f"{site}/staff/municipalities/{town.kongsberg.slug}/people")
    assert page.locator("#people-list tbody tr").count() == 3


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("language", ["nb", "nn", "en"])
def test_the_pages_about_a_person_s_rights_are_accessible(
    page: Page, site: str, sidecar: Sidecar, town: Town, language: str, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.locator(f"button[value={language}]").click()
    person = f"/staff/municipalities/{town.kongsberg.slug}/people/{town.kari}"
    delivery = deliver.request(sidecar, town.kongsberg.id, month(2026, 8))[0]
    deliver.hand_over(sidecar, delivery.id)
    for path in ("/staff/me", person, f"{person}/erase"):
        visit(page, site + path)
        check(page, f"rights-{language}-{width}-{path.split('/')[-1]}")
    path, name, secret = launched(sidecar)
    page.context.add_cookies([{"name": name, "value": secret, "url": site}])
    visit(page, f"{site}{path}")
    check(page, f"rights-{language}-{width}-my-information")
    visit(page, f"{site}{person}/erase")
    page.fill("#number", "1001")
    page.locator("main form button").click()
    page.wait_for_url(f"{site}/staff/erasures/*")
    check(page, f"rights-{language}-{width}-erased")


def launched(sidecar: Sidecar) -> tuple[str, str, str]:
    """Let Kari launch a course; return the path of her own page, and name and value of her cookie."""
    with sidecar.transaction() as db:
        kari = db.scalars(select(Identity).where(Identity.subject == "u1")).one()
        launch = Launch(
            platform_id=kari.platform_id or "",
            deployment_id="1",
            identity_id=kari.id,
            resource_link_id="link",
            launched_at=sidecar.now(),
        )
        db.add(launch)
        db.flush()
        secret = sign_ins.start(db, kari.id, launch.id, sidecar.now())
    return f"/play/{launch.id}/me", f"play-{launch.id[:8]}", secret
