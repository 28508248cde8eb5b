"""A full disk: said clearly, nothing half-written, and all works again when there is room."""

import errno
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import event, select
from sqlalchemy.engine.interfaces import DBAPIConnection

from sidecar.catalogue import add_package
from sidecar.cli import main
from sidecar.connectors.places import RECEIPTS
from sidecar.core import outbox
from sidecar.core.attempts import Attempt
from sidecar.core.courses import CourseVersion
from sidecar.core.deliveries import Delivery
from sidecar.core.outbox import OutboxItem
from sidecar.jobs import Handler, perform_item
from sidecar.room import is_no_room
from sidecar.runtime import Sidecar
from tests.durability.town import open_player, pass_course, send_commit, sign_in, upload_package, wait_for_plan
from tests.durability.worlds import World, Worlds, work
from tests.fakes.package import make_package
from tests.lacking import lack


@pytest.fixture
def world(worlds: Worlds) -> World:
    return worlds.fresh()


@contextmanager
def full_database(world: World) -> Iterator[None]:
    """Let the database's file grow no further."""
    engine = world.sidecar.engine

    def limit(dbapi: DBAPIConnection, _record: object) -> None:
        dbapi.execute("PRAGMA max_page_count=1")

    event.listen(engine, "connect", limit)
    engine.dispose()
    yield
    event.remove(engine, "connect", limit)
    engine.dispose()


def _filler(key: str, now: datetime) -> OutboxItem:
    return OutboxItem(kind="filler", subject="x" * 60, key=key, state="done", next_try_at=now, created_at=now)


@contextmanager
def full_files(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let no file be forced to the disk any more, alone or together with others."""

    def refuse(_file: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", refuse)
        patch.setattr("sidecar.storage.folder.sync_disk_of", refuse)
        yield


LONG = {"cmi.suspend_data": "x" * 60_000}


@pytest.mark.sqlite
def test_a_commit_into_a_full_database_is_refused_in_words_and_taken_when_there_is_room(world: World) -> None:
    open_player(world)
    said = pass_course()
    said["changes"] |= LONG
    with full_database(world):
        answer = send_commit(world, world.sidecar, said)
        assert (answer.status_code, answer.get_json()["error"]["code"]) == (507, "insufficient-storage")
        assert world.only(Attempt).seq == 0
    assert send_commit(world, world.sidecar, said).status_code == 200
    assert world.only(Attempt).state == "completed"


@pytest.mark.sqlite
def test_a_job_in_a_full_database_says_so_and_is_done_when_there_is_room(world: World) -> None:
    def write(sidecar: Sidecar, _subject: str) -> None:
        with sidecar.transaction() as db:
            db.add_all(_filler(f"written:{number}", sidecar.now()) for number in range(100))

    with world.sidecar.transaction() as db:
        outbox.put(db, "note", "s", key="note", now=world.clock())
    with world.sidecar.reading() as db:
        item_id = db.scalars(select(OutboxItem.id)).one()
    with full_database(world):
        perform_item(world.sidecar, item_id, {"note": Handler(write)})
        assert job(world, "note") == ("waiting", "insufficient-storage")
        assert world.count(OutboxItem) == 1
    world.clock.advance(minutes=1)
    perform_item(world.sidecar, item_id, {"note": Handler(write)})
    assert job(world, "note")[0] == "done"
    assert world.count(OutboxItem) == 101


def test_a_package_that_does_not_fit_is_refused_in_words_and_leaves_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = make_package(world.root / "kurs.zip", pages={"a": "<title>A</title>"}).read_bytes()
    staff = sign_in(world.sidecar)
    with full_files(monkeypatch):
        page = staff.post("/staff/courses", upload_package(package), 507)
    assert "plass" in page
    assert world.count(CourseVersion) == 0
    assert files_below(world.settings.data) == []
    staff.post("/staff/courses", upload_package(package))
    assert world.count(CourseVersion) == 1


def files_below(data: Path) -> list[Path]:
    return [path for folder in ("files", "uploads") for path in (data / folder).rglob("*") if path.is_file()]


def test_the_command_line_says_that_the_disk_is_full(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    package = make_package(world.root / "kurs.zip", pages={"a": "<title>A</title>"})
    env = {"SIDECAR_DATA": str(world.settings.data), "SIDECAR_DATABASE_URL": world.settings.database_url}
    with full_files(monkeypatch):
        result = CliRunner().invoke(main, ["package", "add", str(package), "--key", "kurs", "--json"], env=env)
    assert (result.exit_code, json.loads(result.stderr)["error"]["code"]) == (1, "insufficient-storage")


def test_a_report_that_finds_no_room_is_delivered_when_there_is_room(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait_for_plan(world)
    with full_files(monkeypatch):
        work(world.sidecar)
        assert world.count(Delivery) == 0
        assert files_below(world.settings.data) == []
        assert job(world, "report-run") == ("waiting", "insufficient-storage")
    world.clock.advance(minutes=1)
    with monkeypatch.context() as patch:
        patch.setattr("sidecar.connectors.folder.os", FullFolder())
        work(world.sidecar)
    assert (world.only(Delivery).state, world.only(Delivery).error_code) == ("waiting", "folder-full")
    assert [path.name for path in (world.root / "reports").iterdir()] == [RECEIPTS]
    world.clock.advance(minutes=1)
    work(world.sidecar)
    assert world.only(Delivery).state == "delivered"


class FullFolder:
    """The module `os` of a folder that is full."""

    def __getattr__(self, name: str) -> object:
        return getattr(os, name)

    def fsync(self, _descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "full")


def job(world: World, kind: str) -> tuple[str, str | None]:
    with world.sidecar.reading() as db:
        one = db.query(OutboxItem).where(OutboxItem.kind == kind).one()
        return one.state, one.error_code


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of two megabytes."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        lack("nobody may mount a small disk on this machine: run as root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.slow
def test_a_disk_that_is_really_full(world: World, small_disk: Path) -> None:
    """The files of packages lie on the small disk: what does not fit leaves all as it was."""
    (world.settings.data / "files").symlink_to(small_disk)
    noise = os.urandom(3_000_000)
    large = make_package(world.root / "large.zip", pages={"a": "A"}, files={"film.mp4": noise})
    with pytest.raises(OSError, match="space") as caught:
        add_package(world.sidecar, large, key="stor", is_published=True)
    assert is_no_room(caught.value)
    assert not list(small_disk.glob("new-*"))
    small = make_package(world.root / "small.zip", pages={"a": "<title>A</title>"})
    assert add_package(world.sidecar, small, key="liten", is_published=True).is_new
