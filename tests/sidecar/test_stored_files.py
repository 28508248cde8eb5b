"""Take away only what nobody names and nobody is about to name; carry all of it to another storage."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sidecar.catalogue import add_package
from sidecar.core.municipalities import Municipality
from sidecar.core.periods import read_period
from sidecar.errors import InvalidInputError
from sidecar.reports import asking
from sidecar.runtime import Sidecar
from sidecar.settings import S3Address
from sidecar.storage import FolderStorage, Held, Stored, open_storage, open_storage_at
from sidecar.stored_files import Swept, copy, sweep
from tests.fakes.clock import FakeClock
from tests.fakes.package import make_package
from tests.fakes.s3 import BUCKET
from tests.sidecar.reports.world import World


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return make_package(tmp_path / "p.zip", pages={"a": "<title>A</title>"})


@pytest.fixture(autouse=True)
def _two_days_later(clock: FakeClock) -> None:
    """Files get their time from the disk."""
    clock.set(datetime.now(UTC) + timedelta(days=2))


def quiet(_count: int) -> None:
    """Tell nobody."""


def held(sidecar: Sidecar) -> set[str]:
    return {one.digest for one in sidecar.storage.list_held()}


def test_what_nothing_names_goes_and_the_rest_stays(sidecar: Sidecar, package: Path, kongsberg: Municipality) -> None:
    add_package(sidecar, package, is_published=True)
    World(sidecar).folder(kongsberg, sidecar.settings.data / "reports")
    assert asking.request(sidecar, kongsberg.id, read_period("2026-08"))
    kept = held(sidecar)
    orphan = sidecar.storage.put([b"of an import that was killed"])
    assert sweep(sidecar, dry_run=True) == sweep(sidecar) == Swept(1, orphan.size_bytes, 0)
    assert held(sidecar) == kept
    assert len(kept) > 3
    assert sweep(sidecar) == Swept(0, 0, 0)


def test_what_is_younger_than_a_day_may_be_on_its_way(sidecar: Sidecar, clock: FakeClock) -> None:
    sidecar.storage.put([b"x"])
    clock.set(datetime.now(UTC) + timedelta(hours=23))
    assert sweep(sidecar).files == 0
    clock.advance(hours=2)
    assert sweep(sidecar).files == 1


def test_an_import_under_way_keeps_the_old_file_it_found_there(
    sidecar: Sidecar, package: Path, clock: FakeClock
) -> None:
    """The files of a killed import are old, and taken up again just as the sweep goes through them."""
    add_package(sidecar, package, key="first", is_published=True)
    clock.set(datetime.now(UTC) + timedelta(hours=1))
    folder = sidecar.settings.data / "files"
    content = [b"".join(sidecar.storage.stream(digest)) for digest in held(sidecar)]
    with sidecar.engine.begin() as connection:
        connection.execute(sidecar.tables.tables["package_file"].delete())
    for path in folder.rglob("?" * 64):
        os.utime(path, (0, 0))

    class Storage(FolderStorage):
        """Put every file again after the sweep has listed it."""

        def list_held(self) -> Iterator[Held]:
            for one in list(super().list_held()):
                for each in content:
                    self.put([each])
                yield one

    sidecar.storage = Storage(folder)
    assert sweep(sidecar).files == 0
    assert len(held(sidecar)) == len(content)


def test_half_written_files_go(sidecar: Sidecar) -> None:
    sidecar.storage.put([b"x"])
    half = sidecar.settings.data / "files" / "new-abc"
    half.write_text("half")
    assert sweep(sidecar, dry_run=True).leftovers == 1
    assert half.exists()
    assert sweep(sidecar).leftovers == 1
    assert not half.exists()


def test_a_copy_goes_on_where_it_was_broken_off(sidecar: Sidecar, package: Path, tmp_path: Path) -> None:
    add_package(sidecar, package, is_published=True)

    class Breaking(FolderStorage):
        left = 1

        def put(self, stream: Iterable[bytes]) -> Stored:
            self.left -= 1
            if self.left < 0:
                raise OSError("gone")
            return super().put(stream)

    with pytest.raises(OSError, match="gone"):
        copy(sidecar, Breaking(tmp_path / "there"), quiet)
    target = open_storage_at(f"file://{tmp_path}/there", sidecar.settings)
    copied = copy(sidecar, target, quiet)
    assert (copied.files, copied.copied, copied.damaged) == (len(held(sidecar)), len(held(sidecar)) - 1, ())
    assert {one.digest for one in target.list_held()} == held(sidecar)
    assert copy(sidecar, target, quiet).copied == 0


def test_a_damaged_file_is_not_copied_and_named(sidecar: Sidecar, tmp_path: Path) -> None:
    digest = sidecar.storage.put([b"content"]).digest
    next((sidecar.settings.data / "files").rglob(digest)).write_bytes(b"another")
    target = FolderStorage(tmp_path / "there")
    assert copy(sidecar, target, quiet).damaged == (digest,)
    assert list(target.list_held()) == []


def test_the_storage_in_use_is_no_target(sidecar: Sidecar) -> None:
    with pytest.raises(InvalidInputError):
        copy(sidecar, open_storage(sidecar.settings), quiet)


@pytest.mark.slow
def test_an_installation_moves_into_a_bucket(sidecar: Sidecar, package: Path, s3: S3Address, tmp_path: Path) -> None:
    add_package(sidecar, package, is_published=True)
    url = f"s3://{BUCKET}/{tmp_path.name}"
    moved = replace(sidecar.settings, s3=s3, allowed_private=("127.0.0.1",), storage_url=url)
    before = held(sidecar)
    assert copy(sidecar, open_storage_at(url, moved), quiet).copied == len(before)
    sidecar.storage = open_storage(moved)
    assert held(sidecar) == before
    orphan = sidecar.storage.put([b"x"])
    assert sweep(sidecar) == Swept(1, orphan.size_bytes, 0)
    assert held(sidecar) == before
