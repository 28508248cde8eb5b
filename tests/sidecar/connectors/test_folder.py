"""Test the folder against the contract of report channels, and what only a folder can get wrong."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from sidecar.connectors.base import MisconfiguredError, ReportDelivery, UnreachableError, set_up
from sidecar.connectors.contract import CSV, KEY, OTHER_KEY, XLSX, ReportDeliveryContract, make_file, make_parcel
from sidecar.connectors.folder import (
    Folder,
    FolderFailedError,
    FolderFullError,
    FolderMissingError,
    FolderNotWritableError,
)


class TestFolder(ReportDeliveryContract):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def channel(self) -> ReportDelivery:
        folder = set_up(Folder, {"folder": str(self.folder)})
        folder.prepare()
        return folder

    def arrived(self) -> Sequence[bytes]:
        return [path.read_bytes() for path in self.folder.iterdir() if path.is_file()]


def _open(path: Path) -> Folder:
    folder = Folder(folder=path)
    folder.prepare()
    return folder


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_file())


def test_a_corrected_report_gets_a_number(tmp_path: Path) -> None:
    folder = _open(tmp_path)
    folder.deliver(make_parcel(CSV, XLSX), KEY)
    receipt = folder.deliver(make_parcel(make_file(CSV.name, b"other"), make_file(XLSX.name, b"other")), OTHER_KEY)

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
    (tmp_path / f".{KEY[:16]}-0000.part").write_bytes(b"half")

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


def test_a_name_taken_in_the_last_moment_is_not_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sidecar.connectors.folder._is_free", lambda target, file: True)
    monkeypatch.setattr("sidecar.connectors.folder.Path.exists", lambda path: False)
    (tmp_path / CSV.name).write_text("theirs")

    with pytest.raises(FolderFailedError):
        _open(tmp_path).deliver(make_parcel(CSV), KEY)

    assert (tmp_path / CSV.name).read_text() == "theirs"


def test_files_are_not_readable_by_everybody(tmp_path: Path) -> None:
    _open(tmp_path).deliver(make_parcel(CSV), KEY)
    assert (tmp_path / CSV.name).stat().st_mode & 0o007 == 0


@pytest.mark.parametrize("key", ["", "../../etc/passwd", "A1" * 32, "a1" * 31])
def test_a_key_is_never_a_path(tmp_path: Path, key: str) -> None:
    with pytest.raises(Exception, match="key"):
        _open(tmp_path).find(key)
