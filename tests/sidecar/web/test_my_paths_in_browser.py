"""Learning paths, sign-offs and gatherings in a real Chromium: accessible, narrow and wide, and they do their work."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from sidecar.core import sign_ins
from sidecar.core.launches import Launch
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Identity
from sidecar.core.staff import Scope, grant, identity_named
from sidecar.runtime import Sidecar
from sidecar.web.access import launch_cookie, staff_cookie
from sidecar.web.app import create_app
from tests.sidecar.walking import KEY, TASK_KEY, Walk, make_walk
from tests.sidecar.web.looking import check_widths, visit

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WIDTHS = (1280, 320)


@pytest.fixture
def walk(sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality) -> Walk:
    return make_walk(sidecar, kongsberg, rollag)


@pytest.fixture
def learner(bare_browser: Browser, site: str, sidecar: Sidecar, walk: Walk) -> Iterator[tuple[Page, str]]:
    """The browser of Kari, launched from her LMS; and the address of her page."""
    with sidecar.transaction() as db:
        identity = db.get_one(Identity, walk.account)
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
    yield from _browse(bare_browser, site, name, secret, f"/play/{launch.id}/learning")


@pytest.fixture
def staff(bare_browser: Browser, site: str, sidecar: Sidecar, walk: Walk) -> Iterator[tuple[Page, str]]:
    """The browser of somebody of the region's office, and the address of the site."""
    with sidecar.transaction() as db:
        identity = identity_named(db, "Ragna RKK", now=sidecar.now())
        grant(db, identity.id, "rkk", Scope(region="kongsbergregionen"), now=sidecar.now())
        secret = sign_ins.start(db, identity.id, None, sidecar.now())
    with create_app(sidecar).app_context():
        name = staff_cookie()
    yield from _browse(bare_browser, site, name, secret, "")


def _browse(browser: Browser, site: str, name: str, secret: str, path: str) -> Iterator[tuple[Page, str]]:
    context = browser.new_context(locale="nb-NO")
    cookies = {name: secret, "sidecar-language": "en"}
    context.add_cookies([{"name": key, "value": value, "url": site} for key, value in cookies.items()])
    yield context.new_page(), f"{site}{path}"
    context.close()


def test_a_learner_walks_the_path(learner: tuple[Page, str], walk: Walk) -> None:
    page, address = learner
    dates = [walk.gather(seats=seats, hours=hours) for seats, hours in ((20, 24), (None, 72))]
    visit(page, address)
    check_widths(page, "my-learning-with-paths", WIDTHS)
    page.get_by_role("link", name="Ny i omsorg").click()
    check_widths(page, "my-path-new", WIDTHS)
    page.get_by_role("button", name="I have done this").first.click()
    page.get_by_role("heading", name="Next: Vis håndvask").wait_for()
    page.get_by_role("button", name="Ask for sign-off").first.click()
    page.get_by_text("You asked on").first.wait_for()
    check_widths(page, "my-path-asked", WIDTHS)
    walk.finish("oppgave")
    visit(page, f"{address}/paths/{KEY}")
    page.get_by_role("link", name="See the dates").click()
    page.locator(f"#date-{dates[0]}").get_by_role("button", name="Sign up").click()
    page.get_by_text("You are signed up").wait_for()
    check_widths(page, "my-path-gathering", WIDTHS)
    walk.finish("samling")
    visit(page, f"{address}/paths/{KEY}")
    check_widths(page, "my-path-finished", WIDTHS)
    page.get_by_role("link", name="See and print the proof").click()
    page.get_by_role("heading", name="Ny i omsorg").last.wait_for()


def test_tasks_are_signed_off_and_taken_back(staff: tuple[Page, str], walk: Walk) -> None:
    page, site = staff
    for person_id in (walk.kari, walk.folk.person(walk.kongsberg.id, "2", "Ola Nordmann")):
        walk.finish("lenke", person_id)
    visit(page, f"{site}/staff/sign-offs")
    check_widths(page, "staff-sign-offs", WIDTHS)
    visit(page, f"{site}/staff/sign-offs/kongsberg/{TASK_KEY}")
    check_widths(page, "staff-sign-off", WIDTHS)
    page.get_by_label("Kari Nordmann").check()
    page.get_by_role("button", name="Sign off for those who are ticked").click()
    page.get_by_text("Signed off for 1 employee.").wait_for()
    check_widths(page, "staff-signed-off", WIDTHS)
    page.get_by_role("link", name=re.compile("Take back.*Kari Nordmann")).click()
    check_widths(page, "staff-sign-off-take-back", WIDTHS)
    page.get_by_label("Why is it taken back?").fill("Feil person")
    page.get_by_role("button", name="Take it back").click()
    page.get_by_text("The sign-off was taken back.").wait_for()
    assert walk.states()["oppgave"] == "open"


def test_a_gathering_is_made_and_its_list_kept(staff: tuple[Page, str], walk: Walk) -> None:
    page, site = staff
    visit(page, f"{site}/staff/gatherings/new")
    check_widths(page, "staff-gathering-new", WIDTHS)
    page.get_by_label("Begins").fill("2026-09-15T07:00")
    page.get_by_label("Ends").fill("2026-09-15T09:00")
    page.get_by_label("Place", exact=True).fill("Rådhuset, møterom 2")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Saved.").wait_for()
    check_widths(page, "staff-gathering-empty", WIDTHS)
    page.get_by_label("Name or employee number").fill("r")
    page.get_by_role("button", name="Search").click()
    page.get_by_label("Kari Nordmann").check()
    page.get_by_label("Rolf Rollheim").check()
    check_widths(page, "staff-gathering-search", WIDTHS)
    page.get_by_role("button", name="Add those who are ticked").click()
    page.get_by_role("radio", name="Came: Kari Nordmann").check()
    page.get_by_role("radio", name="Did not come: Rolf Rollheim").check()
    check_widths(page, "staff-gathering-marks", WIDTHS)
    page.get_by_role("button", name="Save who came").click()
    page.get_by_text("Saved.").wait_for()
    visit(page, page.url.split("?")[0] + "/print")
    check_widths(page, "staff-gathering-print", WIDTHS)
    visit(page, f"{site}/staff/gatherings")
    check_widths(page, "staff-gatherings", WIDTHS)
    assert walk.own().progress.parts[0].steps[2].done
