"""Read the directory of a zip file and hold it against the local headers, trusting neither.

Source: PKWARE APPNOTE 6.3.10, clauses 4.3 to 4.5. The standard library's reader loads any number of entries
before it can be asked, cuts names at a NUL and does not show the raw names; a check must see them.
"""

import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct
from typing import BinaryIO

from scorm_packages.errors import (
    BadCrcError,
    DamagedZipError,
    HeaderMismatchError,
    NameNotTextError,
    NotAZipError,
    SizeLieError,
    TooManyEntriesError,
)

END = Struct("<4s4H2LH")
END64_LOCATOR = Struct("<4sLQL")
END64 = Struct("<4sQ2H2L4Q")
CENTRAL = Struct("<4s6H3L5H2L")
LOCAL = Struct("<4s5H3L2H")
LONGEST_COMMENT = 65_535
UNKNOWN_32 = 0xFFFF_FFFF
FLAGS_ENCRYPTED = 0x0001 | 0x0040 | 0x2000
FLAG_DESCRIPTOR = 0x0008
FLAG_UTF8 = 0x0800
EXTRA_ZIP64 = 0x0001
EXTRA_UNICODE_PATH = 0x7075


@dataclass(frozen=True, slots=True)
class Header:
    """Hold what the central directory says of one entry; offsets count from the start of the file."""

    raw_name: bytes
    name: str
    flags: int
    method: int
    crc: int
    packed_bytes: int
    size_bytes: int
    offset: int
    mode: int

    @property
    def is_encrypted(self) -> bool:
        """Tell whether any form of encryption is flagged."""
        return bool(self.flags & FLAGS_ENCRYPTED)


@dataclass(frozen=True, slots=True)
class _End:
    entries: int
    size_bytes: int
    start: int
    shift: int


def read_headers(file: BinaryIO, limit: int) -> tuple[list[Header], int]:
    """Return every header of the central directory and where that directory begins.

    Raises NotAZipError, DamagedZipError, NameNotTextError, and TooManyEntriesError as soon as `limit` is passed.
    """
    end = _find_end(file)
    if end.entries > limit:
        raise TooManyEntriesError(limit=limit)
    file.seek(end.start)
    headers: list[Header] = []
    left = end.size_bytes
    while left > 0:
        header, used = _read_central(file, left, end.shift)
        left -= used
        headers.append(header)
        if len(headers) > limit:
            raise TooManyEntriesError(limit=limit)
    if len(headers) != end.entries:
        raise DamagedZipError(reason="it announces another number of entries than it lists")
    return headers, end.start


def find_data(file: BinaryIO, header: Header) -> int:
    """Return where the data of an entry begin, after its local header agreed with the central one."""
    file.seek(header.offset)
    block = file.read(LOCAL.size)
    if len(block) < LOCAL.size or block[:4] != b"PK\x03\x04":
        raise DamagedZipError(header.name, reason="an entry is not where the directory says")
    _, _, flags, method, _, _, crc, packed, size, name_length, extra_length = LOCAL.unpack(block)
    if file.read(name_length) != header.raw_name:
        raise HeaderMismatchError(header.name, field="name")
    extra = file.read(extra_length)
    if flags & FLAGS_ENCRYPTED != header.flags & FLAGS_ENCRYPTED:
        raise HeaderMismatchError(header.name, field="encryption")
    if method != header.method:
        raise HeaderMismatchError(header.name, field="compression")
    size, packed = _widen(header.name, extra, [size, packed])
    # A writer that streams leaves these to a descriptor behind the data.
    deferred = bool(flags & FLAG_DESCRIPTOR)
    if not _agree(size, header.size_bytes, deferred) or not _agree(packed, header.packed_bytes, deferred):
        raise SizeLieError(header.name)
    if not _agree(crc, header.crc, deferred):
        raise BadCrcError(header.name)
    return header.offset + LOCAL.size + int(name_length) + int(extra_length)


def _agree(local: int, central: int, deferred: bool) -> bool:
    return local == central or (deferred and local == 0)


def _find_end(file: BinaryIO) -> _End:
    file_bytes = file.seek(0, os.SEEK_END)
    tail_start = max(0, file_bytes - END.size - LONGEST_COMMENT)
    file.seek(tail_start)
    tail = file.read(END.size + LONGEST_COMMENT)
    at = _pick_end(tail)
    _, disk, first_disk, here, entries, size, start, _ = END.unpack_from(tail, at)
    before = tail_start + at
    wide = _read_end64(file, before)
    if wide:
        disk, first_disk, here, entries, size, start, before = wide
    if disk or first_disk or here != entries:
        raise DamagedZipError(reason="it is one of several volumes")
    # Data in front of the archive (a self-extractor) shifts every offset by the same amount.
    shift = before - size - start
    if shift < 0:
        raise DamagedZipError(reason="its directory lies outside the file")
    return _End(entries, size, start + shift, shift)


