"""Test what the practice LMS launches, and which authentication requests it refuses."""

import json

import pytest
from flask import Flask
from flask.testing import FlaskClient
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from practice_lms.app import create_app, lms_of
from practice_lms.config import Config, Faults
from practice_lms.state import Lms
from tests.practice_lms.conftest import TEACHER, ask, log_in, read_form

LTI = "https://purl.imsglobal.org/spec/lti/claim/"
AGS = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"


def launch(app: Flask, config: Config, link_id: str = "1") -> dict[str, str]:
    client = log_in(app)
    _, fields = read_form(client.get("/mod/lti/auth.php", query_string=ask(client, config, link_id)))
    return fields


def claims_of(lms: Lms, token: str) -> dict[str, object]:
    return jwt.decode(token, KeySet.import_key_set(lms.keys.publish()), algorithms=["RS256"]).claims  # type: ignore[arg-type]  # a plain dict is what an HTTP answer holds


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_good_request_gets_a_signed_token_and_the_state(
    client: FlaskClient, config: Config, lms: Lms, method: str
) -> None:
    asked = ask(client, config)
    how = {"query_string": asked} if method == "GET" else {"data": asked}
    action, fields = read_form(client.open("/mod/lti/auth.php", method=method, **how))  # type: ignore[arg-type]  # the client's options are untyped
    claims = claims_of(lms, fields["id_token"])
    assert action == config.tool_redirects[0]
    assert fields["state"] == "st-1"
    assert (claims["iss"], claims["aud"], claims["sub"]) == ("http://lms.example", "ovingskunde-1", "10")
    assert (claims["nonce"], int(str(claims["exp"])) - int(str(claims["iat"]))) == ("n-1", 60)
    assert claims[f"{LTI}custom"] == {"course": "informasjonssikkerhet"}
    assert claims[f"{LTI}roles"] == ["http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"]
    lis = claims[f"{LTI}lis"]
    assert isinstance(lis, dict)
    assert lis["person_sourcedid"] == "kongsberg-1001"


def test_link_without_grade_column_names_no_line_item(app: Flask, config: Config, lms: Lms) -> None:
    service = claims_of(lms, launch(app, config, "4")["id_token"])[AGS]
    assert isinstance(service, dict)
    assert "lineitem" not in service
    assert service["lineitems"].endswith("/lineitems?type_id=1")


def test_bare_numbers_are_an_option() -> None:
    people = lms_of(create_app(Config(idnumber_style="bare"))).people
    assert people["10"].idnumber == "1001"


@pytest.mark.parametrize(
    "change",
    [
        {"scope": "openid profile"},
        {"response_type": "code"},
        {"redirect_uri": "http://evil.example/lti/launch"},
        {"redirect_uri": "{good}?extra=1"},
        {"nonce": ""},
        {"login_hint": ""},
        {"lti_message_hint": ""},
        {"lti_message_hint": "not json"},
        {"lti_message_hint": json.dumps({"cmid": 1, "launchid": "ltilaunch1_0"})},
    ],
    ids=lambda change: "-".join(f"{name}={value}" for name, value in change.items()),
)
def test_untrusted_request_gets_a_page_and_no_token(
    client: FlaskClient, config: Config, change: dict[str, str]
) -> None:
    asked = ask(client, config)
    asked |= {name: value.replace("{good}", config.tool_redirects[0]) for name, value in change.items()}
    answer = client.get("/mod/lti/auth.php", query_string=asked)
    assert answer.status_code == 404
    assert "id_token" not in answer.text.replace("response_type", "")


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"client_id": "another"}, "unauthorized_client"),
        ({"login_hint": TEACHER}, "access_denied"),
        ({"response_mode": "query"}, "invalid_request"),
        ({"response_mode": ""}, "invalid_request"),
        ({"prompt": "login"}, "invalid_request"),
        ({"prompt": ""}, "invalid_request"),
    ],
)
def test_error_goes_back_to_the_registered_address(
    client: FlaskClient, config: Config, change: dict[str, str], error: str
) -> None:
    asked = ask(client, config) | change
    action, fields = read_form(client.get("/mod/lti/auth.php", query_string=asked))
    assert action == config.tool_redirects[0]
    assert fields["error"] == error
    assert fields["state"] == "st-1"
    assert "id_token" not in fields


def test_message_hint_works_once(client: FlaskClient, config: Config) -> None:
    asked = ask(client, config)
    assert client.get("/mod/lti/auth.php", query_string=asked).status_code == 200
    assert client.get("/mod/lti/auth.php", query_string=asked).status_code == 404


def test_message_hint_of_another_user_is_refused(app: Flask, client: FlaskClient, config: Config) -> None:
    asked = ask(client, config)
    assert log_in(app, TEACHER).get("/mod/lti/auth.php", query_string=asked).status_code == 404


def test_request_without_a_session_posts_itself_once_more(app: Flask, client: FlaskClient, config: Config) -> None:
    asked, stranger = ask(client, config), app.test_client()
    action, fields = read_form(stranger.get("/mod/lti/auth.php", query_string=asked))
    assert fields == {"repost": "true"}
    assert stranger.post(action, data=fields).status_code == 404
    assert "id_token" in read_form(client.post(action, data=fields))[1]


def test_launch_needs_a_log_in(app: Flask) -> None:
    assert app.test_client().get("/mod/lti/launch.php?id=1").status_code == 403


def test_old_key_stays_published_after_rotation(app: Flask, config: Config, lms: Lms) -> None:
    before = launch(app, config)["id_token"]
    kid = lms.keys.rotate()
    after = launch(app, config)["id_token"]
    assert jws.extract_compact(after.encode()).headers()["kid"] == kid
    assert claims_of(lms, before)["sub"] == claims_of(lms, after)["sub"]
    published = app.test_client().get("/mod/lti/certs.php").get_json()["keys"]
    assert len(published) == 2
    assert not any("d" in key for key in published)


@pytest.mark.parametrize("fault", [Faults(wrong_key=True), Faults(algorithm="none"), Faults(algorithm="HS256")])
def test_spoilt_token_does_not_verify(config: Config, fault: Faults) -> None:
    spoilt = Config(issuer=config.issuer, tool_url=config.tool_url, faults=fault)
    app = create_app(spoilt)
    token = launch(app, spoilt)["id_token"]
    with pytest.raises((JoseError, ValueError)):
        claims_of(lms_of(app), token)


def test_faults_change_clock_and_claims(config: Config) -> None:
    fault = Faults(clock_skew_s=-600, claims={"aud": "x"}, without_claims=(f"{LTI}version",), kid="")
    spoilt = Config(issuer=config.issuer, tool_url=config.tool_url, faults=fault)
    app = create_app(spoilt)
    token = launch(app, spoilt)["id_token"]
    claims = json.loads(jws.extract_compact(token.encode()).payload)
    assert "kid" not in jws.extract_compact(token.encode()).headers()
    assert claims["aud"] == "x"
    assert f"{LTI}version" not in claims
