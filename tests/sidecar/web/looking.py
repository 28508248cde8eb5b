"""Look at pages in a real browser: with axe, and whether they fit the window."""

import os
from collections.abc import Mapping, Sequence

from playwright.sync_api import Page

from tests.browsers import violations

SHOTS = os.environ.get("SIDECAR_SHOTS")
"""A folder to write pictures of every page into, for people to look at."""

WIDE, NARROW = 1280, 360


def visit(page: Page, url: str) -> None:
    response = page.goto(url)
    assert response is not None
    assert response.status == (404 if url.endswith("/nothing-here") else 200), url


def check(page: Page, name: str) -> None:
    """Hold a page against axe and the width of the window."""
    check_fits(page, name)
    assert violations(page) == [], name


def check_fits(page: Page, name: str) -> None:
    """Hold a page against the width of the window."""
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), f"{name} scrolls sideways"


def check_widths(page: Page, name: str, widths: Sequence[int] = (WIDE, NARROW)) -> None:
    """Hold a page against axe in windows of several widths; the last one stays."""
    for width in widths:
        page.set_viewport_size({"width": width, "height": 800})
        check(page, f"{name}-{width}")


def look_through(page: Page, site: str, paths: Mapping[str, str], name: str, *, narrow: int = NARROW) -> None:
    """Hold pages against axe, wide and narrow, in bokmål; in the other languages look whether their words fit.

    Args:
        paths: by the name of the page's picture.
    """
    for language in ("nn", "en", "nb"):
        visit(page, f"{site}/staff/")
        page.locator(f"button[value={language}]").click()
        page.locator(f"html[lang={language}]").wait_for(state="attached")
        page.set_viewport_size({"width": narrow, "height": 800})
        for picture, path in paths.items():
            visit(page, site + path)
            if language == "nb":
                check_widths(page, f"{name}-{language}-{picture}", (WIDE, narrow))
            else:
                check_fits(page, f"{name}-{language}-{picture}-{narrow}")
