"""Finish a workbook: say its title, a fixed time of its making and what its charts show, which its writer can't."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Final
from xml.sax.saxutils import escape, quoteattr
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

_CREATED: Final = "2000-01-01T00:00:00Z"
"""No moment: a fixed time, so that the same rows give the same bytes."""

_CORE: Final = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties"\
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/"\
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><dc:title>{title}</dc:title><dc:language>{language}</dc:language>\
<dcterms:created xsi:type="dcterms:W3CDTF">{created}</dcterms:created>\
<dcterms:modified xsi:type="dcterms:W3CDTF">{created}</dcterms:modified></cp:coreProperties>
"""
_CHART = ' name="Chart 1"'
_LOCAL_HEADER_BYTES = 30
_PIECE_BYTES = 1024 * 1024


def finish(book: Path, title: str, language: str, charts: Sequence[str]) -> None:
    """Write a workbook's small parts anew; its sheets are carried over as they are, still compressed.

    Args:
        charts: what a reader who can't see them is told of each, in their order, one a sheet.
    """
    told = {"docProps/core.xml": _CORE.format(title=escape(title), language=language, created=_CREATED).encode()}
    with ZipFile(book) as old:
        for number, text in enumerate(charts, 1):
            name = f"xl/drawings/drawing{number}.xml"
            told[name] = old.read(name).replace(_CHART.encode(), f"{_CHART} descr={quoteattr(text)}".encode())
        new = book.with_name(f"{book.name}.new")
        _carry(old, new, told)
    new.replace(book)


def _carry(old: ZipFile, target: Path, told: Mapping[str, bytes]) -> None:
    with Path(str(old.filename)).open("rb") as source, target.open("w+b") as file, ZipFile(file, "w") as new:
        for info in old.infolist():
            if info.filename in told:
                new.writestr(ZipInfo(info.filename), told[info.filename], ZIP_DEFLATED)
                continue
            file.seek(new.start_dir)
            _carry_one(source, info, file)
            new.start_dir = file.tell()
            new.filelist.append(info)
            new.NameToInfo[info.filename] = info


def _carry_one(source: IO[bytes], info: ZipInfo, target: IO[bytes]) -> None:
    """Carry a member over without unpacking it; its sizes then stand before it, not behind."""
    source.seek(info.header_offset)
    *_, name_bytes, extra_bytes = struct.unpack("<26x2H", source.read(_LOCAL_HEADER_BYTES))
    source.seek(name_bytes + extra_bytes, 1)
    info.flag_bits &= ~8
    info.header_offset = target.tell()
    target.write(info.FileHeader())
    left = info.compress_size
    while piece := source.read(min(left, _PIECE_BYTES)):
        target.write(piece)
        left -= len(piece)
