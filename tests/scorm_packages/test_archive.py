"""Open packages and read from them."""

import os
from pathlib import Path
from typing import BinaryIO

import pytest

from scorm_packages.archive import Limits, open_package
from scorm_packages.building.zip_writer import ZipWriter
from scorm_packages.errors import (
    BadCrcError,
    EntryMissingError,
    EntryTooLargeError,
    ManifestMisplacedError,
    PackageTooLargeError,
    SizeLieError,
    TooManyEntriesError,
)
from tests.data.scorm.parts import PAGE, course, foldered, raw
from tests.data.scorm.reject import REJECT
from tests.data.scorm.zip_writer import Raw


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "package.zip"


def test_entries_and_content(path: Path) -> None:
    path.write_bytes(course())
    with open_package(path) as archive:
        page = next(entry for entry in archive.entries if entry.path == "index.html")
        assert page.size_bytes == len(PAGE)
        assert archive.read("index.html", 1_000) == PAGE.encode()
        assert archive.root == ""


def test_sole_top_folder_is_left_out(path: Path) -> None:
    path.write_bytes(foldered({"__MACOSX/kurs/._index.html": b"x"}))
    with open_package(path) as archive:
        assert archive.root == "kurs/"
        assert [entry.path for entry in archive.entries] == ["imsmanifest.xml", "index.html"]
        assert [entry.path for entry in archive.outside] == ["__MACOSX/kurs/._index.html"]
        with pytest.raises(EntryMissingError):
            archive.read("__MACOSX/kurs/._index.html", 10)


def test_streams_may_interleave(path: Path) -> None:
    data = {name: bytes(range(256)) * 2_000 + name for name in (b"a.bin", b"b.bin")}
    path.write_bytes(raw(*(Raw(name, content, method=0) for name, content in data.items())))
    with open_package(path) as archive:
        pairs = list(zip(archive.stream("a.bin"), archive.stream("b.bin"), strict=True))
        assert b"".join(a for a, _ in pairs) == data[b"a.bin"]
        assert b"".join(b for _, b in pairs) == data[b"b.bin"]
        assert max(len(a) for a, _ in pairs) <= 65_536


def test_a_lying_size_stops_the_stream_early(path: Path) -> None:
    path.write_bytes(REJECT["hidden-bomb"].make())
    with open_package(path) as archive:
        pieces: list[bytes] = []
        with pytest.raises(SizeLieError):
            pieces.extend(archive.stream("a.bin"))
        assert sum(map(len, pieces)) <= 50_000


def test_a_wrong_checksum_ends_the_stream(path: Path) -> None:
    path.write_bytes(REJECT["bad-crc"].make())
    with open_package(path) as archive, pytest.raises(BadCrcError):
        archive.read("a.txt", 100)


def test_limits_hold(path: Path) -> None:
    path.write_bytes(course())
    with open_package(path) as archive, pytest.raises(EntryTooLargeError) as caught:
        archive.read("index.html", 5)
    assert str(caught.value) == "The file “index.html” is larger than 5 bytes."
    with pytest.raises(TooManyEntriesError), open_package(path, Limits(entries=1)):
        pass
    with pytest.raises(PackageTooLargeError), open_package(path, Limits(total_bytes=10)):
        pass


def test_what_lies_past_four_gigabytes_is_found(path: Path) -> None:
    film_bytes = 5 * 10**9
    with path.open("wb") as file:
        writer = ZipWriter(file)
        writer.add_text("imsmanifest.xml", b"<manifest/>")
        _leave_a_hole(writer, file, film_bytes)
        writer.add_text("index.html", PAGE.encode())
        writer.close()
    with open_package(path) as archive:
        sizes = {entry.path: entry.size_bytes for entry in archive.entries}
        assert sizes == {"imsmanifest.xml": 11, "film.mp4": film_bytes, "index.html": len(PAGE)}
        assert archive.read("index.html", 1_000) == PAGE.encode()
        with pytest.raises(EntryTooLargeError):
            archive.read("film.mp4", film_bytes - 1)
    with pytest.raises(PackageTooLargeError), open_package(path, Limits(total_bytes=film_bytes)):
        pass


def _leave_a_hole(writer: ZipWriter, file: BinaryIO, size_bytes: int) -> None:
    """Announce a stored film and leave its bytes out: they are zeros, and take no disk."""
    writer._begin("film.mp4", 0, 0, size_bytes, size_bytes)
    file.seek(size_bytes, os.SEEK_CUR)
    writer.size_bytes += size_bytes


def test_misplaced_manifest_is_named(path: Path) -> None:
    path.write_bytes(REJECT["manifest-beside-files"].make())
    with pytest.raises(ManifestMisplacedError) as caught, open_package(path):
        pass
    assert caught.value.facts == {"where": "kurs/imsmanifest.xml"}


@pytest.mark.parametrize("encoding", ["cp865", "utf-8"])
def test_names_without_a_flag_are_read(path: Path, encoding: str) -> None:
    path.write_bytes(raw(Raw("Ørsta på blått.txt".encode(encoding))))
    with open_package(path) as archive:
        assert archive.read("Ørsta på blått.txt", 10) == b"x"
