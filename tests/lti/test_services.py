"""Access tokens are asked for rightly, kept, renewed, and dropped when the platform says so."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lti.errors import ServiceError, ServiceRefused, ServiceRejected, ServiceUnreachable
from lti.fetching import Response
from lti.keys import generate_key, public_jwks
from lti.services import RENEWAL_MARGIN, TOKEN_LONGEST, AccessTokens
from tests.fakes.platform import Clock, FakePlatform
from tests.lti.recordings import read_recording

SCOPES = ("scope/score", "scope/lineitem")
KEY = generate_key()


@pytest.fixture
def platform(clock: Clock) -> FakePlatform:
    return FakePlatform("https://lms.example", clock, tool_jwks=public_jwks([KEY]))


@pytest.fixture
def tokens(platform: FakePlatform, clock: Clock) -> AccessTokens:
    return AccessTokens(platform.fetch, clock)


def answer(status: int, body: object) -> Response:
    return Response(status, {"content-type": "application/json"}, json.dumps(body).encode())


def test_a_strict_platform_grants_a_token(platform: FakePlatform, tokens: AccessTokens) -> None:
    assert tokens.token(platform.registration(), SCOPES, KEY) == "token-1"
    request = platform.requests[-1]
    form = parse_qs(request.body.decode())
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert form["grant_type"] == ["client_credentials"]
    assert form["client_assertion_type"] == ["urn:ietf:params:oauth:client-assertion-type:jwt-bearer"]
    assert form["scope"] == ["scope/lineitem scope/score"]


def test_each_assertion_is_new(platform: FakePlatform, tokens: AccessTokens) -> None:
    for scope in ("a", "b"):
        tokens.token(platform.registration(), [scope], KEY)
    first, second = (parse_qs(request.body.decode())["client_assertion"] for request in platform.requests)
    assert first != second


def test_a_token_is_kept_until_shortly_before_its_end(
    platform: FakePlatform, tokens: AccessTokens, clock: Clock
) -> None:
    registration = platform.registration()
    tokens.token(registration, SCOPES, KEY)
    clock.now += timedelta(seconds=3539)
    assert tokens.token(registration, reversed(SCOPES), KEY) == "token-1"
    clock.now += timedelta(seconds=1)
    assert tokens.token(registration, SCOPES, KEY) == "token-2"


@pytest.mark.parametrize(
    ("changes", "scopes"),
    [({"client_id": "client-2"}, SCOPES), ({"issuer": "https://x.example"}, SCOPES), ({}, ["scope/score"])],
    ids=["client", "issuer", "scopes"],
)
def test_a_token_is_not_shared(
    platform: FakePlatform, tokens: AccessTokens, changes: dict[str, Any], scopes: Iterable[str]
) -> None:
    tokens.token(platform.registration(), SCOPES, KEY)
    platform.client_id = changes.get("client_id", platform.client_id)
    assert tokens.token(platform.registration(**changes), scopes, KEY) == "token-2"


def test_a_forgotten_token_is_asked_for_anew(platform: FakePlatform, tokens: AccessTokens) -> None:
    registration = platform.registration()
    tokens.token(registration, SCOPES, KEY)
    tokens.forget(registration, reversed(SCOPES))
    assert tokens.token(registration, SCOPES, KEY) == "token-2"
    tokens.forget(registration, ["never asked for"])


@pytest.mark.parametrize("stated", [None, "soon", -5, True, 30, float("nan"), {}], ids=repr)
def test_a_token_without_a_sensible_life_is_used_once(
    platform: FakePlatform, tokens: AccessTokens, stated: object
) -> None:
    platform.answers["/token"] = answer(200, {"access_token": "t", "expires_in": stated})
    for _ in range(2):
        assert tokens.token(platform.registration(), SCOPES, KEY) == "t"
    assert platform.count("/token") == 2


@pytest.mark.parametrize("stated", ["3600", 10**400, 1e300], ids=["text", "endless", "huge"])
def test_a_life_is_read_as_text_and_bounded(
    platform: FakePlatform, tokens: AccessTokens, clock: Clock, stated: object
) -> None:
    platform.answers["/token"] = answer(200, {"access_token": "t", "expires_in": stated})
    assert tokens.token(platform.registration(), SCOPES, KEY) == "t"
    clock.now += timedelta(days=1)
    tokens.token(platform.registration(), SCOPES, KEY)
    assert platform.count("/token") == 2


@given(st.one_of(st.integers(), st.floats(), st.floats().map(str), st.text(), st.none(), st.booleans()))
@example(-8e13)
@example(float("-inf"))
@example("-8e13")
def test_any_stated_life_gives_a_token_for_a_day_at_most(stated: object) -> None:
    now = datetime(2026, 9, 1, tzinfo=UTC)
    body = json.dumps({"access_token": "t", "expires_in": stated}).encode()
    token = AccessTokens(lambda *_a, **_k: Response(200, {}, body), lambda: now)
    platform = FakePlatform("https://lms.example", lambda: now)
    assert token.token(platform.registration(), SCOPES, KEY) == "t"
    (kept,) = token._tokens.values()
    assert now - RENEWAL_MARGIN <= kept.renew_at <= now + TOKEN_LONGEST


def test_moodles_answer_is_read_though_it_is_called_text(platform: FakePlatform, tokens: AccessTokens) -> None:
    recorded = read_recording("lti_token")["response"]
    platform.answers["/token"] = Response(
        200, {"content-type": "text/html; charset=utf-8"}, json.dumps(recorded).encode()
    )
    assert tokens.token(platform.registration(), SCOPES, KEY) == recorded["access_token"]


def test_a_key_the_platform_does_not_know_is_refused(platform: FakePlatform, tokens: AccessTokens) -> None:
    with pytest.raises(ServiceRefused) as caught:
        tokens.token(platform.registration(), SCOPES, generate_key())
    assert caught.value.facts == {"host": "lms.example", "status": "400", "reason": "invalid_client"}


def test_the_assertion_is_for_this_token_endpoint_only(platform: FakePlatform, tokens: AccessTokens) -> None:
    elsewhere = platform.registration(token_url="https://evil.example/token")
    with pytest.raises(ServiceRefused):
        tokens.token(elsewhere, SCOPES, KEY)


FAILURES: dict[str, tuple[Response, type[ServiceError], str]] = {
    "scope": (answer(400, {"error": "invalid_scope"}), ServiceRefused, "invalid_scope"),
    "free text": (answer(400, {"error": "Geir Bråten may not"}), ServiceRefused, ""),
    "no JSON": (Response(401, {}, b"<html>"), ServiceRefused, ""),
    "a list": (answer(403, []), ServiceRefused, ""),
    "not found": (Response(404, {}, b""), ServiceRefused, ""),
    "too many": (Response(429, {}, b""), ServiceUnreachable, "status-429"),
    "down": (Response(503, {}, b""), ServiceUnreachable, "status-503"),
    "maintenance page": (Response(200, {}, b"<html>"), ServiceUnreachable, "answer-not-json"),
    "nested": (Response(200, {}, b"[" * 100_000), ServiceUnreachable, "answer-not-json"),
    "no token": (answer(200, {}), ServiceUnreachable, "answer-malformed"),
    "token a list": (answer(200, {"access_token": ["t"]}), ServiceUnreachable, "answer-malformed"),
    "token with a line break": (
        answer(200, {"access_token": "t\r\nX: y"}),
        ServiceUnreachable,
        "answer-malformed",
    ),
    "not an object": (answer(200, ["access_token"]), ServiceUnreachable, "answer-malformed"),
}


@pytest.mark.parametrize(("response", "family", "reason"), FAILURES.values(), ids=FAILURES)
def test_failures_say_what_they_are(
    platform: FakePlatform, tokens: AccessTokens, response: Response, family: type[ServiceError], reason: str
) -> None:
    platform.answers["/token"] = response
    with pytest.raises(family) as caught:
        tokens.token(platform.registration(), SCOPES, KEY)
    assert caught.value.facts["reason"] == reason


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_and_may_pass(platform: FakePlatform, tokens: AccessTokens, status: int) -> None:
    platform.answers["/token"] = Response(status, {"location": "http://10.0.0.1/"}, b"")
    with pytest.raises(ServiceUnreachable) as caught:
        tokens.token(platform.registration(), SCOPES, KEY)
    assert caught.value.reason == f"status-{status}"
    assert len(platform.requests) == 1


def test_an_odd_answer_is_no_success(platform: FakePlatform, tokens: AccessTokens) -> None:
    platform.answers["/token"] = Response(304, {}, b"")
    with pytest.raises(ServiceRejected):
        tokens.token(platform.registration(), SCOPES, KEY)


def test_a_platform_that_is_down_is_unreachable(platform: FakePlatform, tokens: AccessTokens) -> None:
    platform.down = True
    with pytest.raises(ServiceUnreachable):
        tokens.token(platform.registration(), SCOPES, KEY)
