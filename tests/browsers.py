"""Find the Chromium and the axe-core that browser tests use, or say that they are missing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

AXE = Path(__file__).parents[1] / "node_modules" / "axe-core" / "axe.min.js"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
NAMES = ("chromium", "chromium-browser", "google-chrome")


def lack(what: str) -> None:
    """Skip the test for what the machine lacks; fail it where SIDECAR_TEST_REQUIRE is set, as in CI."""
    if os.environ.get("SIDECAR_TEST_REQUIRE"):
        pytest.fail(what)
    pytest.skip(what)


@contextmanager
def open_chromium() -> Iterator[Browser]:
    """Start the Chromium on PATH without a screen."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        lack("there is no Chromium on PATH")
    with sync_playwright() as driver:
        launched = driver.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield launched
        launched.close()


def axe_source() -> str:
    """Return the axe-core that npm brought."""
    if not AXE.exists():
        lack("axe-core is not there: run `make setup`")
    return AXE.read_text("utf-8")
