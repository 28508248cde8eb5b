"""Send scores to a platform's gradebook.

A platform keeps the newest timestamp of each learner and line item and refuses older ones; Moodle compares
whole seconds, and takes any score that is not FullyGraded as an order to erase the grade. So a progress-only
score never follows a final one, and `rising_timestamp` keeps two scores a second apart.
"""

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from lti.errors import ScoreSuperseded
from lti.fetching import Fetch, host_of
from lti.line_items import refuse_gone
from lti.services import require_success
from lti.wire import bearer, below, dump

SCOPE_SCORE: Final = "https://purl.imsglobal.org/spec/lti-ags/scope/score"

SCORE_TYPE: Final = "application/vnd.ims.lis.v1.score+json"

DEFAULT_MAXIMUM: Final = 100.0

ActivityProgress = Literal["Initialized", "Started", "InProgress", "Submitted", "Completed"]
GradingProgress = Literal["FullyGraded", "Pending", "PendingManual", "Failed", "NotReady"]


@dataclass(frozen=True)
class Score:
    """Hold one score of one learner.

    A timestamp without time zone, a score without positive maximum and a negative score are ValueErrors.
    Source: Assignment and Grade Services 2.0 §3.4.
    """

    user_id: str = field(repr=False)
    timestamp: datetime
    score_given: float | None
    score_maximum: float | None
    activity_progress: ActivityProgress
    grading_progress: GradingProgress
    comment: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.timestamp.tzinfo is None:
            raise ValueError("timestamp must be aware")
        if self.score_given is None:
            return
        if self.score_maximum is None or not 0 < self.score_maximum < math.inf:
            raise ValueError("a score needs a positive maximum")
        if not 0 <= self.score_given < math.inf:
            raise ValueError("a score cannot be negative")


def completed_score(
    user_id: str,
    timestamp: datetime,
    score_given: float | None = None,
    score_maximum: float = DEFAULT_MAXIMUM,
    comment: str | None = None,
) -> Score:
    """Return the score of a finished course; one without a score of its own gives the maximum.

    Source: Assignment and Grade Services 2.0 §3.4.5 and §3.4.6.
    """
    given = score_maximum if score_given is None else score_given
    return Score(user_id, timestamp, given, score_maximum, "Completed", "FullyGraded", comment)


def rising_timestamp(previous: datetime | None, now: datetime) -> datetime:
    """Return `now`, or the second after the previous score's where that is later.

    Source: Assignment and Grade Services 2.0 §3.4.4 (an older timestamp must not overwrite a newer one).
    """
    if previous is None:
        return now
    return max(now, previous.replace(microsecond=0) + timedelta(seconds=1))


def post_score(fetch: Fetch, token: str, lineitem_url: str, score: Score) -> None:
    """Send one score; every 2xx is success.

    Raises ScoreSuperseded (409), LineItemGone (404), ServiceRefused (401: forget the token), ServiceUnreachable or
    ServiceRejected.
    Source: Assignment and Grade Services 2.0 §3.4.1.
    """
    url = below(lineitem_url, "scores")
    response = fetch("POST", url, headers=bearer(token, Content_Type=SCORE_TYPE), body=_to_json(score))
    if response.status == 409:
        raise ScoreSuperseded(host=host_of(url))
    refuse_gone(response, url)
    require_success(response, url)


def _to_json(score: Score) -> bytes:
    return dump(
        {
            "userId": score.user_id,
            "timestamp": score.timestamp.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "scoreGiven": score.score_given,
            "scoreMaximum": None if score.score_given is None else score.score_maximum,
            "activityProgress": score.activity_progress,
            "gradingProgress": score.grading_progress,
            "comment": score.comment,
        }
    )
