"""Know the elements that a package may set: their names, types, vocabularies and lengths, by standard.

The lists are a little wider than the standards where real packages are (`suspend_data` of SCORM 1.2 holds 64,000
characters, not 4,096), and never narrower than scorm-again in the browser, which checks first.

Source: SCORM 1.2 RTE 3.4.4; SCORM 2004 4th Ed. RTE 4.2.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from sidecar.errors import SidecarError

Check = Callable[[str], bool]

MAX_INDEX = 1_999
MAX_STATE_CHARACTERS = 4_000_000


class UnknownElementError(SidecarError):
    """The course set the element "{element}", which its standard doesn't have or doesn't let it set."""

    code = "unknown-element"


class BadValueError(SidecarError):
    """The course set the element "{element}" to a value that its standard doesn't allow."""

    code = "bad-value"


class TooMuchDataError(SidecarError):
    """The course tried to keep more than {limit} characters for one learner."""

    code = "too-much-data"


def _text(limit: int) -> Check:
    return lambda value: len(value) <= limit


def _one_of(*words: str) -> Check:
    return frozenset(words).__contains__


def _like(pattern: str, limit: int = 500) -> Check:
    compiled = re.compile(pattern, re.ASCII)
    return lambda value: len(value) <= limit and compiled.fullmatch(value) is not None


def _number(low: float | None = None, high: float | None = None, *, empty: bool = True) -> Check:
    shape = re.compile(r"-?(\d{1,15}\.?\d{0,18}|\.\d{1,18})", re.ASCII)

    def check(value: str) -> bool:
        if not value:
            return empty
        if not shape.fullmatch(value):
            return False
        return (low is None or float(value) >= low) and (high is None or float(value) <= high)

    return check


def _either(*checks: Check) -> Check:
    return lambda value: any(check(value) for check in checks)


_TIME_12 = _like(r"\d{2}:\d{2}:\d{2}(\.\d{1,2})?")
_SPAN_12 = _like(r"\d{1,6}:\d{2}:\d{2}(\.\d{1,2})?")
_STATUS_12 = _one_of("passed", "completed", "failed", "incomplete", "browsed", "not attempted")
_TYPES_12 = ("true-false", "choice", "fill-in", "matching", "performance", "sequencing", "likert", "numeric")
_SCORE_12 = _number(0, 100)

_TIME_2004 = _like(r"\d{4}(-\d{2}(-\d{2}(T\d{2}(:\d{2}(:\d{2}(\.\d{1,6}(Z|[+-]\d{2}(:\d{2})?)?|Z)?)?)?)?)?)?")
_SPAN_2004 = _like(
    r"P(?=.)([\d.,]+Y)?([\d.,]+M)?([\d.,]+W)?([\d.,]+D)?(T?([\d.,]+H)?([\d.,]+M)?(\d+([.,]\d+)?S)?)?", 100
)
_COMPLETION = _one_of("completed", "incomplete", "not attempted", "unknown")
_SUCCESS = _one_of("passed", "failed", "unknown")
_SCALED = _number(-1, 1)
_PROGRESS = _number(0, 1)
_IDENTIFIER = _text(4000)
_LANGUAGE_TEXT = _text(4000)

ELEMENTS_12: Mapping[str, Check] = {
    "cmi.core.lesson_location": _text(255),
    "cmi.core.lesson_status": _STATUS_12,
    "cmi.core.exit": _one_of("time-out", "suspend", "logout", "normal", ""),
    "cmi.core.session_time": _SPAN_12,
    "cmi.core.score.raw": _SCORE_12,
    "cmi.core.score.min": _SCORE_12,
    "cmi.core.score.max": _SCORE_12,
    "cmi.suspend_data": _text(64_000),
    "cmi.comments": _text(64_000),
    "cmi.objectives.n.id": _text(255),
    "cmi.objectives.n.status": _STATUS_12,
    "cmi.objectives.n.score.raw": _SCORE_12,
    "cmi.objectives.n.score.min": _SCORE_12,
    "cmi.objectives.n.score.max": _SCORE_12,
    "cmi.student_preference.audio": _number(-1, 100),
    "cmi.student_preference.language": _text(255),
    "cmi.student_preference.speed": _number(-100, 100),
    "cmi.student_preference.text": _number(-1, 1),
    "cmi.interactions.n.id": _text(255),
    "cmi.interactions.n.objectives.n.id": _text(255),
    "cmi.interactions.n.time": _TIME_12,
    "cmi.interactions.n.type": _one_of(*_TYPES_12),
    "cmi.interactions.n.correct_responses.n.pattern": _text(4096),
    "cmi.interactions.n.weighting": _number(),
    "cmi.interactions.n.student_response": _text(4096),
    "cmi.interactions.n.result": _either(_one_of("correct", "wrong", "unanticipated", "neutral"), _number()),
    "cmi.interactions.n.latency": _SPAN_12,
}

