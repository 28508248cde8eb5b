"""Find the files that pages use, and let none through that is not what it says."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from scorm_packages.authoring.captions import VTT_BYTES, check_captions
from scorm_packages.authoring.course_source import MediaFile, Place
from scorm_packages.authoring.file_problems import FileCasedError, FileMissingError, FileUnreadableError
from scorm_packages.authoring.media_problems import (
    MediaContentError,
    MediaEmptyError,
    MediaKind,
    MediaTooLargeError,
    MediaTypeError,
    NotInMediaError,
)
from scorm_packages.authoring.media_type import TYPES, ending_of, endings_for, size_in_words
from scorm_packages.authoring.pictures import measure_picture
from scorm_packages.authoring.problems import Problems
from scorm_packages.authoring.source_folder import TEXT_BYTES, SourceFile, SourceFolder
from scorm_packages.authoring.svg import SVG_BYTES, measure_svg
from scorm_packages.entry_name import fold_name

HEAD_BYTES: Final = 16
LIMITS_BYTES: Final[Mapping[MediaKind, int]] = {
    "picture": 50 * 10**6,
    "film": 2 * 10**9,
    "audio": 500 * 10**6,
    "captions": VTT_BYTES,
    "download": 500 * 10**6,
    "text": TEXT_BYTES,
}
"""How large one file may be; a drawing, which is read as a whole, `SVG_BYTES`."""


@dataclass(frozen=True)
class Medium:
    """A file that a page uses. `width` and `height`: of a picture, in pixels, 0 where they are unknown."""

    path: str
    mime: str
    size_bytes: int
    width: int = 0
    height: int = 0


class MediaShelf:
    """Know the files of `media/`, and which of them are used."""

    def __init__(self, folder: SourceFolder, problems: Problems) -> None:
        self._folder, self._problems = folder, problems
        self._by_name = {fold_name(path): path for path in folder.files}
        self._known: dict[tuple[str, MediaKind], Medium | None] = {}
        self._used: dict[str, MediaFile] = {}

    @property
    def used(self) -> tuple[MediaFile, ...]:
        """The files that pages use, by path."""
        return tuple(self._used[path] for path in sorted(self._used))

    def use(self, name: str, what: MediaKind, place: Place) -> Medium | None:
        """Return a file that a page uses; None where it cannot be used, which is told.

        Args:
            name: as the author wrote it, not percent-encoded.
            place: where the author wrote it.
        """
        file = self._find(name, place)
        if file is None:
            return None
        kind = TYPES.get(ending_of(file.path))
        if kind is None or (what not in kind.uses and not (what == "download" and kind.mime != "text/markdown")):
            self._problems.add(MediaTypeError, place, name=name, what=what, known=endings_for(what))
            return None
        if (file.path, what) not in self._known:
            self._known[file.path, what] = self._check(file, place)
        medium = self._known[file.path, what]
        if medium and what != "text":
            self._used[file.path] = MediaFile(file.path, file.source, file.size_bytes)
        return medium

    def read_text(self, path: str) -> str | None:
        """Return the text of a file that was found; None where it cannot be read, which is told."""
        return self._folder.read_text(self._folder.files[path])

    def _find(self, name: str, place: Place) -> SourceFile | None:
        path = unicodedata.normalize("NFC", name)
        if not path.startswith("media/") or ".." in path.split("/") or "\\" in path:
            self._problems.add(NotInMediaError, place, name=name)
            return None
        if file := self._folder.files.get(path):
            return file
        if actual := self._by_name.get(fold_name(path)):
            self._problems.add(FileCasedError, place, name=name, actual=actual)
        else:
            self._problems.add(FileMissingError, place, name=name)
        return None

    def _check(self, file: SourceFile, place: Place) -> Medium | None:
        ending = ending_of(file.path)
        kind = TYPES[ending]
        limit = SVG_BYTES if ending == "svg" else LIMITS_BYTES[kind.uses[0]]
        if file.size_bytes == 0:
            self._problems.add(MediaEmptyError, place, name=file.path)
            return None
        if file.size_bytes > limit:
            told = {"size": size_in_words(file.size_bytes), "limit": size_in_words(limit)}
            self._problems.add(MediaTooLargeError, place, name=file.path, **told)
            return None
        head = self._head(file.source)
        if head is None:
            self._problems.add(FileUnreadableError, Place(file.path))
            return None
        if not kind.begins(head):
            self._problems.add(MediaContentError, place, name=file.path)
            return None
        return self._look_inside(Medium(file.path, kind.mime, file.size_bytes), file, place)

    def _look_inside(self, medium: Medium, file: SourceFile, place: Place) -> Medium | None:
        ending = ending_of(file.path)
        if ending == "svg":
            size = measure_svg(file, self._folder, self._problems)
            return replace(medium, width=size[0], height=size[1]) if size else None
        if ending == "vtt":
            return medium if check_captions(file, self._folder, self._problems) else None
        if TYPES[ending].uses[0] == "picture":
            size = measure_picture(file, place, self._problems)
            return replace(medium, width=size[0], height=size[1]) if size else None
        return medium

    def _head(self, path: Path) -> bytes | None:
        try:
            with path.open("rb") as opened:
                return opened.read(HEAD_BYTES)
        except OSError:
            return None
