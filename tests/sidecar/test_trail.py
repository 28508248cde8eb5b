"""One launch can be followed through the log to the grade, by ids alone."""

import json
from io import StringIO
from pathlib import Path

import pytest
import structlog
from flask import Flask
from sqlalchemy import select

from sidecar.catalogue import add_package
from sidecar.core.attempts import Attempt
from sidecar.core.launches import Launch
from sidecar.core.municipalities import Municipality
from sidecar.core.outbox import OutboxItem
from sidecar.jobs import HANDLERS, perform_item
from sidecar.runtime import Sidecar
from sidecar.web.app import create_app
from tests.conftest import PUBLIC_URL
from tests.fakes.clock import FakeClock
from tests.fakes.lms import register, tool_key_maker
from tests.fakes.package import make_package
from tests.fakes.platform import FakePlatform

PASSED = {"cmi.core.lesson_status": "passed", "cmi.core.score.raw": "90"}


@pytest.fixture
def platform(clock: FakeClock) -> FakePlatform:
    return FakePlatform("https://lms.example", clock, launch_url=f"{PUBLIC_URL}/lti/launch")


@pytest.fixture
def app(sidecar: Sidecar, platform: FakePlatform, monkeypatch: pytest.MonkeyPatch) -> Flask:
    monkeypatch.setattr(sidecar, "fetch", platform.fetch)
    monkeypatch.setattr("sidecar.tool.signing.generate_key", tool_key_maker())
    return create_app(sidecar)


def commit(app: Flask, sidecar: Sidecar, launch: Launch, attempt_id: str) -> None:
    token = sidecar.secrets.token({"attempt": attempt_id, "launch": launch.id}, sidecar.now())
    body = {"seq": 1, "after": 0, "sco": "a", "changes": PASSED, "final": True}
    url = f"{PUBLIC_URL}/api/attempts/{attempt_id}/commits"
    answer = app.test_client().post(url, json=body, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200, answer.text


def test_a_launch_is_followed_to_its_grade(
    app: Flask,
    sidecar: Sidecar,
    platform: FakePlatform,
    kongsberg: Municipality,
    tmp_path: Path,
    log_lines: StringIO,
) -> None:
    package = make_package(tmp_path / "p.zip", pages={"a": "<title>A</title>"})
    add_package(sidecar, package, key="brannvern", is_published=True)
    lms = register(sidecar, platform, app, ("kongsberg",))
    lms.browser().launch()
    (launch,) = lms.launches()
    with sidecar.reading() as db:
        attempt_id = db.scalars(select(Attempt.id)).one()
    commit(app, sidecar, launch, attempt_id)
    with sidecar.reading() as db:
        item = db.scalars(select(OutboxItem).where(OutboxItem.kind == "grade")).one()
    structlog.contextvars.clear_contextvars()  # the worker is another process
    perform_item(sidecar, item.id, HANDLERS)

    lines = [json.loads(line) for line in log_lines.getvalue().splitlines()]
    of_launch = [line for line in lines if line.get("launch") == launch.id]
    assert [line["event"] for line in of_launch if line["event"] != "request.answered"] == [
        "launch.admitted",
        "commit.saved",
    ]
    saved = of_launch[-1]
    assert saved["request_id"] == item.request_id
    told = [line for line in lines if line["event"] != "token.not_shared"]  # no server of the queue runs here
    of_request = [line for line in told if line.get("request_id") == item.request_id]
    assert [line["event"] for line in of_request] == ["commit.saved", "request.answered", "grade.sent", "job.ended"]
    assert {line["job_id"] for line in of_request[2:]} == {item.id}
    assert len(platform.scores) == 1
    assert "Kari" not in log_lines.getvalue()
