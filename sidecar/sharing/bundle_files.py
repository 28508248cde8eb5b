"""Write a bundle to a file, and read one: what is cut off, or laid out otherwise, is refused when it is opened."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final, Protocol

from isal import isal_zlib

from sidecar.errors import NotFoundError, SidecarError
from sidecar.room import is_no_room
from sidecar.sharing.bundle_errors import (
    BundleCutOffError,
    BundleDamagedError,
    BundleNotWrittenError,
    BundleTooLargeError,
    BundleUnreadableError,
    BundleUnsignedError,
    StoredPartDamagedError,
)
from sidecar.sharing.bundle_wire import MOST_BYTES
from sidecar.sharing.bundle_zip import Entry, directory, header, header_bytes, read_entry
from sidecar.storage.base import is_digest

MANIFEST: Final = "bundle.json"
SIGNATURE: Final = "bundle.jws"
PARTS: Final = "parts/"
SIGNATURE_BYTES: Final = 8 * 1024
MOST_PARTS: Final = 500_000
UNFINISHED: Final = ".unfinished"


class Content(Protocol):
    """Be what can be read from beginning to end, such as an open file."""

    def read(self, size_bytes: int, /) -> bytes:
        """Return the next bytes, at most so many; none at the end."""

    def close(self) -> None:
        """Give back what it holds."""


OpenPart = Callable[[str], Content]
"""Open the content of this SHA-256, from its beginning."""


class Bundle:
    """Hand out what a bundle holds. `parts`: the size in bytes of each content by its SHA-256."""

    def __init__(self, file: BinaryIO, entries: Mapping[str, Entry]) -> None:
        """Take a file that is laid out as a bundle, and read what stands before its parts."""
        self._file = file
        self._entries = entries
        self.manifest = self._read(MANIFEST)
        self.signature = self._read(SIGNATURE).decode("ascii", "replace")
        named = {name.removeprefix(PARTS): one for name, one in entries.items() if name.startswith(PARTS)}
        self.parts = {digest: one.size_bytes for digest, one in named.items()}

    def open_part(self, digest: str) -> Content:
        """Open a content.

        Raises:
            BundleDamagedError: there is none of this SHA-256; or, at its end, its checksum is another.
        """
        entry = self._entries.get(PARTS + digest)
        if entry is None:
            raise BundleDamagedError(where=PARTS + digest)
        return _EntryContent(self._file, entry)

    def _read(self, name: str) -> bytes:
        entry = self._entries[name]
        return _EntryContent(self._file, entry).read(entry.size_bytes)


class _EntryContent:
    """The content of an entry; its checksum is judged at its end."""

    def __init__(self, file: BinaryIO, entry: Entry) -> None:
        self._file, self._entry = file, entry
        self._at, self._crc = entry.data_start, 0

    def read(self, size_bytes: int, /) -> bytes:
        wanted = min(size_bytes, self._entry.end - self._at)
        self._file.seek(self._at)
        piece = self._file.read(wanted)
        self._at += len(piece)
        self._crc = isal_zlib.crc32(piece, self._crc)
        if len(piece) < wanted or (self._at == self._entry.end and self._crc != self._entry.crc):
            raise BundleDamagedError(where=self._entry.name)
        return piece

    def close(self) -> None:
        """Leave the file open: it is the bundle's."""


@contextmanager
def open_bundle(path: Path) -> Iterator[Bundle]:
    """Open a bundle for reading; who signed it is not looked at here.

    Raises:
        NotFoundError: there is no such file, or it can't be read.
        BundleUnreadableError, BundleUnsignedError: it is none, or a zip file of somebody else's.
        BundleCutOffError, BundleDamagedError, BundleTooLargeError: it is not laid out as it must be.
    """
    if not path.is_file():  # nor a pipe, which nobody might write to
        raise NotFoundError(what="readable file", key=path.name)
    try:
        file = path.open("rb")
    except OSError:
        raise NotFoundError(what="readable file", key=path.name) from None
    with file:
        yield Bundle(file, _survey(file))


