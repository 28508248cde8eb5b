"""SIGTERM: the web answers what it has begun, the worker ends its job, the scheduler its tick."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from sidecar.core import outbox
from sidecar.core.outbox import OutboxItem
from sidecar.runtime import Sidecar
from sidecar.settings import Settings
from tests.durability.house import wait_for
from tests.fakes.ports import free_port
from tests.fakes.queue_server import running_queue

pytestmark = pytest.mark.slow


@pytest.fixture
def real(settings: Settings, tmp_path: Path) -> Iterator[Sidecar]:
    """The application with the real clock and a real queue."""
    port = free_port()
    own, packages = f"http://127.0.0.1:{port}", f"http://localhost:{port}"
    with running_queue(tmp_path / "queue-data") as url:
        sidecar = Sidecar(replace(settings, redis_url=url, port=port, public_url=own, content_url=packages))
        yield sidecar
        sidecar.close()


@contextmanager
def process(sidecar: Sidecar, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    settings = sidecar.settings
    env = os.environ | {
        "SIDECAR_DATA": str(settings.data),
        "SIDECAR_DATABASE_URL": settings.database_url,
        "SIDECAR_REDIS_URL": settings.redis_url or "",
        "SIDECAR_PORT": str(settings.port),
    }
    started = subprocess.Popen([sys.executable, "-m", *words], env=env)
    try:
        yield started
    finally:
        started.kill()
        started.wait()


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_the_web_answers_the_request_that_it_has_begun(real: Sidecar) -> None:
    port, body = real.settings.port, b"x" * 1000
    head = f"POST /lti/login HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: {len(body)}\r\n"
    kind = "Content-Type: application/x-www-form-urlencoded\r\nExpect: 100-continue\r\n\r\n"
    with process(real, "sidecar.cli", "web", "--port", str(port)) as web:
        wait_for(lambda: listens(port), "the web")
        with socket.create_connection(("127.0.0.1", port), timeout=60) as line:
            line.sendall(f"{head}{kind}".encode())
            assert line.recv(65536).startswith(b"HTTP/1.1 100"), "it has taken the request up"
            web.send_signal(signal.SIGTERM)
            time.sleep(1)  # nothing tells from outside that the signal was taken: the port stays open till the end
            line.sendall(body)
            assert line.recv(65536).startswith(b"HTTP/1.1 400")
        assert web.wait(20) == 0
    assert not listens(port)


def test_the_worker_ends_its_job(real: Sidecar) -> None:
    trail = real.settings.data / "trail"
    with real.transaction() as db:
        outbox.put(db, "slow", "s", key="slow:1", now=real.now())
    with process(real, "tests.fakes.slow_worker") as worker:
        wait_for(trail.exists, "the job to begin")
        worker.send_signal(signal.SIGTERM)
        with pytest.raises(subprocess.TimeoutExpired):
            worker.wait(1)
        (real.settings.data / "go").touch()
        assert worker.wait(30) == 0
    assert [line.split()[0] for line in trail.read_text().splitlines()] == ["began", "done"]
    with real.reading() as db:
        assert db.scalars(select(OutboxItem.state)).one() == "done"


def test_the_scheduler_ends_its_tick(real: Sidecar) -> None:
    with real.transaction() as db:
        outbox.put(db, "slow", "s", key="slow:1", now=real.now())
    real.redis.flushall()
    with process(real, "sidecar.cli", "schedule") as scheduler:
        wait_for(lambda: real.queue.count, "the tick")
        scheduler.send_signal(signal.SIGTERM)
        assert scheduler.wait(20) == 0
