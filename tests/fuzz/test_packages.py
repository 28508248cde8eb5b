"""Zip files of any structure: judged in bounded time and memory, and nothing is written anywhere."""

from __future__ import annotations

import json
import time
import tracemalloc
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorm_packages.check import check_package
from tests.data.scorm.parts import raw
from tests.data.scorm.zip_writer import Raw, write_zip

pytestmark = pytest.mark.slow

LIMIT_S: Final = 10
LIMIT_BYTES: Final = 64 * 1024 * 1024
NAMES: Final = [
    b"imsmanifest.xml",
    b"index.html",
    b"../out.txt",
    b"/etc/passwd",
    b"C:\\x",
    b"a/../../b",
    b"a//b",
    b"a\\b",
    b"CON",
    b"",
    b"/",
    b".",
    b"a\0b",
    b"\xff\xfe",
    b"x" * 70_000,
    "æøå/ß.html".encode(),
    b"INDEX.HTML",
    b"inner.zip",
]
SIZES: Final = st.none() | st.sampled_from([0, 1, 2**31, 2**32 - 1])
ENTRIES: Final = st.builds(
    Raw,
    name=st.sampled_from(NAMES).map(lambda name: name[:65_535]) | st.binary(max_size=20),
    data=st.binary(max_size=200) | st.just(b"\0" * 3_000_000),
    method=st.sampled_from([0, 8, 8, 8, 9, 12, 14, 99]),
    flags=st.sampled_from([0, 1, 8, 0x800, 0xFFFF]),
    mode=st.sampled_from([0, 0o100644, 0o120777, 0o040755, 0o020666]),
    crc=st.none() | st.just(0),
    size_bytes=SIZES,
    packed_bytes=SIZES,
    local_name=st.none() | st.just(b"other"),
    extra=st.binary(max_size=30),
    offset=st.none() | st.sampled_from([0, 1, 2**31]),
    zip64=st.booleans(),
    streamed=st.booleans(),
)


@given(st.lists(ENTRIES, max_size=5), st.binary(max_size=20), st.none() | st.integers(0, 65_535), st.booleans())
def test_any_structure(
    tmp_path: Path, entries: list[Raw], prefix: bytes, announced: int | None, has_course: bool
) -> None:
    make = raw(*entries, prefix=prefix, announced=announced) if has_course else write_zip(entries, prefix=prefix)
    package = tmp_path / "package.zip"
    package.write_bytes(make)
    began = time.monotonic()
    tracemalloc.start()
    try:
        told = check_package(package).to_json()
        _now, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert told["verdict"] in ("accept", "reject")
    assert json.loads(json.dumps(told)) == told
    assert time.monotonic() - began < LIMIT_S
    assert peak_bytes < LIMIT_BYTES
    assert [path.name for path in tmp_path.iterdir()] == ["package.zip"]
