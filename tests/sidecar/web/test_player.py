"""Play over HTTP: the page, commits good and bad, and the page at the end."""

import gzip
import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sidecar.core import attempts
from sidecar.core.attempts import Attempt
from sidecar.core.courses import CourseVersion
from sidecar.core.tables import METADATA
from sidecar.runtime import Sidecar
from sidecar.web.app import create_app
from sidecar.web.assets import FOLDER
from tests.fakes.clock import FakeClock
from tests.fakes.learner import Learner, add_identity, bring_learner, launch
from tests.fakes.package import make_package

PASSED = {"cmi.core.lesson_status": "passed", "cmi.core.score.raw": "90"}
Send = Callable[..., TestResponse]


@pytest.fixture
def app(sidecar: Sidecar) -> Flask:
    return create_app(sidecar)


@pytest.fixture
def learner(sidecar: Sidecar, tmp_path: Path) -> Learner:
    return bring_learner(sidecar, make_package(tmp_path / "p.zip", pages={"a": "<title>A</title>"}))[0]


def browser_of(app: Flask, sidecar: Sidecar, learner: Learner) -> FlaskClient:
    client = app.test_client()
    client.set_cookie(
        f"__Host-play-{learner.launch_id[:8]}",
        learner.secret,
        domain="sidecar.example.no",
        secure=True,
    )
    return client


@pytest.fixture
def client(app: Flask, sidecar: Sidecar, learner: Learner) -> FlaskClient:
    return browser_of(app, sidecar, learner)


@pytest.fixture
def send(client: FlaskClient, sidecar: Sidecar, learner: Learner) -> Send:
    def run(
        body: object,
        *,
        token: str | None = None,
        attempt_id: str = learner.attempt_id,
        **more: Any,  # noqa: ANN401
    ) -> TestResponse:
        token = sidecar.secrets.token(learner.token_claims, sidecar.now()) if token is None else token
        data = body if isinstance(body, bytes | str) else json.dumps(body)
        headers = {"Authorization": f"Bearer {token}"} | more.pop("headers", {})
        url = f"https://sidecar.example.no/api/attempts/{attempt_id}/commits"
        return client.post(url, data=data, headers=headers, **({"content_type": "application/json"} | more))

    return run


def say(seq: int, changes: dict[str, str], **more: object) -> dict[str, Any]:
    return {"seq": seq, "sco": "a", "changes": changes} | more


def page(client: FlaskClient, learner: Learner, path: str = "") -> TestResponse:
    return client.get(f"https://sidecar.example.no/play/{learner.launch_id}{path}")


def data_of(response: TestResponse) -> dict[str, Any]:
    found = re.search(r'<script id="player-data" type="application/json">(.*?)</script>', response.text, re.DOTALL)
    assert found
    data: dict[str, Any] = json.loads(found[1])
    return data


def states(sidecar: Sidecar, learner: Learner) -> dict[str, dict[str, str]]:
    with sidecar.reading() as db:
        return attempts.list_states(db, learner.attempt_id)


def test_the_page_holds_what_the_player_needs(client: FlaskClient, learner: Learner, sidecar: Sidecar) -> None:
    response = page(client, learner)
    data = data_of(response)
    assert response.headers["Cache-Control"] == "no-store"
    assert (data["attemptId"], data["mode"], data["version"], data["start"]) == (
        learner.attempt_id,
        "normal",
        "scorm-1.2",
        "a",
    )
    assert data["shimUrl"] == f"{sidecar.settings.content_url}/_player/shim.html"
    assert data["token"] not in data["shimUrl"]
    given = data["scos"][0]["given"]
    assert given["cmi.core.student_name"] == "Kari Ås"
    assert given["cmi.core.entry"] == "ab-initio"


def test_looking_at_the_page_writes_nothing(client: FlaskClient, learner: Learner, sidecar: Sidecar) -> None:
    before = everything(sidecar)
    for path in ("", "/token", "/end"):
        assert page(client, learner, path).status_code == 200
    assert everything(sidecar) == before


def everything(sidecar: Sidecar) -> list[str]:
    with sidecar.reading() as db:
        return [repr(row) for table in METADATA.sorted_tables for row in db.execute(table.select())]


def test_a_commit_is_acknowledged_by_its_number_with_a_new_token(
    send: Send, sidecar: Sidecar, learner: Learner, clock: FakeClock
) -> None:
    clock.advance(minutes=29)
    first = send(say(1, {"cmi.suspend_data": "æ" * 60_000})).get_json()
    assert (first["acknowledged"], first["expires_in"], first["state"], first["grade"]) == (1, 1800, "open", None)
    clock.advance(minutes=29)
    second = send(say(2, PASSED, final=True), token=first["token"]).get_json()
    assert (second["acknowledged"], second["state"], second["grade"]) == (2, "completed", "waiting")


def test_a_beacon_carries_its_token_in_the_body(send: Send, sidecar: Sidecar, learner: Learner) -> None:
    token = sidecar.secrets.token(learner.token_claims, sidecar.now())
    body = json.dumps(say(1, PASSED, token=token))
    assert (
        send(body, token="", headers={"Authorization": ""}, content_type="text/plain;charset=UTF-8").status_code == 200
    )


