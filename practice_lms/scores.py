"""Read a score a tool posts, and decide what it does to the gradebook.

Source: LTI Assignment and Grade Services 2.0 §3.4; Moodle 4.5 mod/lti/service/gradebookservices/…/scores.php.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from practice_lms.state import Grade, LineItem, Lms

ACTIVITY_PROGRESS = frozenset({"Initialized", "Started", "InProgress", "Submitted", "Completed"})
GRADING_PROGRESS = frozenset({"FullyGraded", "Pending", "PendingManual", "Failed", "NotReady"})


@dataclass(frozen=True)
class Score:
    """Hold one well-formed score."""

    user_id: str
    at: datetime
    activity_progress: str
    grading_progress: str
    given: float | None
    maximum: float | None
    comment: str


class ScoreError(Exception):
    """Refuse a score.

    Args:
        status: the HTTP status.
        reason: the name of the rule that was broken.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


def read_score(body: object) -> Score:
    """Return the score of a request's body.

    Raises:
        ScoreError: 400, a required field is missing or malformed.
    """
    if not isinstance(body, Mapping):
        raise ScoreError(400, "body")
    user_id = body.get("userId")
    if not isinstance(user_id, str | int) or isinstance(user_id, bool) or user_id == "":
        raise ScoreError(400, "userId")
    given = _read_number(body, "scoreGiven")
    maximum = _read_number(body, "scoreMaximum")
    if given is not None and not maximum:
        raise ScoreError(400, "scoreMaximum")
    return Score(
        user_id=str(user_id),
        at=_read_timestamp(body.get("timestamp")),
        activity_progress=_read_word(body, "activityProgress", ACTIVITY_PROGRESS),
        grading_progress=_read_word(body, "gradingProgress", GRADING_PROGRESS),
        given=given,
        maximum=maximum,
        comment=str(body.get("comment", "")),
    )


def _read_number(body: Mapping[str, object], name: str) -> float | None:
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise ScoreError(400, name)
    return float(value)


def _read_word(body: Mapping[str, object], name: str, words: frozenset[str]) -> str:
    word = body.get(name)
    if not isinstance(word, str) or word not in words:
        raise ScoreError(400, name)
    return word


def _read_timestamp(value: object) -> datetime:
    """Read an ISO 8601 time that names its zone (Moodle takes one without, the specification doesn't)."""
    if not isinstance(value, str):
        raise ScoreError(400, "timestamp")
    try:
        at = datetime.fromisoformat(value)
    except ValueError as error:
        raise ScoreError(400, "timestamp") from error
    if at.tzinfo is None or "T" not in value:
        raise ScoreError(400, "timestamp")
    return at.astimezone(UTC)


def record_score(lms: Lms, item: LineItem, score: Score) -> Grade:
    """Put a score into the gradebook; one that is not fully graded erases the grade.

    Raises:
        ScoreError: 400, the user is no learner here; 409, a score of the same second or a later one is there.
    """
    if not lms.is_enrolled(score.user_id):
        raise ScoreError(400, "user")
    key = (item.item_id, score.user_id)
    with lms.lock():
        before = lms.grades.get(key)
        if before and int(before.at.timestamp()) >= int(score.at.timestamp()):
            raise ScoreError(409, "timestamp")
        grade = Grade(_scale(item, score), score.at, score.comment)
        lms.grades[key] = grade
    return grade


def _scale(item: LineItem, score: Score) -> float | None:
    if score.grading_progress != "FullyGraded" or score.given is None or not score.maximum:
        return None
    return min(score.given / score.maximum, 1.0) * item.score_maximum
