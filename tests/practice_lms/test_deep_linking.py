"""The practice LMS asks for content as Moodle does, and checks the answer more strictly."""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from werkzeug.test import TestResponse

from practice_lms.config import Config
from practice_lms.content_items import DL
from practice_lms.state import Lms
from tests.practice_lms.conftest import LEARNER, TEACHER, Tool, log_in, read_form

LTI = "https://purl.imsglobal.org/spec/lti/claim/"
ITEM = {"type": "ltiResourceLink", "title": "Brannvern", "custom": {"course": "brannvern"}}
COLUMN = {"label": "Karakter", "scoreMaximum": 100, "resourceId": "brannvern", "tag": "completion"}


@pytest.fixture
def teacher(app: Flask) -> FlaskClient:
    return log_in(app, TEACHER)


def ask(client: FlaskClient, config: Config, lms: Lms) -> dict[str, Any]:
    """Open the dialog and return the claims of the request for content."""
    action, fields = read_form(client.get("/mod/lti/contentitem.php"))
    assert action == config.tool_login
    asked = {
        "scope": "openid",
        "response_type": "id_token",
        "response_mode": "form_post",
        "prompt": "none",
        "client_id": fields["client_id"],
        "redirect_uri": config.tool_redirects[0],
        "login_hint": fields["login_hint"],
        "lti_message_hint": fields["lti_message_hint"],
        "nonce": "n-1",
    }
    _, answered = read_form(client.post("/mod/lti/auth.php", data=asked))
    keys = KeySet.import_key_set(lms.keys.publish())  # type: ignore[arg-type]  # a plain dict is what an HTTP answer holds
    return dict(jwt.decode(answered["id_token"], keys, algorithms=["RS256"]).claims)


def answer(
    client: FlaskClient,
    tool: Tool,
    config: Config,
    settings: dict[str, Any],
    *items: object,
    key: RSAKey | None = None,
    changes: Mapping[str, object] = MappingProxyType({}),
) -> TestResponse:
    """Send an answer; a change to None leaves the claim out."""
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": config.client_id,
        "aud": config.issuer,
        "iat": now,
        "exp": now + 60,
        "nonce": str(uuid.uuid4()),
        f"{LTI}deployment_id": config.deployment_id,
        f"{LTI}message_type": "LtiDeepLinkingResponse",
        f"{LTI}version": "1.3.0",
        f"{DL}content_items": list(items),
    }
    claims |= {f"{DL}data": settings["data"]} if "data" in settings else {}
    claims |= dict(changes)
    kept = {name: value for name, value in claims.items() if value is not None}
    token = jwt.encode({"alg": "RS256", "kid": "tool-1"}, kept, key or tool.key, algorithms=["RS256"])
    path = settings["deep_link_return_url"].removeprefix(config.issuer)
    return client.post(path, data={"JWT": token})


def settings_of(client: FlaskClient, config: Config, lms: Lms) -> dict[str, Any]:
    return dict(ask(client, config, lms)[f"{DL}deep_linking_settings"])


def test_the_request_is_moodles(teacher: FlaskClient, config: Config, lms: Lms) -> None:
    claims = ask(teacher, config, lms)
    assert claims[f"{LTI}message_type"] == "LtiDeepLinkingRequest"
    assert f"{LTI}resource_link" not in claims
    settings = claims[f"{DL}deep_linking_settings"]
    assert settings["accept_types"] == ["ltiResourceLink"]
    assert settings["accept_presentation_document_targets"] == ["frame", "iframe", "window"]
    assert settings["accept_multiple"] is True
    assert {"data", "accept_lineitem"}.isdisjoint(settings)
    assert re.fullmatch(
        r"http://lms\.example/mod/lti/contentitem_return\.php\?course=5&id=1&sesskey=\w+",
        settings["deep_link_return_url"],
    )


def test_the_settings_are_switches(teacher: FlaskClient, config: Config, lms: Lms) -> None:
    lms.config = replace(
        config, accept_multiple=None, accept_line_item=False, accept_targets=("window",), content_data="å"
    )
    settings = settings_of(teacher, config, lms)
    assert "accept_multiple" not in settings
    assert (settings["accept_lineitem"], settings["data"]) == (False, "å")
    assert settings["accept_presentation_document_targets"] == ["window"]


def test_learners_choose_no_content(app: Flask) -> None:
    learner = log_in(app, LEARNER)
    for path in ("/course/content", "/mod/lti/contentitem.php"):
        assert learner.get(path).status_code == 403
    assert "Velg innhold" not in learner.get("/course").text


