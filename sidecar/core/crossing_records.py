"""Say what one region tells another of a completion: the fields that machines agreed on, and who says it to whom.

Source: docs/crossing.md, whose fields are those of docs/rest-pull.md and what the two regions need beside them.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sidecar.core.crossing_courses import TITLE_CHARACTERS, CrossingCourseError, ToldCourse, read_origin
from sidecar.core.path_contents import canonical
from sidecar.core.validity import LONGEST_MONTHS, LONGEST_RENEWAL_DAYS, RENEWAL_DAYS, Rule, read_window
from sidecar.errors import InvalidInputError, SidecarError

COMPLETED: Final = "completed"
WITHDRAWN: Final = "withdrawn"
ERASED: Final = "erased"
STATUSES: Final = (COMPLETED, WITHDRAWN, ERASED)

KINDS: Final = ("e-learning", "session", "prior-learning")
REF_CHARACTERS: Final = 100
NAME_CHARACTERS: Final = 200
MOST_REVISIONS: Final = 2**31 - 1
EARLIEST_YEAR: Final = 1950
CLOCKS_DIFFER: Final = timedelta(seconds=30)
LONGEST_MINUTES: Final = 1_000_000

_ID: Final = re.compile(r"[0-9a-f]{32}", re.ASCII)
_ORG_NUMBER: Final = re.compile(r"\d{9}", re.ASCII)

Record = dict[str, Any]


class RecordUnreadableError(SidecarError):
    """The record can't be read: {field} is missing or not as it must be."""

    code = "crossing-unreadable"


class RecordNotTheirsError(SidecarError):
    """A region may speak only for what was earned at itself, and this says that it was earned elsewhere."""

    code = "crossing-not-theirs"


class RecordNotForUsError(SidecarError):
    """The record was made for another region."""

    code = "crossing-not-for-us"


class RecordFutureError(SidecarError):
    """The completion lies in the future. Look at the clocks of both sides."""

    code = "crossing-future"


@dataclass(frozen=True)
class Said:
    """A record of another region that has been read; `told` is None where it takes back what it said before.

    Attributes:
        record_id: what its region calls it; `revision`: from 1, the higher one holds.
        digest: of all that it says.
    """

    record_id: str
    revision: int
    status: str
    digest: str
    told: ToldCompletion | None = None


@dataclass(frozen=True)
class ToldCompletion:
    """What is said of a completion; `score`: scaled 0..1."""

    org_number: str
    employee_ref: str
    completed_at: datetime
    score: float | None
    kind: str
    course: ToldCourse

    def document(self) -> Record:
        """Return it as it is kept till somebody matches it."""
        course, rule = self.course, self.course.rule
        return {
            "completed_at": self.completed_at.isoformat(),
            "score": self.score,
            "kind": self.kind,
            "course": {"origin": course.origin, "title": course.title, "language": course.language},
            "minutes": course.minutes,
            "rule": [rule.months, rule.window_from, rule.renewal_days],
        }


def kept_completion(document: Record, org_number: str, employee_ref: str) -> ToldCompletion:
    """Return what `ToldCompletion.document` kept."""
    course = ToldCourse(**document["course"], minutes=document["minutes"], rule=Rule(*document["rule"]))
    at = datetime.fromisoformat(document["completed_at"])
    return ToldCompletion(org_number, employee_ref, at, document["score"], document["kind"], course)


def digest_of(record: Mapping[str, Any]) -> str:
    """Return the SHA-256 of what a record says."""
    return hashlib.sha256(canonical(dict(record))).hexdigest()


