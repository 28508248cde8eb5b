"""Make the pictures of docs/images anew, from a fresh installation and people who don't exist.

python -m tests.house.screenshots
"""

from __future__ import annotations

import ipaddress
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from playwright.sync_api import Browser, BrowserContext, Locator, Page
from rq import Queue

from practice_lms.app import create_app, lms_of
from practice_lms.config import Config, Link
from practice_lms.people import MUNICIPALITIES
from practice_lms.registering import activate_tool, start_address
from practice_lms.serving import serve as serve_lms
from sidecar.catalogue import add_package
from sidecar.core import sign_ins
from sidecar.core.municipalities import Municipality, add_municipality
from sidecar.core.platforms import find_platform
from sidecar.core.regions import join
from sidecar.core.staff import first_operator
from sidecar.http import GuardedFetch
from sidecar.runtime import Sidecar
from sidecar.schema import upgrade
from sidecar.settings import Settings
from tests.browsers import open_chromium, open_driver
from tests.e2e.learning import answer, course_in, following, go_to_quiz, log_in, open_in_new_window
from tests.e2e.region import COURSES, Region, import_practice_people
from tests.e2e.serving import serve
from tests.fakes.ports import free_port
from tests.fakes.queue import FakeQueue
from tests.fakes.starter_course import build_course
from tests.house.pictures import with_fewer_colours
from tests.house.sources import ROOT

FOLDER = ROOT / "docs" / "images"
LARGEST_BYTES = 80_000
WIDTH = 1280
SLUGS = ("kongsberg", "rollag")
SECRET = "Zm9yLWV4YW1wbGUtb25seS1ub3QtYS1yZWFsLXNlY3JldA"
EARLY = Link("1", "Velkommen", {"course": "brannvern"})
"""An activity that somebody opens before the LMS is approved."""

RENAME = """pairs => {
  const renamed = text => pairs.reduce((done, [from, to]) => done.replaceAll(from, to), text);
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) walker.currentNode.data = renamed(walker.currentNode.data);
}"""
"""Put the addresses that readers expect where those of this machine stand."""


@dataclass
class Album:
    """Take the pictures, under addresses that are the same each time."""

    names: dict[str, str]
    canvas: Page

    def take(self, name: str, what: Page | Locator, *, height: int = 0) -> None:
        """Write a picture of an element, or of the top of a page."""
        page = what.page if isinstance(what, Locator) else what
        page.evaluate(RENAME, list(self.names.items()))
        if isinstance(what, Locator):
            picture = what.screenshot(animations="disabled")
        else:
            clip: Any = {"x": 0, "y": 0, "width": WIDTH, "height": height}
            picture = page.screenshot(clip=clip, full_page=True, animations="disabled")
        written = with_fewer_colours(picture, self.canvas)
        if len(written) > LARGEST_BYTES:
            raise ValueError(f"{name} has {len(written)} bytes")
        (FOLDER / f"{name}.png").write_bytes(written)


def main() -> None:
    """Go the whole way from an invitation to a grade, and take a picture at each stop."""
    FOLDER.mkdir(exist_ok=True)
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        browser = opened.enter_context(open_chromium(opened.enter_context(open_driver())))
        region = opened.enter_context(_installation(folder))
        album = Album(_names(region), browser.new_page())
        staff = _sign_in(browser, region.sidecar)
        _connect(browser, staff, region, album)
        _approve(browser, staff, region, album)
        _pick(browser, region, album)
        _learn(browser, staff, region, album)


def _names(region: Region) -> dict[str, str]:
    """Return what stands in the pictures for the addresses of this machine."""
    known = {region.sidecar.settings.public_url: "sidecar.example.no", region.lms.config.issuer: "moodle.example.no"}
    hosts = {url.partition("//")[2]: host for url, host in known.items()}
    return {url: f"https://{host}" for url, host in known.items()} | hosts


@contextmanager
def _installation(folder: Path) -> Iterator[Region]:
    """Serve a fresh sidecar with two municipalities and two courses, and an LMS that it doesn't know."""
    port, lms_port = free_port(), free_port()
    settings = Settings(
        data=folder,
        port=port,
        public_url=f"http://127.0.0.1:{port}",
        content_url=f"http://localhost:{port}",
        database_url=f"sqlite:///{folder / 'sidecar.sqlite3'}",
        allowed_private=("127.0.0.1", "lms.localhost"),
    )
    sidecar = Sidecar(settings, clock=lambda: datetime.now(UTC))
    sidecar.queue = cast(Queue, FakeQueue())
    loopback = [ipaddress.IPv4Address("127.0.0.1")]
    sidecar.fetch = GuardedFetch(settings.allowed_private, resolve=lambda _host, _port: list(loopback))
    upgrade(sidecar.engine)
    _fill(sidecar, folder)
    issuer = f"http://lms.localhost:{lms_port}"
    app = create_app(Config(issuer=issuer, tool_url=settings.public_url, locale="en", links=(EARLY,)))
    with serve(sidecar), serve_lms(app, port=lms_port):
        yield Region(sidecar, lms_of(app))
    sidecar.close()


