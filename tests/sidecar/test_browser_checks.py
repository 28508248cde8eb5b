"""What is uploaded is looked at in a browser by a worker of its own; what came of it is kept, and seen in the end."""

import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import select, update

from scorm_packages.accessibility.barrier import barrier
from scorm_packages.accessibility.browser.running import AXE, find_browser, look_in_browser
from scorm_packages.building.package import build_package
from sidecar import browser_checks, schedule
from sidecar.accessibility import BrowserLimits, BrowserResult
from sidecar.catalogue import add_package
from sidecar.core import outbox
from sidecar.core.access import operator_at_the_console
from sidecar.core.backlog import count_overdue
from sidecar.core.browser_checks import KIND, give_up
from sidecar.core.courses import CourseVersion
from sidecar.core.outbox import MAX_ATTEMPTS, OutboxItem
from sidecar.core.staff_courses import remove_version
from sidecar.health import examine, is_browser_worker_seen, is_worker_seen
from sidecar.jobs import Handler, perform_item
from sidecar.runtime import BROWSER, Sidecar
from tests.fakes.clock import FakeClock
from tests.fakes.course import make_course
from tests.fakes.package import make_package
from tests.fakes.queue import FakeQueue
from tests.fakes.queue_server import running_queue
from tests.lacking import lack

SEEN = BrowserResult(states=2, barriers=(barrier("reflow", "a.html"),), seen=("a.html (opened)", "b.html (opened)"))


@dataclass
class FakeBrowser:
    """Say what it is told to; remember what lay in the packages it was shown."""

    result: BrowserResult = SEEN
    packages: list[dict[str, bytes]] = field(default_factory=list)

    def __call__(self, package: Path, limits: BrowserLimits, *, needs_sandbox: bool) -> BrowserResult:
        assert needs_sandbox, "what strangers upload never runs outside of the sandbox"
        assert limits.seconds + browser_checks.GATHERING_S < 600
        with zipfile.ZipFile(package) as archive:
            self.packages.append({name: archive.read(name) for name in archive.namelist()})
        return self.result


def upload(sidecar: Sidecar, folder: Path, **files: bytes) -> str:
    named = {name.replace("_", "."): content for name, content in files.items()}
    package = make_package(folder / "a.zip", pages={"a": "<h1>A</h1>"}, files=named)
    return add_package(sidecar, package, key="a", is_published=True).version_id


def items(sidecar: Sidecar) -> list[OutboxItem]:
    with sidecar.reading() as db:
        return list(db.scalars(select(OutboxItem).where(OutboxItem.kind == KIND).order_by(OutboxItem.created_at)))


def perform(sidecar: Sidecar, browser: browser_checks.Browser) -> None:
    look = partial(browser_checks.look, browser=browser)
    (item,) = items(sidecar)
    perform_item(sidecar, item.id, {KIND: Handler(look, give_up)})


def kept(sidecar: Sidecar, version_id: str) -> dict[str, Any]:
    with sidecar.reading() as db:
        found = db.get_one(CourseVersion, version_id).accessibility
    assert found is not None
    assert "static" in found
    return cast(dict[str, Any], found.get("browser", {}))


def test_an_upload_is_looked_at_and_what_was_seen_stands_beside_what_its_files_say(
    sidecar: Sidecar, tmp_path: Path
) -> None:
    version_id, browser = upload(sidecar, tmp_path), FakeBrowser()
    assert kept(sidecar, version_id) == {}
    perform(sidecar, browser)
    told = kept(sidecar, version_id)
    assert {**cast(dict[str, Any], SEEN.to_json("advice")), "state": "done", "at": sidecar.now().isoformat()} == told
    assert json.loads(json.dumps(told)) == told
    assert [item.state for item in items(sidecar)] == ["done"]
    assert set(browser.packages[0]) == {"imsmanifest.xml", "a.html"}
    assert browser.packages[0]["a.html"] == b"<h1>A</h1>"


def test_a_package_of_ours_is_warned_of_others_get_advice(sidecar: Sidecar, tmp_path: Path) -> None:
    built = build_package(make_course(tmp_path), tmp_path / "ours.zip").path
    ours = add_package(sidecar, built, key="ours", is_published=True).version_id
    perform(sidecar, FakeBrowser())
    assert {each["level"] for each in kept(sidecar, ours)["findings"]} == {"warning"}


def test_films_stand_there_empty_and_do_not_count(
    sidecar: Sidecar, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browser_checks, "MOST_BYTES", 2000)
    version_id, browser = (
        upload(sidecar, tmp_path, film_mp4=bytes(9000), s_MP3=bytes(9000)),
        FakeBrowser(),
    )
    perform(sidecar, browser)
    assert (browser.packages[0]["film.mp4"], browser.packages[0]["s.MP3"]) == (b"", b"")
    assert kept(sidecar, version_id)["state"] == "done"