def read_record(payload: bytes, *, by: str, to: str, now: datetime) -> Said:
    """Return what a signed record says.

    Args:
        by: the exchange address of the region that sent it; `to`: of ours.

    Raises:
        RecordUnreadableError: it is none, or not written as `canonical` writes it.
        RecordNotTheirsError: it is another region's, or was earned at another.
        RecordNotForUsError: it is not for our region.
        RecordFutureError: the completion is yet to come.
    """
    try:
        record = json.loads(payload)
        is_right = isinstance(record, dict) and canonical(record) == payload
    except (ValueError, RecursionError):
        raise RecordUnreadableError(field="JSON") from None
    if not is_right:
        raise RecordUnreadableError(field="JSON")
    if record.get("iss") != by or record.get("provider") != by:
        raise RecordNotTheirsError
    if record.get("aud") != to:
        raise RecordNotForUsError
    status = _one_of(record, "status", STATUSES)
    seq = record.get("seq")
    if not isinstance(seq, int) or isinstance(seq, bool) or not 1 <= seq <= MOST_REVISIONS:
        raise RecordUnreadableError(field="seq")
    record_id = _text(record, "record_id", 32, _ID)
    told = _read_told(record, now) if status == COMPLETED else None
    return Said(record_id, seq, status, hashlib.sha256(payload).hexdigest(), told)


def _read_told(record: Record, now: datetime) -> ToldCompletion:
    completed_at = _moment(record, "completed_at")
    if completed_at > now + CLOCKS_DIFFER:
        raise RecordFutureError
    return ToldCompletion(
        org_number=_text(record, "municipality_orgnr", 9, _ORG_NUMBER),
        employee_ref=_text(record, "employee_ref", REF_CHARACTERS),
        completed_at=min(completed_at, now),
        score=_score(record),
        kind=_one_of(record, "evidence_kind", KINDS),
        course=_read_course(record),
    )


def _read_course(record: Record) -> ToldCourse:
    origin, course = _text(record, "course_id", 1_000), record.get("course")
    try:
        read_origin(origin)
    except CrossingCourseError:
        raise RecordUnreadableError(field="course_id") from None
    if not isinstance(course, dict):
        raise RecordUnreadableError(field="course")
    language = course.get("language")
    if language is not None:
        language = _text(course, "language", 20)
    minutes = _whole(course, "minutes", 0, LONGEST_MINUTES)
    return ToldCourse(origin, _text(course, "title", TITLE_CHARACTERS), language, minutes, _read_rule(course))


def _read_rule(course: Record) -> Rule:
    months = _whole(course, "validity_months", 1, LONGEST_MONTHS)
    window = course.get("validity_window")
    if window is not None:
        try:
            read_window(_text(course, "validity_window", 5))
        except InvalidInputError:
            raise RecordUnreadableError(field="validity_window") from None
    renewal_days = _whole(course, "renewal_days", 0, LONGEST_RENEWAL_DAYS)
    return Rule(months, window, RENEWAL_DAYS if renewal_days is None else renewal_days)


def _text(record: Record, name: str, most: int, pattern: re.Pattern[str] | None = None) -> str:
    text = record.get(name)
    if not isinstance(text, str) or not 0 < len(text) <= most or not text.isprintable():
        raise RecordUnreadableError(field=name)
    if pattern is not None and not pattern.fullmatch(text):
        raise RecordUnreadableError(field=name)
    return text


def _one_of(record: Record, name: str, known: tuple[str, ...]) -> str:
    text = record.get(name)
    if not isinstance(text, str) or text not in known:
        raise RecordUnreadableError(field=name)
    return text


def _whole(record: Record, name: str, least: int, most: int) -> int | None:
    number = record.get(name)
    if number is None:
        return None
    if not isinstance(number, int) or isinstance(number, bool) or not least <= number <= most:
        raise RecordUnreadableError(field=name)
    return number


def _score(record: Record) -> float | None:
    score = record.get("score")
    if score is None:
        return None
    if isinstance(score, bool) or not isinstance(score, int | float) or not math.isfinite(score) or not 0 <= score <= 1:
        raise RecordUnreadableError(field="score")
    return float(score)


def _moment(record: Record, name: str) -> datetime:
    text = record.get(name)
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or moment.year < EARLIEST_YEAR:
        raise RecordUnreadableError(field=name)
    return moment


def plain_day(day: date | None) -> str | None:
    """Return a day as records have it."""
    return day.isoformat() if day else None
