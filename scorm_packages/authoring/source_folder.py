"""Read the files of a course source: nothing but plain files within its folder, and text that is text."""

from __future__ import annotations

import os
import re
import stat
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from scorm_packages.authoring.course_source import Place
from scorm_packages.authoring.file_problems import (
    ControlCharacterError,
    FileUnreadableError,
    NameUnusableError,
    NotAFileError,
    NotUtf8Error,
    SameNameError,
    TextTooLargeError,
    TooManyFilesError,
)
from scorm_packages.authoring.problems import Problems
from scorm_packages.entry_name import fold_name, normalize_name
from scorm_packages.errors import PackageError

MOST_FILES: Final = 20_000
DEEPEST: Final = 20
NAME_BYTES: Final = 255
TEXT_BYTES: Final = 256 * 1024
"""A page of this size is a book of 80 pages; some texts take Markdown a time that grows with their square."""

UNTEXT: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""What neither HTML nor XML may hold."""

_JUNK: Final = re.compile(r"\..*|~.*|.*~|#.*#|Thumbs\.db|desktop\.ini|__MACOSX", re.IGNORECASE)
"""What editors and systems leave behind; passed over."""


@dataclass(frozen=True)
class SourceFile:
    """A plain file of the source. `path`: within the source, NFC, `/` between its parts."""

    path: str
    source: Path
    size_bytes: int


class SourceFolder:
    """Know the files of a course source."""

    def __init__(self, root: Path, problems: Problems) -> None:
        self.root = root
        self.problems = problems

    @cached_property
    def files(self) -> dict[str, SourceFile]:
        """The plain files of `pages/` and `media/` by path; links and devices are told as problems."""
        found: dict[str, SourceFile] = {}
        folded: dict[str, str] = {}
        for file in self._walk("pages", "media"):
            if len(found) >= MOST_FILES:
                self.problems.add(TooManyFilesError, Place(""), limit=MOST_FILES)
                break
            other = folded.setdefault(fold_name(file.path), file.path)
            if file.path in found or other != file.path:
                self.problems.add(SameNameError, Place(file.path), other=other)
                continue
            found[file.path] = file
        return found

    def _walk(self, *folders: str) -> Iterator[SourceFile]:
        waiting = list(reversed(folders))
        while waiting:
            folder = waiting.pop()
            for entry in self._entries(folder):
                path = f"{folder}/{unicodedata.normalize('NFC', entry.name)}"
                if _JUNK.fullmatch(entry.name) or not self._is_name(path):
                    continue
                if entry.is_symlink():
                    self.problems.add(NotAFileError, Place(path))
                elif entry.is_dir():
                    waiting.append(path)
                elif file := self._plain(path, Path(entry.path)):
                    yield file

    def _entries(self, folder: str) -> list[os.DirEntry[str]]:
        where = self.root / folder
        try:
            if where.is_symlink():
                self.problems.add(NotAFileError, Place(folder))
                return []
            with os.scandir(where) as entries:
                return sorted(entries, key=lambda entry: entry.name)
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError:
            self.problems.add(FileUnreadableError, Place(folder))
            return []

    def _is_name(self, path: str) -> bool:
        try:
            if normalize_name(path, NAME_BYTES, DEEPEST) == path and not UNTEXT.search(path):
                return True
        except (PackageError, UnicodeEncodeError):  # the name is no text at all
            pass
        shown = path.encode("utf-8", "backslashreplace").decode("utf-8")
        self.problems.add(NameUnusableError, Place(shown), name=shown.rpartition("/")[2])
        return False

    def _plain(self, path: str, source: Path) -> SourceFile | None:
        try:
            facts = source.lstat()
        except OSError:
            self.problems.add(FileUnreadableError, Place(path))
            return None
        if not stat.S_ISREG(facts.st_mode):
            self.problems.add(NotAFileError, Place(path))
            return None
        return SourceFile(path, source, facts.st_size)

    def course_file(self) -> SourceFile | None:
        """Return `course.toml`, None where it is missing or no plain file."""
        where = self.root / "course.toml"
        return self._plain("course.toml", where) if os.path.lexists(where) else None

    def read_text(self, file: SourceFile, limit_bytes: int = TEXT_BYTES) -> str | None:
        """Return the text of a file with line feeds and no byte order mark; None where it is no text."""
        if file.size_bytes > limit_bytes:
            self.problems.add(TextTooLargeError, Place(file.path), limit=limit_bytes // 1024)
            return None
        try:
            with file.source.open("rb") as opened:
                data = opened.read(limit_bytes + 1)[:limit_bytes]
        except OSError:
            self.problems.add(FileUnreadableError, Place(file.path))
            return None
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            self.problems.add(NotUtf8Error, Place(file.path, data.count(b"\n", 0, error.start) + 1))
            return None
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        if found := UNTEXT.search(text):
            line = text.count("\n", 0, found.start()) + 1
            self.problems.add(ControlCharacterError, Place(file.path, line), character=f"U+{ord(found[0]):04X}")
            return None
        return text
