"""Test the scripted learner against a small tool of its own: cookies, forms, commits."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask, Response, jsonify, make_response, redirect, request

from practice_lms.app import create_app, lms_of
from practice_lms.browsing import Browser
from practice_lms.config import Config
from practice_lms.errors import UnexpectedPageError
from practice_lms.learner import Learner
from practice_lms.serving import run_in_thread, serve
from tests.practice_lms.conftest import LEARNER

PAGE = '<!doctype html><p>Spiller</p><script type="application/json" id="player-data">{}</script>'


@dataclass
class FakeTool:
    """Be a tool that checks what a browser would send, and keeps the commits."""

    config: Config
    standard: str = "scorm-1.2"
    refuses: bool = False
    missing: str = ""
    commits: list[dict[str, Any]] = field(default_factory=list)

    def build(self) -> Flask:
        app = Flask("fake")
        app.add_url_rule("/lti/login", view_func=self.login, methods=["POST"])
        app.add_url_rule("/lti/launch", view_func=self.launch, methods=["POST"])
        app.add_url_rule("/play/1", view_func=self.play)
        app.add_url_rule("/content/<name>", view_func=self.content)
        app.add_url_rule("/api/attempts/1/commits", view_func=self.commit, methods=["POST"])
        return app

    def login(self) -> Response:
        asked = {
            "scope": "openid",
            "response_type": "id_token",
            "response_mode": "form_post",
            "prompt": "none",
            "client_id": request.form["client_id"],
            "redirect_uri": self.config.tool_redirects[0],
            "login_hint": request.form["login_hint"],
            "lti_message_hint": request.form["lti_message_hint"],
            "state": "s",
            "nonce": "n",
        }
        fields = "".join(
            f'<input type="hidden" name="{name}" value="{value.replace(chr(34), "&quot;")}">'
            for name, value in asked.items()
        )
        answer = make_response(f'<form method="get" action="{self.config.auth_url}">{fields}</form>')
        answer.set_cookie("state", "s", secure=True, httponly=True, samesite="None")
        return answer

    def launch(self) -> Response:
        assert request.cookies["state"] == request.form["state"] == "s"
        assert request.headers["Origin"] == self.config.issuer
        assert request.form["id_token"].count(".") == 2
        if self.refuses:
            return Response("<h1>Oppstarten ble avvist</h1>", 400)
        answer = make_response(redirect("/play/1", 303))
        answer.set_cookie("play", "1", secure=True, path="/play/1")
        return answer

    def play(self) -> str:
        assert request.cookies["play"] == "1"
        here = self.config.tool_url
        data = {
            "token": "t0",
            "seq": 0,
            "version": self.standard,
            "contentOrigin": here,
            "base": f"{here}/content/",
            "shimUrl": f"{here}/content/shim.html",
            "transport": {"url": f"{here}/api/attempts/1/commits", "session": "s1"},
            "scos": [{"id": "leksjon", "url": "index.html"}],
        }
        form = (
            '<form method="post"><input type="hidden" name="csrf"><button name="language" value="nn"></button></form>'
        )
        return form + PAGE.replace("{}", json.dumps(data))

    def content(self, name: str) -> Response:
        return Response(f"<p>{name}</p>", 404 if name == self.missing else 200)

    def commit(self) -> Response:
        body = request.get_json()
        assert request.headers["Authorization"] == f"Bearer t{len(self.commits)}"
        self.commits.append(body)
        return jsonify(acknowledged=len(self.commits), token=f"t{len(self.commits)}", state="open")


@pytest.fixture
def tool() -> Iterator[FakeTool]:
    app = create_app()
    lms = lms_of(app)
    with serve(app) as server:
        fake = FakeTool(lms.config)
        tool_server = run_in_thread(fake.build())
        lms.config = fake.config = Config(
            issuer=f"http://lms.localhost:{server.port}", tool_url=f"http://127.0.0.1:{tool_server.port}"
        )
        yield fake
        tool_server.stop()


@pytest.fixture
def learner(tool: FakeTool) -> Learner:
    learner = Learner(tool.config.issuer, LEARNER)
    learner.log_in()
    return learner


def test_learner_follows_the_whole_launch(learner: Learner) -> None:
    play = learner.launch("1")
    assert play.url.endswith("/play/1")
    assert (play.sco_id, play.seq, play.token) == ("leksjon", 0, "t0")


@pytest.mark.parametrize(
    ("standard", "percent", "status"),
    [
        ("scorm-1.2", 100, {"cmi.core.lesson_status": "passed", "cmi.core.score.raw": "100"}),
        ("scorm-1.2", 50, {"cmi.core.lesson_status": "failed"}),
        ("scorm-2004-4th", 90, {"cmi.success_status": "passed", "cmi.score.scaled": "0.9"}),
    ],
)
def test_learner_completes_in_the_words_of_the_standard(
    tool: FakeTool, learner: Learner, standard: str, percent: int, status: dict[str, str]
) -> None:
    tool.standard = standard
    play = learner.launch("1")
    learner.begin(play)
    learner.finish(play, percent)
    said = [(commit["seq"], commit["after"], commit["session"], commit["final"]) for commit in tool.commits]
    assert said == [(1, 0, "s1", False), (2, 1, "s1", True)]
    assert status.items() <= tool.commits[1]["changes"].items()


def test_learner_tells_what_the_tool_said_instead(tool: FakeTool, learner: Learner) -> None:
    tool.refuses = True
    with pytest.raises(UnexpectedPageError, match="HTTP 400: Oppstarten ble avvist"):
        learner.launch("1")


def test_learner_believes_no_commit_without_its_number(learner: Learner) -> None:
    play = learner.launch("1")
    play.seq = 7
    with pytest.raises(UnexpectedPageError, match="save the course"):
        learner.commit(play, {"cmi.core.lesson_status": "passed"})


@pytest.mark.parametrize("missing", ["shim.html", "index.html"])
def test_learner_misses_content_that_is_not_served(tool: FakeTool, learner: Learner, missing: str) -> None:
    tool.missing = missing
    with pytest.raises(UnexpectedPageError, match=f"read the course: HTTP 404: {missing}"):
        learner.begin(learner.launch("1"))


def test_learner_that_is_nobody_is_told(tool: FakeTool) -> None:
    with pytest.raises(UnexpectedPageError, match="log in to the LMS: HTTP 404"):
        Learner(tool.config.issuer, "0").log_in()


def test_browser_shows_the_lms_as_it_is(tool: FakeTool) -> None:
    page = Browser().open(f"{tool.config.issuer}/")
    assert page.forms[0].has_visible_fields
    assert "Velg hvem du vil være" in page.text
