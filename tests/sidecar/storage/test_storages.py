"""Hold every storage to the same promises: whole, once, by content; the real S3 server as the folder."""

import hashlib
import os
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from obstore.store import LocalStore, MemoryStore

from sidecar.errors import ForbiddenAddressError, MisconfiguredError, NotFoundError
from sidecar.settings import S3Address, Settings
from sidecar.storage import FolderStorage, Storage, StorageRefusedError, StorageUnreachableError, open_storage_at
from sidecar.storage import folder as folder_module
from sidecar.storage import objects as objects_module
from sidecar.storage.disk import sync_disk_of
from sidecar.storage.objects import Bucket, ObjectStorage
from tests.fakes.s3 import BUCKET

DATA = b"0123456789" * 300_000
LARGE = bytes(range(256)) * 40_000
MINUTE = timedelta(minutes=1)


def in_bucket(bucket: Bucket) -> Storage:
    return ObjectStorage(lambda: bucket, where="here", host="here")


def settings_of(data: Path, s3: S3Address | None, *allowed: str) -> Settings:
    return Settings(data, "https://a.example", "https://b.example", "sqlite://", s3=s3, allowed_private=allowed)


def open_at(s3: S3Address, path: Path, *, bucket: str = BUCKET) -> Storage:
    return open_storage_at(f"s3://{bucket}/{path.name}", settings_of(path, s3, "127.0.0.1"))


@pytest.fixture(params=["folder", "memory", "local", pytest.param("s3", marks=pytest.mark.slow)])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    made: dict[str, Callable[[], Storage]] = {
        "folder": lambda: FolderStorage(tmp_path / "files"),
        "memory": lambda: in_bucket(MemoryStore()),
        "local": lambda: in_bucket(LocalStore(tmp_path / "local", mkdir=True)),
        "s3": lambda: open_at(request.getfixturevalue("s3"), tmp_path),
    }
    return made[request.param]()


