"""Write zip files field by field, so that each field can lie."""

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

UNIX = 3 << 8


@dataclass(frozen=True)
class Raw:
    """Describe one entry; what is None follows from the data, in the central and in the local header."""

    name: bytes
    data: bytes = b"x"
    method: int = 8
    flags: int = 0
    mode: int = 0
    crc: int | None = None
    size_bytes: int | None = None
    packed_bytes: int | None = None
    local_name: bytes | None = None
    local_size_bytes: int | None = None
    local_method: int | None = None
    packed: bytes | None = None
    extra: bytes = b""
    offset: int | None = None
    zip64: bool = False
    streamed: bool = False


def deflate(data: bytes) -> bytes:
    """Return data as a raw deflate stream."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def write_zip(entries: Sequence[Raw], *, prefix: bytes = b"", announced: int | None = None) -> bytes:
    """Return a zip file of these entries, lies included."""
    body, directory = bytearray(prefix), bytearray()
    for entry in entries:
        offset = len(body) - len(prefix) if entry.offset is None else entry.offset
        packed = entry.packed if entry.packed is not None else _pack(entry)
        if entry.offset is None:
            body += _local(entry, packed) + packed
            if entry.streamed:
                body += struct.pack("<4s3L", b"PK\x07\x08", zlib.crc32(entry.data), len(packed), len(entry.data))
        directory += _central(entry, packed, offset)
    count = len(entries) if announced is None else announced
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, len(directory), len(body) - len(prefix), 0)
    return bytes(body + directory + end)


def _pack(entry: Raw) -> bytes:
    return deflate(entry.data) if entry.method == 8 else entry.data


def _sizes(entry: Raw, packed: bytes) -> tuple[int, int, int]:
    crc = zlib.crc32(entry.data) if entry.crc is None else entry.crc
    packed_bytes = len(packed) if entry.packed_bytes is None else entry.packed_bytes
    return crc, packed_bytes, len(entry.data) if entry.size_bytes is None else entry.size_bytes


def _local(entry: Raw, packed: bytes) -> bytes:
    name = entry.name if entry.local_name is None else entry.local_name
    method = entry.method if entry.local_method is None else entry.local_method
    crc, packed_bytes, size_bytes = _sizes(entry, packed)
    flags = entry.flags
    if entry.local_size_bytes is not None:
        size_bytes = entry.local_size_bytes
    if entry.streamed:
        crc = packed_bytes = size_bytes = 0
        flags |= 8
    extra = b""
    if entry.zip64:
        extra = struct.pack("<2H2Q", 1, 16, size_bytes, packed_bytes)
        packed_bytes = size_bytes = 0xFFFF_FFFF
    head = struct.pack(
        "<4s5H3L2H", b"PK\x03\x04", 20, flags, method, 0, 0x21, crc, packed_bytes, size_bytes, len(name), len(extra)
    )
    return head + name + extra


def _central(entry: Raw, packed: bytes, offset: int) -> bytes:
    crc, packed_bytes, size_bytes = _sizes(entry, packed)
    extra = entry.extra
    if entry.zip64:
        extra += struct.pack("<2H3Q", 1, 24, size_bytes, packed_bytes, offset)
        packed_bytes = size_bytes = offset = 0xFFFF_FFFF
    flags = entry.flags | (8 if entry.streamed else 0)
    head = struct.pack(
        "<4s6H3L5H2L",
        b"PK\x01\x02",
        UNIX | 20,
        20,
        flags,
        entry.method,
        0,
        0x21,
        crc,
        packed_bytes,
        size_bytes,
        len(entry.name),
        len(extra),
        0,
        0,
        0,
        entry.mode << 16,
        offset,
    )
    return head + entry.name + extra
