"""Keep what was fetched of a bundle till all of it is here: files by their SHA-256, whole or begun.

Whoever adds to a folder, or forgets it, holds the lock beside it: two who added to one file would spoil it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from sidecar.errors import SidecarError
from sidecar.storage.base import CHUNK_BYTES, is_digest

FOLDER: Final = "fetching"
BEGUN: Final = ".begun"
LOCK: Final = ".lock"


class FetchUnderWayError(SidecarError):
    """This learning path is being fetched just now. It is looked at again later."""

    code = "fetch-under-way"


class Staging:
    """A folder of one offer's files; it outlives the process, so that a fetch goes on where it was."""

    def __init__(self, data: Path, offered_id: str) -> None:
        """Name the folder; it is made when something is kept."""
        self._folder = data / FOLDER / offered_id

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the folder for one job alone.

        Raises:
            FetchUnderWayError: another one holds it.
        """
        self._folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = self._folder.with_suffix(LOCK)
        with file.open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                is_there = os.path.samestat(os.fstat(lock.fileno()), file.stat())
            except (BlockingIOError, FileNotFoundError):
                raise FetchUnderWayError from None
            if not is_there:  # whoever held it has taken it away since, and another has made a new one
                raise FetchUnderWayError
            try:
                yield
            finally:
                file.unlink(missing_ok=True)

    def has(self, digest: str) -> bool:
        """Tell whether a file is here as a whole."""
        return self._path(digest).is_file()

    def begun_bytes(self, digest: str) -> int:
        """Return how many bytes of a file are here."""
        path = self._begun(digest)
        return path.stat().st_size if path.is_file() else 0

    def add(self, digest: str, piece: bytes) -> None:
        """Add bytes at the end of a file that is begun."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._begun(digest).open("ab") as file:
            file.write(piece)

    def finish(self, digest: str) -> bool:
        """Take a file for whole if its content is what its name says; else forget it, and return False."""
        begun = self._begun(digest)
        with begun.open("rb") as file:
            is_right = hashlib.file_digest(file, "sha256").hexdigest() == digest
        if is_right:
            begun.replace(self._path(digest))
        else:
            begun.unlink()
        return is_right

    def open(self, digest: str) -> BinaryIO:
        """Open a file that is here as a whole."""
        return self._path(digest).open("rb", buffering=CHUNK_BYTES)

    def clear(self) -> None:
        """Forget everything."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _path(self, digest: str) -> Path:
        if not is_digest(digest):
            raise ValueError("a digest is 64 lower-case hexadecimal characters")
        return self._folder / digest

    def _begun(self, digest: str) -> Path:
        return self._path(digest).with_suffix(BEGUN)


def list_staged(data: Path) -> list[str]:
    """Return the ids of the offers of which anything is here."""
    return sorted(path.name for path in (data / FOLDER).glob("*") if path.suffix != LOCK)
