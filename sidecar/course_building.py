"""Build packages from course sources, and say what is wrong with a source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scorm_packages.authoring.problems import SourceError, SourceProblem
from scorm_packages.authoring.source import read_source
from scorm_packages.building.errors import BuildError
from scorm_packages.building.package import Built, build_package
from scorm_packages.building.standards import DEFAULT_STANDARD, STANDARDS, Standard
from sidecar.errors import SidecarError

__all__ = ["DEFAULT_STANDARD", "STANDARDS", "Built", "NotBuiltError", "SourceRefusedError", "Standard", "build"]


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


@dataclass(frozen=True)
class Order:
    """What is to be built. `languages`: all of the source's where it is empty; `is_each`: a package for each."""

    standard: Standard = DEFAULT_STANDARD
    languages: tuple[str, ...] = ()
    is_each: bool = False


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


def plain(problem: SourceProblem) -> dict[str, Any]:
    """Return a problem as scripts read it."""
    facts = {name: value for name, value in problem.facts.items() if name not in {"file", "line", "where"}}
    place = {"file": problem.file, "line": problem.line}
    return {**place, "code": problem.code, "message": problem.message, "facts": facts}
