"""Connect an LMS as people do: its administrator pastes the address, an operator approves, a learner opens a course."""

import ipaddress
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Frame, Page, expect

from practice_lms.app import create_app, lms_of
from practice_lms.config import Config
from practice_lms.serving import serve
from sidecar.catalogue import add_package
from sidecar.core.municipalities import Municipality
from sidecar.http import GuardedFetch
from sidecar.language import translator
from sidecar.runtime import Sidecar
from tests.browsers import violations
from tests.e2e.learning import course_in, log_in, open_here, title_of
from tests.e2e.region import Region
from tests.e2e.serving import Line
from tests.fakes.ports import free_port
from tests.fakes.starter_course import build_course
from tests.sidecar.cli.conftest import environment
from tests.sidecar.cli.console import run_json

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FIRE = "2"
SIZES = {"wide": (1280, 900), "narrow": (360, 740)}
SHOTS = os.environ.get("SIDECAR_SHOTS")
__all__ = ["environment"]


@pytest.fixture
def locale() -> str:
    return "nb"


@pytest.fixture
def stranger(
    sidecar: Sidecar,
    line: Line,
    kongsberg: Municipality,
    rollag: Municipality,
    environment: None,
    log_lines: StringIO,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Region]:
    """A practice LMS that nobody has registered; its name leads to this machine for servers too.

    `log_lines` puts the log back after commands have changed it.
    """
    sidecar.now = lambda: datetime.now(UTC)
    here = [ipaddress.IPv4Address("127.0.0.1")]
    guarded = GuardedFetch(sidecar.settings.allowed_private, resolve=lambda _host, _port: list(here))
    monkeypatch.setattr(sidecar, "fetch", guarded)
    monkeypatch.setattr("sidecar.web.headers.KNOWN_FOR_S", -1.0)
    add_package(sidecar, build_course("brannvern", "scorm-1.2", tmp_path), key="brannvern", is_published=True)
    port = free_port()
    app = create_app(Config(issuer=f"http://lms.localhost:{port}", tool_url=sidecar.settings.public_url))
    with serve(app, port=port):
        yield Region(sidecar, lms_of(app))


def add_tool(page: Page, region: Region, address: str) -> Frame:
    """Paste the address where the LMS's administrator adds tools; return the frame that opens."""
    page.goto(f"{region.lms.config.issuer}/admin/tools")
    page.get_by_label("Verktøyets adresse").fill(address)
    page.get_by_role("button", name="Legg til LTI Advantage").click()
    frame = page.locator("main iframe").element_handle().content_frame()
    assert frame
    return frame


def check(page: Page, frame: Frame, name: str, language: str) -> None:
    """Hold the page in the frame against axe and both widths."""
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        assert violations(frame) == [], name
        assert frame.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} scrolls sideways"
        assert frame.evaluate("document.documentElement.lang") == language
        if SHOTS:
            page.screenshot(path=Path(SHOTS) / f"{name}-{size}-{language}.png", full_page=True)


def administrator(context: BrowserContext, region: Region) -> Page:
    return log_in(context, region, next(one for one in region.lms.people.values() if one.role == "administrator"))


def test_an_lms_is_pasted_approved_and_launched(context: BrowserContext, stranger: Region, locale: str) -> None:
    _ = translator(locale)
    address = run_json("platform", "invite", "--note", "Felles")["url"]
    page = administrator(context, stranger)
    frame = add_tool(page, stranger, address)
    expect(frame.get_by_role("button", name=_("Register"))).to_be_visible()
    check(page, frame, "register", locale)
    frame.get_by_role("button", name=_("Register")).click()
    expect(frame.get_by_role("heading", name=_("Registered: waiting for approval"))).to_be_visible()
    check(page, frame, "registered", locale)
    frame.get_by_role("button", name=_("Close and go back to the LMS")).click()
    page.get_by_role("button", name="Aktiver").click()
    expect(page.get_by_text("Aktivt")).to_be_visible()

    learner = stranger.learner("rollag")
    early = open_here(log_in(context, stranger, learner), stranger, FIRE)
    expect(early.locator("#course")).to_have_count(0)
    [waiting] = run_json("platform", "list")
    run_json("platform", "approve", waiting["name"], "--municipality", "rollag")
    course = course_in(open_here(log_in(context, stranger, learner), stranger, FIRE))
    expect(title_of(course)).to_have_text("Brannvern på arbeidsplassen")


@pytest.mark.parametrize("locale", ["nb", "nn", "en"])
def test_a_used_invitation_and_one_opened_by_hand_say_what_to_do(
    context: BrowserContext, stranger: Region, locale: str
) -> None:
    _ = translator(locale)
    address = run_json("platform", "invite")["url"]
    by_hand = context.new_page()
    by_hand.goto(address)
    expect(by_hand.get_by_role("heading", name=_("Connect your LMS"))).to_be_visible()
    by_hand.get_by_role("button", name=_("Copy"), exact=True).click()
    expect(by_hand.get_by_role("status")).not_to_be_empty()
    check(by_hand, by_hand.main_frame, "by-hand", locale)
    page = administrator(context, stranger)
    frame = add_tool(page, stranger, address)
    if locale != "nb":  # that one is held in the test above
        check(page, frame, "register", locale)
    frame.get_by_role("button", name=_("Register")).click()
    title = frame.get_by_role("heading", name=_("Registered: waiting for approval"))
    expect(title).to_be_visible()
    if locale != "nb":
        check(page, frame, "registered", locale)
    again = add_tool(page, stranger, address)
    expect(again.get_by_role("heading", name=_("The LMS could not be registered"))).to_be_visible()
    check(page, again, "refused", locale)
