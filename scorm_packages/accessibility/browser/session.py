"""Open a package's pages in Chromium and write down, line by line, what keeps people out.

Run by `running` as a process of its own; its arguments are the package, the browser, axe-core, and limits.
The browser reaches nothing: each request is answered from the package or not at all.
"""

from __future__ import annotations

import json
import mimetypes
import re
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, unquote, urlsplit

from playwright.sync_api import Error, Page, Route, sync_playwright

from scorm_packages.accessibility.browser.limits import keep_to_limits
from scorm_packages.accessibility.browser.own_course import walk_own_course
from scorm_packages.accessibility.browser.page_scripts import FOCUS, JUDGE, LMS, PREPARE
from scorm_packages.accessibility.browser.sandbox import start_chromium
from scorm_packages.archive import Archive, open_package
from scorm_packages.check import OUR_FILES
from scorm_packages.errors import PackageError
from scorm_packages.manifest import read_manifest

ORIGIN: Final = "http://package.invalid"
FILE_BYTES: Final = 32 * 1024**2
MANIFEST_BYTES: Final = 8 * 1024**2
MOST_PAGES: Final = 40
MOST_TABS: Final = 150
PAGE_MS: Final = 15_000
SETTLE_MS: Final = 700
NARROW: Final = {"width": 320, "height": 640}
WIDE: Final = {"width": 1280, "height": 900}
ARGUMENTS: Final = (
    # names lead nowhere, addresses meet a proxy that is not there, and no call goes round it
    *("--host-resolver-rules=MAP * ~NOTFOUND", "--proxy-server=http://127.0.0.1:9", "--proxy-bypass-list=<-loopback>"),
    *("--force-webrtc-ip-handling-policy=disable_non_proxied_udp", "--disable-quic", "--disable-gpu"),
    *("--disable-background-networking", "--no-first-run", "--disable-dev-shm-usage", "--mute-audio"),
)
_CRITERION: Final = re.compile(r"wcag(\d)(\d)(\d{1,2})")
_FIXES: Final = re.compile(r"\s+")


class Session:
    """Look at one page after the other, and tell."""

    def __init__(self, page: Page, archive: Archive, axe: str) -> None:
        self.page = page
        self._archive = archive
        self._axe = axe
        self._told: set[tuple[str, str, str]] = set()

    def open(self, path: str) -> bool:
        """Open a file of the package; return whether it came."""
        try:
            self.page.goto(f"{ORIGIN}/{quote(path)}", wait_until="load", timeout=PAGE_MS)
        except Error:
            return False
        self.page.wait_for_timeout(SETTLE_MS)
        return True

    def look(self, name: str, state: str) -> None:
        """Judge the page as it stands: axe in every frame."""
        with suppress(Error):
            self.page.evaluate(PREPARE)
        looked = False
        for frame in self.page.frames:
            with suppress(Error):
                if not frame.evaluate("() => 'axe' in window"):
                    frame.evaluate(self._axe)
                for found in frame.evaluate(JUDGE):
                    self._tell_axe(name, found)
                looked = True
        if looked:
            _write({"state": f"{name} ({state})"})

    def walk_by_keyboard(self, name: str) -> None:
        """Press Tab through the page: the focus moves on, in order, and is seen."""
        with suppress(Error):
            self.page.evaluate(FOCUS)
            for _ in range(MOST_TABS):
                self.page.keyboard.press("Tab")
                if self.page.evaluate("() => focusWalk.step()"):
                    break
            for found in self.page.evaluate("() => focusWalk.found"):
                self.tell(found["code"], name, found["element"])

    def look_narrow(self, name: str) -> None:
        """Look whether a small screen, or 400 % of a large one, shows all without scrolling sideways."""
        with suppress(Error):
            self.page.set_viewport_size(NARROW)  # type: ignore[arg-type]  # a plain dict is what it is
            if self.page.evaluate("() => document.documentElement.scrollWidth") > NARROW["width"]:
                self.tell("reflow", name, "")
            self.page.set_viewport_size(WIDE)  # type: ignore[arg-type]

    def look_at_all(self, name: str, state: str) -> None:
        """Judge the page, by keyboard and on a small screen too."""
        self.look(name, state)
        self.walk_by_keyboard(name)
        self.look_narrow(name)

    def tell(self, code: str, page: str, element: str, criterion: str = "", **facts: str) -> None:
        """Write down what is in the way, once for an element of a page."""
        key = (code + facts.get("rule", ""), page, element)
        if key not in self._told:
            self._told.add(key)
            _write({"code": code, "page": page, "element": element, "criterion": criterion, "facts": facts})

    def _tell_axe(self, name: str, found: dict[str, Any]) -> None:
        criteria = [_CRITERION.fullmatch(tag) for tag in found["tags"]]
        numbers = [".".join(each.groups()) for each in criteria if each]
        for node in found["nodes"]:
            mend = _FIXES.sub(" ", node["mend"]).strip()
            facts = {"help": found["help"], "rule": found["id"], "mend": mend}
            self.tell("axe", name, node["html"], numbers[0] if numbers else "", **facts)

    def answer(self, route: Route) -> None:
        """Answer a request from the package; everything else fails."""
        asked = urlsplit(route.request.url)
        path = unquote(asked.path).lstrip("/")
        is_known = path in {entry.path for entry in self._archive.entries}
        if f"{asked.scheme}://{asked.netloc}" != ORIGIN or not is_known or route.request.resource_type == "media":
            route.abort()
            return
        try:
            body = self._archive.read(path, FILE_BYTES)
        except PackageError:
            route.abort()
            return
        kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
        route.fulfill(body=body, headers={"content-type": kind})


def _write(told: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


def _launchable(archive: Archive) -> list[str]:
    """Return the files that a learner opens, each once."""
    paths = [entry.path for entry in archive.entries]
    manifest = read_manifest(archive.read(archive.manifest_path, MANIFEST_BYTES), paths, archive.read)
    opened = [unquote(urlsplit(item.href).path) for item in manifest.launchable if item.href]
    return [path for path in dict.fromkeys(opened) if path in set(paths)][:MOST_PAGES]


def run(package: Path, chromium: str, axe: Path, *, needs_sandbox: bool) -> None:
    """Look at a whole package."""
    with open_package(package) as archive, sync_playwright() as driver:
        is_ours = {entry.path for entry in archive.entries} >= OUR_FILES
        browser = start_chromium(driver.chromium, chromium, ARGUMENTS, needs_sandbox=needs_sandbox)
        context = browser.new_context(service_workers="block", accept_downloads=False, viewport=WIDE)  # type: ignore[arg-type]
        context.add_init_script(LMS)
        page = context.new_page()
        page.on("dialog", lambda dialog: dialog.dismiss())
        context.on("page", lambda other: other.close() if other is not page else None)
        session = Session(page, archive, axe.read_text("utf-8"))
        context.route("**/*", session.answer)
        for path in ["index.html"] if is_ours else _launchable(archive):
            if session.open(path):
                walk_own_course(session) if is_ours else session.look_at_all(path, "opened")
        browser.close()


if __name__ == "__main__":
    keep_to_limits(sys.argv[5:])
    run(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), needs_sandbox=sys.argv[4] == "1")
