"""Read the first sheet of an XLSX workbook as its XML streams by: whatever a file unpacks to, little of it is held.

A library that builds trees or fills in the rows and cells that are left out can be made to take all memory by a file of
some kilobytes; here only the texts that stand in several cells and one row are held, and each is bounded.
"""

from __future__ import annotations

import io
import posixpath
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, BinaryIO, Final

from openpyxl.utils.datetime import from_excel, from_ISO8601

from sidecar.connectors.hr_workbook_parts import (
    Contents,
    Links,
    Part,
    Row,
    Sheet,
    Strings,
    Styles,
    WorkbookError,
    broken,
    too_large,
)

MAX_MB: Final = 256
MAX_UNPACKED_MB: Final = 2048
MAX_STRINGS_MB: Final = 100
MAX_OTHER_MB: Final = 8
"""How large a part may be that is neither the sheet nor the texts, as the one with the styles."""

MAX_RATIO: Final = 50
RATIO_FLOOR_MB: Final = 20
"""A sheet may be so many times as large as its file; one that unpacks to less is not asked."""

MAX_DIRECTORY_BYTES: Final = 1 << 20


def sheet_rows(file: BinaryIO, *, unpacked_mb: int = MAX_UNPACKED_MB) -> Iterator[Row]:
    """Yield each row of the first sheet that is not empty.

    Args:
        unpacked_mb: how large the sheet may be, whatever the file is.

    Raises:
        WorkbookError: it can't be read, or is too large.
    """
    size = file.seek(0, io.SEEK_END)
    if size > MAX_MB * 1_000_000:
        raise too_large(MAX_MB)
    try:
        with zipfile.ZipFile(_Directory(file)) as archive:
            yield from _rows_of(_Book(archive, size, unpacked_mb))
    except WorkbookError:
        raise
    except Exception:  # noqa: BLE001 (a damaged workbook: whatever is run into says no more)
        raise broken() from None


class _Directory:
    """A file of which nobody reads much at once, as who opens a zip does with its whole table of contents."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        found = self._file.read(MAX_DIRECTORY_BYTES + 1 if size < 0 else min(size, MAX_DIRECTORY_BYTES + 1))
        if len(found) > MAX_DIRECTORY_BYTES:
            raise too_large(MAX_MB)
        return found


@dataclass(frozen=True)
class _Book:
    """An open workbook, and how large its parts may be."""

    archive: zipfile.ZipFile
    size: int
    unpacked_mb: int

    @property
    def sheet_bytes(self) -> int:
        allowed = max(self.size * MAX_RATIO, RATIO_FLOOR_MB * 1_000_000)
        return min(allowed, self.unpacked_mb * 1_000_000)

    def read(self, path: str, part: Part, most: int = MAX_OTHER_MB * 1_000_000) -> Iterator[None]:
        """Let a part be told of a file in the workbook, chunk by chunk."""
        found = self.archive.getinfo(path)
        if found.file_size > most:
            raise too_large(max(1, most // 1_000_000))
        if found.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # others unpack without bounds
            raise broken()
        with self.archive.open(found) as file:
            yield from part.read(file)

    def read_all(self, path: str, part: Part, most: int = MAX_OTHER_MB * 1_000_000) -> None:
        """Let a part be told of the whole of a file."""
        for _ in self.read(path, part, most):
            pass

    def holds(self, path: str) -> bool:
        """Tell whether there is a file of this name."""
        return path in self.archive.NameToInfo


def _rows_of(book: _Book) -> Iterator[Row]:
    top = Links("")
    book.read_all("_rels/.rels", top)
    path = top.path_of("officeDocument") or "xl/workbook.xml"
    folder, name = posixpath.split(path)
    links, contents = Links(folder), Contents()
    book.read_all(posixpath.join(folder, "_rels", f"{name}.rels"), links)
    book.read_all(path, contents)
    sheets = [links.found[one][1] for one in contents.sheets if links.found[one][0] == "worksheet"]
    sheet = Sheet(_values(_strings_of(book, links), _days_of(book, links), contents.epoch))
    for _ in book.read(sheets[0], sheet, book.sheet_bytes):
        yield from sheet.rows
        sheet.rows.clear()


def _strings_of(book: _Book, links: Links) -> list[str]:
    path, strings = links.path_of("sharedStrings"), Strings()
    if path and book.holds(path):
        book.read_all(path, strings, min(book.sheet_bytes, MAX_STRINGS_MB * 1_000_000))
    return strings.found


def _days_of(book: _Book, links: Links) -> dict[int, bool]:
    path, styles = links.path_of("styles"), Styles()
    if path and book.holds(path):
        book.read_all(path, styles)
    return styles.days()


def _values(strings: list[str], days: Mapping[int, bool], epoch: datetime) -> Callable[[str, str, int], str]:
    """Return what makes of a cell's text, kind and style what stands in it."""

    def value_of(text: str, kind: str, style: int) -> str:
        if kind == "s":
            return strings[int(text)] if int(text) >= 0 else ""
        if kind == "n":
            return _number(text) if style not in days else _day(text, epoch, is_length=days[style])
        if kind == "b":
            return str(bool(int(text)))
        return _text_of(from_ISO8601(text)) if kind == "d" else text  # type: ignore[no-untyped-call]

    return value_of


def _number(text: str) -> str:
    if text.isascii() and text.isdigit():
        return str(int(text))
    number = float(text)
    return str(int(number)) if number.is_integer() else str(number)


def _day(text: str, epoch: datetime, *, is_length: bool) -> str:
    try:
        return _text_of(from_excel(float(text), epoch, timedelta=is_length))
    except (OverflowError, ValueError):
        return "#VALUE!"  # as spreadsheets show it


def _text_of(value: Any) -> str:  # noqa: ANN401 (what a day, a time or a length of time may be)
    if isinstance(value, datetime):
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, date) else str(value)