class TestEveryStorage:
    """What is promised of a storage, whichever it is."""

    def test_what_is_put_comes_back_under_its_sha256(self, storage: Storage) -> None:
        stored = storage.put(iter([DATA[:7], DATA[7:]]))
        assert stored.digest == hashlib.sha256(DATA).hexdigest()
        assert stored.size_bytes == storage.size(stored.digest) == len(DATA)
        assert b"".join(storage.stream(stored.digest)) == DATA

    def test_what_is_larger_than_a_part_comes_back_whole(self, storage: Storage) -> None:
        stored = storage.put([LARGE])
        assert storage.put([LARGE]) == stored
        assert hashlib.sha256(b"".join(storage.stream(stored.digest))).hexdigest() == stored.digest

    def test_many_are_put_in_their_order_and_what_is_the_same_lies_there_once(self, storage: Storage) -> None:
        storage.put([b"before"])
        stored = storage.put_all(iter([[b"a", b"b"], [b"before"], [], [b"ab"]]))
        assert [one.digest for one in stored] == [
            hashlib.sha256(each).hexdigest() for each in (b"ab", b"before", b"", b"ab")
        ]
        assert sorted(held.size_bytes for held in storage.list_held()) == [0, 2, 6]
        assert b"".join(storage.stream(stored[0].digest)) == b"ab"

    def test_of_many_that_break_off_nothing_half_written_is_left(self, storage: Storage) -> None:
        def breaking() -> Iterator[list[bytes]]:
            yield [DATA[:100]]
            raise OSError("the zip ended")

        with pytest.raises(OSError, match="the zip ended"):
            storage.put_all(breaking())
        assert storage.clear_leftovers(datetime.now(UTC) + MINUTE, dry_run=True) == 0

    def test_nothing_is_something_too(self, storage: Storage) -> None:
        stored = storage.put([])
        assert (storage.size(stored.digest), b"".join(storage.stream(stored.digest))) == (0, b"")

    def test_the_same_bytes_lie_there_once(self, storage: Storage) -> None:
        assert storage.put([DATA]) == storage.put([DATA])
        assert [held.size_bytes for held in storage.list_held()] == [len(DATA)]

    @pytest.mark.parametrize(
        ("start", "end"),
        [
            (0, 1),
            (5, 5),
            (3, 900_001),
            (2_097_151, 2_097_153),
            (2_999_990, None),
            (2_999_990, 9_000_000),
            (3_000_001, None),
        ],
    )
    def test_a_range_is_exactly_that(self, storage: Storage, start: int, end: int | None) -> None:
        digest = storage.put([DATA]).digest
        assert b"".join(storage.stream(digest, start, end)) == DATA[start:end]

    def test_a_stream_that_breaks_leaves_nothing(self, storage: Storage) -> None:
        def breaking() -> Iterator[bytes]:
            yield LARGE
            raise OSError("gone")

        with pytest.raises(OSError, match="gone"):
            storage.put(breaking())
        assert list(storage.list_held()) == []

    @pytest.mark.parametrize("digest", ["", "../../etc/passwd", "A" * 64, "a" * 63, "a" * 64 + "\n", "../" + "a" * 61])
    def test_only_a_digest_names_a_file(self, storage: Storage, digest: str) -> None:
        for use in (storage.stream, storage.size, storage.remove):
            with pytest.raises(ValueError, match="digest"):
                use(digest)

    def test_what_is_missing_says_so_at_once(self, storage: Storage) -> None:
        storage.put([b"something else"])
        for start, end in ((0, None), (3, 9), (0, 0)):
            with pytest.raises(NotFoundError):
                storage.stream("0" * 64, start, end)
        with pytest.raises(NotFoundError):
            storage.size("0" * 64)
        assert storage.remove("0" * 64)
        assert storage.remove("0" * 64, put_before=datetime.now(UTC))

    def test_what_is_removed_is_gone(self, storage: Storage) -> None:
        digest = storage.put([b"x"]).digest
        assert storage.remove(digest)
        with pytest.raises(NotFoundError):
            storage.stream(digest)

    def test_a_listing_tells_when_a_file_was_put(self, storage: Storage) -> None:
        stored = storage.put([b"x"])
        held = next(iter(storage.list_held()))
        assert (held.digest, held.size_bytes) == (stored.digest, 1)
        assert abs(datetime.now(UTC) - held.put_at) < MINUTE

    def test_what_was_put_again_meanwhile_is_not_removed(self, storage: Storage) -> None:
        digest = storage.put([b"x"]).digest
        assert not storage.remove(digest, put_before=datetime.now(UTC) - MINUTE)
        assert storage.size(digest) == 1
        assert storage.remove(digest, put_before=datetime.now(UTC) + MINUTE)
        assert list(storage.list_held()) == []


def test_an_old_file_that_is_put_again_in_a_folder_is_young_again(tmp_path: Path) -> None:
    storage = FolderStorage(tmp_path)
    digest = storage.put([b"x"]).digest
    os.utime(tmp_path / digest[:2] / digest[2:4] / digest, (0, 0))
    assert next(storage.list_held()).put_at.year == 1970
    storage.put([b"x"])
    assert datetime.now(UTC) - next(storage.list_held()).put_at < MINUTE


