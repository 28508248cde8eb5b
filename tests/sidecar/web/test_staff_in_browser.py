"""Look at every page of staff in a real browser: axe, three languages, wide and narrow, keyboard."""

from pathlib import Path

import pytest
from playwright.sync_api import Page
from sqlalchemy import select

from sidecar.catalogue import add_package
from sidecar.core import sign_ins
from sidecar.core.attempts import Attempt
from sidecar.core.courses import Course
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Identity
from sidecar.core.periods import month
from sidecar.core.staff import first_operator, identity_named
from sidecar.reports import asking, deliver
from sidecar.runtime import Sidecar
from tests.fakes.learner import launch
from tests.fakes.package import make_package
from tests.sidecar.web.looking import check, check_widths, look_through, visit
from tests.sidecar.web.town import Town

pytestmark = pytest.mark.browser

PUBLIC = ["/", "/privacy", "/accessibility", "/sign-in", "/nothing-here"]


def staff_paths(sidecar: Sidecar, town: Town) -> list[str]:
    delivery = asking.request(sidecar, town.kongsberg.id, month(2026, 8))[0]
    base = f"/staff/municipalities/{town.kongsberg.slug}"
    pages = ["", "/people", f"/people/{town.kari}", "/not-placed", "/import", "/reports"]
    courses = ["/staff/courses", "/staff/courses/new", f"/staff/courses/{town.course}"]
    ledger = ["/staff/ledger", f"/staff/ledger/{delivery.id}"]
    return ["/staff/", "/staff/sign-ins", "/staff/municipalities", *courses, *(base + path for path in pages), *ledger]


def test_every_page_is_accessible(page: Page, site: str, sidecar: Sidecar, town: Town) -> None:
    paths = [*PUBLIC, *staff_paths(sidecar, town)]
    pictures = {path.strip("/").replace("/", "-")[:60] or "front": path for path in paths}
    assert len(pictures) == len(paths)
    look_through(page, site, pictures, "staff", narrow=320)


def test_an_empty_installation_is_accessible(page: Page, site: str) -> None:
    for path in ["/staff/", "/staff/municipalities", "/staff/courses", "/staff/ledger"]:
        visit(page, site + path)
        check(page, f"empty-{path.strip('/').replace('/', '-')}")


def test_sign_ins_are_ended_in_the_browser(page: Page, site: str, sidecar: Sidecar) -> None:
    with sidecar.transaction() as db:
        me = first_operator(db, now=sidecar.now())
        other = identity_named(db, "Kari Kontakt", now=sidecar.now())
        for identity_id in (me.id, other.id):
            sign_ins.start(db, identity_id, None, sidecar.now())
    visit(page, f"{site}/staff/sign-ins")
    page.locator("details summary").click()
    check_widths(page, "sign-ins")
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
    page.get_by_role("button", name="Last opp og kontroller").click()
    page.locator("main a[href='/staff/courses/new']").first.wait_for()
    check(page, "course-rejected")
    visit(page, f"{site}/staff/courses/new")
    for names, words in ((["a.zip", "b.zip"], "flere filer"), (["kurs.pptx"], "ingen zip-fil")):
        drop(page, names)
        page.locator("#package-problem", has_text=words).wait_for()
    check_widths(page, "course-dropped-wrongly")
    page.get_by_role("button", name="Last opp og kontroller").click()
    assert page.url == f"{site}/staff/courses/new"  # it was not sent
    drop(page, ["kurs.zip"])
    page.locator("#package-problem").wait_for(state="hidden")
    assert page.evaluate("[document.activeElement.id, document.activeElement.files[0].name]") == ["package", "kurs.zip"]
    page.fill("#key", "brannvern-2")
    page.set_input_files("#package", next(town.folder.parent.glob("brannvern*.zip")))
    page.get_by_role("button", name="Last opp og kontroller").click()
    page.wait_for_url(f"{site}/staff/courses/brannvern-2?done=uploaded&version=1#version-1")
    check(page, "course-uploaded")


def drop(page: Page, names: list[str]) -> None:
    """Drop files of these names on the place for packages."""
    page.evaluate(
        """names => {
            const carried = new DataTransfer();
            for (const name of names) carried.items.add(new File(["x"], name));
            const place = document.querySelector("[data-upload-drop]");
            place.dispatchEvent(new DragEvent("drop", {dataTransfer: carried, bubbles: true, cancelable: true}));
        }""",
        names,
    )


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


def test_the_pages_about_a_person_s_rights_are_accessible(page: Page, site: str, sidecar: Sidecar, town: Town) -> None:
    person = f"/staff/municipalities/{town.kongsberg.slug}/people/{town.kari}"
    delivery = asking.request(sidecar, town.kongsberg.id, month(2026, 8))[0]
    deliver.hand_over(sidecar, delivery.id)
    mine, name, secret = launched(sidecar)
    page.context.add_cookies([{"name": name, "value": secret, "url": site}])
    paths = {"me": "/staff/me", "person": person, "erase": f"{person}/erase", "my-information": mine}
    look_through(page, site, paths, "rights")
    visit(page, f"{site}{person}/erase")
    page.fill("#number", "1001")
    page.locator("main form button").click()
    page.wait_for_url(f"{site}/staff/erasures/*")
    look_through(page, site, {"erased": page.url.removeprefix(site)}, "rights")


def launched(sidecar: Sidecar) -> tuple[str, str, str]:
    """Let Kari launch a course; return the path of her own page, and name and value of her cookie."""
    with sidecar.reading() as db:
        kari_id = db.scalars(select(Identity.id).where(Identity.subject == "u1")).one()
        course_id = db.scalars(select(Course.id)).one()
    learner = launch(sidecar, kari_id, course_id)
    return f"/play/{learner.launch_id}/me", f"play-{learner.launch_id[:8]}", learner.secret


def test_a_course_goes_its_way_in_the_browser(page: Page, site: str, town: Town, sidecar: Sidecar) -> None:
    newer = make_package(town.folder / "newer.zip", pages={"a": "<title>Nytt</title>"}, title="Brannvern, ny utgave")
    add_package(sidecar, newer, key=town.course, is_published=False)
    with sidecar.transaction() as db:
        open_attempt = db.scalars(select(Attempt)).one()
        open_attempt.state, open_attempt.finished_at = "open", None
    course = f"{site}/staff/courses/{town.course}"
    visit(page, course)
    check_widths(page, "course-draft")
    page.set_viewport_size({"width": 1280, "height": 800})
    page.fill("#note-2", "Nytt om røykvarslere.")
    page.get_by_role("button", name="Send til gjennomgang").click()
    page.locator("#version-2").get_by_role("link", name="Gå gjennom og publiser").click()
    page.locator("main form button").click()
    page.locator("main [role=alert]").wait_for()
    check_widths(page, "course-publish")
    for box in page.locator("main input[type=checkbox]").all():
        box.check()
    page.locator("main form button").click()
    page.wait_for_url(course)
    assert "Brannvern, ny utgave" in page.locator("h1").inner_text()
    for name in ("facts", "use", "retire"):
        visit(page, f"{course}/{name}")
        check_widths(page, f"course-{name}")
    page.locator("main form button").click()
    page.wait_for_url(course)
    check_widths(page, "course-retired")
    visit(page, f"{site}/staff/courses?status=retired")
    check_widths(page, "courses-found")