def test_each_item_becomes_an_activity_with_the_column_it_asks_for(
    teacher: FlaskClient, tool: Tool, config: Config, lms: Lms
) -> None:
    settings, url = settings_of(teacher, config, lms), f"{config.tool_url}/lti/launch?item=1"
    first = ITEM | {"lineItem": COLUMN, "text": "Om brann", "url": url, "window": {}}
    page = answer(teacher, tool, config, settings, first, ITEM | {"title": "Uten karakter"})
    assert page.status_code == 200
    graded, plain = lms.config.links[-2:]
    assert (graded.title, graded.graded, graded.url, graded.window) == ("Brannvern", True, url, "window")
    assert (plain.title, plain.graded, plain.url, plain.window) == ("Uten karakter", False, "", "iframe")
    column = lms.item_of_link(graded.link_id)
    assert column
    assert (column.label, column.score_maximum, column.resource_id, column.tag) == (
        *("Brannvern", 100, "brannvern"),
        "completion",
    )
    assert lms.item_of_link(plain.link_id) is None
    assert "Om brann" in teacher.get("/course").text
    _, fields = read_form(teacher.get(f"/mod/lti/launch.php?id={graded.link_id}"))
    assert fields["target_link_uri"] == url


def test_an_empty_answer_adds_nothing(teacher: FlaskClient, tool: Tool, config: Config, lms: Lms) -> None:
    before = lms.config.links
    assert answer(teacher, tool, config, settings_of(teacher, config, lms)).status_code == 200
    assert lms.config.links == before


def test_from_another_site_the_form_is_sent_once_more(app: Flask, config: Config, lms: Lms) -> None:
    path = settings_of(log_in(app, TEACHER), config, lms)["deep_link_return_url"].removeprefix(config.issuer)
    action, fields = read_form(app.test_client().post(path, data={"JWT": "a.b.c"}))
    assert action == path
    assert fields == {"JWT": "a.b.c", "repost": "true"}
    assert app.test_client().post(path, data=fields).status_code == 403


BAD: dict[str, dict[str, object]] = {
    "iss": {"iss": "http://lms.example"},
    "aud": {"aud": "ovingskunde-1"},
    "no aud": {"aud": None},
    "exp": {"exp": int(time.time()) - 10},
    "no exp": {"exp": None},
    "iat": {"iat": int(time.time()) + 86_400},  # reckoned when tests are gathered, long before
    "nonce": {"nonce": None},
    "deployment_id": {f"{LTI}deployment_id": "2"},
    "message_type": {f"{LTI}message_type": "LtiResourceLinkRequest"},
    "version": {f"{LTI}version": "2.0"},
    "data": {f"{DL}data": "sent"},
    "no data": {f"{DL}data": None},
    "content_items": {f"{DL}content_items": {}},
}


@pytest.mark.parametrize("changes", BAD.values(), ids=BAD)
def test_answers_that_are_wrong_add_nothing(
    teacher: FlaskClient, tool: Tool, config: Config, lms: Lms, changes: dict[str, object]
) -> None:
    lms.config = replace(config, content_data="mine")
    settings = settings_of(teacher, config, lms)
    before = lms.config.links
    assert answer(teacher, tool, config, settings, ITEM, changes=changes).status_code == 400
    assert lms.config.links == before
    assert answer(teacher, tool, config, settings, ITEM).status_code == 200


BAD_ITEMS: dict[str, object] = {
    "type": ITEM | {"type": "html"},
    "title": ITEM | {"title": ""},
    "url of another tool": ITEM | {"url": "http://evil.example/lti/launch"},
    "custom": ITEM | {"custom": []},
    "lineItem without a maximum": ITEM | {"lineItem": {"label": "K"}},
    "lineItem where none is taken": ITEM | {"lineItem": COLUMN},
    "window where none is taken": ITEM | {"window": {}},
    "no object": "brannvern",
}


@pytest.mark.parametrize("item", BAD_ITEMS.values(), ids=BAD_ITEMS)
def test_items_that_are_wrong_add_nothing(
    teacher: FlaskClient, tool: Tool, config: Config, lms: Lms, item: object
) -> None:
    lms.config = replace(config, accept_line_item=False, accept_targets=("iframe",))
    before = lms.config.links
    assert answer(teacher, tool, config, settings_of(teacher, config, lms), ITEM, item).status_code == 400
    assert lms.config.links == before


def test_a_stranger_a_replay_and_two_where_one_is_taken_add_nothing(
    app: Flask, teacher: FlaskClient, tool: Tool, config: Config, lms: Lms
) -> None:
    lms.config = replace(config, accept_multiple=False)
    settings = settings_of(teacher, config, lms)
    stranger = RSAKey.generate_key(2048, {"kid": "tool-1"})
    assert answer(teacher, tool, config, settings, ITEM, key=stranger).status_code == 400
    assert answer(teacher, tool, config, settings, ITEM, ITEM).status_code == 400
    assert answer(log_in(app, "2"), tool, config, settings, ITEM).status_code == 400
    assert answer(teacher, tool, config, settings, ITEM, changes={"nonce": "n"}).status_code == 200
    assert answer(teacher, tool, config, settings, ITEM).status_code == 400
    assert (
        answer(teacher, tool, config, settings_of(teacher, config, lms), ITEM, changes={"nonce": "n"}).status_code
        == 400
    )
    assert json.dumps([link.title for link in lms.config.links]).count('"Brannvern"') == 1
