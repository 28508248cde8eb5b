"""Keep files by their content: the same bytes lie there once, under their SHA-256."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from sidecar.errors import NotFoundError
from sidecar.settings import Settings

FOLDER = "files"
CHUNK_BYTES = 256 * 1024
DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True)
class Stored:
    """What lies in the storage: SHA-256 in lower-case hexadecimal, and how much it is."""

    digest: str
    size_bytes: int


class Storage(Protocol):
    """Be a place for files by content; every method takes a digest that `put` gave."""

    def put(self, stream: Iterable[bytes]) -> Stored:
        """Store what the stream yields; it is whole and on the disk when this returns."""

    def stream(self, digest: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Yield the bytes from `start` up to and without `end`, in pieces; raise NotFoundError at once."""

    def size(self, digest: str) -> int:
        """Return the size in bytes; raise NotFoundError where there is none."""

    def remove(self, digest: str) -> None:
        """Take a file away; one that is not there is no error."""


class FolderStorage:
    """Keep files in a folder of this machine, two levels deep."""

    def __init__(self, folder: Path) -> None:
        """Use a folder; it is made on first use."""
        self._folder = folder

    def put(self, stream: Iterable[bytes]) -> Stored:
        """Store what the stream yields; it is whole and on the disk when this returns."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix="new-", dir=self._folder)
        new = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                stored = _write(file, stream)
            self._keep(new, self._path(stored.digest))
        finally:
            new.unlink(missing_ok=True)
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

    def remove(self, digest: str) -> None:
        """Take a file away; one that is not there is no error."""
        self._path(digest).unlink(missing_ok=True)

    def _path(self, digest: str) -> Path:
        if not DIGEST.fullmatch(digest):
            raise ValueError("a digest is 64 lower-case hexadecimal characters")
        return self._folder / digest[:2] / digest[2:4] / digest

    def _keep(self, new: Path, path: Path) -> None:
        if path.is_file():
            return
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new.replace(path)
        for folder in (path.parent, path.parent.parent, self._folder):
            _sync_folder(folder)


def _write(file: BinaryIO, stream: Iterable[bytes]) -> Stored:
    digest, size_bytes = hashlib.sha256(), 0
    for piece in stream:
        digest.update(piece)
        size_bytes += len(piece)
        file.write(piece)
    file.flush()
    os.fsync(file.fileno())
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


def open_storage(settings: Settings) -> Storage:
    """Open the storage that the settings name."""
    return FolderStorage(settings.data / FOLDER)
