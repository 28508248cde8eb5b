"""Fixtures of the browser tests: the application on two hosts, a learner's page."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext

from sidecar.core.municipalities import Municipality
from sidecar.runtime import Sidecar
from sidecar.settings import Settings
from tests.e2e.hostile import Played, World, open_world
from tests.e2e.playing import Open, open_in
from tests.e2e.region import Region, open_region
from tests.e2e.serving import Line, serve
from tests.fakes.ports import free_port

PACKAGE_HOSTS = {"a host for each version": True, "one host for all": False}


@pytest.fixture
def content_host() -> str:
    """The packages' host: one for all, or with `*` one for each version."""
    return "localhost"


@pytest.fixture
def settings(settings: Settings, content_host: str) -> Settings:
    """The application and the packages on two hosts of this machine, as two sites."""
    port = free_port()
    return replace(
        settings,
        port=port,
        public_url=f"http://127.0.0.1:{port}",
        content_url=f"http://{content_host}:{port}",
        allowed_private=("127.0.0.1", "lms.localhost"),
    )


@pytest.fixture
def line(sidecar: Sidecar) -> Iterator[Line]:
    with serve(sidecar) as opened:
        yield opened


@pytest.fixture
def locale() -> str:
    """What the browser asks for in `Accept-Language`."""
    return "en-GB"


@pytest.fixture
def context(browser: Browser, locale: str) -> Iterator[BrowserContext]:
    opened = browser.new_context(locale=locale)
    yield opened
    opened.close()


@pytest.fixture
def open_player(context: BrowserContext, sidecar: Sidecar, line: Line) -> Open:
    return lambda learner: open_in(context, sidecar, learner)


@pytest.fixture
def region(
    sidecar: Sidecar, line: Line, kongsberg: Municipality, rollag: Municipality, tmp_path: Path
) -> Iterator[Region]:
    """The practice LMS as a third site, with the people of two municipalities and the practice courses."""
    with open_region(sidecar, (kongsberg, rollag), free_port(), tmp_path) as opened:
        yield opened


@pytest.fixture(scope="module", params=PACKAGE_HOSTS)
def world(
    request: pytest.FixtureRequest,
    browser: Browser,
    migrated_sqlite: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[World]:
    """What a hostile package meets; once for the tests of a module, as none of them leaves anything behind."""
    folder, is_per_version = tmp_path_factory.mktemp("world"), PACKAGE_HOSTS[request.param]
    with open_world(browser, folder, migrated_sqlite, free_port(), per_version=is_per_version) as opened:
        yield opened


@pytest.fixture(scope="module")
def playing(world: World) -> Played:
    """A hostile package that plays, for tests that only look."""
    return world.play()
