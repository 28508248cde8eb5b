"""The practice LMS registers tools as Moodle does: one token, one tool, pending till the administrator lets it in."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from practice_lms.config import Config
from practice_lms.registering import make_token
from practice_lms.state import Lms
from practice_lms.tool_types import TOOL_CONFIGURATION
from tests.practice_lms.conftest import log_in

ADMINISTRATOR, PATH = "2", "/mod/lti/openid-registration.php"
AGS = "https://purl.imsglobal.org/spec/lti-ags/scope/"
GOOD: dict[str, Any] = {
    "response_types": ["id_token"],
    "initiate_login_uri": "https://tool.example/login",
    "redirect_uris": ["https://tool.example/launch"],
    "client_name": "Kurs <b>her</b>",
    "jwks_uri": "https://tool.example/jwks",
    "token_endpoint_auth_method": "private_key_jwt",
    "scope": f"{AGS}score",
    TOOL_CONFIGURATION: {
        "domain": "tool.example",
        "target_link_uri": "https://www.tool.example/launch",
        "claims": ["sub", "name"],
        "messages": [{"type": "LtiDeepLinkingRequest"}],
    },
}


def post(client: FlaskClient, token: str | None, said: object = GOOD) -> TestResponse:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return client.post(PATH, json=said, headers=headers)


def test_the_tool_is_opened_with_configuration_and_a_token_by_the_administrator_alone(
    app: Flask, client: FlaskClient, config: Config
) -> None:
    start = "/mod/lti/startltiadvregistration.php?url=https://tool.example/register"
    assert client.get(start).status_code == client.get("/admin/tools").status_code == 403
    location = log_in(app, ADMINISTRATOR).get(start).headers["Location"]
    query = parse_qs(urlsplit(location).query)
    assert query["openid_configuration"] == [f"{config.issuer}/mod/lti/openid-configuration.php"]
    assert len(query["registration_token"][0].split(".")) == 3


def test_a_tool_is_pending_until_it_is_activated_and_then_the_links_lead_there(
    app: Flask, client: FlaskClient, lms: Lms
) -> None:
    answered = post(client, make_token(lms)).get_json()
    [tool] = lms.tools.by_id.values()
    assert (tool.name, tool.is_active) == ("Kurs her", False)
    assert answered[TOOL_CONFIGURATION]["deployment_id"] == tool.type_id
    assert set(answered["scope"].split()) == {
        f"{AGS}score",
        f"{AGS}result.readonly",
        f"{AGS}lineitem.readonly",
    }
    assert lms.config.client_id != answered["client_id"]
    log_in(app, ADMINISTRATOR).post(f"/admin/tools/{tool.type_id}/activate")
    assert (lms.config.client_id, lms.config.tool_login) == (answered["client_id"], "https://tool.example/login")
    assert lms.config.shared_claims == {"sub", "name"}


def test_a_token_works_once(client: FlaskClient, lms: Lms) -> None:
    token = make_token(lms)
    assert post(client, token).status_code == 200
    again = post(client, token)
    assert (again.status_code, again.text) == (401, "token_already_used")
    none = post(client, None)
    assert (none.status_code, none.text) == (401, "missing_registration_token")
    assert post(client, "garbage").status_code == 404
    assert len(lms.tools.by_id) == 1


def test_an_update_changes_the_tool_and_keeps_its_client(client: FlaskClient, lms: Lms) -> None:
    first = post(client, make_token(lms)).get_json()
    token = make_token(lms, "1")
    told = client.get(PATH, headers={"Authorization": f"Bearer {token}"}).get_json()
    assert told["client_id"] == first["client_id"]
    changed = post(client, token, GOOD | {"client_name": "Nytt navn"}).get_json()
    assert (changed["client_id"], changed["client_name"]) == (first["client_id"], "Nytt navn")
    assert len(lms.tools.by_id) == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"response_types": ["code"]}, "invalid_response_types"),
        ({"initiate_login_uri": ""}, "missing_initiate_login_uri"),
        ({"redirect_uris": "https://tool.example/launch"}, "missing_redirect_uris"),
        ({"client_name": None}, "missing_client_name"),
        ({"jwks_uri": None}, "missing_jwks_uri"),
        ({"token_endpoint_auth_method": "client_secret_basic"}, "invalid_token_endpoint_auth_method"),
        ({"application_type": "native"}, "invalid_application_type"),
        ({TOOL_CONFIGURATION: None}, "missing_lti_tool_configuration"),
        ({TOOL_CONFIGURATION: {"target_link_uri": "https://tool.example/x"}}, "missing_domain"),
        (
            {TOOL_CONFIGURATION: {"domain": "tool.example", "target_link_uri": "https://tool.example:81/x"}},
            "domain_targetlinkuri_mismatch",
        ),
    ],
)
def test_what_moodle_refuses_is_refused(client: FlaskClient, lms: Lms, changes: dict[str, Any], code: str) -> None:
    refused = post(client, make_token(lms), GOOD | changes)
    assert (refused.status_code, refused.text) == (400, code)
    assert not lms.tools.by_id
