"""A login request starts a launch, or is refused with the reason."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from lti.errors import ForeignTarget, LoginParameterInvalid, LoginParameterMissing, UnknownPlatform
from lti.login import LoginStart, begin_login, read_login
from tests.fakes.platform import FakePlatform

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
LAUNCH_URL = "https://tool.example/lti/launch"
PARAMS = {
    "iss": "https://lms.example",
    "client_id": "client-1",
    "login_hint": "7",
    "lti_message_hint": '{"cmid":24,"launchid":"a&b=c"}',
    "target_link_uri": LAUNCH_URL,
    "lti_deployment_id": "1",
}


def start(platform: FakePlatform, auth_url: str = "https://lms.example/auth", **changes: str) -> LoginStart:
    registration = platform.registration(auth_url=auth_url)
    return begin_login(read_login(PARAMS | changes), registration, launch_url=LAUNCH_URL, now=NOW)


def test_the_browser_goes_back_with_our_secrets(platform: FakePlatform) -> None:
    begun = start(platform)
    parts = urlsplit(begun.redirect_url)
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == "https://lms.example/auth"
    assert parse_qs(parts.query) == {
        "scope": ["openid"],
        "response_type": ["id_token"],
        "response_mode": ["form_post"],
        "prompt": ["none"],
        "client_id": ["client-1"],
        "redirect_uri": [LAUNCH_URL],
        "login_hint": ["7"],
        "lti_message_hint": [PARAMS["lti_message_hint"]],
        "state": [begun.state],
        "nonce": [begun.nonce],
    }
    assert begun.browser_secret not in begun.redirect_url
    assert (begun.deployment_hint, begun.target_link_uri) == ("1", LAUNCH_URL)
    assert begun.expires_at == NOW + timedelta(minutes=10)


def test_two_logins_share_no_secret(platform: FakePlatform) -> None:
    secrets = [(begun.state, begun.nonce, begun.browser_secret) for begun in (start(platform), start(platform))]
    assert len({secret for login in secrets for secret in login}) == 6
    assert all(len(secret) >= 22 for login in secrets for secret in login)


def test_a_query_of_the_platform_stays(platform: FakePlatform) -> None:
    begun = start(platform, auth_url="https://lms.example/auth?tenant=kbr")
    assert begun.redirect_url.startswith("https://lms.example/auth?tenant=kbr&scope=openid&")


def test_client_and_hints_are_optional(platform: FakePlatform) -> None:
    begun = start(platform, client_id="", lti_deployment_id="", lti_message_hint="")
    assert begun.deployment_hint is None
    assert "lti_message_hint" not in begun.redirect_url


@pytest.mark.parametrize("target", ["_parent", "lti_storage_frame", "x" * 255])
def test_where_the_platform_keeps_data_is_read_and_not_sent_on(platform: FakePlatform, target: str) -> None:
    asked = read_login(PARAMS | {"lti_storage_target": target})
    assert asked.storage_target == target
    assert "storage" not in start(platform, lti_storage_target=target).redirect_url


def test_a_platform_need_not_keep_data() -> None:
    assert read_login(PARAMS).storage_target is None
    assert read_login(PARAMS | {"lti_storage_target": ""}).storage_target is None


@pytest.mark.parametrize("target", ["x" * 256, "a\nb", "\x00", "\ud800"])
def test_a_storage_target_that_is_junk_is_refused(target: str) -> None:
    with pytest.raises(LoginParameterInvalid) as caught:
        read_login(PARAMS | {"lti_storage_target": target})
    assert caught.value.facts == {"parameter": "lti_storage_target"}


@pytest.mark.parametrize("name", ["iss", "login_hint", "target_link_uri"])
def test_login_without_a_required_parameter(name: str) -> None:
    for params in (PARAMS | {name: ""}, {key: value for key, value in PARAMS.items() if key != name}):
        with pytest.raises(LoginParameterMissing) as caught:
            read_login(params)
        assert caught.value.facts == {"parameter": name}


@pytest.mark.parametrize("name", PARAMS)
@pytest.mark.parametrize(
    "junk", ["x" * 10_000, "a\nb", "a\x00b", "\ud800"], ids=["huge", "newline", "nul", "surrogate"]
)
def test_login_with_junk(name: str, junk: str) -> None:
    with pytest.raises(LoginParameterInvalid) as caught:
        read_login(PARAMS | {name: junk})
    assert caught.value.facts == {"parameter": name}


@pytest.mark.parametrize(
    ("name", "value"), [("iss", "https://other.example"), ("client_id", "client-2")], ids=["iss", "client"]
)
def test_login_of_unknown(platform: FakePlatform, name: str, value: str) -> None:
    with pytest.raises(UnknownPlatform):
        start(platform, **{name: value})


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/lti/launch",
        "http://tool.example/lti/launch",
        "https://tool.example/lti/launch/more",
        "https://tool.example/lti/launch?item=1",
        "https://tool.example:444/lti/launch",
        "https://tool.example/lti/launch@evil.example",
        "javascript:alert(1)",
    ],
)
def test_login_with_a_foreign_target(platform: FakePlatform, target: str) -> None:
    with pytest.raises(ForeignTarget):
        start(platform, target_link_uri=target)


def test_nothing_secret_is_printed(platform: FakePlatform) -> None:
    begun = start(platform)
    assert not any(secret in repr(begun) for secret in (begun.state, begun.nonce, begun.browser_secret))


@pytest.mark.parametrize("algorithms", [(), ("none",), ("RS256", "HS256")], ids=repr)
def test_a_registration_cannot_agree_on_weak_algorithms(platform: FakePlatform, algorithms: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="algorithms must be"):
        platform.registration(algorithms=algorithms)
