"""Scores reach the gradebook as Moodle wants them, and every refusal says what to do."""

import json
from datetime import UTC, datetime, timedelta, timezone
from urllib.parse import urlsplit

import pytest

from lti.errors import ScoreSuperseded, ServiceError, ServiceRefused, ServiceRejected, ServiceUnreachable
from lti.fetching import Response
from lti.grades import Score, completed_score, post_score, rising_timestamp
from lti.service_errors import LineItemGone
from tests.fakes.platform import Clock, FakePlatform
from tests.lti.recordings import RECORDINGS

NOW = datetime(2026, 11, 22, 10, 0, 0, 250_000, tzinfo=UTC)
TOKEN = "token-1"
ITEM_PATH = "/lineitems/4/lineitem"


@pytest.fixture
def platform(clock: Clock) -> FakePlatform:
    return FakePlatform("https://lms.example", clock, tokens=[TOKEN])


def send(platform: FakePlatform, score: Score, url: str | None = None) -> None:
    post_score(platform.fetch, TOKEN, url or platform.lineitem_url, score)


def test_a_completed_course_with_a_score(platform: FakePlatform) -> None:
    send(platform, completed_score("7", NOW, 17, 20, "Bra!"))
    request = platform.requests[-1]
    assert (request.method, request.url) == ("POST", "https://lms.example/lineitems/4/lineitem/scores?type_id=1")
    assert request.headers["Content-Type"] == "application/vnd.ims.lis.v1.score+json"
    assert json.loads(request.body) == {
        "userId": "7",
        "timestamp": "2026-11-22T10:00:00.250000Z",
        "scoreGiven": 17,
        "scoreMaximum": 20,
        "activityProgress": "Completed",
        "gradingProgress": "FullyGraded",
        "comment": "Bra!",
    }


def test_a_completed_course_without_a_score_gives_the_maximum(platform: FakePlatform) -> None:
    send(platform, completed_score("7", NOW))
    assert (platform.scores[0]["scoreGiven"], platform.scores[0]["scoreMaximum"]) == (100, 100)


def test_a_score_of_zero_is_a_score(platform: FakePlatform) -> None:
    send(platform, completed_score("7", NOW, 0))
    assert platform.scores[0]["scoreGiven"] == 0


def test_progress_alone_carries_no_score(platform: FakePlatform) -> None:
    send(platform, Score("7", NOW, None, 100, "InProgress", "NotReady"))
    assert platform.scores[0].keys() == {"userId", "timestamp", "activityProgress", "gradingProgress"}


@pytest.mark.parametrize(
    ("lineitem", "scores"),
    [
        ("https://lms.example/4/lineitem", "https://lms.example/4/lineitem/scores"),
        ("https://lms.example/4/lineitem/", "https://lms.example/4/lineitem/scores"),
        ("https://LMS.example/Item?Type=A&b=%2F", "https://LMS.example/Item/scores?Type=A&b=%2F"),
    ],
)
def test_scores_go_below_the_line_item(platform: FakePlatform, lineitem: str, scores: str) -> None:
    platform.answers[urlsplit(scores).path] = Response(200, {}, b"")
    send(platform, completed_score("7", NOW), lineitem)
    assert platform.requests[-1].url == scores


def test_any_time_zone_is_sent_as_utc(platform: FakePlatform) -> None:
    oslo = timezone(timedelta(hours=1))
    send(platform, completed_score("7", datetime(2026, 11, 22, 11, 0, tzinfo=oslo)))
    assert platform.scores[0]["timestamp"] == "2026-11-22T10:00:00.000000Z"


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_every_2xx_is_success(platform: FakePlatform, status: int) -> None:
    platform.answers[f"{ITEM_PATH}/scores"] = Response(status, {}, b"")
    send(platform, completed_score("7", NOW))
    assert len(platform.requests) == 1


FAILURES: dict[int, type[ServiceError]] = {
    302: ServiceUnreachable,
    400: ServiceRejected,
    401: ServiceRefused,
    403: ServiceRefused,
    404: LineItemGone,
    410: LineItemGone,
    408: ServiceUnreachable,
    409: ScoreSuperseded,
    422: ServiceRejected,
    429: ServiceUnreachable,
    500: ServiceUnreachable,
    503: ServiceUnreachable,
}


@pytest.mark.parametrize(("status", "family"), FAILURES.items())
def test_every_other_status_has_its_meaning(platform: FakePlatform, status: int, family: type[ServiceError]) -> None:
    platform.answers[f"{ITEM_PATH}/scores"] = Response(status, {}, b"the learner Geir")
    with pytest.raises(ServiceError) as caught:
        send(platform, completed_score("7", NOW))
    assert type(caught.value) is family
    assert caught.value.host == "lms.example"
    assert "Geir" not in str(caught.value)


def test_a_wrong_token_is_told_by_its_status(platform: FakePlatform) -> None:
    platform.tokens.clear()
    with pytest.raises(ServiceRefused) as caught:
        send(platform, completed_score("7", NOW))
    assert caught.value.status == 401


def test_two_scores_in_a_second_need_rising_timestamps(platform: FakePlatform, clock: Clock) -> None:
    clock.now = NOW
    send(platform, completed_score("7", NOW, 80))
    with pytest.raises(ScoreSuperseded):
        send(platform, completed_score("7", NOW + timedelta(milliseconds=500), 90))
    send(platform, completed_score("7", rising_timestamp(NOW, NOW + timedelta(milliseconds=500)), 90))
    assert [score["scoreGiven"] for score in platform.scores] == [80, 90]


@pytest.mark.parametrize(
    ("previous", "expected"),
    [
        (None, NOW),
        (NOW - timedelta(days=1), NOW),
        (NOW - timedelta(milliseconds=200), NOW.replace(microsecond=0) + timedelta(seconds=1)),
        (NOW - timedelta(milliseconds=300), NOW),
        (NOW, NOW.replace(microsecond=0) + timedelta(seconds=1)),
        (NOW + timedelta(seconds=5), NOW.replace(microsecond=0) + timedelta(seconds=6)),
    ],
)
def test_timestamps_rise_by_whole_seconds(previous: datetime | None, expected: datetime) -> None:
    assert rising_timestamp(previous, NOW) == expected
    assert previous is None or int(expected.timestamp()) > int(previous.timestamp())


@pytest.mark.parametrize(
    ("given", "maximum"),
    [(-1, 100), (float("nan"), 100), (float("inf"), 100), (5, 0), (5, -1), (5, float("nan")), (5, None)],
)
def test_impossible_scores_are_refused(given: float, maximum: float | None) -> None:
    with pytest.raises(ValueError, match="score"):
        Score("7", NOW, given, maximum, "Completed", "FullyGraded")


def test_a_score_needs_a_time_zone() -> None:
    with pytest.raises(ValueError, match="aware"):
        completed_score("7", datetime(2026, 11, 22, 10, 0))  # noqa: DTZ001


def test_moodle_accepted_scores_of_this_shape() -> None:
    accepted = next(
        case["sent"]
        for case in json.loads((RECORDINGS / "lti_ags_scores.json").read_text(encoding="utf-8"))
        if case["case"] == "Completed/FullyGraded 85/100"
    )
    platform = FakePlatform(tokens=[TOKEN])
    given_at = datetime.fromisoformat(accepted["timestamp"])
    send(platform, completed_score(accepted["userId"], given_at, 85, 100))
    assert platform.scores == [accepted]


def test_a_score_prints_no_person() -> None:
    printed = repr(completed_score("user-seven", NOW, comment="Bra, Geir!"))
    assert "user-seven" not in printed
    assert "Geir" not in printed