def test_pieces_are_put_together(send: Send, sidecar: Sidecar, learner: Learner) -> None:
    text = json.dumps(say(1, {"cmi.suspend_data": "æ" * 60_000}, session="s"), ensure_ascii=False)
    half = len(text) // 2
    piece = {"seq": 1, "session": "s", "of": 2}
    kept = send(piece | {"piece": 1, "text": text[half:]})
    assert (kept.status_code, kept.get_json()) == (202, {"kept": 1})
    assert states(sidecar, learner) == {}
    assert send(piece | {"piece": 0, "text": text[:half]}).get_json()["acknowledged"] == 1
    assert states(sidecar, learner)["a"]["cmi.suspend_data"] == "æ" * 60_000


BAD_BODIES = [
    (b"", 400),
    (b"<html>", 400),
    (b"[]", 400),
    (b"null", 400),
    (b"\xff\xfe", 400),
    (b"[" * 100_000, 400),
    (b'{"seq": 1}', 400),
    (say(0, {}), 400),
    (say(1, {}) | {"seq": "1"}, 400),
    (say(1, {}) | {"changes": ["x"]}, 400),
    (say(1, {}) | {"changes": {"cmi.suspend_data": 7}}, 400),
    (say(1, {}) | {"changes": {"cmi.suspend_data": None}}, 400),
    (say(1, {}) | {"sco": "nothing"}, 400),
    (say(1, {"cmi.core.student_id": "x"}), 400),
    (say(1, {"cmi.core.lesson_status": "done"}), 400),
    (say(1, {}) | {"session": "a\0b"}, 400),
    (say(1, {}) | {"session": "\ud800"}, 400),
    (say(1, {}) | {"sco": "\ud800\0"}, 400),
    (say(1, {"cmi.\ud800.x": "x"}), 400),
    (say(2, {}), 409),
    ({"seq": 1, "session": "s", "piece": 0, "of": 99, "text": "x"}, 400),
    ({"seq": 1, "session": "s", "piece": 0, "of": 1, "text": "{"}, 400),
    (say(1, {"cmi.suspend_data": "x" * 2_000_000}), 413),
]


@pytest.mark.parametrize(("body", "status"), BAD_BODIES, ids=range(len(BAD_BODIES)))
def test_a_bad_commit_is_refused_in_words_and_changes_nothing(
    send: Send, sidecar: Sidecar, learner: Learner, body: object, status: int
) -> None:
    response = send(body, headers={"Accept-Language": "en", "Origin": sidecar.settings.content_url})
    assert response.status_code == status
    error = response.get_json()["error"]
    assert error["code"]
    assert len(error["message"]) > 20
    assert response.headers["Access-Control-Allow-Origin"] == sidecar.settings.content_url
    assert states(sidecar, learner) == {}
    with sidecar.reading() as db:
        assert db.get_one(Attempt, learner.attempt_id).seq == 0


def test_another_kind_of_body_is_refused(send: Send, sidecar: Sidecar, learner: Learner) -> None:
    assert send("seq=1", content_type="application/x-www-form-urlencoded").status_code == 415
    assert states(sidecar, learner) == {}


def test_an_error_says_which_number_was_expected(send: Send) -> None:
    assert send(say(7, {})).get_json()["error"]["facts"] == {"expected": 1}


def test_only_the_attempts_own_token_will_do(send: Send, sidecar: Sidecar, learner: Learner, clock: FakeClock) -> None:
    with sidecar.reading() as db:
        course_id = db.get_one(Attempt, learner.attempt_id).course_id
        platform_id = db.connection().exec_driver_sql("SELECT id FROM platform").scalar_one()
    other = launch(sidecar, add_identity(sidecar, platform_id, "ola"), course_id)
    theirs = sidecar.secrets.token(other.token_claims, sidecar.now())
    assert send(say(1, PASSED), token=theirs).status_code == 403
    assert send(say(1, PASSED), token="").status_code == 401
    assert send(say(1, PASSED), token="gAAAAA" + "x" * 100).status_code == 401
    old = sidecar.secrets.token(learner.token_claims, sidecar.now())
    clock.advance(minutes=31)
    assert send(say(1, PASSED), token=old).status_code == 401
    assert states(sidecar, learner) == {}


@pytest.mark.parametrize("body", ['{"token": "\\ud800"}', "[" * 100_000, '{"token": ["x"]}', "\ufeff"])
def test_an_odd_body_without_a_token_is_refused(send: Send, body: str) -> None:
    assert send(body, headers={"Authorization": ""}, content_type="text/plain").status_code == 401


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "https://sidecar.example.no", "null", "http://content.example.net"]
)
def test_no_other_origin_may_read_the_answers(send: Send, origin: str) -> None:
    assert "Access-Control-Allow-Origin" not in send(say(1, {}), headers={"Origin": origin}).headers


