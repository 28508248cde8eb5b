"""A worker that is killed in the middle of a job leaves no orphan, and the job is done once."""

import json
import os
import signal
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rq import Queue
from rq.timeouts import JobTimeoutException
from sqlalchemy import select, update

from sidecar import schedule
from sidecar.core import outbox
from sidecar.core.db import new_id
from sidecar.core.outbox import OutboxItem
from sidecar.jobs import OutOfTimeError, SafeWorker
from sidecar.runtime import Sidecar
from sidecar.settings import Settings
from tests.fakes.queue_server import running_queue

pytestmark = pytest.mark.slow


@pytest.fixture
def queue_url(tmp_path: Path) -> Iterator[str]:
    with running_queue(tmp_path / "queue-data") as url:
        yield url


@pytest.fixture
def real(settings: Settings, queue_url: str) -> Iterator[Sidecar]:
    """The application with the real clock and a real queue."""
    sidecar = Sidecar(replace(settings, redis_url=queue_url))
    yield sidecar
    sidecar.close()


@contextmanager
def worker(sidecar: Sidecar) -> Iterator[subprocess.Popen[bytes]]:
    settings = sidecar.settings
    env = {
        **os.environ,
        "SIDECAR_DATA": str(settings.data),
        "SIDECAR_DATABASE_URL": settings.database_url,
        "SIDECAR_REDIS_URL": settings.redis_url or "",
    }
    process = subprocess.Popen([sys.executable, "-m", "tests.fakes.slow_worker"], env=env)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=60)


def wait_for(condition: Callable[[], object], what: str, timeout_s: float = 150) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.05)


def trail(sidecar: Sidecar) -> list[str]:
    path = sidecar.settings.data / "trail"
    return path.read_text().splitlines() if path.exists() else []


def state(sidecar: Sidecar) -> str:
    with sidecar.reading() as db:
        return db.scalars(select(OutboxItem.state)).one()


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False


def put(sidecar: Sidecar) -> None:
    with sidecar.transaction() as db:
        outbox.put(db, "slow", "s", key="slow:1", now=sidecar.now())


def test_a_job_runs_from_the_commit_to_the_record(real: Sidecar) -> None:
    (real.settings.data / "go").touch()
    with worker(real):
        put(real)
        wait_for(lambda: state(real) == "done", "the job")
    assert [line.split()[0] for line in trail(real)] == ["began", "done"]


@pytest.mark.skipif(sys.platform != "linux", reason="needs the parent-death signal of Linux")
def test_kill_9_in_the_middle_of_a_job(real: Sidecar) -> None:
    put(real)
    with worker(real) as first:
        wait_for(lambda: trail(real), "the job to begin")
        horse = int(trail(real)[0].split()[1])
        first.send_signal(signal.SIGKILL)
        wait_for(lambda: not is_alive(horse), "the orphan to die")
    (real.settings.data / "go").touch()
    assert state(real) == "claimed"
    let_the_claim_run_out(real)
    with worker(real):
        wait_for(lambda: schedule.enqueue_due(real) == 0 and state(real) == "done", "the second attempt")
    assert [line.split()[0] for line in trail(real)] == ["began", "began", "done"]


def test_a_job_whose_claim_another_has_taken_is_killed(real: Sidecar) -> None:
    put(real)
    with worker(real):
        wait_for(lambda: trail(real), "the job to begin")
        horse = int(trail(real)[0].split()[1])
        with real.transaction() as db:
            db.execute(update(OutboxItem).values(attempts=OutboxItem.attempts + 1))
        wait_for(lambda: not is_alive(horse), "the job to be killed")
    assert [line.split()[0] for line in trail(real)] == ["began"]


def test_a_job_that_hangs_is_cut_off_whatever_it_catches() -> None:
    def hang() -> None:
        with suppress(Exception):
            while True:
                time.sleep(0.01)

    with pytest.raises(OutOfTimeError), SafeWorker.death_penalty_class(1, JobTimeoutException):
        hang()


def let_the_claim_run_out(sidecar: Sidecar) -> None:
    with sidecar.transaction() as db:
        db.execute(update(OutboxItem).values(claimed_until=datetime.now(UTC) - timedelta(seconds=1)))
    sidecar.now = lambda: datetime.now(UTC) + outbox.LEASE


def test_a_queue_that_lost_everything_is_filled_again_by_the_tick(real: Sidecar) -> None:
    (real.settings.data / "go").touch()
    put(real)
    real.redis.flushall()
    with worker(real):
        assert schedule.enqueue_due(real) == 1
        wait_for(lambda: state(real) == "done", "the job")


def test_a_row_stands_in_the_queue_once(real: Sidecar) -> None:
    put(real)
    for _ in range(3):
        schedule.enqueue_due(real)
    assert real.queue.count == 1


def test_a_grade_goes_before_what_nobody_waits_for_that_was_asked_for_earlier(real: Sidecar, queue_url: str) -> None:
    with real.transaction() as db:
        for kind in ("roster", "course-links", "grade", "roster"):
            outbox.put(db, kind, "s", key=new_id(), now=real.now())
    worker = SafeWorker(queue_url)
    found = Queue.dequeue_any(worker.queues, timeout=None, connection=real.redis, serializer=worker.serializer)
    assert found is not None
    with real.reading() as db:
        assert db.get_one(OutboxItem, found[0].args[0]).kind == "grade"
    worker.connection.close()


def test_the_queue_carries_json_and_no_pickles(real: Sidecar) -> None:
    put(real)
    (job,) = real.queue.jobs
    with real.reading() as db:
        item_id = db.scalars(select(OutboxItem.id)).one()
    data = real.redis.hget(f"rq:job:{job.id}", "data")
    assert isinstance(data, bytes)
    assert json.loads(zlib.decompress(data)) == ["sidecar.jobs.perform", None, [item_id], {}]
