"""Open a package's zip file safely: what is refused is refused before a byte of content is handed out."""

import errno
import os
import stat
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from scorm_packages.entry_name import normalize_name, refuse_collisions
from scorm_packages.errors import (
    BadCrcError,
    BadDataError,
    EncryptedEntryError,
    EntryMissingError,
    EntryTooLargeError,
    NonRegularEntryError,
    OverlappingEntriesError,
    PackageTooLargeError,
    RatioTooHighError,
    SizeLieError,
    TotalRatioTooHighError,
    UnknownCompressionError,
)
from scorm_packages.package_root import find_root
from scorm_packages.zip_directory import Header, find_data, read_headers

STORED, DEFLATED = 0, 8
CHUNK_BYTES = 65_536
SPECIAL_KINDS = frozenset((stat.S_IFLNK, stat.S_IFIFO, stat.S_IFSOCK, stat.S_IFCHR, stat.S_IFBLK))


@dataclass(frozen=True)
class Limits:
    """Bound what a package may hold.

    The ratio is not asked of what unpacks to `ratio_floor_bytes` or less: empty spreadsheets and blank images
    compress better than 1 : 100 and hurt nobody, and 20,000 of them still meet the ratio of the whole.
    """

    entries: int = 20_000
    ratio: int = 100
    ratio_floor_bytes: int = 65_536
    depth: int = 50
    name_bytes: int = 255
    total_bytes: int = 10 * 10**9
    manifest_bytes: int = 8 * 1024**2


@dataclass(frozen=True, slots=True)
class Entry:
    """Name one file of a package; its path counts from the package's root."""

    path: str
    size_bytes: int
    crc: int


@dataclass(frozen=True, slots=True)
class _Slot:
    header: Header
    data_start: int


class Archive:
    """Hand out the files of an open package.

    `root` is the sole top folder that was left out of all paths, with its `/`, or empty.
    `outside` are the system files that stand beside that folder: checked, never served.
    """

    def __init__(self, file: BinaryIO, slots: Mapping[str, _Slot]) -> None:
        self._file = file
        self.root = find_root(slots)
        self._slots: dict[str, _Slot] = {}
        outside: list[str] = []
        for path, slot in slots.items():
            if path.startswith(self.root):
                self._slots[path.removeprefix(self.root)] = slot
            else:
                outside.append(path)
        self.entries = tuple(_describe(path, slot) for path, slot in self._slots.items())
        self.outside = tuple(_describe(path, slots[path]) for path in outside)
        self._outside = {path: slots[path] for path in outside}

    @property
    def manifest_path(self) -> str:
        """Return the name of the manifest that counts."""
        return "imsmanifest.xml" if "imsmanifest.xml" in self._slots else "cmi5.xml"

    def read(self, path: str, limit_bytes: int) -> bytes:
        """Return a whole file; raise EntryTooLargeError before reading one over the limit, and what stream raises."""
        if self._find(path).header.size_bytes > limit_bytes:
            raise EntryTooLargeError(path, limit=limit_bytes)
        return b"".join(self.stream(path))

    def stream(self, path: str) -> Iterator[bytes]:
        """Yield a file in pieces of at most 64 KiB; its size and checksum are judged as it goes.

        Raises EntryMissingError, SizeLieError, BadDataError, and BadCrcError after the last piece.
        """
        return _unpack(self._file, self._find(path))

    def verify(self, entry: Entry) -> None:
        """Read an entry of `outside` to its end and keep nothing; raise what stream raises."""
        for _ in _unpack(self._file, self._outside[entry.path]):
            pass

    def _find(self, path: str) -> _Slot:
        try:
            return self._slots[path]
        except KeyError:
            raise EntryMissingError(path) from None


@contextmanager
def open_package(path: Path, limits: Limits | None = None) -> Iterator[Archive]:
    """Open a package for reading.

    Raises a PackageError for a file that breaks a rule of the container, OSError for one that cannot be opened.
    The checksum and true size of an entry show when it is read.
    """
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
    with path.open("rb") as file:
        yield Archive(file, _survey(file, limits or Limits()))


def _survey(file: BinaryIO, limits: Limits) -> dict[str, _Slot]:
    headers, directory_start = read_headers(file, limits.entries)
    files: list[tuple[str, Header]] = []
    folders: list[str] = []
    for header in headers:
        path = normalize_name(header.name, limits.name_bytes, limits.depth)
        _refuse_kind(header)
        _refuse_size(header, limits)
        if header.name.endswith("/") or stat.S_ISDIR(header.mode) or not path:
            _refuse_full_folder(header)
            folders.append(path)
        else:
            files.append((path, header))
    refuse_collisions((path for path, _ in files), folders)
    starts = _locate(file, headers, directory_start)
    _refuse_total(headers, limits)
    return {path: _Slot(header, starts[header.offset]) for path, header in files}