def _pick_end(tail: bytes) -> int:
    """Return where the end record is: the last one whose comment ends the file, else the last one."""
    fallback = -1
    at = tail.rfind(b"PK\x05\x06")
    while at >= 0:
        if at + END.size <= len(tail):
            comment_length = int(END.unpack_from(tail, at)[-1])
            if at + END.size + comment_length == len(tail):
                return at
            fallback = max(fallback, at)
        at = tail.rfind(b"PK\x05\x06", 0, at + 3)
    if fallback < 0:
        raise NotAZipError
    return fallback


def _read_end64(file: BinaryIO, before: int) -> tuple[int, int, int, int, int, int, int] | None:
    at = before - END64_LOCATOR.size
    if at < END64.size:
        return None
    file.seek(at)
    signature, disk, _, _ = END64_LOCATOR.unpack(file.read(END64_LOCATOR.size))
    if signature != b"PK\x06\x07":
        return None
    at -= END64.size
    file.seek(at)
    signature, _, _, _, here_disk, first_disk, here, entries, size, start = END64.unpack(file.read(END64.size))
    if signature != b"PK\x06\x06":
        raise DamagedZipError(reason="its zip64 end record is missing")
    return here_disk or disk, first_disk, here, entries, size, start, at


def _read_central(file: BinaryIO, left: int, shift: int) -> tuple[Header, int]:
    block = file.read(CENTRAL.size) if left >= CENTRAL.size else b""
    if len(block) < CENTRAL.size or block[:4] != b"PK\x01\x02":
        raise DamagedZipError(reason="its directory is cut off")
    fields = CENTRAL.unpack(block)
    _, _, _, flags, method, _, _, crc, packed, size = fields[:10]
    name_length, extra_length, comment_length, _, _, attributes, offset = fields[10:]
    used = CENTRAL.size + name_length + extra_length + comment_length
    raw_name, extra = file.read(name_length), file.read(extra_length)
    if used > left or len(raw_name) < name_length or len(extra) < extra_length:
        raise DamagedZipError(reason="its directory is cut off")
    file.seek(comment_length, os.SEEK_CUR)
    name = _decode_name(raw_name, flags, extra)
    size, packed, offset = _widen(name, extra, [size, packed, offset])
    return Header(raw_name, name, flags, method, crc, packed, size, offset + shift, attributes >> 16), used


def _decode_name(raw: bytes, flags: int, extra: bytes) -> str:
    try:
        if flags & FLAG_UTF8:
            return raw.decode("utf-8")
        return _read_unicode_path(raw, extra) or raw.decode("utf-8")
    except UnicodeDecodeError:
        if flags & FLAG_UTF8:
            raise NameNotTextError(raw.decode("utf-8", "replace")) from None
        # The standard says code page 437; 865 is the same with the Ø and ø of a Nordic Windows.
        return raw.decode("cp865")


def _read_unicode_path(raw: bytes, extra: bytes) -> str | None:
    for kind, block in _split_extra(extra):
        if kind == EXTRA_UNICODE_PATH and len(block) > 5 and block[0] == 1:
            is_current = int.from_bytes(block[1:5], "little") == zlib.crc32(raw)
            return block[5:].decode("utf-8") if is_current else None
    return None


def _widen(name: str, extra: bytes, values: list[int]) -> list[int]:
    """Replace each 32-bit placeholder by its 64-bit value, in the order of the standard (4.5.3)."""
    if UNKNOWN_32 not in values:
        return values
    block = next((data for kind, data in _split_extra(extra) if kind == EXTRA_ZIP64), b"")
    wide: list[int] = []
    for value in values:
        if value == UNKNOWN_32:
            if len(block) < 8:
                raise DamagedZipError(name, reason="the size of an entry is missing")
            value, block = int.from_bytes(block[:8], "little"), block[8:]
        wide.append(value)
    return wide


def _split_extra(extra: bytes) -> Iterator[tuple[int, bytes]]:
    while len(extra) >= 4:
        kind, length = int.from_bytes(extra[:2], "little"), int.from_bytes(extra[2:4], "little")
        yield kind, extra[4 : 4 + length]
        extra = extra[4 + length :]
