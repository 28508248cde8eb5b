"""Write a zip archive whose bytes follow from its contents alone: fixed times, order and attributes.

Python's own writer takes no compressor but zlib, which packs text at a tenth of this one's speed.
Source: PKWARE APPNOTE 6.3.10, §4.3 (records), §4.5.3 (Zip64), appendix D (UTF-8 names).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from struct import pack
from typing import BinaryIO, Final

from isal import isal_zlib

from scorm_packages.building.errors import MediaChangedError

PIECE_BYTES: Final = 1024**2
LEVEL: Final = 2
MOST_TIMES_SMALLER: Final = 50
"""What packs better than this is stored: readers, ours too, take it for a bomb."""

_STORED: Final = 0
_DEFLATED: Final = 8
_UTF_8_NAME: Final = 1 << 11
_DATE_1980_01_01: Final = 1 << 5 | 1
_UNIX: Final = 3 << 8
_REGULAR_0644: Final = 0o100644 << 16
_SEE_ZIP64: Final = 0xFFFF_FFFF
_SEE_ZIP64_COUNT: Final = 0xFFFF
ZIP64_FROM = _SEE_ZIP64
ZIP64_FROM_COUNT = _SEE_ZIP64_COUNT


@dataclass(frozen=True)
class _Entry:
    name: bytes
    method: int
    crc: int
    packed_bytes: int
    size_bytes: int
    offset: int

    @property
    def version(self) -> int:
        """Return which version of the format is needed to unpack it."""
        return 45 if max(self.packed_bytes, self.size_bytes, self.offset) >= ZIP64_FROM else 20


class ZipWriter:
    """Write entries to a file, one after another, never going back; `digest` is the SHA-256 of all of it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._hash = hashlib.sha256()
        self._entries: list[_Entry] = []
        self.size_bytes = 0

    @property
    def digest(self) -> str:
        """Return the SHA-256 of what was written so far, in hexadecimal digits."""
        return self._hash.hexdigest()

    def add_text(self, path: str, content: bytes) -> None:
        """Add a file that packs well; it is held in memory."""
        packer = isal_zlib.compressobj(LEVEL, wbits=-15)
        packed = packer.compress(content) + packer.flush()
        is_smaller = len(packed) < len(content) <= len(packed) * MOST_TIMES_SMALLER
        method, data = (_DEFLATED, packed) if is_smaller else (_STORED, content)
        self._begin(path, method, isal_zlib.crc32(content), len(data), len(content))
        self._write(data)

    def add_file(self, path: str, source: Path) -> None:
        """Add a file as it is, a piece at a time.

        It is read twice: its checksum stands before it, and going back would forbid to hash on the way.

        Raises:
            MediaChangedError: it is not the same at the second reading, or can't be read.
        """
        try:
            crc, size_bytes = _read_through(source)
            self._begin(path, _STORED, crc, size_bytes, size_bytes)
            self._copy(path, source, crc, size_bytes)
        except OSError as error:
            if error.filename is None:  # the target's disk is full, say
                raise
            raise MediaChangedError(path=path) from None

    def close(self) -> None:
        """Write the directory at the end; the file itself stays open."""
        start = self.size_bytes
        for entry in self._entries:
            self._write(_central_header(entry))
        size = self.size_bytes - start
        count = len(self._entries)
        if max(start, size) >= ZIP64_FROM or count >= ZIP64_FROM_COUNT:
            self._write(pack("<4sQHHLLQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, start))
            self._write(pack("<4sLQL", b"PK\6\7", 0, start + size, 1))
        few = count if count < ZIP64_FROM_COUNT else _SEE_ZIP64_COUNT
        self._write(pack("<4s4H2LH", b"PK\5\6", 0, 0, few, few, _short(size), _short(start), 0))

    def _begin(self, path: str, method: int, crc: int, packed_bytes: int, size_bytes: int) -> None:
        entry = _Entry(path.encode(), method, crc, packed_bytes, size_bytes, self.size_bytes)
        self._entries.append(entry)
        self._write(_local_header(entry))

    def _copy(self, path: str, source: Path, crc: int, size_bytes: int) -> None:
        copied_crc = copied_bytes = 0
        with source.open("rb") as file:
            while piece := file.read(PIECE_BYTES):
                copied_crc = isal_zlib.crc32(piece, copied_crc)
                copied_bytes += len(piece)
                self._write(piece)
        if (copied_crc, copied_bytes) != (crc, size_bytes):
            raise MediaChangedError(path=path)

    def _write(self, data: bytes) -> None:
        self._file.write(data)
        self._hash.update(data)
        self.size_bytes += len(data)


def _read_through(source: Path) -> tuple[int, int]:
    crc = size_bytes = 0
    with source.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            crc = isal_zlib.crc32(piece, crc)
            size_bytes += len(piece)
    return crc, size_bytes


def _local_header(entry: _Entry) -> bytes:
    extra = b""
    sizes = (entry.packed_bytes, entry.size_bytes)
    if max(sizes) >= ZIP64_FROM:  # the record of a file has both or none
        extra, sizes = pack("<HHQQ", 1, 16, entry.size_bytes, entry.packed_bytes), (_SEE_ZIP64, _SEE_ZIP64)
    return _fixed(b"PK\3\4", entry, sizes, len(extra)) + entry.name + extra


def _central_header(entry: _Entry) -> bytes:
    large = [value for value in (entry.size_bytes, entry.packed_bytes, entry.offset) if value >= ZIP64_FROM]
    extra = pack(f"<HH{len(large)}Q", 1, 8 * len(large), *large) if large else b""
    sizes = (_short(entry.packed_bytes), _short(entry.size_bytes))
    fixed = _fixed(b"PK\1\2" + pack("<H", _UNIX | entry.version), entry, sizes, len(extra))
    rest = pack("<HHHLL", 0, 0, 0, _REGULAR_0644, _short(entry.offset))
    return fixed + rest + entry.name + extra


def _fixed(start: bytes, entry: _Entry, sizes: tuple[int, int], extra_bytes: int) -> bytes:
    """Return what the two headers of an entry have in common."""
    what = pack("<5H", entry.version, _UTF_8_NAME, entry.method, 0, _DATE_1980_01_01)
    return start + what + pack("<3L2H", entry.crc, *sizes, len(entry.name), extra_bytes)


def _short(value: int) -> int:
    """Return what a field of four bytes says: the value, or that it stands in the Zip64 record."""
    return value if value < ZIP64_FROM else _SEE_ZIP64
