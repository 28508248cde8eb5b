"""Take courses inside an LMS's frame in browsers that let no third party keep cookies; LMS, tool and packages are three
sites over https.

One Chromium blocks third-party cookies and keeps partitioned ones, as Chromium, Edge and Firefox do; the other keeps
none at all for us below the LMS, as Safari does.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, FrameLocator, Page, Request, expect

from sidecar.core.municipalities import Municipality
from sidecar.runtime import Sidecar
from sidecar.settings import Settings
from sidecar.web.launch import storage
from tests.browsers import open_cookieless_frames
from tests.e2e.learning import Surface, course_in, log_in, nb, open_here, take_course, title_of
from tests.e2e.lying import ECHO, HANDED_BACK, LIES, Lie
from tests.e2e.region import Region, open_region
from tests.e2e.serving import Line
from tests.fakes.ports import free_port
from tests.sidecar.web.looking import NARROW, WIDE, check_widths

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SECURITY, FIRE, UNBOUND = "1", "2", "3"
TOOL_SITE, LMS_SITE = "https://[*.]kommune.test", "https://[*.]skole.test"
STRANGER = "https://ond.test"
STORES = ["_parent", "lager"]
"""Where an LMS keeps data for tools: in the page around the tool, or in a frame of that page."""


@pytest.fixture
def settings(settings: Settings) -> Settings:
    port = free_port()
    return replace(
        settings,
        port=port,
        public_url=f"https://kurs.kommune.test:{port}",
        content_url=f"https://innhold.pakker.test:{port}",
        allowed_private=("127.0.0.1", "lms.skole.test"),
    )


@pytest.fixture
def region(
    sidecar: Sidecar, line: Line, kongsberg: Municipality, rollag: Municipality, tmp_path: Path
) -> Iterator[Region]:
    issuer = f"https://lms.skole.test:{free_port()}"
    with open_region(sidecar, (kongsberg, rollag), free_port(), tmp_path, issuer=issuer) as opened:
        yield opened


@pytest.fixture
def blocking(browser: Browser) -> Iterator[BrowserContext]:
    """A browser that blocks third-party cookies and keeps partitioned ones."""
    opened = browser.new_context(ignore_https_errors=True, locale="nb-NO")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def profile(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    with open_cookieless_frames(browser, tmp_path_factory.mktemp("profile"), TOOL_SITE, LMS_SITE) as opened:
        yield opened


@pytest.fixture
def cookieless(profile: BrowserContext) -> Iterator[BrowserContext]:
    """A browser that keeps no cookies at all for the tool in a frame of the LMS; in a tab of its own it does."""
    yield profile
    for page in profile.pages[1:]:
        page.close()
    profile.clear_cookies()


def offer_storage(region: Region, target: str) -> None:
    region.lms.config = replace(region.lms.config, storage_target=target)


class Sent:
    """What a page's requests to the tool said."""

    def __init__(self, context: BrowserContext, region: Region) -> None:
        self._origin = region.sidecar.settings.public_url
        self.requests: list[Request] = []
        context.on("request", self._keep)

    def _keep(self, request: Request) -> None:
        self.requests.append(request)

    def cookies(self) -> list[str]:
        """The cookies that went to the tool, from frames and from tabs."""
        own = [request for request in self.requests if request.url.startswith(f"{self._origin}/")]
        assert own
        return [request.all_headers().get("cookie", "") for request in own]

    def urls(self) -> str:
        return " ".join(request.url for request in self.requests)


def check(surface: Page, name: str) -> None:
    """Hold what the tool shows in its frame against axe, narrow and wide; the wide one stays."""
    check_widths(surface, name, (NARROW, WIDE), framed=True)


def pass_course(region: Region, tool: Surface, slug: str) -> None:
    """Take the fire course to its end; the LMS gets the grade."""
    take_course(tool, "brannvern")
    expect(tool.get_by_text(nb("You have completed this course."))).to_be_visible()
    region.run_jobs()
    assert region.score_of(region.learner(slug), FIRE) == 100


def test_a_course_is_taken_in_the_frame_with_partitioned_cookies(blocking: BrowserContext, region: Region) -> None:
    origin = region.sidecar.settings.public_url
    probe = {"name": "probe", "value": "third-party", "url": origin, "secure": True, "sameSite": "None"}
    blocking.add_cookies([probe])  # type: ignore[list-item]  # Playwright's own typed dict
    page, sent = log_in(blocking, region, region.learner("kongsberg")), Sent(blocking, region)
    tool = open_here(page, region, FIRE)
    expect(tool.get_by_role("status")).to_have_text(nb("Saved"))
    sent_there = " ".join(sent.cookies())
    assert "__Host-play-" in sent_there
    assert "probe" not in sent_there, "the test means nothing where the browser lets third-party cookies through"
    pass_course(region, tool, "kongsberg")
    page.goto(f"{origin}/privacy")
    assert "probe" in " ".join(sent.cookies())