ELEMENTS_2004: Mapping[str, Check] = {
    "cmi.completion_status": _COMPLETION,
    "cmi.success_status": _SUCCESS,
    "cmi.exit": _one_of("time-out", "suspend", "logout", "normal", ""),
    "cmi.location": _text(1000),
    "cmi.progress_measure": _PROGRESS,
    "cmi.score.scaled": _SCALED,
    "cmi.score.raw": _number(),
    "cmi.score.min": _number(),
    "cmi.score.max": _number(),
    "cmi.session_time": _SPAN_2004,
    "cmi.suspend_data": _text(64_000),
    "cmi.learner_preference.audio_level": _number(0),
    "cmi.learner_preference.language": _text(250),
    "cmi.learner_preference.delivery_speed": _number(0),
    "cmi.learner_preference.audio_captioning": _one_of("-1", "0", "1"),
    "cmi.comments_from_learner.n.comment": _text(8000),
    "cmi.comments_from_learner.n.location": _text(250),
    "cmi.comments_from_learner.n.timestamp": _TIME_2004,
    "cmi.interactions.n.id": _IDENTIFIER,
    "cmi.interactions.n.type": _one_of(*_TYPES_12, "long-fill-in", "other"),
    "cmi.interactions.n.objectives.n.id": _IDENTIFIER,
    "cmi.interactions.n.timestamp": _TIME_2004,
    "cmi.interactions.n.correct_responses.n.pattern": _text(64_000),
    "cmi.interactions.n.weighting": _number(),
    "cmi.interactions.n.learner_response": _text(64_000),
    "cmi.interactions.n.result": _either(_one_of("correct", "incorrect", "unanticipated", "neutral"), _number()),
    "cmi.interactions.n.latency": _SPAN_2004,
    "cmi.interactions.n.description": _LANGUAGE_TEXT,
    "cmi.objectives.n.id": _IDENTIFIER,
    "cmi.objectives.n.score.scaled": _SCALED,
    "cmi.objectives.n.score.raw": _number(),
    "cmi.objectives.n.score.min": _number(),
    "cmi.objectives.n.score.max": _number(),
    "cmi.objectives.n.success_status": _SUCCESS,
    "cmi.objectives.n.completion_status": _COMPLETION,
    "cmi.objectives.n.progress_measure": _PROGRESS,
    "cmi.objectives.n.description": _LANGUAGE_TEXT,
}

_INDEX = re.compile(r"\.(0|[1-9]\d{0,5})(?=\.)", re.ASCII)


def is_scorm_12(standard: str) -> bool:
    """Tell whether a course version's standard is SCORM 1.2."""
    return standard == "scorm-1.2"


def writable(standard: str) -> tuple[str, ...]:
    """Return the names a package may set, `n` for an index: what the player's whitelist in the browser is."""
    return tuple(_elements(is_scorm_12(standard)))


def check_changes(standard: str, changes: Mapping[str, str]) -> None:
    """Check every name and value that a package wants to set.

    Raises:
        UnknownElementError: no such element, or a read-only one, or an index beyond 1,999.
        BadValueError: not a value of its type, vocabulary or length.
    """
    elements = _elements(is_scorm_12(standard))
    for name, value in changes.items():
        check = elements.get(_pattern_of(name))
        if check is None:
            raise UnknownElementError(element=name[:200])
        if not check(value):
            raise BadValueError(element=name)


def check_size(elements: Mapping[str, str]) -> None:
    """Refuse a state that grew beyond all reason.

    Raises:
        TooMuchDataError: over four million characters.
    """
    if sum(len(name) + len(value) for name, value in elements.items()) > MAX_STATE_CHARACTERS:
        raise TooMuchDataError(limit=MAX_STATE_CHARACTERS)


def _elements(scorm_12: bool) -> Mapping[str, Check]:
    return ELEMENTS_12 if scorm_12 else ELEMENTS_2004


def _pattern_of(name: str) -> str:
    if ".n." in name or any(int(index) > MAX_INDEX for index in _INDEX.findall(name)):
        return ""
    return _INDEX.sub(".n", name)
