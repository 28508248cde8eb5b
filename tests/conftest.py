"""Fixtures that every room uses: a clock, an application on a fresh migrated database, two municipalities."""

import logging
import os
import shutil
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import cast

import pytest
import structlog
from playwright.sync_api import Browser, BrowserType
from rq import Queue
from sqlalchemy import make_url, text

from sidecar.core.db import open_engine
from sidecar.core.municipalities import Municipality, add_municipality
from sidecar.core.tables import METADATA
from sidecar.log import configure_log
from sidecar.runtime import Sidecar
from sidecar.schema import upgrade
from sidecar.settings import S3Address, Settings
from tests.browsers import BARE, open_chromium, open_driver
from tests.fakes.clock import FakeClock
from tests.fakes.queue import FakeQueue
from tests.fakes.queue_server import running_queue
from tests.fakes.s3 import running_s3
from tests.fakes.two_regions import TwoRegions, open_two_regions
from tests.hypothesis_profiles import load_profile
from tests.routes import remember_routes
from tests.scheduling import pytest_xdist_make_scheduler as pytest_xdist_make_scheduler

load_profile()

POSTGRESQL = os.environ.get("SIDECAR_TEST_DATABASE_URL")
"""URL of an existing PostgreSQL database; beside it a database is made for every xdist worker."""

NEEDS_MORE = {"slow", "browser", "postgresql"}
ROOMS_OF_UNITS = ("tests/lti/", "tests/scorm_packages/", "tests/sidecar/core/", "tests/sidecar/connectors/")

DATABASE_FIXTURES = {"database_url", "worlds"}
"""Who asks for one of these works on the database that the environment names."""

PUBLIC_URL = "https://sidecar.example.no"
CONTENT_URL = "https://content.example.net"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the unit tests; leave out what asks for PostgreSQL where none is named, and there what asks for none."""
    for item in items:
        marks = {mark.name for mark in item.iter_markers()}
        stands_alone = "database_url" not in getattr(item, "fixturenames", ())
        if item.nodeid.startswith(ROOMS_OF_UNITS) and stands_alone and not marks & NEEDS_MORE:
            item.add_marker(pytest.mark.unit)
    left_out = [item for item in items if not _has_its_database(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def _has_its_database(item: pytest.Item) -> bool:
    if item.get_closest_marker("sqlite"):
        return not POSTGRESQL
    if item.get_closest_marker("postgresql"):
        return bool(POSTGRESQL)
    return not POSTGRESQL or bool(DATABASE_FIXTURES.intersection(getattr(item, "fixturenames", ())))


@pytest.fixture(scope="session", autouse=True)
def _quick_routes() -> Iterator[None]:
    """Let no test pay for the routes that another test's application has had compiled."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        remember_routes(monkeypatch)
        yield


@pytest.fixture(scope="session")
def driver() -> Iterator[BrowserType]:
    """What drives the browsers of a worker."""
    with open_driver() as opened:
        yield opened


@pytest.fixture(scope="session")
def browser(driver: BrowserType) -> Iterator[Browser]:
    """One whole Chromium for the browser tests of a worker that need it: frames of other sites, cookies, crashes."""
    with open_chromium(driver) as launched:
        yield launched


@pytest.fixture(scope="session")
def bare_browser(driver: BrowserType) -> Iterator[Browser]:
    """One Chromium without a user interface for the others, which is a third of the work."""
    with open_chromium(driver, BARE) as launched:
        yield launched


@pytest.fixture(scope="session")
def s3() -> Iterator[S3Address]:
    """The address of a real S3 server, for all tests of a worker."""
    with running_s3() as address:
        yield address


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file to copy."""
    path = tmp_path_factory.mktemp("template") / "sidecar.sqlite3"
    engine = open_engine(f"sqlite:///{path}")
    upgrade(engine)
    engine.dispose()
    return path


@pytest.fixture(scope="session")
def migrated_postgresql() -> str:
    """The URL of this worker's own migrated PostgreSQL database."""
    assert POSTGRESQL
    name = f"sidecar_test_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    admin = open_engine(POSTGRESQL)
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    admin.dispose()
    url = make_url(POSTGRESQL).set(database=name).render_as_string(hide_password=False)
    engine = open_engine(url)
    upgrade(engine)
    engine.dispose()
    return url


def empty_database(url: str) -> None:
    """Take every row out."""
    engine = open_engine(url)
    with engine.begin() as connection:
        for table in reversed(METADATA.sorted_tables):
            connection.execute(table.delete())
    engine.dispose()


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of this test alone: a copied SQLite file, or the worker's emptied PostgreSQL."""
    if POSTGRESQL:
        url: str = request.getfixturevalue("migrated_postgresql")
        empty_database(url)
        return url
    path = tmp_path / "data" / "sidecar.sqlite3"
    path.parent.mkdir(mode=0o700)
    shutil.copy(request.getfixturevalue("migrated_sqlite"), path)
    return f"sqlite:///{path}"


@pytest.fixture(scope="module")
def queue_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a real server of the queue, for all tests of a module."""
    with running_queue(tmp_path_factory.mktemp("queue")) as url:
        yield url


@pytest.fixture(autouse=True)
def _no_request_before() -> None:
    """Begin without the request id of an earlier test."""
    structlog.contextvars.clear_contextvars()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data", public_url=PUBLIC_URL, content_url=CONTENT_URL, database_url=database_url)


@pytest.fixture
def queue() -> FakeQueue:
    return FakeQueue()


@pytest.fixture
def sidecar(settings: Settings, clock: FakeClock, queue: FakeQueue) -> Iterator[Sidecar]:
    """The application on a fresh database, with a fake clock and a queue that only remembers."""
    opened = Sidecar(settings, clock=clock)
    opened.queue = opened.patient_queue = cast(Queue, queue)
    opened.browser_queue = cast(Queue, FakeQueue())
    yield opened
    opened.close()


@pytest.fixture
def two_regions(sidecar: Sidecar, clock: FakeClock, migrated_sqlite: Path, tmp_path: Path) -> Iterator[TwoRegions]:
    """Two regions whose sidecars reach each other; `here` is the sidecar of the test."""
    with open_two_regions(sidecar, clock, migrated_sqlite, tmp_path / "there") as opened:
        yield opened


def _municipality(sidecar: Sidecar, org_number: str, slug: str, name: str, number: str) -> Municipality:
    with sidecar.transaction() as db:
        new = Municipality(org_number=org_number, slug=slug, name=name, number=number, created_at=sidecar.now())
        return add_municipality(db, new)


@pytest.fixture
def kongsberg(sidecar: Sidecar) -> Municipality:
    return _municipality(sidecar, "942402465", "kongsberg", "Kongsberg kommune", "3303")


@pytest.fixture
def rollag(sidecar: Sidecar) -> Municipality:
    return _municipality(sidecar, "964963282", "rollag", "Rollag kommune", "3336")


@pytest.fixture
def log_lines() -> Iterator[StringIO]:
    """What the log says from here on, one JSON object a line."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = StringIO()
    configure_log("INFO", stream=stream, as_json=True)
    yield stream
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)