@pytest.mark.parametrize("target", STORES)
def test_a_course_is_taken_in_the_frame_with_what_the_lms_keeps(
    cookieless: BrowserContext, region: Region, target: str
) -> None:
    offer_storage(region, target)
    page, sent = log_in(cookieless, region, region.learner("kongsberg")), Sent(cookieless, region)
    page.add_init_script("self.heard = []; addEventListener('message', ({data}) => heard.push(data))")
    tool = open_here(page, region, FIRE)
    expect(tool.get_by_role("status")).to_have_text(nb("Saved"))
    pass_course(region, tool, "kongsberg")
    assert set(sent.cookies()) == {""}
    check(page, f"cookies-end-{target}")
    tool.get_by_role("button", name=nb("Look at the course again")).click()
    expect(tool.get_by_role("status")).to_have_text(nb("Review: nothing is saved"))
    tool.get_by_role("button", name=nb("Start again")).click()
    expect(tool.get_by_role("status")).to_have_text(nb("Saved"))
    check(page, f"cookies-player-{target}")
    expect(tool.get_by_role("button", name="English")).to_have_count(0)
    said = [message for frame in page.frames for message in frame.evaluate("heard") if "subject" in message]
    secrets = {message["value"] for message in said if message["subject"] == "lti.put_data"}
    assert len(secrets) == 1
    assert not any(secret in sent.urls() for secret in secrets)


def test_two_launches_side_by_side_are_kept_apart(cookieless: BrowserContext, region: Region) -> None:
    offer_storage(region, "_parent")
    page = log_in(cookieless, region, region.learner("kongsberg"))
    first = open_here(page, region, FIRE)
    page.evaluate(
        """link => {
            const other = document.createElement("iframe");
            other.id = "other";
            other.src = `/mod/lti/launch.php?id=${link}&window=iframe`;
            document.body.append(other);
        }""",
        SECURITY,
    )
    other = page.frame_locator("#other")
    for tool, title in ((first, "Brannvern på arbeidsplassen"), (other, "Informasjonssikkerhet i hverdagen")):
        expect(tool.get_by_role("status")).to_have_text(nb("Saved"))
        expect(tool.get_by_role("heading", name=title)).to_be_visible()


def test_a_launch_goes_from_the_frame_into_a_window_of_its_own(cookieless: BrowserContext, region: Region) -> None:
    offer_storage(region, "_parent")
    page = log_in(cookieless, region, region.learner("kongsberg"))
    tool = open_here(page, region, FIRE)
    expect(tool.get_by_role("status")).to_have_text(nb("Saved"))
    with cookieless.expect_page() as opened:
        tool.get_by_role("button", name=nb("Language, my information: in a window of its own")).click()
    window = opened.value
    expect(title_of(course_in(window))).to_have_text("Brannvern på arbeidsplassen")
    window.get_by_role("link", name=nb("My information")).click()
    expect(window.get_by_role("heading", name=nb("My information"))).to_be_visible()
    assert len(region.launches()) == 1


def test_staff_choose_the_course_of_a_link_in_a_window_of_their_own(cookieless: BrowserContext, region: Region) -> None:
    offer_storage(region, "_parent")
    region.grant(region.teacher(), "content-developer")
    page = log_in(cookieless, region, region.teacher())
    tool = open_here(page, region, UNBOUND)
    expect(tool.get_by_role("heading", name=nb("Go on in a window of its own"))).to_be_visible()
    check(page, "cookies-onward")
    with cookieless.expect_page() as opened:
        tool.get_by_role("button", name=nb("Go on")).click()
    opened.value.get_by_role("button", name="Brannvern på arbeidsplassen").click()
    expect(opened.value.get_by_role("status")).to_have_text(nb("Saved"))


