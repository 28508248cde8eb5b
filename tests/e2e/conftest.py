"""Fixtures of the browser tests: the application on two hosts, a learner's page."""

import socket
from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from sidecar.runtime import Sidecar
from sidecar.settings import Settings
from tests.e2e.playing import Open
from tests.e2e.serving import Line, cookie_of, serve
from tests.fakes.learner import Learner


@pytest.fixture
def content_host() -> str:
    """The packages' host: one for all, or with `*` one for each version."""
    return "localhost"


@pytest.fixture
def settings(settings: Settings, content_host: str) -> Settings:
    """The application and the packages on two hosts of this machine, as two sites."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return replace(
        settings, port=port, public_url=f"http://127.0.0.1:{port}", content_url=f"http://{content_host}:{port}"
    )


@pytest.fixture
def line(sidecar: Sidecar) -> Iterator[Line]:
    with serve(sidecar) as opened:
        yield opened


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    opened = browser.new_context(locale="en-GB")
    yield opened
    opened.close()


@pytest.fixture
def open_player(context: BrowserContext, sidecar: Sidecar, line: Line) -> Open:
    def run(learner: Learner) -> Page:
        origin = sidecar.settings.public_url
        context.add_cookies([cookie_of(learner.launch_id, learner.secret, origin)])
        page = context.new_page()
        page.goto(f"{origin}/play/{learner.launch_id}")
        return page

    return run