@pytest.mark.parametrize("content", [b"x", LARGE])
def test_an_old_file_that_is_put_again_in_a_bucket_is_young_again(
    content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = in_bucket(MemoryStore())
    storage.put([content])
    before = next(storage.list_held()).put_at
    storage.put([content])
    assert next(storage.list_held()).put_at == before
    monkeypatch.setattr(objects_module, "FRESH", timedelta(0))
    storage.put([content])
    assert next(storage.list_held()).put_at > before


def test_what_a_killed_put_left_in_a_folder_goes_when_it_is_old(tmp_path: Path) -> None:
    storage = FolderStorage(tmp_path)
    kept = storage.put([b"x"])
    young, old = tmp_path / "new-young", tmp_path / "new-old"
    young.touch()
    old.touch()
    os.utime(old, (0, 0))
    left = tmp_path / f"leaving-{kept.digest}"
    (tmp_path / kept.digest[:2] / kept.digest[2:4] / kept.digest).rename(left)
    yesterday = datetime.now(UTC) - timedelta(days=1)
    assert storage.clear_leftovers(yesterday, dry_run=True) == 2
    assert old.exists()
    assert storage.clear_leftovers(yesterday, dry_run=False) == 2
    assert (young.exists(), old.exists(), storage.size(kept.digest)) == (True, False, 1)


@pytest.mark.slow
class TestAStoreThatFails:
    """What people are told, and that no secret is."""

    def test_a_wrong_key_is_refused_by_name_of_the_setting(self, s3: S3Address, tmp_path: Path) -> None:
        storage = open_at(replace(s3, secret_key="wrong"), tmp_path)
        for use in (lambda: storage.put([b"x"]), lambda: storage.size("0" * 64), lambda: storage.stream("0" * 64)):
            with pytest.raises(StorageRefusedError, match="SIDECAR_S3") as told:
                use()
            assert told.value.__suppress_context__
            assert s3.access_key not in str(told.value)

    def test_a_bucket_that_is_not_there_is_no_missing_file(self, s3: S3Address, tmp_path: Path) -> None:
        with pytest.raises(StorageRefusedError):
            open_at(s3, tmp_path, bucket="another").put([b"x"])

    def test_a_server_that_is_gone_is_told_of_and_found_again(self, s3: S3Address, tmp_path: Path) -> None:
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            storage = open_at(replace(s3, endpoint=f"http://127.0.0.1:{closed.getsockname()[1]}"), tmp_path)
            with pytest.raises(StorageUnreachableError, match="does not answer"):
                storage.put([b"x"])

    def test_a_private_or_plain_address_must_be_listed(self, s3: S3Address, tmp_path: Path) -> None:
        storage = open_storage_at(f"s3://{BUCKET}/x", settings_of(tmp_path, s3))
        with pytest.raises(ForbiddenAddressError):
            storage.put([b"x"])


def test_a_fork_after_the_first_use_is_a_defect_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    storage = in_bucket(MemoryStore())
    digest = storage.put([b"x"]).digest
    monkeypatch.setattr(os, "getpid", lambda: 1)
    with pytest.raises(RuntimeError, match="forked"):
        storage.size(digest)


@pytest.mark.parametrize("url", ["http://bucket", "s3://", "bucket", "s3://a@b/c", "file://host/x", "s3://b/c?d=e"])
def test_only_a_bucket_or_a_folder_is_a_storage(url: str, tmp_path: Path) -> None:
    s3 = S3Address("https://s3.example", "x", "k", "s")
    with pytest.raises(MisconfiguredError, match="SIDECAR_STORAGE_URL"):
        open_storage_at(url, settings_of(tmp_path, s3))


def test_a_bucket_without_a_key_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(MisconfiguredError, match="SIDECAR_S3_ACCESS_KEY"):
        open_storage_at("s3://bucket", settings_of(tmp_path, None))


def test_a_folder_can_be_named(tmp_path: Path) -> None:
    storage = open_storage_at(f"file://{tmp_path}/a%20b", settings_of(tmp_path, None))
    storage.put([b"x"])
    assert (tmp_path / "a b").is_dir()
    assert storage.where == f"{tmp_path}/a b"


def test_no_file_of_many_gets_its_name_before_all_are_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = FolderStorage(tmp_path)
    named: list[int] = []
    monkeypatch.setattr(folder_module, "sync_disk_of", lambda _folder: named.append(len(list(storage.list_held()))))
    storage.put_all([[b"a"], [b"b"]])
    assert named == [0, 2]


def test_what_a_killed_put_of_many_left_is_removed(tmp_path: Path) -> None:
    storage = FolderStorage(tmp_path)
    (tmp_path / "new-batch").mkdir()
    (tmp_path / "new-batch" / "new-").write_bytes(b"half")
    assert storage.clear_leftovers(datetime.now(UTC) + MINUTE, dry_run=False) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("has_syncfs", [True, False])
def test_the_disk_is_waited_for_with_and_without_the_systems_help(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_syncfs: bool
) -> None:
    if not has_syncfs:
        monkeypatch.setattr("ctypes.CDLL", lambda *_args, **_options: object())
    (tmp_path / "a").write_bytes(b"a")
    sync_disk_of(tmp_path)
    with pytest.raises(OSError, match="No such file"):
        sync_disk_of(tmp_path / "missing")


def test_a_put_that_ends_while_leftovers_are_looked_for_is_none(tmp_path: Path) -> None:
    (tmp_path / "new-1").symlink_to(tmp_path / "gone")  # listed, and not there any more when it is looked at
    assert FolderStorage(tmp_path).clear_leftovers(datetime.now(UTC) + MINUTE, dry_run=False) == 0
