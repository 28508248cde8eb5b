"""The compose file's own commands run: the image built by its steps, every service started, a course taken."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests
from redis import Redis
from redis.exceptions import AuthenticationError
from redis.exceptions import ConnectionError as RedisConnectionError
from sqlalchemy import Engine, make_url, text

from practice_lms.learner import Learner
from practice_lms.people import invent_people
from sidecar.core.db import open_engine
from sidecar.secrets import make_key
from tests.conftest import POSTGRESQL
from tests.deploy.compose import read_compose
from tests.deploy.containers import Machine, built_machine
from tests.fakes.ports import free_port

pytestmark = [pytest.mark.slow, pytest.mark.postgresql]

DATABASE = f"sidecar_compose_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
PASSWORD = "5f1e27"
READING_S = 4
"""Who completes a course within three seconds is flagged."""

WAIT_S = 120
SETUP_S = 400


@dataclass
class Host:
    """The services as the compose file has them, where every service is this machine."""

    machine: Machine
    services: dict[str, dict[str, Any]]
    moved: dict[str, str]
    web_port: int
    lms_port: int
    queue_port: int

    def start(self, name: str) -> None:
        service = self.services[name]
        env = {key: self._move(value) for key, value in service.get("environment", {}).items()}
        self.machine.start(name, [self._move(word) for word in service["command"]], env)

    def run_once(self, name: str) -> None:
        self.start(name)
        assert self.machine.running[name].wait(SETUP_S) == 0, self.machine.log_of(name)

    def _move(self, value: str) -> str:
        for before, after in self.moved.items():
            value = value.replace(before, after)
        return value

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.web_port}"

    @property
    def lms_url(self) -> str:
        return f"http://127.0.0.1:{self.lms_port}"


@pytest.fixture
def database() -> Iterator[Engine]:
    """A new, empty database beside the one of the tests."""
    assert POSTGRESQL
    admin = open_engine(POSTGRESQL)
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f'DROP DATABASE IF EXISTS "{DATABASE}" WITH (FORCE)'))
        connection.execute(text(f'CREATE DATABASE "{DATABASE}"'))
    engine = open_engine(make_url(POSTGRESQL).set(database=DATABASE).render_as_string(hide_password=False))
    yield engine
    engine.dispose()
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f'DROP DATABASE "{DATABASE}" WITH (FORCE)'))
    admin.dispose()


@pytest.fixture
def host(database: Engine) -> Iterator[Host]:
    web, lms, queue, metrics = (free_port() for _ in range(4))
    filled = {
        "POSTGRES_PASSWORD": "of-the-database",
        "VALKEY_PASSWORD": PASSWORD,
        "SIDECAR_SECRET_KEYS": make_key(),
        "SIDECAR_PUBLIC_URL": f"http://127.0.0.1:{web}",
        "SIDECAR_CONTENT_URL": f"http://*.content.localhost:{web}",
        "SIDECAR_ALLOWED_PRIVATE": "lms.localhost,127.0.0.1",
        "SIDECAR_PROXIES": "0",
    }
    with built_machine() as machine:
        moved = {
            "postgresql://sidecar:of-the-database@postgresql:5432/sidecar": database.url.render_as_string(
                hide_password=False
            ),
            "valkey:6379": f"127.0.0.1:{queue}",
            "valkey-server -": f"valkey-server - --port {queue}",
            "http://lms.localhost:8100": f"http://127.0.0.1:{lms}",
            "/data": str(machine.data),
        }
        yield Host(machine, read_compose(filled)["services"], moved | _ports(web, metrics), web, lms, queue)


def _ports(web: int, metrics: int) -> dict[str, str]:
    """Return how the two ports of containers, each a value of its own, are called here."""
    return {"8080": str(web), "9100": str(metrics)}


def wait_for(what: Callable[[], object], host: Host) -> None:
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        try:
            if what():
                return
        except requests.RequestException:
            pass
        time.sleep(0.2)
    raise AssertionError({name: host.machine.log_of(name)[-2_000:] for name in host.machine.running})


def test_the_services_start_in_order_take_a_course_and_stop(host: Host, database: Engine) -> None:
    host.start("valkey")
    with Redis(port=host.queue_port, password=PASSWORD) as queue:
        wait_for(lambda: _answers(queue), host)
    with Redis(port=host.queue_port) as stranger, pytest.raises(AuthenticationError):
        stranger.ping()
    host.run_once("migrate")
    for name in ("web", "worker", "scheduler"):
        host.start(name)
    wait_for(lambda: requests.get(f"{host.url}/healthz", timeout=5).ok, host)
    wait_for(lambda: requests.get(f"{host.url}/readyz", timeout=5).json()["state"] == "ready", host)
    assert requests.get(f"{host.url}/", timeout=5).ok
    host.services["practice-setup"]["command"] += ["--issuer", host.lms_url]
    host.run_once("practice-setup")
    host.run_once("practice-setup")
    start_lms(host)
    take_course(host)
    wait_for(lambda: grade_of(database) == "sent", host)
    assert [host.machine.stop(name) for name in ("web", "scheduler", "worker")] == [0, 0, 0]
    assert [name for name in ("web", "worker", "scheduler") if PASSWORD in host.machine.log_of(name)] == []


def _answers(queue: Redis) -> bool:
    try:
        return bool(queue.ping())
    except RedisConnectionError:
        return False


def start_lms(host: Host) -> None:
    host.services["practice-lms"]["command"] += ["--port", str(host.lms_port), "--issuer", host.lms_url]
    host.start("practice-lms")
    wait_for(lambda: requests.get(host.lms_url, timeout=5).status_code, host)


def take_course(host: Host) -> None:
    someone = next(person for person in invent_people() if person.municipality)
    learner = Learner(host.lms_url, someone.user_id)
    learner.log_in()
    play = learner.launch("2")
    learner.begin(play)
    time.sleep(READING_S)
    learner.finish(play)


def grade_of(database: Engine) -> str | None:
    with database.connect() as connection:
        found: str | None = connection.execute(text("SELECT state FROM grade")).scalar()
        return found
