"""Read TOML whose mistakes have a line: tomllib says what stands there, this also says where."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Container, Iterator, Mapping
from itertools import islice
from typing import Any, Final

from scorm_packages.authoring.course_source import Place
from scorm_packages.authoring.fact_problems import BrokenTomlError
from scorm_packages.authoring.problems import Problems
from scorm_packages.authoring.source_folder import UNTEXT

MOST_LINES_LOOKED_AT: Final = 50
MOST_READ_AGAIN: Final = 100
"""How often a text is read to find its lines; each time takes as long as the text itself."""

MOST_UNKNOWN: Final = 50
_AT: Final = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


class TomlText:
    """Hold what a piece of TOML says.

    Attributes:
        values: empty where it is broken; that is told as a problem.
    """

    def __init__(self, text: str, file: str, problems: Problems, first_line: int = 1) -> None:
        """Read a text.

        Args:
            file: path within the source.
            first_line: the line of the file on which the text begins.
        """
        self.file, self._lines, self._first_line = file, text.split("\n"), first_line
        self.values: Mapping[str, Any] = {}
        self.is_broken = False
        self._read_again = 0
        try:
            self.values = tomllib.loads(text)
        except (ValueError, RecursionError) as error:  # a number of 5,000 digits is a ValueError, brackets recurse
            self.is_broken = True
            said = "nested too deep" if isinstance(error, RecursionError) else str(error)
            at = _AT.search(said)
            line = int(at[1]) if at and at[1] else len(text.rstrip("\n").split("\n")) if at else 1
            problems.add(BrokenTomlError, Place(file, first_line + line - 1), reason=_AT.sub("", said))

    def unknown(self, known: Container[str]) -> Iterator[str]:
        """Yield the first keys of the outermost table that are none of the known ones."""
        return islice((key for key in self.values if key not in known), MOST_UNKNOWN)

    def place(self, key: str, inner: str = "") -> Place:
        """Return where a key of the outermost table stands, and within it another; the first line if it is nowhere."""
        for at in self._candidates(key):
            if self._begins(at, key):
                return Place(self.file, self._first_line + (self._find_inner(at, inner) if inner else at))
        return Place(self.file, self._first_line)

    def _candidates(self, key: str) -> Iterator[int]:
        name = rf"""["']?{re.escape(key)}["']?"""
        wanted = re.compile(rf"\s*(?:{name}\s*[=.]|\[+\s*{name}\s*[\].])")
        found = (at for at, line in enumerate(self._lines) if wanted.match(line))
        return (at for _, at in zip(range(MOST_LINES_LOOKED_AT), found, strict=False))

    def _begins(self, at: int, key: str) -> bool:
        """Tell whether the key is new on a line: what stands above is whole, and lacks it."""
        self._read_again += 1
        if self._read_again > MOST_READ_AGAIN:  # too many are asked for: the first line that looks right will do
            return True
        try:
            return key not in tomllib.loads("\n".join(self._lines[:at]))
        except (ValueError, RecursionError):  # the line belongs to a text of several lines
            return False

    def _find_inner(self, at: int, inner: str) -> int:
        wanted = re.compile(rf"""(?:^|[\s{{,.])["']?{re.escape(inner)}["']?\s*=""")
        for line in range(at, len(self._lines)):
            if wanted.search(self._lines[line]):
                return line
        return at


def is_text(value: object, limit: int) -> bool:
    """Tell whether a value is a text that may be shown, with something in it."""
    return isinstance(value, str) and bool(value.strip()) and len(value) <= limit and not UNTEXT.search(value)
