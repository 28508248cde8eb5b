"""The archive that is written is the one that any reader reads, also past 4 GB, and says when a file changed."""

import hashlib
import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from scorm_packages.building import zip_writer
from scorm_packages.building.errors import MediaChangedError
from scorm_packages.building.zip_writer import ZipWriter


def written(fill: Callable[[ZipWriter], None]) -> tuple[io.BytesIO, ZipWriter]:
    """The bytes of an archive, and who wrote it."""
    file = io.BytesIO()
    writer = ZipWriter(file)
    fill(writer)
    writer.close()
    return file, writer


def test_others_read_it_and_its_digest_is_that_of_its_bytes(tmp_path: Path) -> None:
    film = tmp_path / "film"
    film.write_bytes(os.urandom(3 * 1024**2 + 7))

    def fill(writer: ZipWriter) -> None:
        writer.add_text("side/æ 😀.html", b"Brannvern " * 40 + os.urandom(200))
        writer.add_text("tom.txt", b"")
        writer.add_file("media/film.mp4", film)

    file, writer = written(fill)
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        assert archive.read("media/film.mp4") == film.read_bytes()
        kinds = {entry.filename: (entry.compress_type, entry.date_time) for entry in archive.infolist()}
    day = (1980, 1, 1, 0, 0, 0)
    assert kinds == {"side/æ 😀.html": (8, day), "tom.txt": (0, day), "media/film.mp4": (0, day)}
    assert writer.digest == hashlib.sha256(file.getvalue()).hexdigest()
    assert writer.size_bytes == len(file.getvalue())


def test_what_packs_as_a_bomb_would_is_stored() -> None:
    file, _ = written(lambda writer: writer.add_text("a.html", b" " * 1_000_000))
    with zipfile.ZipFile(file) as archive:
        assert archive.getinfo("a.html").compress_type == zipfile.ZIP_STORED


def test_what_is_past_the_limits_is_written_as_zip64(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zip_writer, "ZIP64_FROM", 1000)
    monkeypatch.setattr(zip_writer, "ZIP64_FROM_COUNT", 3)
    film = tmp_path / "film"
    film.write_bytes(os.urandom(5000))

    def fill(writer: ZipWriter) -> None:
        writer.add_text("foer.txt", b"foer")
        writer.add_file("film.mp4", film)
        writer.add_text("etter.txt", b"etter")
        writer.add_text("stor.txt", os.urandom(2000).hex().encode())

    file, _ = written(fill)
    assert file.getvalue().count(b"PK\6\6") == 1
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        assert archive.read("film.mp4") == film.read_bytes()
        assert archive.read("etter.txt") == b"etter"
        versions = {entry.filename: entry.extract_version for entry in archive.infolist()}
    assert versions == {"foer.txt": 20, "film.mp4": 45, "etter.txt": 45, "stor.txt": 45}


@pytest.mark.parametrize("change", [b"lengre enn den var", b"kort", None])
def test_a_file_that_changes_meanwhile_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: bytes | None
) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(b"slik den var")
    read = zip_writer._read_through

    def read_and_change(source: Path) -> tuple[int, int]:
        found = read(source)
        film.unlink()
        if change is not None:
            film.write_bytes(change)
        return found

    monkeypatch.setattr(zip_writer, "_read_through", read_and_change)
    with pytest.raises(MediaChangedError, match=r"media/film\.mp4"):
        written(lambda writer: writer.add_file("media/film.mp4", film))