def write_bundle(
    path: Path, manifest: bytes, signature: str, parts: Mapping[str, int], open_part: Callable[[str], Iterator[bytes]]
) -> None:
    """Write a bundle; the file appears when it is whole and on the disk, or not at all.

    Args:
        parts: the size in bytes of each content by its SHA-256, in order.

    Raises:
        StoredPartDamagedError: a part is not what its SHA-256 says.
        BundleNotWrittenError: nothing can be written there.
        OSError: the disk is full.
    """
    unfinished = path.with_name(path.name + UNFINISHED)
    try:
        with unfinished.open("w+b") as file:
            entries = [_add(file, 0, MANIFEST, iter([manifest]))]
            entries.append(_add(file, entries[-1].end, SIGNATURE, iter([signature.encode()])))
            for digest in parts:
                entries.append(_add(file, entries[-1].end, PARTS + digest, open_part(digest)))
            file.write(directory(entries))
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError as error:
        if is_no_room(error):
            raise
        raise BundleNotWrittenError(file=path.name, reason=error.strerror or "?") from None
    finally:
        with suppress(OSError):
            unfinished.unlink()


def _add(file: BinaryIO, offset: int, name: str, pieces: Iterator[bytes]) -> Entry:
    """Write an entry at the end of a file; its header follows when its content is known."""
    file.write(header(Entry(name, 0, 0, offset)))
    crc, size_bytes, digest = 0, 0, hashlib.sha256()
    for piece in pieces:
        crc = isal_zlib.crc32(piece, crc)
        digest.update(piece)
        size_bytes += len(piece)
        file.write(piece)
    if name.startswith(PARTS) and digest.hexdigest() != name.removeprefix(PARTS):
        raise StoredPartDamagedError(digest=name.removeprefix(PARTS))
    entry = Entry(name, size_bytes, crc, offset)
    file.seek(offset)
    file.write(header(entry))
    file.seek(entry.end)
    return entry


def _survey(file: BinaryIO) -> dict[str, Entry]:
    """Return the entries of a bundle by name, each where it must be."""
    file_bytes = file.seek(0, os.SEEK_END)
    entries = [_find(file, 0, MANIFEST, MOST_BYTES, BundleUnreadableError())]
    _refuse_cut_off(entries[0], file_bytes - header_bytes(SIGNATURE))
    entries.append(_find(file, entries[0].end, SIGNATURE, SIGNATURE_BYTES, BundleUnsignedError()))
    _refuse_cut_off(entries[1], file_bytes)
    if not entries[1].size_bytes:
        raise BundleUnsignedError
    while (entry := read_entry(file, entries[-1].end)) is not None:
        if not entries[-1].name < entry.name or not is_digest(_digest_in(entry.name)):
            raise BundleDamagedError(where=entry.name[:200])
        _refuse_cut_off(entry, file_bytes)
        entries.append(entry)
        if len(entries) > MOST_PARTS:
            raise BundleDamagedError(where=PARTS)
    _check_directory(file, entries, file_bytes)
    return {one.name: one for one in entries}


def _find(file: BinaryIO, offset: int, name: str, most_bytes: int, missing: SidecarError) -> Entry:
    entry = read_entry(file, offset)
    if entry is None or entry.name != name:
        raise missing
    if entry.size_bytes > most_bytes:
        raise BundleTooLargeError(what=name, size_bytes=entry.size_bytes, most_bytes=most_bytes)
    return entry


def _digest_in(name: str) -> str:
    return name.removeprefix(PARTS) if name.startswith(PARTS) else ""


def _refuse_cut_off(entry: Entry, file_bytes: int) -> None:
    if entry.end > file_bytes:
        raise BundleCutOffError(size_bytes=file_bytes, where=entry.name)


def _check_directory(file: BinaryIO, entries: list[Entry], file_bytes: int) -> None:
    wanted, start = directory(entries), entries[-1].end
    file.seek(start)
    found = file.read(len(wanted))
    if found != wanted[: len(found)] or file_bytes > start + len(wanted):
        raise BundleDamagedError(where="its directory")
    if len(found) < len(wanted):
        raise BundleCutOffError(size_bytes=file_bytes, where="its directory")
