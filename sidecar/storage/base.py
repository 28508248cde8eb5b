"""Say what a storage is: files by content, the same bytes lie there once, under their SHA-256."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from sidecar.errors import UnreachableError

CHUNK_BYTES: Final = 256 * 1024
FRESH: Final = timedelta(hours=12)
"""A file put again counts as new: one that is older than this gets the time of the new put."""

_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)


class StorageUnreachableError(UnreachableError):
    """The storage of files ({host}) does not answer. Try again in a minute."""

    code = "storage-unreachable"


class StorageRefusedError(StorageUnreachableError):
    """The storage of files ({host}) does not let us in, or has no such bucket. An operator must check SIDECAR_S3_*."""

    code = "storage-refused"


@dataclass(frozen=True)
class Stored:
    """What lies in the storage: SHA-256 in lower-case hexadecimal, and how much it is."""

    digest: str
    size_bytes: int


@dataclass(frozen=True)
class Held:
    """A file that a listing found; `put_at` is when it was put last, give or take `FRESH`."""

    digest: str
    size_bytes: int
    put_at: datetime


class Storage(Protocol):
    """Be a place for files by content; every method takes a digest that `put` gave.

    Each may raise StorageUnreachableError where the storage lies behind a network.
    """

    where: str
    """What it is, for an operator to read; no secret in it."""

    def put(self, stream: Iterable[bytes]) -> Stored:
        """Store what the stream yields; it is whole and on the disk when this returns, and younger than `FRESH`."""

    def put_all(self, streams: Iterable[Iterable[bytes]]) -> list[Stored]:
        """Store many, in the order of the streams; all are whole and on the disk when this returns, as with `put`."""

    def stream(self, digest: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Yield the bytes from `start` up to and without `end`, in pieces; raise NotFoundError at once."""

    def size(self, digest: str) -> int:
        """Return the size in bytes; raise NotFoundError where there is none."""

    def remove(self, digest: str, *, put_before: datetime | None = None) -> bool:
        """Take a file away; one that is not there is no error.

        Args:
            put_before: leave it where it was put again since then.

        Returns:
            Whether it is gone now.
        """

    def list_held(self) -> Iterator[Held]:
        """Yield every whole file, in any order."""

    def clear_leftovers(self, put_before: datetime, *, dry_run: bool) -> int:
        """Remove what puts that were killed left half-written before a time; return how many there were."""


def is_digest(name: str) -> bool:
    """Tell whether a name is a SHA-256 in lower-case hexadecimal."""
    return _DIGEST.fullmatch(name) is not None


def key_of(digest: str) -> str:
    """Return where a file lies, two folders deep.

    Raises:
        ValueError: that is no digest, and must never become part of a path.
    """
    if not is_digest(digest):
        raise ValueError("a digest is 64 lower-case hexadecimal characters")
    return f"{digest[:2]}/{digest[2:4]}/{digest}"