def _fill(sidecar: Sidecar, folder: Path) -> None:
    for one in (each for each in MUNICIPALITIES if each.slug in SLUGS):
        new = Municipality(org_number=one.organisation_number, slug=one.slug, name=one.name, created_at=sidecar.now())
        with sidecar.transaction() as db:
            join(db, "kongsbergregionen", add_municipality(db, new).id, sidecar.today())
        import_practice_people(sidecar, new, folder)
    for key, standard in COURSES.items():
        add_package(sidecar, build_course(key, standard, folder), key=key, is_published=True)


def _sign_in(browser: Browser, sidecar: Sidecar) -> Page:
    page = _context(browser).new_page()
    with sidecar.transaction() as db:
        secret = sign_ins.make_link(db, first_operator(db, now=sidecar.now()).id, sidecar.now())
    page.goto(f"{sidecar.settings.public_url}/sign-in#{secret}")
    page.locator("#with-link button").click()
    page.wait_for_url("**/staff/")
    return page


def _context(browser: Browser) -> BrowserContext:
    return browser.new_context(locale="en-GB", viewport={"width": WIDTH, "height": 860}, color_scheme="light")


def _connect(browser: Browser, staff: Page, region: Region, album: Album) -> None:
    """Make the invitation, paste it, register, activate."""
    here = region.sidecar.settings.public_url
    staff.goto(f"{here}/staff/invitations")
    staff.get_by_label("Note").fill("Moodle of the region")
    staff.get_by_role("button", name="Make an invitation").click()
    address = staff.locator("#invitation").inner_text()
    album.names[address.rpartition("/")[2]] = SECRET
    album.take("invitation", staff.get_by_role("main"))
    page = _context(browser).new_page()
    page.set_viewport_size({"width": 1000, "height": 900})
    page.goto(start_address(region.lms, address))
    page.get_by_role("button", name="Register").wait_for()
    album.take("register", page.get_by_role("main"))
    page.get_by_role("button", name="Register").click()
    page.get_by_role("heading", name="Registered: waiting for approval").wait_for()
    activate_tool(region.lms, "1")


def _approve(browser: Browser, staff: Page, region: Region, album: Album) -> None:
    """Let a learner come too early, look that up, approve."""
    here = region.sidecar.settings.public_url
    early = _open_course(browser, region, EARLY.link_id)
    reference = early.locator("code").first.inner_text()
    staff.goto(f"{here}/staff/failures/{reference}")
    album.names[reference] = "7K3M9QXA"
    album.take("failure", staff.get_by_role("main"))
    staff.goto(f"{here}/staff/platforms")
    staff.get_by_role("rowheader").get_by_role("link").click()
    for slug in SLUGS:
        staff.get_by_label(slug.capitalize(), exact=True).check()
    staff.get_by_label("Name", exact=True).fill("Moodle")
    staff.get_by_role("heading", level=1).click()
    album.take("approve", staff.get_by_role("main"))
    staff.get_by_role("button", name="Approve").click()
    staff.get_by_role("heading", name="Deployments").wait_for()


def _pick(browser: Browser, region: Region, album: Album) -> None:
    """Choose two courses as a teacher; the dialog's content, by itself."""
    page = log_in(_context(browser), region, region.teacher())
    page.set_viewport_size({"width": 1000, "height": 1000})
    page.goto(f"{region.lms.config.issuer}/course/content")
    page.goto(page.locator("main iframe").evaluate("frame => frame.src"))
    page.get_by_role("checkbox").first.check()
    album.take("picker", page.get_by_role("main"))
    page.get_by_role("checkbox").nth(1).check()
    page.get_by_role("button", name="Go on", exact=True).click()
    page.get_by_role("button", name="Add 2 courses").wait_for()
    album.take("picker-options", page.get_by_role("main"))
    page.get_by_role("button", name="Add 2 courses").click()
    page.wait_for_url(f"{region.lms.config.issuer}/course")


def _learn(browser: Browser, staff: Page, region: Region, album: Album) -> None:
    """Take a course, and test the connection that has brought the grade."""
    course = _open_course(browser, region, region.lms.config.links[-1].link_id)
    key = region.lms.config.links[-1].custom["course"]
    following(course_in(course)).wait_for()
    album.take("course", course, height=640)
    go_to_quiz(course_in(course))
    answer(course_in(course), key)
    course.get_by_role("button", name="Exit", exact=True).click()
    course.get_by_text("Last saved").wait_for()
    region.run_jobs()
    with region.sidecar.reading() as db:
        platform = find_platform(db, "Moodle").id
    staff.goto(f"{region.sidecar.settings.public_url}/staff/platforms/{platform}/check")
    staff.get_by_role("button", name="Test the connection").click()
    region.run_jobs()
    staff.reload()
    album.take("check", staff, height=1000)


def _open_course(browser: Browser, region: Region, link_id: str) -> Page:
    page = log_in(_context(browser), region, region.learner("rollag"))
    return open_in_new_window(page, region, link_id)


if __name__ == "__main__":
    main()
