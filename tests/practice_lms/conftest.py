"""Offer a practice LMS, a tool with a published key, and the steps of a launch."""

import re
import time
import uuid
from collections.abc import Iterator
from html import unescape

import pytest
from flask import Flask, Response, jsonify
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import RSAKey
from werkzeug.test import TestResponse

from practice_lms.app import create_app, lms_of
from practice_lms.config import Config
from practice_lms.serving import serve
from practice_lms.state import Lms

SCORE_SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/score"
ALL_SCOPES = " ".join(
    f"https://purl.imsglobal.org/spec/lti-ags/scope/{name}"
    for name in ("lineitem", "lineitem.readonly", "result.readonly", "score")
)
LEARNER = "10"
TEACHER = "3"


class Tool:
    """Be a tool that publishes one key and signs assertions with it."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "tool-1", "alg": "RS256", "use": "sig"})
        self.app = Flask("tool")
        self.app.add_url_rule("/lti/jwks", view_func=self.publish)

    def publish(self) -> Response:
        return jsonify({"keys": [self.key.as_dict(private=False)]})

    def sign(self, config: Config, **changes: object) -> str:
        now = int(time.time())
        claims: dict[str, object] = {
            "iss": config.client_id,
            "sub": config.client_id,
            "aud": config.token_url,
            "iat": now,
            "exp": now + 60,
            "jti": str(uuid.uuid4()),
        }
        claims.update(changes)
        kept = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode({"alg": "RS256", "kid": "tool-1"}, kept, self.key, algorithms=["RS256"])


@pytest.fixture(scope="session")
def tool() -> Tool:
    return Tool()


@pytest.fixture(scope="session")
def tool_url(tool: Tool) -> Iterator[str]:
    with serve(tool.app) as server:
        yield f"http://127.0.0.1:{server.port}"


@pytest.fixture
def config(tool_url: str) -> Config:
    return Config(issuer="http://lms.example", tool_url=tool_url)


@pytest.fixture
def app(config: Config) -> Flask:
    return create_app(config)


@pytest.fixture
def lms(app: Flask) -> Lms:
    return lms_of(app)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return log_in(app)


def log_in(app: Flask, user_id: str = LEARNER) -> FlaskClient:
    client = app.test_client()
    assert client.post("/login", data={"user_id": user_id}).status_code == 303
    return client


def read_form(page: TestResponse) -> tuple[str, dict[str, str]]:
    """Return a page's form: where it goes and its hidden fields."""
    action = re.search(r'<form method="post" action="([^"]*)"', page.text)
    assert action, page.text
    pairs = re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', page.text)
    return unescape(action[1]), {unescape(name): unescape(value) for name, value in pairs}


def ask(client: FlaskClient, config: Config, link_id: str = "1") -> dict[str, str]:
    """Open a link and return the authentication request a good tool makes of it."""
    action, fields = read_form(client.get(f"/mod/lti/launch.php?id={link_id}"))
    assert action == config.tool_login
    return {
        "scope": "openid",
        "response_type": "id_token",
        "response_mode": "form_post",
        "prompt": "none",
        "client_id": fields["client_id"],
        "redirect_uri": config.tool_redirects[0],
        "login_hint": fields["login_hint"],
        "lti_message_hint": fields["lti_message_hint"],
        "state": "st-1",
        "nonce": "n-1",
    }


def get_token(client: FlaskClient, assertion: str, scope: str = ALL_SCOPES, **changes: str) -> TestResponse:
    """Ask for an access token."""
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": assertion,
        "scope": scope,
        **changes,
    }
    return client.post("/mod/lti/token.php", data=form)
