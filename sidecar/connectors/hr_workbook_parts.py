"""Read the parts of an XLSX workbook as their XML streams by; no more of them is held than what is wanted, bounded."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import IO, Final
from xml.parsers import expat

from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format, is_timedelta_format
from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH

from sidecar.connectors import hr_csv_problems as problem
from sidecar.errors import SidecarError

MAX_TOKEN_BYTES: Final = 1 << 20
MAX_DEPTH: Final = 64
MAX_LINES: Final = 1_048_576
MAX_CELLS: Final = 16_384
"""How many lines a sheet and how many cells a line may have, in spreadsheets themselves."""

MAX_COLUMNS: Final = 1000
"""How many columns may hold anything."""

MAX_CHARACTERS: Final = 4000
"""How much of a text is read; it is more than any column takes, so what is cut is still too long there."""

MAX_ROW_CHARACTERS: Final = 100_000
MAX_STRINGS: Final = 4_000_000
MAX_STYLES: Final = 65_536
FORMAT_CHARACTERS: Final = 255
CHUNK_BYTES: Final = 1 << 16

Row = tuple[int, list[str]]
"""The number of a line, and its cells; empty ones at the end are left out."""


class WorkbookError(Exception):
    """A workbook is broken or too large; `problem` says which."""

    def __init__(self, problem: SidecarError) -> None:
        """Keep what is wrong."""
        self.problem = problem
        super().__init__()


def broken() -> WorkbookError:
    """Return the error of a workbook that can't be read."""
    return WorkbookError(problem.WorkbookBrokenError())


def too_large(limit: int) -> WorkbookError:
    """Return the error of a workbook that is, or unpacks to, too many MB."""
    return WorkbookError(problem.FileTooLargeError(limit=limit))


