"""Put lines in order that may be more than memory holds: what does not fit lies in files of a folder meanwhile."""

from __future__ import annotations

import heapq
import marshal
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final

LINES_IN_MEMORY: Final = 50_000
"""How many lines are sorted at a time; a municipality of some thousand employees needs no file."""

BLOCK: Final = 500
"""How many lines of a file are read at a time."""

_AFTER_Z = str.maketrans({"æ": "{", "ä": "{", "ø": "|", "ö": "|", "å": "}", "đ": "d", "ŋ": "n", "ŧ": "t", "ð": "d"})

Keyed = tuple[str, str]
"""A key by which lines are put in order, and a line."""


class Sorter:
    """Take keyed lines in any order, and give them back in the order of their keys."""

    def __init__(self, folder: Path, name: str, most: int = LINES_IN_MEMORY) -> None:
        """Sort into files of a folder whose names begin with `name`; the folder's owner removes them.

        Args:
            most: how many lines memory holds.
        """
        self._stem, self._most = folder / name, most
        self._held: list[Keyed] = []
        self._files: list[Path] = []

    def add(self, key: str, line: str) -> None:
        """Take a line."""
        self._held.append((key, line))
        if len(self._held) >= self._most:
            self._lay_down()

    def lines(self) -> Iterator[str]:
        """Yield the lines in order; after that there are none left."""
        self._held.sort()
        parts = [_read(path) for path in self._files]
        for _, line in heapq.merge(*parts, self._held) if parts else self._held:
            yield line
        self._held.clear()
        self._files.clear()

    def _lay_down(self) -> None:
        self._held.sort()
        path = self._stem.with_suffix(f".{len(self._files)}")
        with path.open("wb") as file:
            for start in range(0, len(self._held), BLOCK):
                marshal.dump(self._held[start : start + BLOCK], file)
        self._files.append(path)
        self._held.clear()


def _read(path: Path) -> Iterator[Keyed]:
    size_bytes = path.stat().st_size
    with path.open("rb") as file:
        while file.tell() < size_bytes:
            yield from marshal.load(file)  # noqa: S302 (we wrote it, into a folder that is ours alone)
    path.unlink()


def sort_key(*words: str) -> str:
    """Return a key that puts words in order as Norwegian sorts, and those that sort alike by their own letters."""
    return "\0".join((*map(collate, words), *words))


@lru_cache(maxsize=20_000)
def collate(text: str) -> str:
    """Return a key that sorts æ, ø, å (and aa) after z, and other letters without their marks."""
    lower = unicodedata.normalize("NFC", text).casefold().replace("aa", "å").translate(_AFTER_Z)
    return "".join(letter for letter in unicodedata.normalize("NFD", lower) if not unicodedata.combining(letter))
