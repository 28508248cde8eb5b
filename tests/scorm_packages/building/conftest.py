"""A browser with a built course open from a folder; the tests of a module share its page."""

import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request, Route

from scorm_packages.authoring.course_source import CourseSource
from scorm_packages.building.package import build_package
from scorm_packages.building.standards import Standard
from tests.fakes.course import make_course

Open = Callable[..., Page]

CSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; connect-src https://lrs.test"
KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".png": "image/png"}
ORIGIN = "https://course.test"


@pytest.fixture
def course(tmp_path: Path) -> CourseSource:
    folder = tmp_path / "kilde"
    folder.mkdir()
    return make_course(folder)


@pytest.fixture
def faults() -> list[str]:
    """What the page complained of: errors, and what its policy forbids."""
    return []


@pytest.fixture
def page(bare_browser: Browser, faults: list[str]) -> Iterator[Page]:
    context = bare_browser.new_context(locale="nb-NO")
    opened = context.new_page()
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    yield opened
    context.close()


@pytest.fixture
def open_built(page: Page, tmp_path: Path) -> Open:
    """Open a built course as from a server with the strictest policy there is; no other address is reached."""

    def open_course(course: CourseSource, standard: Standard = "web", *, query: str = "") -> Page:
        built = build_package(course, tmp_path / f"{standard}.zip", standard=standard)
        with zipfile.ZipFile(built.path) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}

        def answer(route: Route, request: Request) -> None:
            name = unquote(urlsplit(request.url).path)[1:]
            headers = {"Content-Type": KINDS.get(Path(name).suffix, "text/plain"), "Content-Security-Policy": CSP}
            route.fulfill(body=files[name], headers=headers)

        page.route(f"{ORIGIN}/**", answer)
        page.goto(f"{ORIGIN}/index.html{query}")
        page.locator(".steps:visible").wait_for()
        return page

    return open_course
