"""Refuse what can't be restored wholly, say why, and leave the other place as it was."""

import hashlib
import json
import os
import random
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import insert, inspect, select

from sidecar.backup import (
    BackupNotWrittenError,
    DamagedBackupError,
    NewerBackupError,
    NotEmptyError,
    restore_backup,
    take_backup,
)
from sidecar.backup import archive as archives
from sidecar.backup.archive import verify, writing
from sidecar.backup.rows import write_rows
from sidecar.core.municipalities import Municipality
from sidecar.core.sealed import sealed_columns
from sidecar.errors import ConflictError, NotFoundError
from sidecar.runtime import Sidecar
from sidecar.schema import known_revisions, newest_revisions, refuse_unmigrated, upgrade, upgrade_on
from sidecar.secrets import WrongKeyError
from sidecar.tool import ensure_keys
from tests.fakes.rows import fill, reflect
from tests.sidecar.backup.conftest import MakeElsewhere, fill_every_table, quiet


@pytest.fixture
def backup(sidecar: Sidecar, tmp_path: Path) -> Path:
    fill_every_table(sidecar)
    take_backup(sidecar, tmp_path / "b.tar", quiet)
    return tmp_path / "b.tar"


def is_as_new(sidecar: Sidecar) -> bool:
    return not inspect(sidecar.engine).get_table_names() and not list(sidecar.storage.list_held())


def test_a_place_that_holds_something_is_left_alone(backup: Path, elsewhere: MakeElsewhere) -> None:
    there = elsewhere()
    upgrade(there.engine)
    ensure_keys(there)
    with pytest.raises(NotEmptyError, match="signing_key"):
        restore_backup(there, backup, quiet)
    assert list(there.storage.list_held()) == []


def test_a_migrated_and_empty_place_is_as_good_as_none(backup: Path, elsewhere: MakeElsewhere) -> None:
    there = elsewhere()
    upgrade(there.engine)
    assert restore_backup(there, backup, quiet).files == 1


@pytest.mark.parametrize("part", [0.0, 0.001, 0.3, 0.6, 0.9])
def test_what_broke_off_is_refused(backup: Path, elsewhere: MakeElsewhere, part: float) -> None:
    content = backup.read_bytes()
    backup.write_bytes(content[: int(len(content.rstrip(b"\0")) * part)])
    there = elsewhere()
    with pytest.raises(DamagedBackupError):
        restore_backup(there, backup, quiet)
    assert is_as_new(there)


def test_a_single_bit_is_noticed_wherever_it_says_something(backup: Path) -> None:
    content, whole, noticed = backup.read_bytes(), verify(backup), 0
    positions = random.Random(7).sample(range(len(content.rstrip(b"\0"))), 80)
    for position in positions:
        changed = bytearray(content)
        changed[position] ^= 1 << position % 8
        backup.write_bytes(changed)
        try:
            assert verify(backup) == whole, position  # it stood in what fills up a block
        except DamagedBackupError:
            noticed += 1
    assert noticed > len(positions) / 2


