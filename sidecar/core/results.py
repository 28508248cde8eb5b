"""Judge what a package has said: is a SCO complete, is the attempt, and with which score.

The rules are the project's own, stricter than the standards where these leave it open: SCORM 1.2 is complete when
`passed` or `completed`; SCORM 2004 when `completion_status` is `completed` and `success_status` is not `failed`. A
mastery or passing score of the manifest overrides the package's own status. An attempt is complete when each of its
SCOs is; its score is the mean of those that have one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sidecar.core.elements import is_scorm_12

Elements = Mapping[str, str]


@dataclass(frozen=True)
class Sco:
    """What the manifest says about one launchable item, as far as results depend on it.

    Attributes:
        mastery_score: SCORM 1.2, 0..100.
        scaled_passing_score: SCORM 2004, -1..1.
        completion_threshold: SCORM 2004, 0..1, of `cmi.progress_measure`.
    """

    id: str
    title: str
    is_asset: bool = False
    mastery_score: float | None = None
    scaled_passing_score: float | None = None
    completion_threshold: float | None = None


@dataclass(frozen=True)
class Result:
    """The judgement: `state` is open, completed or failed; `score` scaled 0..1, or None where there is none."""

    state: str
    score: float | None = None


def scos_of(manifest: Mapping[str, Any]) -> list[Sco]:
    """Return the launchable items of a stored manifest in document order."""
    return [_sco(item) for item in walk(manifest["items"]) if item["href"]]


def walk(items: Iterable[Mapping[str, Any]]) -> Iterable[Mapping[str, Any]]:
    """Yield the items of a stored manifest and all below them in document order."""
    for item in items:
        yield item
        yield from walk(item["children"])


def _sco(item: Mapping[str, Any]) -> Sco:
    return Sco(
        id=item["identifier"],
        title=item["title"],
        is_asset=item["scorm_type"] == "asset",
        mastery_score=item["mastery_score"],
        scaled_passing_score=item["scaled_passing_score"],
        completion_threshold=item["completion_threshold"],
    )


def settle(standard: str, sco: Sco, elements: Elements, *, finished: bool) -> dict[str, str]:
    """Return the elements with the statuses that hold after mastery score and thresholds.

    Args:
        finished: the package has said good-bye (Terminate). SCORM 1.2 then decides by mastery score even where
            the package left the status open, unless it suspends.
    """
    if is_scorm_12(standard):
        return {**elements, **_mastery(sco, elements, finished)}
    return {**elements, **_thresholds(sco, elements)}


def _mastery(sco: Sco, elements: Elements, finished: bool) -> dict[str, str]:
    raw = _number(elements.get("cmi.core.score.raw"))
    if sco.mastery_score is None or raw is None:
        return {}
    status = elements.get("cmi.core.lesson_status", "not attempted")
    ends = finished and elements.get("cmi.core.exit") != "suspend" and status != "browsed"
    if not ends and status not in ("passed", "completed", "failed"):
        return {}
    return {"cmi.core.lesson_status": "passed" if raw >= sco.mastery_score else "failed"}


def _thresholds(sco: Sco, elements: Elements) -> dict[str, str]:
    settled = {}
    scaled, progress = _number(elements.get("cmi.score.scaled")), _number(elements.get("cmi.progress_measure"))
    if sco.scaled_passing_score is not None and scaled is not None:
        settled["cmi.success_status"] = "passed" if scaled >= sco.scaled_passing_score else "failed"
    if sco.completion_threshold is not None and progress is not None:
        settled["cmi.completion_status"] = "completed" if progress >= sco.completion_threshold else "incomplete"
    return settled


def judge_sco(standard: str, elements: Elements) -> Result:
    """Judge one SCO by its settled elements."""
    if is_scorm_12(standard):
        status = elements.get("cmi.core.lesson_status")
        done, failed = status in ("passed", "completed"), status == "failed"
        score = _scaled(elements, "cmi.core.score")
    else:
        failed = elements.get("cmi.success_status") == "failed"
        done = elements.get("cmi.completion_status") == "completed" and not failed
        score = _scaled(elements, "cmi.score")
    return Result("completed" if done else "failed" if failed else "open", score)


def judge(standard: str, scos: Iterable[Sco], states: Mapping[str, Elements]) -> Result:
    """Judge an attempt.

    Args:
        states: the settled elements by SCO id; a SCO that was never opened is absent.

    A package of assets alone is complete when each was opened, as assets report nothing.
    """
    listed = list(scos)
    reporting = [sco for sco in listed if not sco.is_asset]
    if not reporting:
        return Result("completed" if listed and all(sco.id in states for sco in listed) else "open")
    results = [judge_sco(standard, states.get(sco.id, {})) for sco in reporting]
    scores = [result.score for result in results if result.score is not None]
    score = sum(scores) / len(scores) if scores else None
    found = {result.state for result in results}
    state = "open" if "open" in found else "failed" if "failed" in found else "completed"
    return Result(state, score)


def _scaled(elements: Elements, prefix: str) -> float | None:
    scaled, raw = _number(elements.get(f"{prefix}.scaled")), _number(elements.get(f"{prefix}.raw"))
    if scaled is not None:
        return max(0.0, min(1.0, scaled))
    if raw is None:
        return None
    low, high = _number(elements.get(f"{prefix}.min")) or 0.0, _number(elements.get(f"{prefix}.max"))
    high = 100.0 if high is None else high
    return max(0.0, min(1.0, (raw - low) / (high - low))) if high > low else None


def _number(text: str | None) -> float | None:
    return float(text) if text and text != "-" else None