class Part:
    """What is told of a file's XML; only names without their prefixes count."""

    def __init__(self) -> None:
        self._depth = 0
        self.is_done = False

    def read(self, file: IO[bytes]) -> Iterator[None]:
        """Be told of a file, chunk by chunk, until all that is wanted is known."""
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = self.text, self._doctype
        fed = 0
        while not self.is_done and (chunk := file.read(CHUNK_BYTES)):
            parser.Parse(chunk, False)
            fed += len(chunk)
            if fed - parser.CurrentByteIndex > MAX_TOKEN_BYTES:
                raise broken()
            yield
        if not self.is_done:
            parser.Parse(b"", True)
            yield

    def _doctype(self, *_: object) -> None:
        """Refuse what entities could be declared in."""
        raise broken()

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise broken()
        self.opened(tag.rpartition(":")[2] if ":" in tag else tag, attributes)

    def _end(self, tag: str) -> None:
        self._depth -= 1
        self.closed(tag.rpartition(":")[2] if ":" in tag else tag)

    def opened(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Take the beginning of an element."""

    def closed(self, tag: str) -> None:
        """Take the end of an element."""

    def text(self, text: str) -> None:
        """Take text."""


class Links(Part):
    """Which files belong to one: what they are, and where, by id."""

    def __init__(self, folder: str) -> None:
        super().__init__()
        self._folder = folder
        self.found: dict[str, tuple[str, str]] = {}

    def opened(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Take the beginning of an element."""
        if tag == "Relationship":
            target = posixpath.normpath(posixpath.join("/", self._folder, attributes["Target"])).lstrip("/")
            self.found[attributes["Id"]] = attributes["Type"].rpartition("/")[2], target

    def path_of(self, kind: str) -> str | None:
        """Return where the first file of a kind is."""
        return next((path for one, path in self.found.values() if one == kind), None)


class Contents(Part):
    """The ids of the sheets in their order, and from when days are counted."""

    def __init__(self) -> None:
        super().__init__()
        self.sheets: list[str] = []
        self.epoch = WINDOWS_EPOCH

    def opened(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Take the beginning of an element."""
        if tag == "sheet":
            self.sheets += [value for name, value in attributes.items() if name.endswith(":id")]
        elif tag == "workbookPr" and attributes.get("date1904") in ("1", "true"):
            self.epoch = MAC_EPOCH


class Styles(Part):
    """Which styles of cells make a day of a number; `True` for a length of time."""

    def __init__(self) -> None:
        super().__init__()
        self._formats: dict[int, str] = {}
        self._styles: list[int] = []
        self._counts = False

    def opened(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Take the beginning of an element."""
        if tag == "cellXfs":
            self._counts = True
        elif tag == "numFmt":
            self._formats[int(attributes["numFmtId"])] = attributes["formatCode"][:FORMAT_CHARACTERS]
        elif tag == "xf" and self._counts:
            self._styles.append(int(attributes.get("numFmtId", 0)))
        if len(self._styles) > MAX_STYLES or len(self._formats) > MAX_STYLES:
            raise broken()

    def closed(self, tag: str) -> None:
        """Take the end of an element."""
        if tag == "cellXfs":
            self._counts = False

    def days(self) -> dict[int, bool]:
        """Return the numbers of the styles."""
        formats = {one: self._formats.get(one) or BUILTIN_FORMATS.get(one, "General") for one in set(self._styles)}
        known = {one: is_timedelta_format(code) for one, code in formats.items() if is_date_format(code)}
        return {style: known[one] for style, one in enumerate(self._styles) if one in known}


class Texts(Part):
    """Texts in elements, without how they are pronounced."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[str] = []
        self._length = 0
        self._is_text = self._is_sound = False

    def opened(self, tag: str, attributes: Mapping[str, str]) -> None:  # noqa: ARG002
        """Take the beginning of an element."""
        if tag == "t":
            self._is_text = not self._is_sound
        elif tag == "rPh":
            self._is_sound = True

    def closed(self, tag: str) -> None:
        """Take the end of an element."""
        if tag == "t":
            self._is_text = False
        elif tag == "rPh":
            self._is_sound = False

    def text(self, text: str) -> None:
        """Take text."""
        if self._is_text:
            some = text[: MAX_CHARACTERS - self._length]
            self._length += len(some)
            if some:
                self._pieces.append(some)

    def take(self) -> str:
        """Return the text so far, and begin anew."""
        found = "".join(self._pieces)
        self._pieces, self._length = [], 0
        return found


class Strings(Texts):
    """The texts that stand in several cells."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def closed(self, tag: str) -> None:
        """Take the end of an element."""
        super().closed(tag)
        if tag == "si":
            self.found.append(self.take().replace("x005F_", ""))
            if len(self.found) > MAX_STRINGS:
                raise broken()


class Sheet(Texts):
    """The rows of a sheet, as they are read; whoever takes them empties `rows`."""

    def __init__(self, value_of: Callable[[str, str, int], str]) -> None:
        super().__init__()
        self.rows: list[Row] = []
        self._value_of = value_of
        self._line = self._column = self._count = self._row_length = 0
        self._cells: dict[int, str] = {}
        self._kind, self._style = "n", 0

    def opened(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Take the beginning of an element."""
        if tag == "c":
            self._open_cell(attributes)
        elif tag == "v":
            self._is_text = self._kind != "inlineStr"
        elif tag == "row":
            self._open_row(attributes)
        elif self._kind == "inlineStr":
            super().opened(tag, attributes)

    def _open_row(self, attributes: Mapping[str, str]) -> None:
        line = int(attributes.get("r", self._line + 1))
        if line > MAX_LINES:
            raise WorkbookError(problem.TooManyRowsError(limit=MAX_LINES))
        if line <= self._line:
            raise broken()
        self._line, self._cells = line, {}
        self._column = self._count = self._row_length = 0

    def _open_cell(self, attributes: Mapping[str, str]) -> None:
        self._count += 1
        if self._count > MAX_CELLS:
            raise self._too_wide()
        place = attributes.get("r")
        self._column = _column_of(place.rstrip("0123456789")) if place else self._column + 1
        self._kind, self._style = attributes.get("t", "n"), int(attributes.get("s", 0))

    def closed(self, tag: str) -> None:
        """Take the end of an element."""
        if tag == "c":
            self._close_cell()
        elif tag == "v":
            self._is_text = False
        elif tag == "row":
            if self._cells:
                self.rows.append((self._line, [self._cells.get(one, "") for one in range(1, max(self._cells) + 1)]))
                self._cells = {}
        elif tag == "sheetData":
            self.is_done = True
        else:
            super().closed(tag)

    def _close_cell(self) -> None:
        text = self.take()
        value = self._value_of(text, self._kind, self._style) if text else ""
        self._kind = "n"
        if not value.strip():
            return
        self._row_length += len(value)
        if self._column > MAX_COLUMNS or self._row_length > MAX_ROW_CHARACTERS:
            raise self._too_wide()
        self._cells[self._column] = value

    def _too_wide(self) -> WorkbookError:
        return WorkbookError(problem.TooManyColumnsError(line=self._line, limit=MAX_COLUMNS))


@lru_cache(maxsize=MAX_COLUMNS)
def _column_of(letters: str) -> int:
    if not (0 < len(letters) <= 3 and letters.isascii() and letters.isalpha()):
        raise broken()
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number
