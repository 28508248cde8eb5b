"""Hold what is wrong in a course source: each problem with its file and line, all of them told at once.

The docstring of a class is its English text; `{facts}` in it are filled from `facts`. Where it stands is not part of
the text: `place` says it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from scorm_packages.authoring.course_source import Place
from scorm_packages.errors import PackageError

MOST_TOLD: Final = 1_000
"""How many problems are told of one source; a mend of the first ones mends many others."""


class SourceProblem(PackageError):  # noqa: N818 (told together, never raised alone)
    """Something in the course source is not right."""

    code = "source-problem"

    def __init__(self, file: str = "", line: int = 0, **facts: object) -> None:
        """Say where it stands, and what the text tells.

        Args:
            file: path within the source; empty for the folder itself.
            line: from 1; 0 for all of the file.
        """
        super().__init__(file, file=file, line=line, **facts)
        self.file, self.line = self.where, line

    @property
    def place(self) -> str:
        """Return where it stands, as editors write it: `pages/01-start.nb.md:12`."""
        return f"{self.file}:{self.line}" if self.line else self.file

    @property
    def message(self) -> str:
        """Return the English text: what is wrong and what to do."""
        return str(self)

    def __str__(self) -> str:
        return " ".join((type(self).__doc__ or "").split()).format_map(self.facts)


class SourceError(PackageError):
    """The course source cannot be used yet. Problems: {count}, the first in {place}."""

    code = "source-refused"

    def __init__(self, problems: Iterable[SourceProblem]) -> None:
        """Keep all problems, sorted by file and line; there must be one at least."""
        self.problems = tuple(sorted(problems, key=lambda one: (one.file, one.line, one.code, str(one))))
        first = self.problems[0]
        super().__init__(first.file, count=len(self.problems), place=first.place)


class Problems:
    """Collect problems while reading goes on."""

    def __init__(self) -> None:
        self._found: dict[tuple[object, ...], SourceProblem] = {}

    def add(self, kind: type[SourceProblem], place: Place, /, **facts: Any) -> None:  # noqa: ANN401 (told as they are)
        """Note a problem; the same one in the same place is told once."""
        problem = kind(place.file, place.line, **facts)
        key = (problem.code, problem.file, problem.line, *problem.facts.values())
        if len(self._found) < MOST_TOLD:
            self._found.setdefault(key, problem)

    def refuse(self) -> None:
        """Raise SourceError where anything was found."""
        if self._found:
            raise SourceError(self._found.values())

    def __len__(self) -> int:
        return len(self._found)
