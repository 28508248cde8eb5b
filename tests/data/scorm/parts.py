"""Make whole packages from a few parts."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.data.scorm import manifests as m
from tests.data.scorm.zip_writer import Raw, write_zip

PAGE = "<!doctype html><html lang='nb'><title>Side</title><p>Hei</p></html>"
LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The day every entry is from, so that a package is the same whenever it is made."""

Files = Mapping[str, str | bytes]


@dataclass(frozen=True)
class Case:
    """Name a package, how it is made and the finding it must have (None: no finding is demanded)."""

    make: Callable[[], bytes]
    code: str | None
    version: str = "scorm-1.2"


def pack(files: Files) -> bytes:
    """Return an ordinary zip file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        for name, data in files.items():
            package.writestr(zipfile.ZipInfo(name, LONG_AGO), data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def course(manifest: str | bytes | None = None, **more: str | bytes) -> bytes:
    """Return a package with one page; keyword names stand for paths (`__` is `/`)."""
    chosen = m.manifest_12() if manifest is None else manifest
    return pack({"imsmanifest.xml": chosen, "index.html": PAGE, **more})


def beside(files: Files, manifest: str | None = None) -> bytes:
    """Return a package with one page and these files."""
    return course(manifest, **files)


def raw(*entries: Raw, prefix: bytes = b"", announced: int | None = None) -> bytes:
    """Return a package written field by field, these entries behind a good manifest and page."""
    good = (Raw(b"imsmanifest.xml", m.manifest_12().encode()), Raw(b"index.html", PAGE.encode()))
    return write_zip([*good, *entries], prefix=prefix, announced=announced)


def foldered(junk: Files) -> bytes:
    """Return a package whose files all lie in one folder, with these beside it."""
    return pack({"kurs/imsmanifest.xml": m.manifest_12(), "kurs/index.html": PAGE, **junk})


def nest(depth: int) -> str:
    """Return items nested this deep."""
    opening = "".join(f'<item identifier="i{n}"><title>t</title>' for n in range(depth))
    return opening + m.ONE_ITEM + "</item>" * depth


def many(count: int) -> str:
    """Return this many items side by side."""
    return "".join(f'<item identifier="i{n}" identifierref="res_1"><title>t</title></item>' for n in range(count))


def with_href(href: str) -> Callable[[], bytes]:
    """Return how to make a package whose resource has this address."""
    return lambda: course(m.manifest_12(href=href, files=""))


def with_head(head: str) -> Callable[[], bytes]:
    """Return how to make a package whose manifest begins so."""
    return lambda: course(m.manifest_12(head=head))


def unicode_path(header_name: bytes, name: bytes) -> bytes:
    """Return the extra field in which Info-ZIP keeps a name in UTF-8."""
    return struct.pack("<2HBL", 0x7075, 5 + len(name), 1, zlib.crc32(header_name)) + name


def overlap() -> bytes:
    """Return a package in which one entry's data hold another entry whole."""
    inner = write_zip([Raw(b"inner.txt", b"y" * 50, method=0)])
    body = inner[: 30 + len(b"inner.txt") + 50]
    start = len(write_zip([Raw(b"imsmanifest.xml", m.manifest_12().encode())])) - (46 + 15 + 22)
    outer_data = start + 30 + len(b"outer.txt")
    return write_zip(
        [
            Raw(b"imsmanifest.xml", m.manifest_12().encode()),
            Raw(b"outer.txt", body, method=0),
            Raw(b"inner.txt", b"y" * 50, method=0, offset=outer_data),
        ]
    )


def latin(encoding: str, name: str) -> bytes:
    """Return a package whose manifest is in an encoding."""
    return course(m.manifest_12(head=f'<?xml version="1.0" encoding="{name}"?>').encode(encoding))
