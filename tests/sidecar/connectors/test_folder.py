"""Test the folder against the contract of report channels, and what only a folder can get wrong."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from pyrage import decrypt, x25519

from sidecar.connectors import folder
from sidecar.connectors.base import MisconfiguredError, ReportDelivery, UnreachableError, set_up
from sidecar.connectors.contract import CSV, KEY, OTHER_KEY, XLSX, ReportDeliveryContract, make_file, make_parcel
from sidecar.connectors.folder import (
    Folder,
    FolderFailedError,
    FolderFullError,
    FolderMissingError,
    FolderNotWritableError,
)
from sidecar.connectors.places import RECEIPTS, NoteDamagedError


class TestFolder(ReportDeliveryContract):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def channel(self) -> ReportDelivery:
        channel = set_up(Folder, {"folder": str(self.folder)})
        channel.prepare()
        return channel

    def arrived(self) -> Sequence[bytes]:
        return [path.read_bytes() for path in self.folder.iterdir() if path.is_file()]


def _open(path: Path) -> Folder:
    channel = Folder(folder=path)
    channel.prepare()
    return channel


def _names(where: Path) -> list[str]:
    return sorted(path.name for path in where.iterdir() if path.is_file())


def test_a_corrected_report_gets_a_number(tmp_path: Path) -> None:
    channel = _open(tmp_path)
    channel.deliver(make_parcel(CSV, XLSX), KEY)
    receipt = channel.deliver(make_parcel(make_file(CSV.name, b"other"), make_file(XLSX.name, b"other")), OTHER_KEY)

    assert _names(tmp_path) == [
        "fullforinger-kongsberg-2026-09-2.csv",
        "fullforinger-kongsberg-2026-09-2.xlsx",
        "fullforinger-kongsberg-2026-09.csv",
        "fullforinger-kongsberg-2026-09.xlsx",
    ]
    assert set(receipt.details) == {"fullforinger-kongsberg-2026-09-2.csv", "fullforinger-kongsberg-2026-09-2.xlsx"}


def test_a_stranger_s_file_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / CSV.name).write_text("theirs")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")

    _open(tmp_path).deliver(make_parcel(CSV, replace(CSV, name="dangling")), KEY)

    assert (tmp_path / CSV.name).read_text() == "theirs"
    assert not (tmp_path / "nowhere").exists()


def test_an_attempt_cut_off_between_two_files_is_completed_under_the_same_names(tmp_path: Path) -> None:
    (tmp_path / CSV.name).write_bytes(b"".join(CSV.read()))
    (tmp_path / f".{KEY[:16]}-0.part").write_bytes(b"half")

    _open(tmp_path).deliver(make_parcel(CSV, XLSX), KEY)

    assert _names(tmp_path) == [CSV.name, XLSX.name]


def test_a_missing_folder_is_a_wrong_setting(tmp_path: Path) -> None:
    channel = Folder(folder=tmp_path / "nowhere")
    with pytest.raises(FolderMissingError, match="nowhere"):
        channel.check()
    with pytest.raises(MisconfiguredError):
        channel.deliver(make_parcel(CSV), KEY)
    assert not (tmp_path / "nowhere").exists()


def test_a_file_in_the_place_of_the_folder_is_a_wrong_setting(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FolderMissingError):
        Folder(folder=tmp_path / "file").check()


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.EACCES, FolderNotWritableError),
        (errno.EROFS, FolderNotWritableError),
        (errno.ENOSPC, FolderFullError),
        (errno.EIO, FolderFailedError),
        (errno.ESTALE, FolderFailedError),
    ],
)
def test_what_the_file_system_says_becomes_a_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, kind: type[Exception]
) -> None:
    def fail(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("sidecar.connectors.folder.os.open", fail)
    with pytest.raises(kind, match=str(tmp_path)):
        _open(tmp_path).deliver(make_parcel(CSV), KEY)


def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path) -> None:
    def run_out() -> Iterator[bytes]:
        yield b"first piece"
        raise OSError(errno.ENOSPC, "No space left on device")

    channel = _open(tmp_path)
    with pytest.raises(UnreachableError):
        channel.deliver(make_parcel(replace(CSV, read=run_out)), KEY)

    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert channel.find(KEY) is None


@pytest.mark.parametrize("links", [True, False])
def test_a_name_taken_in_the_last_moment_is_not_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    if not links:
        monkeypatch.setattr("sidecar.connectors.folder.os.link", _refuse_links)
    with monkeypatch.context() as patch:
        patch.setattr("sidecar.connectors.places._is_free", lambda place, name, file: True)
        (tmp_path / CSV.name).write_text("theirs")
        receipt = _open(tmp_path).deliver(make_parcel(CSV), KEY)

    assert list(receipt.details) == ["fullforinger-kongsberg-2026-09-2.csv"]
    assert receipt == _open(tmp_path).find(KEY)
    assert (tmp_path / CSV.name).read_text() == "theirs"


def _refuse_links(*_: object) -> None:
    raise OSError(errno.EPERM, "no hard links here")


@pytest.mark.parametrize("last", [".csv", ".xlsx", ".json"])
def test_a_kill_while_names_are_given_delivers_once_though_each_try_encrypts_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, last: str
) -> None:
    identity = x25519.Identity.generate()
    channel = set_up(Folder, {"folder": str(tmp_path), "encrypt_to": str(identity.to_public())})
    channel.prepare()
    sync = folder._sync

    def die(where: Path) -> None:
        sync(where)
        if any(last in path.name for path in tmp_path.rglob("*[0-9a-z]") if path.name[0] != "."):
            raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(folder, "_sync", die)
        with pytest.raises(SystemExit):
            channel.deliver(make_parcel(CSV, XLSX), KEY)
    receipt = channel.deliver(make_parcel(CSV, XLSX), KEY)

    assert _names(tmp_path) == sorted(receipt.details) == [f"{CSV.name}.age", f"{XLSX.name}.age"]
    assert decrypt((tmp_path / f"{CSV.name}.age").read_bytes(), [identity]) == b"".join(CSV.read())
    assert [path.name for path in (tmp_path / RECEIPTS).iterdir()] == [f"{KEY}.json"]


def test_an_encrypted_correction_gets_a_number_before_its_endings(tmp_path: Path) -> None:
    key = str(x25519.Identity.generate().to_public())
    channel = set_up(Folder, {"folder": str(tmp_path), "encrypt_to": key, "encrypt_until": "9999-12-31"})
    channel.prepare()
    channel.deliver(make_parcel(CSV), KEY)
    channel.deliver(make_parcel(CSV), OTHER_KEY)
    assert _names(tmp_path) == [f"{CSV.name[:-4]}-2.csv.age", f"{CSV.name}.age"]


def test_files_are_not_readable_by_everybody(tmp_path: Path) -> None:
    _open(tmp_path).deliver(make_parcel(CSV), KEY)
    assert (tmp_path / CSV.name).stat().st_mode & 0o007 == 0


@pytest.mark.parametrize("key", ["", "../../etc/passwd", "A1" * 32, "a1" * 31])
def test_a_key_is_never_a_path(tmp_path: Path, key: str) -> None:
    with pytest.raises(Exception, match="key"):
        _open(tmp_path).find(key)


@pytest.mark.parametrize(
    "forged",
    [
        {"part": "../b/b-report.csv"},
        {"part": ".receipts/x"},
        {"name": "../planted.csv"},
        {"name": ".hidden"},
        {"count": 0},
        {"count": 10**9},
        {"count": True},
    ],
    ids=str,
)
def test_a_plan_that_is_not_ours_moves_nothing(tmp_path: Path, forged: dict[str, object]) -> None:
    ours, theirs = tmp_path / "a", tmp_path / "b"
    theirs.mkdir()
    (theirs / "b-report.csv").write_bytes(b"of another municipality")
    ours.mkdir()
    channel = _open(ours)
    planned = {"part": f".{KEY[:16]}-0.part", "name": CSV.name, "count": 1, "sha256": CSV.sha256, "size_bytes": 1}
    plan = {"reference": "x", "details": {}, "files": [planned | forged]}
    (ours / RECEIPTS / f"{KEY}.plan").write_text(json.dumps(plan))
    with pytest.raises(NoteDamagedError):
        channel.deliver(make_parcel(CSV), KEY)
    assert (theirs / "b-report.csv").read_bytes() == b"of another municipality"
    assert _names(ours) == []
    assert _names(tmp_path) == []
