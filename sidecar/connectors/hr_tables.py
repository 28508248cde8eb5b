"""Read tables of people row by row, from CSV and XLSX files of any length; a file is never held as a whole."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

from sidecar.connectors import hr_csv_problems as problem
from sidecar.connectors.hr_workbook_parts import MAX_COLUMNS, WorkbookError
from sidecar.connectors.hr_workbooks import MAX_UNPACKED_MB, sheet_rows
from sidecar.errors import SidecarError

MAX_MB: Final = 256
MAX_ROW_CHARACTERS: Final = 1_000_000
"""How long a row may be, with all its lines."""

CHUNK_BYTES: Final = 1 << 20
HEAD_BYTES: Final = 64 * 1024
WORKBOOK: Final = b"PK\x03\x04"

_GARBLED = re.compile("\u00c3[^\x00-\x7f\u00c0-\u00ff]")  # what UTF-8 looks like when it was read as Latin-1

Row = tuple[int, list[str]]
"""The number of a line, and its cells."""


class HopelessError(Exception):
    """Reading on would tell nothing more; `problem` says why."""

    def __init__(self, problem: SidecarError) -> None:
        """Keep what is wrong."""
        self.problem = problem
        super().__init__()


def rows_of(path: Path, knows: Callable[[str], bool], *, unpacked_mb: int = MAX_UNPACKED_MB) -> Iterator[Row]:
    """Yield each row that is not empty of a CSV file or of the first sheet of a workbook.

    Args:
        knows: tells whether a heading means anything, to find out what separates them.
        unpacked_mb: how large the sheet of a workbook may be.

    Raises:
        HopelessError: the file can't be read, or is none of both.
    """
    try:
        with path.open("rb") as file:
            is_workbook = file.read(len(WORKBOOK)) == WORKBOOK
            file.seek(0)
            yield from _sheet_rows(file, unpacked_mb) if is_workbook else csv_rows(file, knows)
    except OSError:
        raise HopelessError(problem.FileUnreadableError()) from None


def csv_rows(file: BinaryIO, knows: Callable[[str], bool], *, max_mb: int = MAX_MB) -> Iterator[Row]:
    """Yield each row of a CSV file that is not empty; UTF-8 or Windows-1252, separated by `;`, `,` or tab.

    Raises:
        HopelessError: it is too large, no text, or broken.
    """
    encoding = _encoding_of(file, max_mb)
    file.seek(0)
    head = file.read(HEAD_BYTES).decode(encoding, "ignore").lstrip("\r\n \t;,")
    file.seek(0)
    text = io.TextIOWrapper(file, encoding=encoding, newline="")
    try:
        yield from _read_csv(text, _separator(head.splitlines()[0] if head else "", knows))
    finally:
        if not file.closed:  # who refuses a file stops in the middle of it
            text.detach()


def _encoding_of(file: BinaryIO, max_mb: int) -> str:
    """Look through all of a file; what is no UTF-8 is Windows-1252."""
    for encoding in ("utf-8-sig", "cp1252"):
        file.seek(0)
        try:
            _scan(file, codecs.getincrementaldecoder(encoding)(), max_mb)
        except UnicodeDecodeError:
            continue
        return encoding
    raise HopelessError(problem.NotTextError())


def _scan(file: BinaryIO, decoder: codecs.IncrementalDecoder, max_mb: int) -> None:
    size = line = 0
    last = ""
    while chunk := file.read(CHUNK_BYTES):
        size += len(chunk)
        if size > max_mb * 1_000_000:
            raise HopelessError(problem.FileTooLargeError(limit=max_mb))
        if b"\0" in chunk:
            raise HopelessError(problem.NotTextError())
        text = last + decoder.decode(chunk)
        garbled = None if text.isascii() else _GARBLED.search(text)
        if garbled:
            raise HopelessError(problem.GarbledLettersError(line=line + text.count("\n", 0, garbled.start()) + 1))
        last = text[-1:]
        line += text.count("\n") - last.count("\n")
    decoder.decode(b"", final=True)


def _separator(first_line: str, knows: Callable[[str], bool]) -> str:
    """Return the separator by which the headings mean the most."""

    def known(separator: str) -> tuple[int, int]:
        cells = first_line.split(separator, MAX_COLUMNS)
        return sum(map(knows, cells)), len(cells)

    return max((";", ",", "\t"), key=known)


class _Lines:
    """The lines of a text; those of one row are bounded, as a row is held as a whole."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self.left = MAX_ROW_CHARACTERS
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        while line := self._text.readline(self.left + 1):
            self.number += 1
            self.left -= len(line)
            if self.left < 0:
                raise HopelessError(problem.TooManyColumnsError(line=self.number, limit=MAX_COLUMNS))
            yield line


def _read_csv(text: io.TextIOWrapper, separator: str) -> Iterator[Row]:
    lines = _Lines(text)
    reader = csv.reader(lines, delimiter=separator, strict=True)
    width = 0
    try:
        for cells in reader:
            lines.left = MAX_ROW_CHARACTERS
            if any(map(str.strip, cells)):
                width = width or len(_without_end(cells))
                if len(cells) != width:
                    cells = cells[:width] + _without_end(cells[width:])
                if len(cells) > MAX_COLUMNS:
                    raise HopelessError(problem.TooManyColumnsError(line=reader.line_num, limit=MAX_COLUMNS))
                yield reader.line_num, cells
    except csv.Error:
        raise HopelessError(problem.BrokenQuotesError(line=reader.line_num)) from None


def _without_end(cells: list[str]) -> list[str]:
    """Leave out empty cells at the end, which spreadsheets like to add."""
    filled = [number for number, cell in enumerate(cells, start=1) if cell.strip()]
    return cells[: max(filled, default=0)]


def _sheet_rows(file: BinaryIO, unpacked_mb: int) -> Iterator[Row]:
    width = 0
    try:
        for line, cells in sheet_rows(file, unpacked_mb=unpacked_mb):
            width = width or len(cells)
            yield line, cells + [""] * (width - len(cells))
    except WorkbookError as error:
        raise HopelessError(error.problem) from None
