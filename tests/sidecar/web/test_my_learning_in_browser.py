"""My learning, its decisions and its proofs in a real Chromium: accessible, narrow and wide, and on paper."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page
from sqlalchemy import select

from sidecar.core import sign_ins
from sidecar.core.completions import Completion
from sidecar.core.courses import Course
from sidecar.core.evidence import REFUSED, Evidence
from sidecar.core.launches import Launch
from sidecar.core.people import Employment, Identity
from sidecar.core.periods import month
from sidecar.core.proofs import reference_of
from sidecar.reports import asking, deliver
from sidecar.runtime import Sidecar
from sidecar.web.access import launch_cookie
from sidecar.web.app import create_app
from tests.browsers import violations
from tests.sidecar.web.looking import SHOTS, check_fits, check_widths, visit
from tests.sidecar.web.town import COMPLETED_AT, Town

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WIDTHS = (1280, 320)


@pytest.fixture
def learning(bare_browser: Browser, site: str, sidecar: Sidecar, town: Town) -> Iterator[tuple[Page, str]]:
    """The browser of Kari, who works for Rollag too by now; and the address of her page."""
    _live(sidecar, town)
    with sidecar.transaction() as db:
        identity = db.scalars(select(Identity).where(Identity.subject == "u1")).one()
        launch = Launch(
            platform_id=identity.platform_id or "",
            deployment_id="1",
            identity_id=identity.id,
            resource_link_id="link",
            launched_at=sidecar.now(),
        )
        db.add(launch)
        db.flush()
        secret = sign_ins.start(db, identity.id, launch.id, sidecar.now())
    with create_app(sidecar).app_context():
        name = launch_cookie(launch.id)
    context = bare_browser.new_context(locale="nb-NO")
    context.add_cookies([{"name": name, "value": secret, "url": site}])
    page, asked = context.new_page(), list[str]()
    page.on("request", lambda request: asked.append(request.url))
    yield page, f"{site}/play/{launch.id}/learning"
    context.close()
    assert [url for url in asked if not url.startswith(site)] == []


def _live(sidecar: Sidecar, town: Town) -> None:
    now = sidecar.now()
    deliver.hand_over(sidecar, asking.request(sidecar, town.kongsberg.id, month(2026, 8))[0].id)
    with sidecar.transaction() as db:
        done, course = db.scalars(select(Completion)).one(), db.scalars(select(Course)).one()
        course.is_transferable = False
        done.validity_months, done.valid_until = 2, sidecar.today() + timedelta(days=20)
        works = Employment(
            person_id=done.person_id, municipality_id=town.rollag.id, employee_number="77", imported_at=now
        )
        works.started_on = sidecar.today() - timedelta(days=5)
        refused = Evidence(
            person_id=done.person_id, course_id=course.id, completed_at=COMPLETED_AT, recorded_at=COMPLETED_AT
        )
        refused.origin, refused.state, refused.reason = "manual", REFUSED, "Beviset kan ikke leses."
        refused.municipality_id, refused.place = town.kongsberg.id, "Kursstedet i Drammen"
        db.add_all([works, refused])


def test_the_pages_are_accessible_and_do_their_work(learning: tuple[Page, str]) -> None:
    page, address = learning
    visit(page, address)
    check_widths(page, "my-learning", WIDTHS)
    page.get_by_role("link", name="La Rollag kommune se").click()
    check_widths(page, "my-learning-sharing", WIDTHS)
    page.get_by_role("button", name="La dem se det").click()
    page.get_by_text("Det har du sagt ja til.").wait_for()
    page.get_by_role("link", name="Trekk tilbake at Rollag kommune ser").click()
    page.get_by_role("button", name="Trekk samtykket tilbake").click()
    page.get_by_role("link", name="La Rollag kommune se").wait_for()
    visit(page, f"{address}/erasure")
    check_widths(page, "my-learning-erasure", WIDTHS)
    page.get_by_role("button", name="Be om å bli slettet").click()
    page.get_by_text("ingen har svart ennå").wait_for()
    for language in ("nn", "en", "nb"):
        page.locator(f"button[value={language}]").click()
        page.locator(f"html[lang={language}]").wait_for(state="attached")
        for more in ("", "/erasure", "/proof"):
            visit(page, address + more)
            check_fits(page, f"my-learning-{language}{more.replace('/', '-')}-320")


def test_a_proof_is_a_clean_page_on_paper(learning: tuple[Page, str]) -> None:
    page, address = learning
    visit(page, address)
    page.get_by_role("link", name=re.compile("Bevis, til utskrift.*Brannvern")).click()
    check_widths(page, "my-learning-proof", WIDTHS)
    page.evaluate("window.print = () => { document.title = 'printed' }")
    page.get_by_role("button", name="Skriv ut").click()
    assert page.title() == "printed"
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 794, "height": 1123})
    for gone in (".top", ".bottom", ".not-printed"):
        assert not page.locator(gone).first.is_visible()
    for text in ("Kari Nordmann", "Brannvern på arbeidsplassen", "20. august 2026", "Kongsberg kommune"):
        assert page.locator(".proof").get_by_text(text).first.is_visible()
    assert violations(page) == []
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/my-learning-on-paper.png")
        page.pdf(path=f"{SHOTS}/my-learning-on-paper.pdf", format="A4")


def test_the_staff_pages_are_accessible(page: Page, site: str, sidecar: Sidecar, learning: tuple[Page, str]) -> None:
    own, address = learning
    visit(own, f"{address}/erasure")
    own.get_by_role("button", name="Be om å bli slettet").click()
    visit(page, f"{site}/staff/")
    check_widths(page, "staff-start-with-wish", WIDTHS)
    visit(page, f"{site}/staff/erasure-requests")
    check_widths(page, "staff-erasure-requests", WIDTHS)
    page.get_by_role("link", name=re.compile("Avslå.*Kari Nordmann")).click()
    check_widths(page, "staff-erasure-refuse", WIDTHS)
    with sidecar.reading() as db:
        reference = reference_of(db.scalars(select(Completion.id)).one())
    visit(page, f"{site}/staff/proofs")
    page.get_by_label("Referanse").fill(reference.lower())
    page.get_by_role("button", name="Kontroller").click()
    page.get_by_role("heading", name="Det gjelder").wait_for()
    check_widths(page, "staff-proof-check", WIDTHS)