def test_a_finished_attempt_is_reviewed_and_takes_nothing(
    send: Send, client: FlaskClient, sidecar: Sidecar, learner: Learner
) -> None:
    send(say(1, PASSED, final=True))
    data = data_of(page(client, learner))
    assert (data["isReview"], data["scos"][0]["given"]["cmi.core.lesson_mode"]) == (True, "review")
    response = send(say(2, {"cmi.core.score.raw": "100"}))
    assert (response.status_code, response.get_json()["error"]["code"]) == (409, "attempt-finished")


def test_start_again_makes_a_new_attempt(send: Send, client: FlaskClient, learner: Learner) -> None:
    send(say(1, PASSED, final=True))
    url = f"https://sidecar.example.no/play/{learner.launch_id}/again"
    origin = {"Origin": "https://sidecar.example.no"}
    assert client.post(url, headers=origin).status_code == 403
    token = re.search(r'name="csrf_token" value="([0-9a-f]+)"', page(client, learner).text)
    assert token
    response = client.post(url, data={"csrf_token": token[1]}, headers=origin)
    assert (response.status_code, response.headers["Location"]) == (303, f"/play/{learner.launch_id}")
    data = data_of(page(client, learner))
    assert (data["isReview"], data["attemptId"] != learner.attempt_id) == (False, True)


def test_the_state_can_be_read_back(send: Send, client: FlaskClient, sidecar: Sidecar, learner: Learner) -> None:
    token = send(say(1, {"cmi.core.lesson_location": "3"})).get_json()["token"]
    url = f"https://sidecar.example.no/api/attempts/{learner.attempt_id}/state"
    answer = client.get(url, headers={"Authorization": f"Bearer {token}"}).get_json()
    assert (answer["seq"], answer["state"], answer["scos"]) == (1, "open", {"a": {"cmi.core.lesson_location": "3"}})


def test_the_end_page_says_what_was_saved(send: Send, client: FlaskClient, learner: Learner) -> None:
    client.set_cookie("sidecar-language", "en", domain="sidecar.example.no")
    assert "Nothing has been saved yet." in page(client, learner, "/end").text
    send(say(1, {"cmi.core.lesson_status": "incomplete"}))
    assert "You have not finished yet." in page(client, learner, "/end").text
    send(say(2, PASSED, final=True))
    text = page(client, learner, "/end").text
    for words in ("You have completed this course.", "90", "On its way", 'href="https://lms.example.org/course"'):
        assert words in text


def test_a_return_address_that_is_no_web_address_is_left_out(app: Flask, sidecar: Sidecar, learner: Learner) -> None:
    with sidecar.reading() as db:
        course_id = db.get_one(Attempt, learner.attempt_id).course_id
    again = launch(sidecar, learner.identity_id, course_id, return_url="javascript:alert(1)")
    assert "javascript:" not in page(browser_of(app, sidecar, again), again, "/end").text


def test_another_launchs_cookie_opens_nothing(app: Flask, client: FlaskClient, learner: Learner) -> None:
    assert page(app.test_client(), learner).status_code == 401
    assert client.get(f"https://sidecar.example.no/play/{'0' * 32}").status_code == 401


def test_a_version_that_was_not_reviewed_says_so(client: FlaskClient, sidecar: Sidecar, learner: Learner) -> None:
    with sidecar.transaction() as db:
        attempt = db.get_one(Attempt, learner.attempt_id)
        db.get_one(CourseVersion, attempt.version_id).reviewed_at = None
    assert "player-data" not in page(client, learner).text
    sidecar.settings = replace(sidecar.settings, content_url="https://*.content.example.net")
    data = data_of(page(client, learner))
    assert data["base"] == data["contentOrigin"] + "/"


def test_halves_of_characters_survive_as_compressors_make_them(
    send: Send, client: FlaskClient, sidecar: Sidecar, learner: Learner
) -> None:
    odd = "\ud800 \udfff \0 \U0001f525"
    assert send(say(1, {"cmi.suspend_data": odd})).status_code == 200
    assert states(sidecar, learner)["a"]["cmi.suspend_data"] == odd
    assert data_of(page(client, learner))["scos"][0]["elements"]["cmi.suspend_data"] == odd


def test_two_commits_at_once_are_taken_one_after_the_other(app: Flask, sidecar: Sidecar, learner: Learner) -> None:
    token = sidecar.secrets.token(learner.token_claims, sidecar.now())
    url = f"https://sidecar.example.no/api/attempts/{learner.attempt_id}/commits"

    def run(number: int) -> int:
        body = say(1, {"cmi.core.lesson_location": str(number)})
        return app.test_client().post(url, json=body, headers={"Authorization": f"Bearer {token}"}).status_code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(run, range(8))) == [200] + [409] * 7


def test_the_player_is_small(client: FlaskClient, learner: Learner) -> None:
    own = [path.read_bytes() for path in (FOLDER / "player").iterdir()]
    shared = (FOLDER / "plain.css").read_bytes()
    size_bytes = sum(len(gzip.compress(part)) for part in [*own, shared, page(client, learner).data])
    assert size_bytes < 50_000