def test_a_teacher_chooses_courses_in_the_dialog_of_an_lms_that_keeps_data(
    cookieless: BrowserContext, region: Region
) -> None:
    offer_storage(region, "_parent")
    page, sent = log_in(cookieless, region, region.teacher()), Sent(cookieless, region)
    page.goto(f"{region.lms.config.issuer}/course")
    page.get_by_role("link", name="Velg innhold").click()
    tool = page.frame_locator("main iframe")
    tool.get_by_role("searchbox").fill("brannvern")
    expect(tool.get_by_role("status")).to_have_text("1 kurs")
    tool.get_by_role("button", name=nb("More about %(title)s") % {"title": "Brannvern på arbeidsplassen"}).click()
    assert set(sent.cookies()) == {""}
    with cookieless.expect_page() as opened:
        tool.get_by_role("button", name=nb("Try the course")).click()
    expect(opened.value.get_by_role("status")).to_have_text(nb("Saved"))
    opened.value.close()
    sent.requests.clear()
    tool.get_by_role("button", name=nb("Choose this course")).click()
    tool.get_by_role("searchbox").wait_for()
    check(page, "cookies-picker")
    tool.get_by_role("button", name=nb("Go on"), exact=True).click()
    tool.get_by_role("button", name=nb("Back to the list")).click()
    tool.get_by_role("button", name=nb("Go on"), exact=True).click()
    tool.get_by_role("button", name="Legg til 1 kurs").click()
    page.wait_for_url(f"{region.lms.config.issuer}/course")
    assert set(sent.cookies()) == {""}
    assert [link.title for link in region.lms.config.links].count("Brannvern på arbeidsplassen") == 2


def test_an_lms_that_keeps_nothing_is_left_for_a_window(
    cookieless: BrowserContext, region: Region, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "PATIENCE_MS", 300)
    offer_storage(region, "_parent")
    page = log_in(cookieless, region, region.learner("kongsberg"))
    page.route("**/static/storage.js", lambda route: route.abort())
    go_on_in_a_window(cookieless, region, open_here(page, region, FIRE))


def test_an_lms_without_storage_is_left_for_a_window(cookieless: BrowserContext, region: Region) -> None:
    page = log_in(cookieless, region, region.learner("kongsberg"))
    tool = open_here(page, region, FIRE)
    expect(tool.get_by_role("link", name=nb("Open the course in a new window"))).to_be_visible()
    tool.get_by_text(nb("Does no window open?")).click()
    check(page, "cookies-window")
    go_on_in_a_window(cookieless, region, tool)
    expect(tool.get_by_role("heading", name=nb("The course opens in a window of its own"))).to_be_visible()
    check(page, "cookies-window-opened")


def test_a_window_that_is_stopped_opens_in_the_place_of_the_lms(cookieless: BrowserContext, region: Region) -> None:
    page = log_in(cookieless, region, region.learner("kongsberg"))
    tool = open_here(page, region, FIRE)
    tool.get_by_text(nb("Does no window open?")).click()
    tool.get_by_role("link", name=nb("Open the course in the place of this page")).click()
    pass_course(region, page, "kongsberg")


def go_on_in_a_window(context: BrowserContext, region: Region, tool: Surface) -> None:
    """Take the course to its end in the window that the frame offers."""
    with context.expect_page() as opened:
        tool.get_by_role("link", name=nb("Open the course in a new window")).click()
    pass_course(region, opened.value, "kongsberg")
    opened.value.close()


def test_lies_are_not_believed(cookieless: BrowserContext, region: Region) -> None:
    page = log_in_where_it_stores(cookieless, region)
    for lie in LIES:
        tool = open_below_a_liar(page, region, Lie(lie))
        expect(tool.get_by_role("status"), lie).to_have_text(nb("Saved"))
    assert len(region.launches()) == len(LIES)


def test_nothing_goes_on_to_the_lms_for_lies(
    cookieless: BrowserContext, region: Region, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "PATIENCE_MS", 800)
    tool = open_below_a_liar(log_in_where_it_stores(cookieless, region), region, Lie(*LIES, keeps=False))
    expect(tool.get_by_role("link", name=nb("Open the course in a new window"))).to_be_visible()


def test_a_launch_is_refused_for_what_the_lms_did_not_keep(cookieless: BrowserContext, region: Region) -> None:
    page = log_in_where_it_stores(cookieless, region)
    for name, handed_back in HANDED_BACK.items():
        tool = open_below_a_liar(page, region, Lie(handed_back=handed_back))
        expect(tool.get_by_role("heading", name=nb("The course did not open")), name).to_be_visible()
        assert region.launches() == [], name


def log_in_where_it_stores(context: BrowserContext, region: Region) -> Page:
    offer_storage(region, "_parent")
    return log_in(context, region, region.learner("kongsberg"))


def open_below_a_liar(page: Page, region: Region, lie: Lie) -> FrameLocator:
    """Open the fire course in a page of the LMS's origin that answers as a liar would."""
    issuer = region.lms.config.issuer
    page.route(f"{issuer}/lying", lambda route: route.fulfill(content_type="text/html", body=lie.page(STRANGER)))
    for url in (f"{issuer}/beside", f"{STRANGER}/"):
        page.route(url, lambda route: route.fulfill(content_type="text/html", body=ECHO))
    page.goto(f"{issuer}/lying")
    return page.frame_locator("main iframe")
