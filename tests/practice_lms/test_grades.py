"""Test the grade service: Moodle's rules for scores, media types and scopes."""

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from practice_lms.config import Config
from practice_lms.state import Lms
from tests.practice_lms.conftest import LEARNER, TEACHER, Tool, get_token

BASE = "/mod/lti/services.php/5/lineitems"
SCORES = f"{BASE}/11/lineitem/scores?type_id=1"
SCORE_TYPE = "application/vnd.ims.lis.v1.score+json"
ITEM_TYPE = "application/vnd.ims.lis.v2.lineitem+json"
ITEMS_TYPE = "application/vnd.ims.lis.v2.lineitemcontainer+json"
RESULTS_TYPE = "application/vnd.ims.lis.v2.resultcontainer+json"


@pytest.fixture
def bearer(client: FlaskClient, config: Config, tool: Tool) -> str:
    return str(get_token(client, tool.sign(config)).get_json(force=True)["access_token"])


def score(**changes: object) -> dict[str, object]:
    body: dict[str, object] = {
        "userId": LEARNER,
        "timestamp": "2026-11-22T10:00:00.500+00:00",
        "activityProgress": "Completed",
        "gradingProgress": "FullyGraded",
        "scoreGiven": 85,
        "scoreMaximum": 100,
    }
    body.update(changes)
    return {name: value for name, value in body.items() if value is not None}


def post(
    client: FlaskClient, bearer: str, body: object, media_type: str = SCORE_TYPE, url: str = SCORES
) -> TestResponse:
    headers = {"Authorization": f"Bearer {bearer}", "Content-Type": media_type}
    return client.post(url, json=body, headers=headers)


def read(client: FlaskClient, bearer: str, url: str, accept: str) -> TestResponse:
    return client.get(url, headers={"Authorization": f"Bearer {bearer}", "Accept": accept})


def grade(lms: Lms) -> float | None:
    found = lms.grade_of(LEARNER, "1")
    return found.score if found else None


def test_score_is_taken_with_an_empty_body(client: FlaskClient, bearer: str, lms: Lms) -> None:
    answer = post(client, bearer, score(), f"{SCORE_TYPE}; charset=utf-8")
    assert (answer.status_code, answer.data, grade(lms)) == (200, b"", 85.0)
    assert lms.score_calls[0].status == 200


@pytest.mark.parametrize(
    ("given", "maximum", "kept"), [(17, 20, 85.0), (130, 100, 100.0), (0, 100, 0.0), (1, 1, 100.0)]
)
def test_score_is_scaled_and_capped(
    client: FlaskClient, bearer: str, lms: Lms, given: float, maximum: float, kept: float
) -> None:
    post(client, bearer, score(scoreGiven=given, scoreMaximum=maximum))
    assert grade(lms) == kept


@pytest.mark.parametrize(
    "change",
    [
        {"userId": None},
        {"userId": TEACHER},
        {"userId": "9999"},
        {"timestamp": None},
        {"timestamp": "yesterday"},
        {"timestamp": "2026-11-22T10:00:00"},
        {"activityProgress": None},
        {"activityProgress": "Done"},
        {"gradingProgress": None},
        {"gradingProgress": "Graded"},
        {"scoreMaximum": None},
        {"scoreMaximum": 0},
        {"scoreGiven": "85"},
        {"scoreGiven": -1},
    ],
    ids=str,
)
def test_malformed_score_changes_nothing(client: FlaskClient, bearer: str, lms: Lms, change: dict[str, object]) -> None:
    assert post(client, bearer, score(**change)).status_code == 400
    assert lms.grades == {}


@pytest.mark.parametrize("at", ["2026-11-22T10:00:00.900Z", "2026-11-22T09:59:59Z", "2026-11-22T10:59:00+01:00"])
def test_score_that_is_not_newer_conflicts(client: FlaskClient, bearer: str, lms: Lms, at: str) -> None:
    post(client, bearer, score())
    assert post(client, bearer, score(timestamp=at, scoreGiven=20)).status_code == 409
    assert grade(lms) == 85.0


@pytest.mark.parametrize(
    "change",
    [
        {"gradingProgress": "NotReady", "scoreGiven": None, "scoreMaximum": None},
        {"gradingProgress": "Pending"},
        {"scoreGiven": None, "scoreMaximum": None},
    ],
    ids=str,
)
def test_score_that_is_not_final_erases_the_grade(
    client: FlaskClient, bearer: str, lms: Lms, change: dict[str, object]
) -> None:
    post(client, bearer, score())
    assert post(client, bearer, score(timestamp="2026-11-22T10:00:02Z", **change)).status_code == 200
    assert grade(lms) is None


def test_score_needs_its_media_type(client: FlaskClient, bearer: str, lms: Lms) -> None:
    assert post(client, bearer, score(), "application/json").status_code == 400
    assert lms.grades == {}


def test_score_needs_its_scope(client: FlaskClient, config: Config, tool: Tool) -> None:
    scope = "https://purl.imsglobal.org/spec/lti-ags/scope/result.readonly"
    token = get_token(client, tool.sign(config), scope=scope).get_json(force=True)["access_token"]
    assert post(client, token, score()).status_code == 403


def test_score_needs_a_known_token(client: FlaskClient) -> None:
    assert post(client, "0" * 32, score()).status_code == 401


def test_score_for_an_unknown_line_item(client: FlaskClient, bearer: str) -> None:
    assert post(client, bearer, score(), url=SCORES.replace("/11/", "/99/")).status_code == 404


def test_results_hold_the_grades(client: FlaskClient, bearer: str) -> None:
    post(client, bearer, score())
    url = f"{BASE}/11/lineitem/results?type_id=1"
    assert read(client, bearer, url, "application/json").status_code == 400
    (result,) = read(client, bearer, url, RESULTS_TYPE).get_json()
    assert (result["userId"], result["resultScore"], result["resultMaximum"]) == (LEARNER, 85.0, 100.0)
    assert read(client, bearer, f"{url}&user_id=11", RESULTS_TYPE).get_json() == []


def test_line_items_are_listed_made_changed_and_deleted(client: FlaskClient, bearer: str, lms: Lms) -> None:
    found = read(client, bearer, f"{BASE}?type_id=1&resource_link_id=2", ITEMS_TYPE).get_json()
    assert [item["resourceLinkId"] for item in found] == ["2"]
    headers = {"Authorization": f"Bearer {bearer}", "Content-Type": ITEM_TYPE}
    made = client.post(BASE, json={"label": "Eget", "scoreMaximum": 10, "tag": "t"}, headers=headers)
    assert made.status_code == 201
    url = made.get_json()["id"].removeprefix(lms.config.services)
    assert client.put(url, json={"label": "", "scoreMaximum": 10}, headers=headers).status_code == 400
    changed = client.put(url, json={"label": "Nytt", "scoreMaximum": 20}, headers=headers)
    assert (changed.get_json()["label"], changed.get_json()["scoreMaximum"]) == ("Nytt", 20.0)
    assert read(client, bearer, url, ITEM_TYPE).get_json()["label"] == "Nytt"
    assert client.delete(url, headers=headers).status_code == 204
    assert read(client, bearer, url, ITEM_TYPE).status_code == 404
