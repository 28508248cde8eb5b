"""Look at the pages of a package while it is read: so many files, so many bytes, in flat memory."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Protocol

from scorm_packages.accessibility.barrier import Barrier, barrier
from scorm_packages.accessibility.contrast import TooNestedError, low_contrasts
from scorm_packages.accessibility.document import Document, Element
from scorm_packages.accessibility.page_rules import describe, find_barriers, place_of
from scorm_packages.accessibility.page_tree import MOST_NODES, PageTree

PAGE_SUFFIXES: Final = (".html", ".htm", ".xhtml")
STYLE_SUFFIXES: Final = (".css",)


@dataclass(frozen=True)
class ScanLimits:
    """Bound what is looked at; what is over is said, never passed over."""

    files: int = 300
    file_bytes: int = 2 * 1024**2
    total_bytes: int = 12 * 1024**2
    style_bytes: int = 256 * 1024
    findings: int = 300
    of_a_kind: int = 5
    seconds: float = 10.0


class FileScan(Protocol):
    """Take one file piece by piece."""

    def feed(self, piece: bytes) -> None:
        """Take the next piece."""

    def end(self) -> None:
        """Judge what was taken."""


Namer = Callable[[str, str, str], str]
"""Name the page of an element, from the file's path and the language and page that our documents say around it."""


def name_page(path: str, language: str, page: str) -> str:
    """Name a page of one of our built documents as its address does."""
    return f"{path}#{language}-page-{page}" if page else path


@dataclass
class StaticScan:
    """Gather what stands in the way in all pages of a package."""

    limits: ScanLimits = field(default_factory=ScanLimits)
    name: Namer = name_page
    _barriers: list[Barrier] = field(default_factory=list)
    _counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    _files: int = 0
    _spent_s: float = 0.0
    _bytes: int = 0
    _passed_over: int = 0
    _left_out: int = 0

    def open(self, path: str) -> FileScan | None:
        """Begin a file; None where there is nothing to look at, or where enough was looked at already."""
        suffixed = path.lower()
        if not suffixed.endswith(PAGE_SUFFIXES + STYLE_SUFFIXES):
            return None
        if self._is_enough():
            self._passed_over += 1
            return None
        self._files += 1
        return _PageScan(self, path) if suffixed.endswith(PAGE_SUFFIXES) else _StyleScan(self, path)

    def _is_enough(self) -> bool:
        is_late = self._spent_s > self.limits.seconds
        return is_late or self._files >= self.limits.files or self._bytes >= self.limits.total_bytes

    @property
    def barriers(self) -> tuple[Barrier, ...]:
        """Return what was found, and what was not looked at."""
        told = list(self._barriers)
        if self._left_out:
            told.append(barrier("findings-cut", "", count=self._left_out))
        if self._passed_over:
            told.append(barrier("pages-cut", "", count=self._passed_over))
        return tuple(told)

    def count_bytes(self, size: int) -> None:
        """Count what was looked at."""
        self._bytes += size

    def add(self, found: Barrier) -> None:
        """Keep a barrier; of a page's many of one kind the first few."""
        if self._has_room(found.page, found.code):
            self._counts[found.page, found.code] += 1
            self._barriers.append(found)

    def _has_room(self, page: str, code: str) -> bool:
        is_room = self._counts[page, code] < self.limits.of_a_kind and len(self._barriers) < self.limits.findings
        self._left_out += not is_room
        return is_room

    def judge(self, path: str, root: Element) -> None:
        """Look at a page that was read."""
        began = time.monotonic()
        for found in find_barriers(Document(root)):
            page = self.name(path, *place_of(found.element))
            if self._has_room(page, found.code):
                self.add(barrier(found.code, page, describe(found), **found.facts))
        self._spent_s += time.monotonic() - began


class _PageScan:
    def __init__(self, scan: StaticScan, path: str) -> None:
        self._scan, self._path = scan, path
        self._tree = PageTree()
        self._taken = 0
        self._is_cut = False

    def feed(self, piece: bytes) -> None:
        room = min(self._scan.limits.file_bytes, self._scan.limits.total_bytes) - self._taken
        self._is_cut = self._is_cut or len(piece) > room
        taken = piece[: max(room, 0)]
        self._taken += len(taken)
        if taken:
            self._tree.feed(taken)

    def end(self) -> None:
        self._scan.count_bytes(self._taken)
        if not self._taken:
            return
        if self._is_cut:
            self._scan.add(barrier("page-cut", self._path, kilobytes=self._taken // 1000))
        root = self._tree.close()
        if self._tree.is_cut:
            self._scan.add(barrier("elements-cut", self._path, count=MOST_NODES))
        if root is None:
            self._scan.add(barrier("page-unread", self._path))
        else:
            self._scan.judge(self._path, root)


class _StyleScan:
    def __init__(self, scan: StaticScan, path: str) -> None:
        self._scan, self._path = scan, path
        self._taken = bytearray()
        self._is_cut = False

    def feed(self, piece: bytes) -> None:
        room = self._scan.limits.style_bytes - len(self._taken)
        self._is_cut = self._is_cut or len(piece) > room
        self._taken += piece[: max(room, 0)]

    def end(self) -> None:
        # style takes longer to read than pages do
        self._scan.count_bytes(len(self._taken) * 4)
        if self._is_cut:
            self._scan.add(barrier("page-cut", self._path, kilobytes=len(self._taken) // 1000))
        with suppress(TooNestedError):
            for low in low_contrasts(self._taken.decode("utf-8", "replace")):
                self._scan.add(barrier("contrast-low", self._path, low.selector, **low.facts))
