"""Test which client assertions the practice LMS takes."""

import time

import pytest
from flask import Flask
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import RSAKey

from practice_lms.app import create_app
from practice_lms.config import Config
from tests.practice_lms.conftest import SCORE_SCOPE, Tool, get_token


def test_good_assertion_gets_a_token(client: FlaskClient, config: Config, tool: Tool) -> None:
    answer = get_token(client, tool.sign(config), scope=f"{SCORE_SCOPE} https://example.com/unknown")
    body = answer.get_json(force=True)
    assert answer.status_code == 200
    assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 3600, SCORE_SCOPE)
    assert answer.mimetype == "text/html"


def test_audience_may_be_a_list(client: FlaskClient, config: Config, tool: Tool) -> None:
    assert get_token(client, tool.sign(config, aud=["x", config.token_url])).status_code == 200


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("iss", "another"),
        ("sub", "another"),
        ("aud", "http://lms.example"),
        ("aud", None),
        ("exp", None),
        pytest.param("exp", int(time.time()) - 1, id="exp-past"),
        pytest.param("exp", int(time.time()) + 86_400, id="exp-far"),
        ("iat", None),
        pytest.param("iat", int(time.time()) + 3_000, id="iat-ahead"),
        ("jti", None),
        ("jti", ""),
    ],
)
def test_bad_claim_is_refused_by_name(
    client: FlaskClient, config: Config, tool: Tool, claim: str, value: object
) -> None:
    answer = get_token(client, tool.sign(config, **{claim: value}))
    assert answer.status_code == 400
    assert answer.get_json()["error_description"] == claim


def test_assertion_works_once(client: FlaskClient, config: Config, tool: Tool) -> None:
    assertion = tool.sign(config)
    assert get_token(client, assertion).status_code == 200
    assert get_token(client, assertion).get_json()["error"] == "invalid_client"


def test_foreign_signature_is_refused(client: FlaskClient) -> None:
    stranger = RSAKey.generate_key(2048)
    signed = jwt.encode({"alg": "RS256", "kid": "tool-1"}, {"iss": "x"}, stranger, algorithms=["RS256"])
    assert get_token(client, signed).get_json()["error_description"] == "signature"


@pytest.mark.parametrize("header", [{"alg": "RS256"}, {"alg": "RS256", "kid": "junk"}])
def test_unknown_key_is_refused(client: FlaskClient, tool: Tool, header: dict[str, object]) -> None:
    signed = jwt.encode(header, {"iss": "x"}, tool.key, algorithms=["RS256"])
    assert get_token(client, signed).get_json()["error"] == "invalid_client"


def test_text_that_is_no_jwt_is_refused(client: FlaskClient) -> None:
    assert get_token(client, "abc").get_json()["error"] == "invalid_request"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"client_assertion_type": "basic"}, "invalid_request"),
    ],
)
def test_wrong_form_is_refused(
    client: FlaskClient, config: Config, tool: Tool, change: dict[str, str], error: str
) -> None:
    assert get_token(client, tool.sign(config), **change).get_json()["error"] == error


def test_no_known_scope_is_refused(client: FlaskClient, config: Config, tool: Tool) -> None:
    answer = get_token(client, tool.sign(config), scope="openid")
    assert answer.get_json()["error"] == "invalid_scope"


def test_tool_without_jwks_gets_no_token(tool: Tool) -> None:
    config = Config(tool_url="http://127.0.0.1:9")
    app: Flask = create_app(config)
    answer = get_token(app.test_client(), tool.sign(config))
    assert answer.get_json()["error_description"] == "the tool's JWKS could not be fetched"
