"""Two hosts share nothing but PostgreSQL, the queue's server and the bucket: every request meets the other host."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from cryptography.fernet import Fernet
from flask import Flask
from werkzeug.test import Client

from sidecar.catalogue import add_package
from sidecar.core.deliveries import Delivery
from sidecar.core.municipalities import Municipality, add_municipality
from sidecar.core.periods import read_period
from sidecar.health import examine
from sidecar.reports import asking
from sidecar.runtime import Sidecar
from sidecar.settings import S3Address, Settings
from sidecar.web.hosts import make_wsgi
from tests.conftest import PUBLIC_URL
from tests.fakes.lms import Browser, register, tool_key_maker
from tests.fakes.package import make_package
from tests.fakes.platform import FakePlatform
from tests.fakes.queue_server import running_queue
from tests.fakes.s3 import BUCKET
from tests.sidecar.reports.world import World

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

pytestmark = [pytest.mark.slow, pytest.mark.postgresql]


@pytest.fixture
def hosts(database_url: str, settings: Settings, s3: S3Address, tmp_path: Path) -> Iterator[tuple[Sidecar, Sidecar]]:
    """Two installations of the same settings, each with a data folder of its own."""
    with running_queue(tmp_path / "queue") as redis_url:
        shared = replace(
            settings,
            redis_url=redis_url,
            storage_url=f"s3://{BUCKET}/{tmp_path.name}",
            s3=s3,
            allowed_private=("127.0.0.1",),
            secret_keys=(Fernet.generate_key().decode(),),
            production=True,
        )
        opened = Sidecar(replace(shared, data=tmp_path / "a")), Sidecar(replace(shared, data=tmp_path / "b"))
        yield opened
        for one in opened:
            one.close()


class Balancer:
    """Send every request to the other host."""

    def __init__(self, hosts: Iterable[Sidecar]) -> None:
        self._next = cycle([make_wsgi(one) for one in hosts])

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return next(self._next)(environ, start_response)

    def test_client(self) -> Client:
        """Return a browser, as an application of Flask does."""
        return Client(self)


@pytest.fixture
def worker(hosts: tuple[Sidecar, Sidecar], s3: S3Address) -> Iterator[None]:
    """The worker runs on the second host alone."""
    there = hosts[1].settings
    env = {
        **os.environ,
        "SIDECAR_DATA": str(there.data),
        "SIDECAR_DATABASE_URL": there.database_url,
        "SIDECAR_REDIS_URL": there.redis_url or "",
        "SIDECAR_STORAGE_URL": there.storage_url or "",
        "SIDECAR_S3_ENDPOINT": s3.endpoint,
        "SIDECAR_S3_REGION": s3.region,
        "SIDECAR_S3_ACCESS_KEY": s3.access_key,
        "SIDECAR_S3_SECRET_KEY": s3.secret_key,
        "SIDECAR_ALLOWED_PRIVATE": "127.0.0.1",
        "SIDECAR_SECRET_KEYS": there.secret_keys[0],
        "SIDECAR_PRODUCTION": "1",
        "SIDECAR_PUBLIC_URL": there.public_url,
        "SIDECAR_CONTENT_URL": there.content_url,
    }
    process = subprocess.Popen([sys.executable, "-m", "sidecar.cli", "worker"], env=env)
    yield
    process.terminate()
    process.wait(timeout=20)


def wait_for(condition: Callable[[], bool], timeout_s: float = 60) -> None:
    until = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.2)


def add_kongsberg(sidecar: Sidecar) -> Municipality:
    with sidecar.transaction() as db:
        new = Municipality(org_number="942402465", slug="kongsberg", name="Kongsberg kommune", created_at=sidecar.now())
        return add_municipality(db, new)


def state_of(sidecar: Sidecar, delivery_id: str) -> str:
    with sidecar.reading() as db:
        return db.get_one(Delivery, delivery_id).state


def test_a_launch_a_commit_and_a_file_each_meet_another_host(
    hosts: tuple[Sidecar, Sidecar], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = hosts
    platform = FakePlatform("https://lms.example", lambda: datetime.now(UTC), launch_url=f"{PUBLIC_URL}/lti/launch")
    monkeypatch.setattr("sidecar.tool.signing.generate_key", tool_key_maker())
    for host in hosts:
        monkeypatch.setattr(host, "fetch", platform.fetch)
    add_kongsberg(first)
    package = make_package(tmp_path / "p.zip", pages={"a": "<title>A</title>"})
    added = add_package(first, package, key="brannvern", is_published=True)
    balancer = Balancer(hosts)
    lms = register(first, platform, cast(Flask, balancer), ("kongsberg",))

    browser = Browser(lms)
    launched = browser.launch()
    assert launched.status_code in (302, 303), launched.text
    page = browser.get(launched.headers["Location"].removeprefix(PUBLIC_URL))
    assert page.status_code == 200, page.text
    found = re.search(r'<script id="player-data" type="application/json">(.*?)</script>', page.text, re.DOTALL)
    assert found
    data: dict[str, Any] = json.loads(found[1])
    path = f"/api/attempts/{data['attemptId']}/commits"
    for seq in (1, 2):
        said = {"seq": seq, "sco": "a", "changes": {"cmi.core.lesson_location": str(seq)}, "token": data["token"]}
        body = json.dumps(said)
        saved = browser.client.post(path, base_url=PUBLIC_URL, data=body, content_type="text/plain")
        assert saved.status_code == 200, saved.text
    for _ in hosts:
        file = browser.client.get(f"/{added.version_id}/a.html", base_url=first.settings.content_url)
        assert file.data == b"<title>A</title>"
    for host in hosts:
        assert [path.name for path in host.settings.data.iterdir()] == []


@pytest.mark.usefixtures("worker")
def test_a_report_asked_for_on_one_host_is_delivered_by_the_other(
    hosts: tuple[Sidecar, Sidecar], tmp_path: Path
) -> None:
    first, _ = hosts
    kongsberg = add_kongsberg(first)
    world = World(first)
    world.folder(kongsberg, tmp_path / "reports")
    kari = world.employ(kongsberg, "1001", "Kari Nordmann")
    fire = world.course("brann", "Brannvern")
    world.complete(world.identity("kari", kari.person_id), fire, datetime(2026, 9, 3, 10, tzinfo=UTC), 0.9)
    [asked] = asking.request(first, kongsberg.id, read_period("2026-09"))
    wait_for(lambda: state_of(first, asked.id) == "delivered")
    assert "fullforinger-kongsberg-2026-09.csv" in {path.name for path in (tmp_path / "reports").iterdir()}


def test_the_check_finds_nothing_that_only_one_host_has(hosts: tuple[Sidecar, Sidecar]) -> None:
    for host in hosts:
        told = {one.what: one.message for one in examine(host)}
        assert told["storage"].startswith("s3://")
        assert "warning" not in told["storage"]
        assert told["queue"].startswith("configured")
        assert told["keys"].startswith("SIDECAR_SECRET_KEYS")
