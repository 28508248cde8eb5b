"""Read a package whose files lie apart, as a store keeps them: by the same rules as one in a zip file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from scorm_packages.archive import Entry, Limits
from scorm_packages.entry_name import normalize_name, refuse_collisions
from scorm_packages.errors import (
    EntryMissingError,
    EntryTooLargeError,
    ManifestMisplacedError,
    NameNotTextError,
    PackageTooLargeError,
    SizeLieError,
    TooManyEntriesError,
)
from scorm_packages.package_root import find_root

OpenFile = Callable[[str], Iterator[bytes]]
"""Yield the bytes of the file at a path in the package."""


class Opened(Protocol):
    """Be a package that can be read: `scorm_packages.archive.Archive`, or `Unpacked`."""

    root: str
    entries: tuple[Entry, ...]
    outside: tuple[Entry, ...]

    @property
    def manifest_path(self) -> str:
        """Return the name of the manifest that counts."""

    def read(self, path: str, limit_bytes: int) -> bytes:
        """Return a whole file; raise EntryTooLargeError before reading one over the limit."""

    def stream(self, path: str) -> Iterator[bytes]:
        """Yield a file in pieces."""

    def verify(self, entry: Entry) -> None:
        """Read an entry of `outside` to its end and keep nothing."""


class Unpacked:
    """Hand out the files of a package that lie apart; nothing stands around or beside them."""

    root = ""
    outside: tuple[Entry, ...] = ()

    def __init__(self, sizes: Mapping[str, int], open_file: OpenFile, limits: Limits | None = None) -> None:
        """Judge the names and sizes before a byte is read.

        Args:
            sizes: the size in bytes of each file, by its path.

        Raises:
            PackageError: they break a rule of the container.
        """
        _refuse_over(sizes, limits or Limits())
        self._sizes, self._open = sizes, open_file
        self.entries = tuple(Entry(path, size_bytes, 0) for path, size_bytes in sizes.items())

    @property
    def manifest_path(self) -> str:
        """Return the name of the manifest that counts."""
        return "imsmanifest.xml" if "imsmanifest.xml" in self._sizes else "cmi5.xml"

    def read(self, path: str, limit_bytes: int) -> bytes:
        """Return a whole file; raise EntryTooLargeError before reading one over the limit, and what stream raises."""
        if self._size(path) > limit_bytes:
            raise EntryTooLargeError(path, limit=limit_bytes)
        return b"".join(self.stream(path))

    def stream(self, path: str) -> Iterator[bytes]:
        """Yield a file in pieces; raise EntryMissingError, or SizeLieError where its size is not what was said."""
        left = self._size(path)
        for piece in self._open(path):
            left -= len(piece)
            if left < 0:
                raise SizeLieError(path)
            yield piece
        if left:
            raise SizeLieError(path)

    def verify(self, entry: Entry) -> None:
        """Raise EntryMissingError: nothing lies outside."""
        raise EntryMissingError(entry.path)

    def _size(self, path: str) -> int:
        try:
            return self._sizes[path]
        except KeyError:
            raise EntryMissingError(path) from None


def _refuse_over(sizes: Mapping[str, int], limits: Limits) -> None:
    if len(sizes) > limits.entries:
        raise TooManyEntriesError(limit=limits.entries)
    for path in sizes:
        if normalize_name(path, limits.name_bytes, limits.depth) != path:
            raise NameNotTextError(path)
    refuse_collisions(sizes, ())
    if (size_bytes := sum(sizes.values())) > limits.total_bytes:
        raise PackageTooLargeError(size_bytes=size_bytes, limit=limits.total_bytes)
    if root := find_root(sizes):
        raise ManifestMisplacedError(root)