def test_what_goes_on_after_its_end_is_refused(backup: Path, sidecar: Sidecar, tmp_path: Path) -> None:
    content = backup.read_bytes().rstrip(b"\0")
    block = -(-len(content) // 512) * 512
    backup.write_bytes(content.ljust(block, b"\0") + content.ljust(block, b"\0") + bytes(1024))
    with pytest.raises(DamagedBackupError, match="after its end"):
        verify(backup)


@pytest.mark.parametrize("content", [b"", b"no tar at all", bytes(20480)])
def test_another_file_is_no_backup(sidecar: Sidecar, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.tar").write_bytes(content)
    with pytest.raises(DamagedBackupError):
        verify(tmp_path / "x.tar")


def test_a_file_that_is_not_there_says_so(sidecar: Sidecar, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        restore_backup(sidecar, tmp_path / "x.tar", quiet)


def test_one_of_a_newer_version_is_refused(elsewhere: MakeElsewhere, tmp_path: Path) -> None:
    with writing(tmp_path / "b.tar", {"revision": "9999", "version": "77.0", "taken_at": "2030-01-01T00:00:00+00:00"}):
        pass
    there = elsewhere()
    with pytest.raises(NewerBackupError, match=r"77\.0"):
        restore_backup(there, tmp_path / "b.tar", quiet)
    assert is_as_new(there)


def test_the_wrong_key_is_named_and_nothing_comes_in(backup: Path, elsewhere: MakeElsewhere) -> None:
    there = elsewhere(keys=(Fernet.generate_key().decode(),))
    with pytest.raises(WrongKeyError, match="SIDECAR_SECRET_KEYS"):
        restore_backup(there, backup, quiet)
    assert inspect(there.engine).get_table_names() == []
    assert restore_backup(there, backup, quiet, are_keys_lost=True).files == 1


@pytest.mark.parametrize("revision", sorted(known_revisions() - set(newest_revisions())))
def test_one_of_an_older_version_is_brought_up_to_date(elsewhere: MakeElsewhere, tmp_path: Path, revision: str) -> None:
    old = elsewhere("old")
    with old.engine.begin() as connection:
        upgrade_on(connection, revision)
        tables = reflect(connection)
        there_then = {f"{table.name}.{one.name}" for table in tables.sorted_tables for one in table.columns}
        sealed = {f"{one.table.name}.{one.name}" for one in sealed_columns()} & there_then
        fill(connection, tables, dict.fromkeys(sealed, old.secrets.seal(b"x")))
        head = {"revision": revision, "version": "0.1.0", "taken_at": "2026-10-01T00:00:00+00:00"}
        with writing(tmp_path / "b.tar", head) as writer:
            for table in tables.sorted_tables:
                writer.add_table(table.name, write_rows(connection, table))
    there = elsewhere("there")
    upgrade(there.engine)
    assert restore_backup(there, tmp_path / "b.tar", quiet).rows == 3 * len(tables.tables)
    refuse_unmigrated(there.engine)
    with there.reading() as db:
        assert len(db.scalars(select(Municipality)).all()) == 3


HEAD = {"revision": newest_revisions()[0], "version": "1", "taken_at": "2026-10-01T00:00:00+00:00"}


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["[]"],
        ["null"],
        ["{}"],
        ["[" * 100_000],
        [json.dumps({"table": "evil", "columns": [["id", "plain"]]})],
        [json.dumps({"table": "person", "columns": [["evil", "plain"]]})],
        [json.dumps({"table": "person", "columns": [["id", "evil"]]})],
        [json.dumps({"table": "person", "columns": [['id") VALUES (1); DROP TABLE person; --', "plain"]]})],
        [json.dumps({"table": "person", "columns": [["id", "plain"]]}), '["a", "b"]'],
        [json.dumps({"table": "person", "columns": [["id", "time"]]}), '["yesterday"]'],
    ],
)
def test_rows_that_are_not_ours_are_refused(elsewhere: MakeElsewhere, tmp_path: Path, lines: list[str]) -> None:
    with writing(tmp_path / "b.tar", HEAD) as writer:
        writer.add_table("person", lines)
    there = elsewhere()
    with pytest.raises(DamagedBackupError):
        restore_backup(there, tmp_path / "b.tar", quiet)
    assert is_as_new(there)


@pytest.mark.parametrize("head", [{}, {"revision": None}, {"revision": ["x"], "taken_at": "x"}])
def test_a_head_that_says_nothing_is_refused(tmp_path: Path, head: dict[str, object]) -> None:
    with writing(tmp_path / "b.tar", head):
        pass
    with pytest.raises(DamagedBackupError, match="what it is"):
        verify(tmp_path / "b.tar")


@pytest.mark.parametrize("content", [b"[]", b"[" * 100_000, b"1" * 10_000, b"\xff"])
def test_a_manifest_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    with writing(tmp_path / "b.tar", HEAD) as writer:
        writer._add(archives.MANIFEST, len(content), BytesIO(content))
    with pytest.raises(DamagedBackupError):
        verify(tmp_path / "b.tar")


def test_a_table_that_would_not_be_restored_is_refused(tmp_path: Path) -> None:
    with writing(tmp_path / "b.tar", HEAD) as writer:
        writer.add_file(hashlib.sha256(b"x").hexdigest(), 1, iter([b"x"]))
        writer.add_table("person", ["{}"])
    with pytest.raises(DamagedBackupError, match="order"):
        verify(tmp_path / "b.tar")


def test_a_row_without_end_is_refused_before_it_fills_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "LINE_BYTES", 1000)
    with writing(tmp_path / "b.tar", HEAD) as writer:
        writer.add_table("person", ["{}", "x" * 1000])
    with pytest.raises(DamagedBackupError, match="no end"):
        verify(tmp_path / "b.tar")


