"""Hold the storage to its promises: whole, once, by content, nothing outside its folder."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecar.errors import NotFoundError
from sidecar.storage import FolderStorage

DATA = b"0123456789" * 100_000


@pytest.fixture
def storage(tmp_path: Path) -> FolderStorage:
    return FolderStorage(tmp_path / "files")


def test_what_is_put_comes_back_under_its_sha256(storage: FolderStorage) -> None:
    stored = storage.put(iter([DATA[:7], DATA[7:]]))
    assert stored.digest == hashlib.sha256(DATA).hexdigest()
    assert stored.size_bytes == storage.size(stored.digest) == len(DATA)
    assert b"".join(storage.stream(stored.digest)) == DATA


def test_the_same_bytes_lie_there_once(storage: FolderStorage, tmp_path: Path) -> None:
    assert storage.put([DATA]) == storage.put([DATA])
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


@pytest.mark.parametrize(("start", "end"), [(0, 1), (5, 5), (3, 900_001), (999_990, None), (2_000_000, None)])
def test_a_range_is_exactly_that(storage: FolderStorage, start: int, end: int | None) -> None:
    digest = storage.put([DATA]).digest
    assert b"".join(storage.stream(digest, start, end)) == DATA[start:end]


def test_a_stream_that_breaks_leaves_nothing(storage: FolderStorage, tmp_path: Path) -> None:
    def breaking() -> Iterator[bytes]:
        yield b"half"
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        storage.put(breaking())
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("digest", ["", "../../etc/passwd", "A" * 64, "a" * 63, "a" * 64 + "\n", "../" + "a" * 61])
def test_only_a_digest_names_a_file(storage: FolderStorage, digest: str) -> None:
    with pytest.raises(ValueError, match="digest"):
        storage.stream(digest)


def test_what_is_missing_says_so_at_once(storage: FolderStorage) -> None:
    with pytest.raises(NotFoundError):
        storage.stream("0" * 64)
    with pytest.raises(NotFoundError):
        storage.size("0" * 64)
    storage.remove("0" * 64)


def test_what_is_removed_is_gone(storage: FolderStorage) -> None:
    digest = storage.put([b"x"]).digest
    storage.remove(digest)
    with pytest.raises(NotFoundError):
        storage.stream(digest)
