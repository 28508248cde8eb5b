"""Say what a package check found, in the visitor's language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sidecar.catalogue import BARRIER_RULES, FINDING_TEXTS
from sidecar.language import say_template
from sidecar.web.access import current

STANDARDS = {
    "scorm-1.2": "SCORM 1.2",
    "scorm-2004-2nd": "SCORM 2004 2nd Edition",
    "scorm-2004-3rd": "SCORM 2004 3rd Edition",
    "scorm-2004-4th": "SCORM 2004 4th Edition",
    "cmi5": "cmi5",
}


@dataclass(frozen=True)
class FindingLine:
    """One finding as a page shows it; `level` is error, warning or advice."""

    level: str
    text: str


def finding_lines(findings: Iterable[Mapping[str, Any]]) -> list[FindingLine]:
    """Return findings, as they are stored with a version, in the visitor's language.

    Args:
        findings: each with `level`, `code` and `facts`.
    """
    lang = current().language
    return [FindingLine(each["level"], say_template(_template(each["code"]), each["facts"], lang)) for each in findings]


@dataclass(frozen=True)
class BarrierLine:
    """What keeps somebody out, as a page shows it; `criterion` is a number of WCAG, or empty."""

    level: str
    page: str
    element: str
    criterion: str
    text: str
    mend: str


def barrier_lines(accessibility: Mapping[str, Any] | None) -> list[BarrierLine]:
    """Return what the check of its files found, as it is stored with a version, in the visitor's language."""
    lang = current().language
    return [_barrier_line(each, lang) for each in (accessibility or {}).get("static", ())]


def browser_barrier_lines(browser: Mapping[str, Any]) -> list[BarrierLine]:
    """Return what a look in a browser found, as it is stored with a version, in the visitor's language."""
    lang = current().language
    return [_barrier_line(each, lang) for each in browser["findings"]]


def _barrier_line(told: Mapping[str, Any], lang: str) -> BarrierLine:
    rule, facts = BARRIER_RULES[told["code"]], told["facts"]
    said, mend = (say_template(text, facts, lang) for text in (rule.text, rule.mend))
    return BarrierLine(told["level"], told["page"], told["element"], told["criterion"], said, mend)


def standard_name(code: str) -> str:
    """Return the name of a package's standard."""
    return STANDARDS.get(code, code)


def _template(code: str) -> str:
    return " ".join(FINDING_TEXTS[code].split())