def test_a_folder_is_no_backup(tmp_path: Path) -> None:
    with pytest.raises(DamagedBackupError):
        verify(tmp_path)


def test_a_file_of_this_name_is_not_overwritten(sidecar: Sidecar, tmp_path: Path) -> None:
    (tmp_path / "b.tar").write_text("mine")
    with pytest.raises(ConflictError):
        take_backup(sidecar, tmp_path / "b.tar", quiet)
    assert (tmp_path / "b.tar").read_text() == "mine"


def test_of_two_at_once_the_first_is_kept_whole(tmp_path: Path) -> None:
    path = tmp_path / "b.tar"

    def write_both() -> None:
        with writing(path, HEAD | {"version": "slow"}) as slow:
            with writing(path, HEAD | {"version": "fast"}) as fast:
                fast.add_table("person", ["{}", "[]"])
            slow.add_table("person", ["{}"])

    with pytest.raises(ConflictError):
        write_both()
    assert verify(path).head["version"] == "fast"
    assert list(tmp_path.iterdir()) == [path]


def test_a_disk_that_is_full_leaves_no_half_backup(
    sidecar: Sidecar, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BackupNotWrittenError, match="No space left"):
        take_backup(sidecar, tmp_path / "b.tar", quiet)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("b.tar")] == []


@pytest.mark.parametrize("damage", [b"another", b"short", b""])
def test_a_stored_file_that_is_damaged_stops_it(sidecar: Sidecar, tmp_path: Path, damage: bytes) -> None:
    stored = sidecar.storage.put([b"content"])
    with sidecar.engine.begin() as connection:
        nothing: dict[str, Any] = {"delivery.files": [], "delivery.kept_rows": None}
        fill(connection, sidecar.tables, {"package_file.digest": stored.digest} | nothing)
    path = next((sidecar.settings.data / "files").rglob(stored.digest))
    path.write_bytes(damage)
    with pytest.raises(DamagedBackupError, match="stored file"):
        take_backup(sidecar, tmp_path / "b.tar", quiet)
    assert not (tmp_path / "b.tar").exists()


def test_what_comes_in_meanwhile_is_not_in_it(sidecar: Sidecar, tmp_path: Path, elsewhere: MakeElsewhere) -> None:
    """The rows are those of one instant, even though others write while they are read."""
    with sidecar.engine.begin() as connection:
        fill(connection, sidecar.tables, {"delivery.files": [], "delivery.kept_rows": None})
    add = sidecar.tables.tables["person"]
    told: list[str] = []
    real = archives.Writer.add_table

    def slow(self: archives.Writer, name: str, lines: object) -> None:
        if not told:
            with sidecar.engine.begin() as other:
                other.execute(insert(add).values(id="f" * 32, first_name="Ny", last_name="Person"))
        told.append(name)
        real(self, name, lines)  # type: ignore[arg-type] # handed on as it came

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(archives.Writer, "add_table", slow)
        take_backup(sidecar, tmp_path / "b.tar", quiet)
    manifest = verify(tmp_path / "b.tar")
    assert manifest.tables["person"]["rows"] == 3