@pytest.mark.parametrize("bound", ["MOST_BYTES", "GATHERING_S"])
def test_what_is_too_large_is_not_run_and_says_so(
    bound: str, sidecar: Sidecar, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version_id, browser = upload(sidecar, tmp_path), FakeBrowser()
    monkeypatch.setattr(browser_checks, bound, -1)
    perform(sidecar, browser)
    assert browser.packages == []
    assert kept(sidecar, version_id) == {"state": "not-run", "reason": "too-large", "at": sidecar.now().isoformat()}
    assert [item.state for item in items(sidecar)] == ["done"]


@pytest.mark.parametrize("reason", ["out-of-time", "out-of-memory", "nothing-seen"])
def test_what_a_package_did_to_the_browser_is_final(reason: str, sidecar: Sidecar, tmp_path: Path) -> None:
    version_id = upload(sidecar, tmp_path)
    perform(sidecar, FakeBrowser(BrowserResult(reason=reason)))
    assert (kept(sidecar, version_id)["state"], kept(sidecar, version_id)["reason"]) == ("failed", reason)
    assert [item.state for item in items(sidecar)] == ["done"]


def test_a_browser_that_fails_is_tried_three_times(sidecar: Sidecar, clock: FakeClock, tmp_path: Path) -> None:
    version_id, browser = upload(sidecar, tmp_path), FakeBrowser(BrowserResult(reason="not-started"))
    states = []
    for _ in range(browser_checks.TRIES):
        perform(sidecar, browser)
        states.append((items(sidecar)[0].state, kept(sidecar, version_id)["tries"]))
        clock.advance(hours=1)
    assert states == [("waiting", 1), ("waiting", 2), ("done", 3)]
    assert kept(sidecar, version_id)["reason"] == "not-started"


def test_a_try_that_goes_well_after_one_that_failed_is_all_that_is_kept(
    sidecar: Sidecar, clock: FakeClock, tmp_path: Path
) -> None:
    version_id = upload(sidecar, tmp_path)
    perform(sidecar, FakeBrowser(BrowserResult(reason="broke-off")))
    clock.advance(hours=1)
    perform(sidecar, FakeBrowser())
    assert kept(sidecar, version_id)["state"] == "done"
    assert "tries" not in kept(sidecar, version_id)


def test_a_job_that_is_killed_again_and_again_ends_as_failed(
    sidecar: Sidecar, clock: FakeClock, tmp_path: Path
) -> None:
    version_id = upload(sidecar, tmp_path)
    with sidecar.transaction() as db:
        db.execute(update(OutboxItem).values(attempts=MAX_ATTEMPTS))
    perform(sidecar, FakeBrowser())
    assert kept(sidecar, version_id) == {"state": "failed", "reason": "abandoned", "tries": 1}
    assert [item.state for item in items(sidecar)] == ["failed"]


def test_a_file_that_the_storage_lacks_is_tried_again(sidecar: Sidecar, tmp_path: Path) -> None:
    version_id = upload(sidecar, tmp_path)
    for held in list(sidecar.storage.list_held()):
        sidecar.storage.remove(held.digest)
    perform(sidecar, FakeBrowser())
    assert (items(sidecar)[0].state, items(sidecar)[0].error_code) == ("waiting", "NotFoundError")
    assert kept(sidecar, version_id) == {}


def test_a_version_that_was_removed_meanwhile_is_nothing_to_look_at(sidecar: Sidecar, tmp_path: Path) -> None:
    upload(sidecar, tmp_path)
    with sidecar.transaction() as db:
        remove_version(db, operator_at_the_console(), "a", 1, sidecar.now())
    browser = FakeBrowser()
    perform(sidecar, browser)
    assert (browser.packages, [item.state for item in items(sidecar)]) == ([], ["done"])


def test_the_same_package_again_asks_for_no_other_look(sidecar: Sidecar, tmp_path: Path) -> None:
    upload(sidecar, tmp_path)
    add_package(sidecar, tmp_path / "a.zip", key="a", is_published=True)
    assert len(items(sidecar)) == 1


def test_looks_wait_without_alarm_and_crowd_out_nothing(
    sidecar: Sidecar, clock: FakeClock, tmp_path: Path, queue: FakeQueue
) -> None:
    upload(sidecar, tmp_path)
    waiting = cast(FakeQueue, sidecar.browser_queue)
    assert (len(waiting.enqueued), queue.enqueued) == (1, [])
    clock.advance(days=3)
    assert schedule.enqueue_due(sidecar) == 0
    assert len(waiting.enqueued) == 1
    with sidecar.transaction() as db:
        outbox.put(db, "slow", "s", key="slow", now=sidecar.now())
        assert list(outbox.kinds_of_due(db, sidecar.now(), without=BROWSER, limit=1).values()) == ["slow"]
        assert count_overdue(db, sidecar.now(), since=timedelta(minutes=10), without=BROWSER)[0] == 0


def test_where_a_worker_has_a_browser_the_tick_takes_up_what_waits(
    sidecar: Sidecar, clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(sidecar, tmp_path)
    waiting = cast(FakeQueue, sidecar.browser_queue)
    waiting.enqueued.clear()
    monkeypatch.setattr(schedule, "is_browser_worker_seen", lambda _sidecar: True)
    assert schedule.enqueue_due(sidecar) == 1
    assert waiting.enqueued == [items(sidecar)[0].id]


@pytest.fixture
def real(sidecar: Sidecar, tmp_path: Path) -> Iterator[Sidecar]:
    """The application with the real clock and a real queue."""
    with running_queue(tmp_path / "queue-data") as url:
        opened = Sidecar(replace(sidecar.settings, redis_url=url))
        yield opened
        opened.close()


def start(sidecar: Sidecar, *command: str) -> subprocess.Popen[bytes]:
    settings = sidecar.settings
    env = {
        **os.environ,
        "SIDECAR_DATA": str(settings.data),
        "SIDECAR_DATABASE_URL": settings.database_url,
        "SIDECAR_REDIS_URL": settings.redis_url or "",
    }
    return subprocess.Popen([sys.executable, "-m", *command], env=env)


def wait_for(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 150
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.05)


def trail(sidecar: Sidecar) -> list[str]:
    path = sidecar.settings.data / "trail"
    return path.read_text().splitlines() if path.exists() else []


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="needs the parent-death signal of Linux")
def test_kill_9_in_the_middle_of_a_look_and_it_is_made_again(real: Sidecar, tmp_path: Path) -> None:
    version_id = upload(real, tmp_path)
    first = start(real, "tests.fakes.slow_browser_worker")
    wait_for(lambda: trail(real), "the look to begin")
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert items(real)[0].state == "claimed"
    assert kept(real, version_id) == {}
    (real.settings.data / "go").touch()
    with real.transaction() as db:
        db.execute(update(OutboxItem).values(claimed_until=datetime.now(UTC) - timedelta(seconds=1)))
    real.now = lambda: datetime.now(UTC) + outbox.LEASE
    second = start(real, "tests.fakes.slow_browser_worker")
    try:
        wait_for(lambda: schedule.enqueue_due(real) >= 0 and kept(real, version_id), "the second look")
        wait_for(lambda: items(real)[0].state == "done", "the record")
    finally:
        second.terminate()
        second.wait(timeout=60)
    assert kept(real, version_id)["state"] == "done"
    assert [line.split()[0] for line in trail(real)] == ["began", "began", "done"]


@pytest.mark.slow
def test_a_worker_with_a_browser_is_no_ordinary_one_and_the_check_tells_of_both(real: Sidecar, tmp_path: Path) -> None:
    upload(real, tmp_path)
    before = {one.what: one for one in examine(real)}
    assert before["browser worker"].is_ok
    assert (
        "none, which is allowed: courses that wait to be looked at in a browser: 1" in before["browser worker"].message
    )
    assert "browser worker" not in {one.what for one in examine(real, of_service=True)}
    (real.settings.data / "trail").touch()
    worker = start(real, "tests.fakes.slow_browser_worker")
    try:
        wait_for(lambda: is_browser_worker_seen(real), "the worker")
        assert not is_worker_seen(real)
        told = {one.what: one for one in examine(real)}["browser worker"].message
        assert told.startswith("seen ")
    finally:
        worker.kill()
        worker.wait()


@pytest.mark.slow
def test_an_ordinary_worker_leaves_looks_alone(real: Sidecar, tmp_path: Path) -> None:
    upload(real, tmp_path)
    with real.transaction() as db:
        outbox.put(db, "strange", "s", key="strange", now=real.now())
    worker = start(real, "sidecar.cli", "worker")
    try:
        wait_for(lambda: _state(real, "strange") == "failed", "the other job")
    finally:
        worker.terminate()
        worker.wait(timeout=60)
    assert (items(real)[0].state, items(real)[0].attempts) == ("waiting", 0)


def _state(sidecar: Sidecar, kind: str) -> str | None:
    with sidecar.reading() as db:
        return db.scalar(select(OutboxItem.state).where(OutboxItem.kind == kind))


@pytest.mark.browser
@pytest.mark.slow
def test_a_real_worker_looks_in_a_real_browser(real: Sidecar, tmp_path: Path) -> None:
    if not find_browser() or not AXE.is_file():
        lack("there is no Chromium on PATH, or no axe-core")
    page = '<html lang="nb"><title>A</title><h1>A</h1><p style="color:#999;background:#fff">Blek</p>'
    package = make_package(tmp_path / "a.zip", pages={"a": page})
    version_id = add_package(real, package, key="a", is_published=True).version_id
    worker = start(real, "sidecar.cli", "worker", "--browser")
    try:
        wait_for(lambda: schedule.enqueue_due(real) >= 0 and kept(real, version_id), "the look")
    finally:
        worker.terminate()
        worker.wait(timeout=60)
    told = kept(real, version_id)
    assert (told["state"], told["states"]) == ("done", 1), told
    assert {"1.4.3"} <= {each["criterion"] for each in told["findings"]}
    assert {each["level"] for each in told["findings"]} == {"advice"}
    assert look_in_browser(package).to_json("advice") == {
        name: told[name] for name in ("states", "seen", "stopped", "findings")
    }
