"""Look for what keeps people out of a course, source or package, and set it against the criteria that bind."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from scorm_packages.accessibility.barrier import Barrier, Level
from scorm_packages.accessibility.browser.limits import BrowserLimits
from scorm_packages.accessibility.browser.running import (
    REASONS,
    BrowserResult,
    folder_for_look,
    lack,
    look_in_browser,
)
from scorm_packages.accessibility.evidence import Evidence, write_evidence
from scorm_packages.accessibility.source_check import check_source, name_source_pages
from scorm_packages.authoring.course_source import CourseSource
from scorm_packages.authoring.problems import SourceError
from scorm_packages.authoring.source import read_source
from scorm_packages.building.errors import BuildError
from scorm_packages.building.package import build_package
from scorm_packages.check import OUR_FILES
from scorm_packages.whole_file import replacing
from sidecar.catalogue import PackageRejectedError, check
from sidecar.course_building import NotBuiltError, SourceRefusedError, problem_findings
from sidecar.errors import NotFoundError, SidecarError
from sidecar.language import say_template

__all__ = [
    "REASONS",
    "BrowserLimits",
    "BrowserResult",
    "EvidenceNotWrittenError",
    "Look",
    "folder_for_look",
    "lack",
    "level_of",
    "look_at",
    "look_in_browser",
    "write_evidence_of",
]

BROWSER_NOT_ASKED = BrowserResult(reason="not-asked")


class EvidenceNotWrittenError(SidecarError):
    """The file “{file}” cannot be written: {reason}. Choose a folder that you may write to."""

    code = "evidence-not-written"


@dataclass(frozen=True)
class Look:
    """What was found in a course.

    Attributes:
        plain: what `package check --json` prints.
        refused: why there is nothing to set against the criteria.
    """

    plain: dict[str, Any]
    title: str = ""
    barriers: tuple[Barrier, ...] = ()
    is_ours: bool = False
    browser: BrowserResult = BROWSER_NOT_ASKED
    refused: SidecarError | None = None


def look_at(path: Path, *, in_browser: bool = False) -> Look:
    """Check a package, or the source in a folder, and change nothing.

    Raises:
        NotFoundError: there is no such file, or it can't be read.
    """
    return _look_at_source(path, in_browser) if path.is_dir() else _look_at_package(path, in_browser)


def write_evidence_of(path: Path, target: Path, day: date, language: str, *, in_browser: bool) -> Look:
    """Write what is known of each criterion to a file, all of it or nothing.

    Raises:
        NotFoundError: there is no such file, or it can't be read.
        PackageRejectedError, SourceRefusedError: it is not right, so that nothing can be said of it.
        EvidenceNotWrittenError: the file can't be written.
    """
    look = look_at(path, in_browser=in_browser)
    if look.refused:
        raise look.refused
    evidence = Evidence(
        title=look.title,
        file=path.resolve().name,
        digest="" if path.is_dir() else _digest(path),
        day=day,
        barriers=(*look.barriers, *look.browser.barriers),
        is_ours=look.is_ours,
        not_run=look.browser.not_run,
        states=look.browser.states,
        stopped=REASONS[look.browser.reason] if look.browser.reason else "",
    )
    content = write_evidence(evidence, language, partial(say_template, lang=language))
    try:
        with replacing(target) as file:
            file.write(content)
    except OSError as error:
        raise EvidenceNotWrittenError(file=str(target), reason=error.strerror or "?") from None
    return look


def level_of(paths: Iterable[str]) -> Level:
    """Return how barriers in a package of these files are meant: what others built they must mend."""
    return "warning" if set(paths) >= OUR_FILES else "advice"


def _look_at_package(path: Path, in_browser: bool) -> Look:
    report = check(path)
    plain = report.to_json()
    if report.verdict == "reject":
        return Look(plain, refused=PackageRejectedError(report))
    browser = look_in_browser(path) if in_browser else BROWSER_NOT_ASKED
    _add_browser(plain, browser, report.barrier_level, is_asked=in_browser)
    return Look(plain, report.title, report.barriers, report.is_ours, browser)


def _look_at_source(folder: Path, in_browser: bool) -> Look:
    told: dict[str, Any] = {"file": str(folder), "verdict": "accept", "version": "source", "title": "", "findings": []}
    told["accessibility"] = {"static": [], "browser": "not run"}
    if not folder.is_dir():
        raise NotFoundError(what="readable file", key=str(folder))
    try:
        course = read_source(folder)
    except SourceError as error:
        refused = SourceRefusedError(error.problems)
        return Look({**told, "verdict": "reject", "findings": problem_findings(error.problems)}, refused=refused)
    barriers = check_source(course)
    browser = _look_at_built(course) if in_browser else BROWSER_NOT_ASKED
    title = told["title"] = course.facts.title[course.facts.languages[0]]
    told["accessibility"]["static"] = [each.to_json("warning") for each in barriers]
    _add_browser(told, browser, "warning", is_asked=in_browser)
    return Look(told, title, barriers, is_ours=True, browser=browser)


def _look_at_built(course: CourseSource) -> BrowserResult:
    """Look at what a source becomes; what is found names the file to mend."""
    with tempfile.TemporaryDirectory(prefix="sidecar-look-") as folder:
        try:
            built = build_package(course, Path(folder) / "course.zip")
        except BuildError as error:
            raise NotBuiltError(reason=str(error)) from None
        seen = look_in_browser(built.path)
    return replace(seen, barriers=tuple(name_source_pages(course, seen.barriers)))


def _add_browser(plain: dict[str, Any], browser: BrowserResult, level: Level, *, is_asked: bool) -> None:
    plain["accessibility"]["browser"] = browser.to_json(level)
    if is_asked and browser.not_run:
        plain["accessibility"]["not_run"] = browser.not_run


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