def _refuse_kind(header: Header) -> None:
    if stat.S_IFMT(header.mode) in SPECIAL_KINDS:
        raise NonRegularEntryError(header.name)
    if header.is_encrypted:
        raise EncryptedEntryError(header.name)
    if header.method not in {STORED, DEFLATED}:
        raise UnknownCompressionError(header.name, method=header.method)


def _refuse_full_folder(header: Header) -> None:
    if header.size_bytes:
        raise NonRegularEntryError(header.name)


def _refuse_size(header: Header, limits: Limits) -> None:
    if header.method == STORED and header.packed_bytes != header.size_bytes:
        raise SizeLieError(header.name)
    if _is_bomb(header.size_bytes, header.packed_bytes, limits):
        raise RatioTooHighError(header.name, limit=limits.ratio)


def _refuse_total(headers: Sequence[Header], limits: Limits) -> None:
    size_bytes = sum(header.size_bytes for header in headers)
    if size_bytes > limits.total_bytes:
        raise PackageTooLargeError(size_bytes=size_bytes, limit=limits.total_bytes)
    if _is_bomb(size_bytes, sum(header.packed_bytes for header in headers), limits):
        raise TotalRatioTooHighError(limit=limits.ratio)


def _is_bomb(size_bytes: int, packed_bytes: int, limits: Limits) -> bool:
    return size_bytes > limits.ratio_floor_bytes and size_bytes > limits.ratio * packed_bytes


def _locate(file: BinaryIO, headers: Sequence[Header], directory_start: int) -> dict[int, int]:
    """Return where each entry's data begin, by the offset of its local header; no two may overlap."""
    starts: dict[int, int] = {}
    end = 0
    for header in sorted(headers, key=lambda header: header.offset):
        if header.offset < end or header.offset >= directory_start:
            raise OverlappingEntriesError(header.name)
        data_start = find_data(file, header)
        starts[header.offset] = data_start
        end = data_start + header.packed_bytes
        if end > directory_start:
            raise OverlappingEntriesError(header.name)
    return starts


def _describe(path: str, slot: _Slot) -> Entry:
    return Entry(path, slot.header.size_bytes, slot.header.crc)


def _unpack(file: BinaryIO, slot: _Slot) -> Iterator[bytes]:
    header = slot.header
    pieces = _read_packed(file, slot)
    crc = size_bytes = 0
    # Some writers call an empty file deflated and store nothing for it.
    for piece in pieces if header.method == STORED or not header.packed_bytes else _inflate(header.name, pieces):
        size_bytes += len(piece)
        if size_bytes > header.size_bytes:
            raise SizeLieError(header.name)
        crc = zlib.crc32(piece, crc)
        yield piece
    if size_bytes != header.size_bytes:
        raise SizeLieError(header.name)
    if crc != header.crc:
        raise BadCrcError(header.name)


def _read_packed(file: BinaryIO, slot: _Slot) -> Iterator[bytes]:
    at, end = slot.data_start, slot.data_start + slot.header.packed_bytes
    while at < end:
        file.seek(at)
        piece = file.read(min(CHUNK_BYTES, end - at))
        if not piece:
            raise SizeLieError(slot.header.name)
        at += len(piece)
        yield piece


def _inflate(name: str, pieces: Iterator[bytes]) -> Iterator[bytes]:
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    for piece in pieces:
        if unpacker.eof:
            raise SizeLieError(name)
        while piece and not unpacker.eof:
            try:
                data = unpacker.decompress(piece, CHUNK_BYTES)
            except zlib.error:
                raise BadDataError(name) from None
            piece = unpacker.unconsumed_tail
            if data:
                yield data
    yield from _drain(name, unpacker)


def _drain(name: str, unpacker: "zlib._Decompress") -> Iterator[bytes]:
    while not unpacker.eof:
        try:
            data = unpacker.decompress(unpacker.unconsumed_tail, CHUNK_BYTES)
        except zlib.error:
            raise BadDataError(name) from None
        if not data:
            break
        yield data
    # Cut off before its end, or with bytes behind it that no reader would unpack.
    if not unpacker.eof or unpacker.unused_data:
        raise SizeLieError(name)
