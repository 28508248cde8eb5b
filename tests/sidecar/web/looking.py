"""Look at pages in a real browser: with axe, and whether they fit the window."""

import os
from collections.abc import Mapping, Sequence

from playwright.sync_api import Frame, Page

from tests.browsers import violations

SHOTS = os.environ.get("SIDECAR_SHOTS")
"""A folder to write pictures of every page into, for people to look at."""

WIDE, NARROW = 1280, 360


def visit(page: Page, url: str) -> None:
    response = page.goto(url)
    assert response is not None
    assert response.status == (404 if url.endswith("/nothing-here") else 200), url


def frame_of(page: Page) -> Frame:
    """Return the frame in which a page of an LMS shows ours."""
    frame = page.locator("main iframe").element_handle().content_frame()
    assert frame
    return frame


def check(page: Page, name: str, *, framed: bool = False) -> None:
    """Hold a page, or what is in its frame, against axe and the width of the window or frame."""
    check_fits(page, name, framed=framed)
    assert violations(frame_of(page) if framed else page) == [], name


def check_fits(page: Page, name: str, *, framed: bool = False) -> None:
    """Hold a page, or what is in its frame, against the width of the window or frame."""
    looked_at = frame_of(page) if framed else page
    looked_at.wait_for_load_state()
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)
    assert looked_at.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} scrolls sideways"


def check_widths(page: Page, name: str, widths: Sequence[int] = (WIDE, NARROW), *, framed: bool = False) -> None:
    """Hold a page, or what is in its frame, against axe in windows of several widths; the last one stays."""
    for width in widths:
        page.set_viewport_size({"width": width, "height": 800})
        check(page, f"{name}-{width}", framed=framed)


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
