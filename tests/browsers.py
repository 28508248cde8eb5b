"""Find the Chromium and the axe-core that browser tests use, or say that they are missing."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, BrowserType, Frame, Page, expect, sync_playwright

from tests.lacking import lack

AXE = Path(__file__).parents[1] / "node_modules" / "axe-core" / "axe.min.js"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--host-resolver-rules=MAP *.test 127.0.0.1",
]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_JUDGE = """async (options) => (await axe.run(document, options)).violations.map(
  ({ id, nodes }) => [id, nodes.map(({ html }) => html)])"""
"""Only what is wrong comes back: what axe says of all that is right takes seconds on its way here."""

NAMES = ("chromium", "chromium-browser", "google-chrome")
BARE = ("chromium-headless-shell", *NAMES)
"""Chromium without its own user interface, where there is one: a page costs a third. It has no settings to change."""

PATIENCE_MS = 20_000
"""How long a page may take on a busy machine to show what a test expects."""


@contextmanager
def open_driver() -> Iterator[BrowserType]:
    """Start what drives browsers: there can be one in a process."""
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as driver:
        yield driver.chromium


@contextmanager
def open_chromium(driver: BrowserType, names: Sequence[str] = NAMES) -> Iterator[Browser]:
    """Start the Chromium on PATH without a screen."""
    launched = driver.launch(executable_path=_find_chromium(names), args=ARGUMENTS)
    yield launched
    launched.close()


@contextmanager
def open_beside(browser: Browser) -> Iterator[Browser]:
    """Start another Chromium beside one that runs, to be broken.

    Args:
        browser: one that runs already: a second driver can't be started beside it.
    """
    launched = browser.browser_type.launch(executable_path=_find_chromium(), args=ARGUMENTS)
    yield launched
    launched.close()


@contextmanager
def open_cookieless_frames(browser: Browser, profile: Path, site: str, below: str) -> Iterator[BrowserContext]:
    """Start a Chromium that does as Safari does: no cookies at all for one site in frames below another.

    Args:
        browser: one that runs already: a second driver can't be started beside it.
        profile: an empty folder.
        site: who gets no cookies, e.g. `https://[*.]kommune.test`; in a tab of its own it does.
        below: the site of the page around it.
    """
    preferences = {"profile": {"content_settings": {"exceptions": {"cookies": {f"{site},{below}": {"setting": 2}}}}}}
    (profile / "Default").mkdir(parents=True)
    (profile / "Default" / "Preferences").write_text(json.dumps(preferences))
    opened = browser.browser_type.launch_persistent_context(
        profile, executable_path=_find_chromium(), args=ARGUMENTS, ignore_https_errors=True, locale="nb-NO"
    )
    yield opened
    opened.close()


def _find_chromium(names: Sequence[str] = NAMES) -> str:
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None:
        lack("there is no Chromium on PATH")
    return path


def violations(page: Page | Frame) -> list[str]:
    """Return what axe-core finds in a page or frame, without the frames below it."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(axe_source())
    found = page.evaluate(_JUDGE, {"iframes": False, "runOnly": RULES, "resultTypes": ["violations"]})
    return [json.dumps(each) for each in found]


def axe_source() -> str:
    """Return the axe-core that npm brought."""
    if not AXE.exists():
        lack("axe-core is not there: run `make setup`")
    return AXE.read_text("utf-8")
