"""Build packages from course sources, and say what is wrong with a source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scorm_packages.authoring.course_facts import TITLE_CHARACTERS, is_language
from scorm_packages.authoring.example_course import is_free, write_example
from scorm_packages.authoring.problems import SourceError, SourceProblem
from scorm_packages.authoring.source import read_source
from scorm_packages.authoring.toml_text import is_text
from scorm_packages.building.errors import BuildError
from scorm_packages.building.package import Built, build_package
from scorm_packages.building.standards import DEFAULT_STANDARD, STANDARDS, Standard
from sidecar.errors import InvalidInputError, SidecarError
from sidecar.room import is_no_room

__all__ = [
    "DEFAULT_STANDARD",
    "STANDARDS",
    "Built",
    "FolderInUseError",
    "FolderNotMadeError",
    "NotBuiltError",
    "Order",
    "SourceRefusedError",
    "Standard",
    "begin",
    "build",
    "plain",
    "problem_findings",
]


class SourceRefusedError(SidecarError):
    """The course source can't be used yet. Problems: {count}, the first in {place}: {reason}"""

    code = "source-refused"

    def __init__(self, problems: Sequence[SourceProblem]) -> None:
        """Keep all of them, each with its file and line."""
        super().__init__(count=len(problems), place=problems[0].place, reason=problems[0].message)
        self.problems = problems


class NotBuiltError(SidecarError):
    """The package was not built: {reason}"""

    code = "package-not-built"


class FolderInUseError(SidecarError):
    """The folder “{folder}” is not empty. Name a new one: nothing in it is written over."""

    code = "folder-in-use"


class FolderNotMadeError(SidecarError):
    """The folder “{folder}” cannot be made: {reason}. Name one where you may write."""

    code = "folder-not-made"


@dataclass(frozen=True)
class Order:
    """What is to be built. `languages`: all of the source's where it is empty; `is_each`: a package for each."""

    standard: Standard = DEFAULT_STANDARD
    languages: tuple[str, ...] = ()
    is_each: bool = False


def begin(folder: Path, languages: Sequence[str], title: str = "") -> None:
    """Write a small course to begin with, all of it or nothing.

    Args:
        folder: a new one, or an empty one.
        languages: the main one first.
        title: empty for the example's own.

    Raises:
        InvalidInputError: a language or the title can't be used.
        FolderInUseError: the folder holds something.
        FolderNotMadeError: it can't be written there.
    """
    if not all(map(is_language, languages)):
        raise InvalidInputError(field="language", reason="use codes such as nb, nn, en or se.")
    if title and not is_text(title, TITLE_CHARACTERS):
        raise InvalidInputError(field="title", reason=f"use 1 to {TITLE_CHARACTERS} characters.")
    try:
        if not is_free(folder):
            raise FolderInUseError(folder=str(folder))
        write_example(folder, tuple(dict.fromkeys(languages)), title)
    except OSError as error:
        if is_no_room(error):
            raise
        raise FolderNotMadeError(folder=str(folder), reason=error.strerror or "?") from None


def build(source: Path, target: Path, order: Order) -> list[Built]:
    """Build a source's package, or one for each language with its code before the suffix: `course.nb.zip`.

    Raises:
        SourceRefusedError: the source is not right; nothing was written.
        NotBuiltError: something else is in the way; no half-built file remains.
    """
    try:
        course = read_source(source)
        languages = order.languages or course.facts.languages
        if not order.is_each:
            return [build_package(course, target, standard=order.standard, languages=order.languages)]
        targets = {code: target.with_name(f"{target.stem}.{code}{target.suffix}") for code in languages}
        return [build_package(course, targets[code], standard=order.standard, languages=[code]) for code in languages]
    except SourceError as error:
        raise SourceRefusedError(error.problems) from None
    except BuildError as error:
        raise NotBuiltError(reason=str(error)) from None


def problem_findings(problems: Sequence[SourceProblem]) -> list[dict[str, str]]:
    """Return the problems of a source as `package check --json` prints findings."""
    return [{"level": "error", "code": each.code, "where": each.place, "message": each.message} for each in problems]


def plain(problem: SourceProblem) -> dict[str, Any]:
    """Return a problem as scripts read it."""
    facts = {name: value for name, value in problem.facts.items() if name not in {"file", "line", "where"}}
    place = {"file": problem.file, "line": problem.line}
    return {**place, "code": problem.code, "message": problem.message, "facts": facts}
