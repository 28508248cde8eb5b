"""Send scores to a platform's gradebook, read and make its line items, read its results.

A platform keeps the newest timestamp of each learner and line item and refuses older ones; Moodle compares
whole seconds, and takes any score that is not FullyGraded as an order to erase the grade. So a progress-only
score never follows a final one, and `rising_timestamp` keeps two scores a second apart.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, Literal
from urllib.parse import urlencode, urlsplit, urlunsplit

from lti.errors import ScoreSuperseded
from lti.fetching import Fetch, Response, host_of
from lti.services import read_json, refuse_answer, require_success

SCOPE_LINE_ITEM: Final = "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem"
SCOPE_LINE_ITEM_READ: Final = "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem.readonly"
SCOPE_RESULT_READ: Final = "https://purl.imsglobal.org/spec/lti-ags/scope/result.readonly"
SCOPE_SCORE: Final = "https://purl.imsglobal.org/spec/lti-ags/scope/score"

SCORE_TYPE: Final = "application/vnd.ims.lis.v1.score+json"
LINE_ITEM_TYPE: Final = "application/vnd.ims.lis.v2.lineitem+json"
RESULTS_TYPE: Final = "application/vnd.ims.lis.v2.resultcontainer+json"

DEFAULT_MAXIMUM: Final = 100.0
NUMBER_LIMIT: Final = 10**12

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


@dataclass(frozen=True)
class LineItem:
    """Hold one column of a platform's gradebook; `id` is its address.

    Source: Assignment and Grade Services 2.0 §3.2.
    """

    id: str
    label: str
    score_maximum: float
    resource_id: str | None = None
    resource_link_id: str | None = None
    tag: str | None = None


@dataclass(frozen=True)
class Result:
    """Hold what stands in the platform's gradebook for one learner.

    Source: Assignment and Grade Services 2.0 §3.3.
    """

    user_id: str = field(repr=False)
    score: float | None
    maximum: float | None


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

    Raises ScoreSuperseded (409), ServiceRefused (401: forget the token), ServiceUnreachable, ServiceRejected.
    Source: Assignment and Grade Services 2.0 §3.4.1.
    """
    headers = _bearer(token) | {"Content-Type": SCORE_TYPE}
    url = _below(lineitem_url, "scores")
    response = fetch("POST", url, headers=headers, body=_to_json(score))
    if response.status == 409:
        raise ScoreSuperseded(host=host_of(url))
    require_success(response, url)


def read_line_item(fetch: Fetch, token: str, lineitem_url: str) -> LineItem:
    """Return the line item at this address.

    Raises ServiceRefused, ServiceUnreachable or ServiceRejected.
    """
    headers = _bearer(token) | {"Accept": LINE_ITEM_TYPE}
    return _read_line_item(fetch("GET", lineitem_url, headers=headers), lineitem_url)


def create_line_item(fetch: Fetch, token: str, lineitems_url: str, item: LineItem) -> LineItem:
    """Make a line item and return it as the platform stored it; the `id` of the one given is not sent.

    Raises ServiceRefused, ServiceUnreachable or ServiceRejected.
    Source: Assignment and Grade Services 2.0 §3.2.4.
    """
    headers = _bearer(token) | {"Content-Type": LINE_ITEM_TYPE, "Accept": LINE_ITEM_TYPE}
    body = {
        "label": item.label,
        "scoreMaximum": item.score_maximum,
        "resourceId": item.resource_id,
        "resourceLinkId": item.resource_link_id,
        "tag": item.tag,
    }
    return _read_line_item(fetch("POST", lineitems_url, headers=headers, body=_dump(body)), lineitems_url)


def read_results(fetch: Fetch, token: str, lineitem_url: str, user_id: str | None = None) -> list[Result]:
    """Return the results of a line item, or one learner's; asked without `limit`, at which Moodle fails.

    Raises ServiceRefused, ServiceUnreachable or ServiceRejected.
    Source: Assignment and Grade Services 2.0 §3.3.
    """
    url = _below(lineitem_url, "results", {} if user_id is None else {"user_id": user_id})
    response = fetch("GET", url, headers=_bearer(token) | {"Accept": RESULTS_TYPE})
    require_success(response, url)
    answer = read_json(response, url)
    if not isinstance(answer, list):
        refuse_answer(url)
    return [_read_result(item, url) for item in answer]


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _below(lineitem_url: str, name: str, query: Mapping[str, str] | None = None) -> str:
    """Return the address of a service below a line item; its query stays where it is.

    Source: Assignment and Grade Services 2.0 §3.1.1 (`/scores` and `/results` are added to the path).
    """
    parts = urlsplit(lineitem_url)
    joined = "&".join(filter(None, [parts.query, urlencode(query or {})]))
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{name}", query=joined))


def _to_json(score: Score) -> bytes:
    return _dump(
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


def _dump(members: Mapping[str, object]) -> bytes:
    """Return JSON without the members that have no value."""
    present = {name: value for name, value in members.items() if value is not None}
    return json.dumps(present, ensure_ascii=False, allow_nan=False).encode()


def _read_line_item(response: Response, url: str) -> LineItem:
    require_success(response, url)
    answer = read_json(response, url)
    if not isinstance(answer, dict):
        refuse_answer(url)
    address, label = _text(answer, "id"), _text(answer, "label")
    maximum = _number(answer, "scoreMaximum")
    if address is None or label is None or maximum is None:
        refuse_answer(url)
    optional = (_text(answer, name) for name in ("resourceId", "resourceLinkId", "tag"))
    return LineItem(address, label, maximum, *optional)


def _read_result(item: object, url: str) -> Result:
    user_id = _text(item, "userId") if isinstance(item, dict) else None
    if not isinstance(item, dict) or user_id is None:
        refuse_answer(url)
    return Result(user_id, _number(item, "resultScore"), _number(item, "resultMaximum"))


def _text(members: Mapping[str, object], name: str) -> str | None:
    value = members.get(name)
    return value if isinstance(value, str) and value else None


def _number(members: Mapping[str, object], name: str) -> float | None:
    """Return a number that a grade can be; anything else counts as none."""
    value = members.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < NUMBER_LIMIT:
        return None
    return float(value)
