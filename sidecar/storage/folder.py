"""Keep files in a folder of this machine, or one that several machines mount."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from sidecar.errors import NotFoundError
from sidecar.storage.base import CHUNK_BYTES, FRESH, Held, Stored, is_digest, key_of
from sidecar.storage.disk import sync_disk_of

NEW = "new-"
LEAVING = "leaving-"


class FolderStorage:
    """Keep files in a folder, two levels deep."""

    def __init__(self, folder: Path) -> None:
        """Use a folder; it is made on first use."""
        self._folder = folder
        self.where = str(folder)

    def put(self, stream: Iterable[bytes]) -> Stored:
        """Store what the stream yields; it is whole and on the disk when this returns, and younger than `FRESH`."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=NEW, dir=self._folder)
        new = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                stored = _write(file, stream)
            self._keep(new, self._path(stored.digest))
        finally:
            new.unlink(missing_ok=True)
        return stored

    def put_all(self, streams: Iterable[Iterable[bytes]]) -> list[Stored]:
        """Store many; all are whole and on the disk when this returns, and younger than `FRESH`.

        The disk is waited for twice in all: no file gets its name before the bytes of all are on it, as a file that
        has its name is taken for whole by every later put, also after a power cut.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=NEW, dir=self._folder) as name:
            stored = [_write_new(Path(name), stream) for stream in streams]
            sync_disk_of(self._folder)
            for digest in {one.digest for one in stored}:
                self._name(Path(name) / digest, self._path(digest))
            sync_disk_of(self._folder)
        return stored

    def stream(self, digest: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Yield the bytes from `start` up to and without `end`, in pieces; raise NotFoundError at once."""
        self.size(digest)
        return _read(self._path(digest), start, end)

    def size(self, digest: str) -> int:
        """Return the size in bytes; raise NotFoundError where there is none."""
        try:
            return self._path(digest).stat().st_size
        except FileNotFoundError:
            raise NotFoundError(what="file", key=digest) from None

    def remove(self, digest: str, *, put_before: datetime | None = None) -> bool:
        """Take a file away; one that is not there is no error.

        It is set aside before its age is looked at, so that one put again in this instant is not lost.
        """
        path = self._path(digest)
        if put_before is None:
            path.unlink(missing_ok=True)
            return True
        aside = self._folder / f"{LEAVING}{digest}"
        with suppress(FileNotFoundError):  # another removes it, too
            path.rename(aside)
            if _put_at(aside) >= put_before:
                aside.replace(path)
                return False
            aside.unlink()
        return True

    def list_held(self) -> Iterator[Held]:
        """Yield every whole file, in any order."""
        for path in self._folder.glob("[0-9a-f][0-9a-f]/[0-9a-f][0-9a-f]/*"):
            with suppress(FileNotFoundError):  # removed meanwhile
                if is_digest(path.name):
                    yield Held(path.name, path.stat().st_size, _put_at(path))

    def clear_leftovers(self, put_before: datetime, *, dry_run: bool) -> int:
        """Remove what puts that were killed left half-written before a time; return how many there were."""
        new = [path for path in self._folder.glob(f"{NEW}*") if _is_older(path, put_before)]
        leaving = list(self._folder.glob(f"{LEAVING}*"))
        if not dry_run:
            for path in new:
                _remove(path)
            for path in leaving:  # it was not yet sure that it may go
                with suppress(FileNotFoundError):  # another sweep was about to know
                    path.rename(self._path(path.name.removeprefix(LEAVING)))
        return len(new) + len(leaving)

    def _path(self, digest: str) -> Path:
        return self._folder / key_of(digest)

    def _keep(self, new: Path, path: Path) -> None:
        if self._name(new, path):
            for folder in (path.parent, path.parent.parent, self._folder):
                _sync_folder(folder)

    def _name(self, new: Path, path: Path) -> bool:
        """Give a file its name unless one has it already; tell whether it was given."""
        if path.is_file() and _refresh(path):
            return False
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new.replace(path)
        return True


def _put_at(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def _is_older(path: Path, moment: datetime) -> bool:
    """Tell whether a file was put before a moment; one that gets its name in this instant was not."""
    try:
        return _put_at(path) < moment
    except FileNotFoundError:
        return False


def _refresh(path: Path) -> bool:
    """Say that an old file was put just now; tell whether it is still there."""
    try:
        if datetime.now(UTC) - _put_at(path) > FRESH:
            os.utime(path)
    except FileNotFoundError:
        return False
    return True


def _remove(new: Path) -> None:
    """Remove what a put, or a put of many, was still writing."""
    if new.is_dir():
        shutil.rmtree(new, ignore_errors=True)
    else:
        new.unlink(missing_ok=True)


def _write_new(folder: Path, stream: Iterable[bytes]) -> Stored:
    """Write a file of a put of many, under its digest; the disk is not waited for."""
    new = folder / NEW
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        stored = _copy(file, stream)
    new.replace(folder / stored.digest)
    return stored


def _write(file: BinaryIO, stream: Iterable[bytes]) -> Stored:
    stored = _copy(file, stream)
    file.flush()
    os.fsync(file.fileno())
    return stored


def _copy(file: BinaryIO, stream: Iterable[bytes]) -> Stored:
    digest, size_bytes = hashlib.sha256(), 0
    for piece in stream:
        digest.update(piece)
        size_bytes += len(piece)
        file.write(piece)
    return Stored(digest.hexdigest(), size_bytes)


def _sync_folder(folder: Path) -> None:
    """Make a rename outlive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(path: Path, start: int, end: int | None) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(start)
        left = None if end is None else max(0, end - start)
        while piece := file.read(CHUNK_BYTES if left is None else min(CHUNK_BYTES, left)):
            yield piece
            left = None if left is None else left - len(piece)
