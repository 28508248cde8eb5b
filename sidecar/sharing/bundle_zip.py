"""Lay out a bundle as a zip file of which every byte follows from what it holds; nothing else is read.

Entries are stored, not compressed, in order, with a fixed date, and always by Zip64 records. So a reader that knows an
entry's name and size knows every byte of its headers: nothing is to be unpacked, nothing stands between the entries,
and none of them can say two things.
Source: PKWARE APPNOTE 6.3.10, §4.3 (records), §4.5.3 (Zip64), appendix D (UTF-8 names).
"""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct, pack
from typing import BinaryIO, Final

_NEEDS: Final = 45
_FLAGS: Final = 1 << 11
_STORED: Final = 0
_DATE_1980_01_01: Final = 1 << 5 | 1
_UNIX: Final = 3 << 8
_REGULAR_0644: Final = 0o100644 << 16
_SEE_ZIP64: Final = 0xFFFF_FFFF
_LOCAL: Final = Struct("<4s5H3L2H")
_LOCAL_EXTRA: Final = Struct("<HHQQ")
_CENTRAL_EXTRA: Final = Struct("<HHQQQ")
_END64: Final = Struct("<4sQHHLLQQQQ")
_LOCATOR: Final = Struct("<4sLQL")
_END: Final = Struct("<4s4H2LH")


@dataclass(frozen=True)
class Entry:
    """An entry: `crc` is the CRC-32 of its content, `offset` where its header begins."""

    name: str
    size_bytes: int
    crc: int
    offset: int

    @property
    def data_start(self) -> int:
        """Where its content begins."""
        return self.offset + header_bytes(self.name)

    @property
    def end(self) -> int:
        """Where its content ends."""
        return self.data_start + self.size_bytes


def header_bytes(name: str) -> int:
    """Return how long the header of an entry is."""
    return _LOCAL.size + len(name.encode()) + _LOCAL_EXTRA.size


def header(entry: Entry) -> bytes:
    """Return what stands before the content of an entry."""
    extra = _LOCAL_EXTRA.pack(1, 16, entry.size_bytes, entry.size_bytes)
    return b"PK\3\4" + _same(entry, len(extra)) + entry.name.encode() + extra


def directory(entries: list[Entry]) -> bytes:
    """Return what stands behind all entries: the directory and its end."""
    start = entries[-1].end
    lines = b"".join(map(_line, entries))
    count, few = len(entries), min(len(entries), 0xFFFF)
    end64 = _END64.pack(b"PK\6\6", _END64.size - 12, _UNIX | _NEEDS, _NEEDS, 0, 0, count, count, len(lines), start)
    locator = _LOCATOR.pack(b"PK\6\7", 0, start + len(lines), 1)
    return lines + end64 + locator + _END.pack(b"PK\5\6", 0, 0, few, few, _SEE_ZIP64, _SEE_ZIP64, 0)


def read_entry(file: BinaryIO, offset: int) -> Entry | None:
    """Return the entry whose header begins here, or None; its content is not looked at."""
    file.seek(offset)
    start = file.read(_LOCAL.size)
    if len(start) < _LOCAL.size:
        return None
    fields = _LOCAL.unpack(start)
    name, extra = file.read(fields[-2]), file.read(_LOCAL_EXTRA.size)
    if len(extra) < _LOCAL_EXTRA.size or not name.isascii():
        return None
    entry = Entry(name.decode(), _LOCAL_EXTRA.unpack(extra)[2], fields[6], offset)
    return entry if header(entry) == start + name + extra else None


def _line(entry: Entry) -> bytes:
    extra = _CENTRAL_EXTRA.pack(1, 24, entry.size_bytes, entry.size_bytes, entry.offset)
    start = b"PK\1\2" + pack("<H", _UNIX | _NEEDS) + _same(entry, len(extra))
    return start + pack("<HHHLL", 0, 0, 0, _REGULAR_0644, _SEE_ZIP64) + entry.name.encode() + extra


def _same(entry: Entry, extra_bytes: int) -> bytes:
    """Return what the two headers of an entry have in common."""
    what = pack("<5HL", _NEEDS, _FLAGS, _STORED, 0, _DATE_1980_01_01, entry.crc)
    return what + pack("<2L2H", _SEE_ZIP64, _SEE_ZIP64, len(entry.name.encode()), extra_bytes)
