"""Set what was found against each criterion that binds, for the municipality's accessibility statement."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from jinja2 import Environment, PackageLoader, StrictUndefined

from scorm_packages.accessibility.barrier import Barrier
from scorm_packages.accessibility.criteria import BINDING, LEFT_OUT, Criterion, Way

Outcome = Literal["faults", "built-so", "nothing-found", "person"]
Say = Callable[[str, Mapping[str, str]], str]
"""Put an English text into the reader's language and the facts into it."""

TEXTS: Final[Mapping[str, str]] = {
    "heading": "Accessibility of the course: evidence",
    "intro": "What machines found about each of the {count} criteria of WCAG 2.1 (levels A and AA) that bind the "
    "public sector in Norway. It helps to write the accessibility statement; a person must judge what machines can't.",
    "left-out": "Not among them, as the regulation leaves them out: {numbers}. A course with films should be looked "
    "at for audio description all the same: ask the supervisory authority (uutilsynet.no) what binds you.",
    "course": "Course",
    "file": "File",
    "day": "Checked on",
    "digest": "SHA-256 of the file",
    "built-here": "Built by the sidecar",
    "yes": "yes",
    "no": "no",
    "browser": "Check in a browser",
    "browser-run": "run; pages and states looked at: {count}",
    "browser-stopped": "run in part only; pages and states looked at: {count}; {reason}",
    "browser-not-run": "not run: {reason}",
    "summary": "In short",
    "count-faults": "Criteria with faults: {count}",
    "count-built-so": "Criteria met by the way the package is built: {count}",
    "count-nothing-found": "Criteria where machines found nothing, and a person must judge the rest: {count}",
    "count-person": "Criteria that only a person can judge: {count}",
    "criterion": "Criterion",
    "level": "Level",
    "how": "How it was judged",
    "result": "Result",
    "by-hand": "Judged by (name, date, result)",
    "way-builder": "how the package is built",
    "way-static": "check of its files",
    "way-browser": "check in a browser",
    "way-person": "by a person: open",
    "faults": "Faults found: {count}",
    "built-so": "Met by the way the package is built.",
    "nothing-found": "Machines found nothing. A person must judge the rest.",
    "person": "A person must judge this.",
    "mend": "How to mend it",
    "not-looked-at": "What was not looked at",
}
"""Every text of the file, in English."""

_ENVIRONMENT: Final = Environment(
    loader=PackageLoader("scorm_packages.accessibility"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True)
class Evidence:
    """What is known of a course.

    Attributes:
        not_run: why no browser looked at it, empty where one did.
        states: at how many pages and states it looked.
        stopped: why it did not see all, empty where it did.
    """

    title: str
    file: str
    digest: str
    day: date
    barriers: Sequence[Barrier]
    is_ours: bool
    not_run: str
    states: int = 0
    stopped: str = ""

    @property
    def rows(self) -> list[Row]:
        """Return what is to be said of each criterion, in the order of the standard."""
        return [self._judge(criterion) for criterion in BINDING]

    @property
    def unseen(self) -> list[Barrier]:
        """Return what a check said of itself: what it left out."""
        numbers = {criterion.number for criterion in BINDING}
        return [each for each in self.barriers if each.criterion not in numbers]

    def _judge(self, criterion: Criterion) -> Row:
        ways = tuple(way for way in criterion.ways if self._was_gone(way))
        faults = [each for each in self.barriers if each.criterion == criterion.number]
        is_built_so = criterion.is_whole and "builder" in ways
        outcome: Outcome = "built-so" if is_built_so else "nothing-found" if ways else "person"
        return Row(criterion, ways, "faults" if faults else outcome, faults)

    def _was_gone(self, way: Way) -> bool:
        return {"builder": self.is_ours, "static": True, "browser": not self.not_run}[way]


@dataclass(frozen=True)
class Row:
    """What is to be said of one criterion."""

    criterion: Criterion
    ways: tuple[Way, ...]
    outcome: Outcome
    faults: Sequence[Barrier]

    def name(self, language: str) -> str:
        """Return the criterion's name."""
        names = {"nb": self.criterion.nb, "nn": self.criterion.nn}
        return names.get(language, self.criterion.en)


def write_evidence(evidence: Evidence, language: str, say: Say) -> bytes:
    """Return the file: HTML that needs nothing else."""

    def told(code: str, **facts: object) -> str:
        return say(TEXTS[code], {name: str(fact) for name, fact in facts.items()})

    rows = evidence.rows
    outcomes = [row.outcome for row in rows]
    counts = {code: outcomes.count(code) for code in ("faults", "built-so", "nothing-found", "person")}
    template = _ENVIRONMENT.get_template("evidence.html.j2")
    left_out = ", ".join(LEFT_OUT)
    return template.render(
        evidence=evidence, language=language, rows=rows, counts=counts, left_out=left_out, say=told, phrase=say
    ).encode()
