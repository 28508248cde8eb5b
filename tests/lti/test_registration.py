"""What platforms say of themselves, well and badly; what we ask them for; what they answer."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti.errors import LtiError, ServiceUnreachable
from lti.fetching import Response
from lti.platform_configuration import (
    PLATFORM_CONFIGURATION,
    PlatformConfiguration,
    fetch_configuration,
    is_usable_url,
    read_configuration,
)
from lti.registration import TOOL_CONFIGURATION, ToolDescription, register, registration_request
from lti.registration_errors import (
    ConfigurationAddressInvalid,
    ConfigurationForeign,
    ConfigurationMalformed,
    ConfigurationUnavailable,
    ConfigurationUnsupported,
    RegistrationError,
    RegistrationTokenInvalid,
)

RECORDED = json.loads((Path(__file__).parent.parent / "data/moodle/lti_openid_configuration.json").read_text())
ANSWERED = json.loads((Path(__file__).parent.parent / "data/moodle/lti_registration.json").read_text())
URL = "https://moodle.example/mod/lti/openid-configuration.php"
SCORE = "https://purl.imsglobal.org/spec/lti-ags/scope/score"
TOOL = ToolDescription(
    names={"nb": "Læringsløp", "en": "Learning"},
    descriptions={"nb": "Kurs", "en": "Courses"},
    picker_labels={"nb": "Velg", "en": "Choose"},
    home_url="https://tool.example/",
    launch_url="https://tool.example:8443/lti/launch",
    login_url="https://tool.example:8443/lti/login",
    jwks_url="https://tool.example:8443/lti/jwks",
    logo_url="https://tool.example:8443/lti/icon.png",
    policy_url="https://tool.example:8443/privacy",
    scopes=(SCORE, "https://purl.imsglobal.org/spec/unheard-of"),
    claims=("iss", "sub", "name", "shoe_size"),
)


def read(changes: Mapping[str, object] | None = None, url: str = URL) -> PlatformConfiguration:
    said = {name: value for name, value in (RECORDED | (changes or {})).items() if value is not None}
    return read_configuration(json.dumps(said).encode(), url)


def ours(**changes: object) -> dict[str, object]:
    said = {name: value for name, value in (RECORDED[PLATFORM_CONFIGURATION] | changes).items() if value is not None}
    return {PLATFORM_CONFIGURATION: said}


def answering(status: int, body: bytes) -> Any:  # noqa: ANN401 (a Fetch)
    return lambda *_args, **_options: Response(status, {}, body)


def test_moodles_configuration_is_read() -> None:
    found = read()
    assert (found.issuer, found.product, found.version) == (
        "https://moodle.example",
        "moodle",
        "4.5.6 (Build: 20250811)",
    )
    assert found.picks_content
    assert found.placements == {"ContentArea"}
    assert found.offers_scope(SCORE)
    assert not found.offers_scope("https://purl.imsglobal.org/spec/unheard-of")


def test_the_digest_tells_every_change_of_what_counts_and_no_other() -> None:
    same = read({"response_modes_supported": ["form_post"]})
    reordered = read({"scopes_supported": RECORDED["scopes_supported"][::-1]})
    assert read().digest == same.digest == reordered.digest
    changed = [
        read({"token_endpoint": "https://moodle.example/other"}),
        read({"claims_supported": ["sub"]}),
        read({"claims_supported": None}),
        read(ours(product_family_code="canvas")),
        read(ours(messages_supported=[{"type": "LtiResourceLinkRequest"}])),
    ]
    assert len({read().digest, *(each.digest for each in changed)}) == 6


@pytest.mark.parametrize(
    ("issuer", "url"),
    [
        ("https://MOODLE.example", URL),
        ("https://moodle.example:443/sub", URL),
        ("https://moodle.example", "https://moodle.example:443/x"),
    ],
)
def test_the_host_of_issuer_and_configuration_is_the_same_however_it_is_written(issuer: str, url: str) -> None:
    assert read({"issuer": issuer}, url).issuer == issuer


@pytest.mark.parametrize(
    "issuer",
    [
        "https://other.example",
        "https://moodle.example.evil.example",
        "https://moodle.example:8443",
        "http://moodle.example",
    ],
)
def test_another_host_is_refused(issuer: str) -> None:
    with pytest.raises(ConfigurationForeign):
        read({"issuer": issuer})


REQUIRED = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", "registration_endpoint")


@pytest.mark.parametrize("member", REQUIRED)
@pytest.mark.parametrize(
    "value",
    [
        None,
        7,
        "",
        "moodle.example/x",
        "ftp://moodle.example/x",
        "javascript:alert(1)",
        "https://user@moodle.example/x",
        "https://moodle.example/x#y",
        "https://moodle.example/\r\nX: y",
        "https://moodle.example;x/y",
        "https://moodle.example:0/",
        "https://moodle.example:99999/",
        "https://moodle.example/" + "x" * 1000,
        ["https://moodle.example/x"],
    ],
)
def test_an_address_that_is_missing_or_none_is_refused(member: str, value: object) -> None:
    with pytest.raises(ConfigurationMalformed) as caught:
        read({member: value})
    assert caught.value.part == member


@pytest.mark.parametrize(
    ("changes", "error", "part"),
    [
        ({"id_token_signing_alg_values_supported": ["HS256"]}, ConfigurationUnsupported, None),
        ({"token_endpoint_auth_methods_supported": ["client_secret_basic"]}, ConfigurationUnsupported, None),
        ({"token_endpoint_auth_signing_alg_values_supported": ["none"]}, ConfigurationUnsupported, None),
        ({"response_types_supported": ["code"]}, ConfigurationUnsupported, None),
        (ours(messages_supported=[{"type": "LtiDeepLinkingRequest"}]), ConfigurationUnsupported, "messages_supported"),
        (ours(messages_supported=None), ConfigurationMalformed, "messages_supported"),
        (ours(messages_supported=["LtiResourceLinkRequest"]), ConfigurationMalformed, "messages_supported"),
        (ours(messages_supported=[{"type": "x"}] * 1001), ConfigurationMalformed, "messages_supported"),
        (ours(product_family_code=["moodle"]), ConfigurationMalformed, "product_family_code"),
        (ours(version="4\x00"), ConfigurationMalformed, "version"),
        ({PLATFORM_CONFIGURATION: None}, ConfigurationMalformed, PLATFORM_CONFIGURATION),
        ({PLATFORM_CONFIGURATION: []}, ConfigurationMalformed, PLATFORM_CONFIGURATION),
        ({"scopes_supported": "openid"}, ConfigurationMalformed, "scopes_supported"),
        ({"scopes_supported": [7]}, ConfigurationMalformed, "scopes_supported"),
        ({"claims_supported": ["x" * 501]}, ConfigurationMalformed, "claims_supported"),
        ({"issuer": "https://moodle.example/?x=1"}, ConfigurationMalformed, "issuer"),
    ],
)
def test_a_configuration_that_is_no_use_is_refused(
    changes: dict[str, object], error: type[RegistrationError], part: str | None
) -> None:
    with pytest.raises(error) as caught:
        read(changes)
    assert caught.value.facts["part"] == (part or next(iter(changes)))


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b'{"issuer":' * 50_000, b"{" + b" " * 300_000 + b"}"],
)
def test_garbage_is_refused(body: bytes) -> None:
    with pytest.raises(ConfigurationMalformed):
        read_configuration(body, URL)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda x: st.lists(x) | st.dictionaries(st.sampled_from([*RECORDED, "type"]), x),
    )
)
def test_no_json_makes_anything_but_an_error_of_ours(said: object) -> None:
    with pytest.raises(LtiError):
        read_configuration(json.dumps(said).encode(), URL)


@pytest.mark.parametrize("status", [204, 301, 302, 401, 404, 500])
def test_a_redirect_or_any_other_status_is_refused(status: int) -> None:
    with pytest.raises(ConfigurationUnavailable) as caught:
        fetch_configuration(answering(status, json.dumps(RECORDED).encode()), URL)
    assert caught.value.reason == f"status-{status}"


def test_no_answer_is_told_with_its_reason() -> None:
    def fetch(*_args: object, **_options: object) -> Response:
        raise ServiceUnreachable(host="moodle.example", reason="answer-too-large")

    with pytest.raises(ConfigurationUnavailable) as caught:
        fetch_configuration(fetch, URL)
    assert caught.value.reason == "answer-too-large"


@pytest.mark.parametrize("url", ["", "file:///etc/passwd", "https://", "https://[::1", "//lms.example", "x" * 3000])
def test_an_address_of_a_configuration_that_is_none_is_refused_unasked(url: str) -> None:
    with pytest.raises(ConfigurationAddressInvalid):
        fetch_configuration(answering(200, b""), url)
    assert not is_usable_url(url)


def test_we_ask_for_what_the_platform_offers() -> None:
    asked: Any = registration_request(read(), TOOL)
    assert asked["scope"] == SCORE
    assert asked["client_name"] == asked["client_name#nb"] == "Læringsløp"
    assert asked["client_name#en"] == "Learning"
    assert asked["token_endpoint_auth_method"] == "private_key_jwt"
    ours = asked[TOOL_CONFIGURATION]
    assert ours["domain"] == "tool.example:8443"
    assert ours["claims"] == ["iss", "sub", "name"]
    assert "custom_parameters" not in ours
    assert [(m["type"], m["target_link_uri"]) for m in ours["messages"]] == [
        ("LtiResourceLinkRequest", TOOL.launch_url),
        ("LtiDeepLinkingRequest", TOOL.launch_url),
    ]
    assert ours["messages"][1]["placements"] == ["ContentArea"]


def test_we_ask_for_no_dialog_where_there_is_none_and_for_everything_where_nothing_is_listed() -> None:
    plain = {"scopes_supported": None, "claims_supported": None}
    asked: Any = registration_request(read(plain | ours(messages_supported=[{"type": "LtiResourceLinkRequest"}])), TOOL)
    assert [m["type"] for m in asked[TOOL_CONFIGURATION]["messages"]] == ["LtiResourceLinkRequest"]
    assert asked["scope"].split() == list(TOOL.scopes)
    assert asked[TOOL_CONFIGURATION]["claims"] == list(TOOL.claims)


def test_moodles_answer_is_read_and_its_token_is_sent_as_bearer() -> None:
    sent: dict[str, Any] = {}

    def fetch(method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None) -> Response:
        sent.update(method=method, url=url, headers=dict(headers), body=body)
        return Response(200, {}, json.dumps(ANSWERED["response"]).encode())

    found = register(fetch, read(), "token", registration_request(read(), TOOL))
    assert (found.client_id, found.deployment_id) == ("j9v6NEp6C3HwZdf", "1")
    assert found.scopes is not None
    assert SCORE in found.scopes
    assert (sent["method"], sent["url"]) == ("POST", "https://moodle.example/mod/lti/openid-registration.php")
    assert sent["headers"]["Authorization"] == "Bearer token"


@pytest.mark.parametrize("token", ["two words", "line\r\nX: y", "é", "x" * 8193, ""])
def test_a_token_that_is_none_is_not_sent(token: str) -> None:
    with pytest.raises(RegistrationTokenInvalid):
        register(answering(200, b"{}"), read(), token, {})
