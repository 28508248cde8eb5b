"""Every launch case of 1EdTech's certification guide §6.1 to §6.4, and beyond, that the token itself decides.

State, replay and the browser's cookie are decided by the application; their cases are tested there.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from joserfc.jwk import RSAKey

from lti.claims import AGS, LTI, NRPS, Launch
from lti.errors import LaunchError
from lti.fetching import Response
from lti.keys import PlatformKeys
from lti.launch import TOKEN_LIMIT_BYTES, PendingLogin, validate_launch
from tests.fakes.platform import ABSENT, Clock, FakePlatform, make_key

DAY_S = 86400
INSTRUCTOR = "http://purl.imsglobal.org/vocab/lis/v2/membership#Instructor"
LEARNER = "http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"
NO_NAMES = {"name": ABSENT, "given_name": ABSENT, "family_name": ABSENT}


@dataclass
class Tool:
    """Validate tokens of one platform as the application would."""

    platform: FakePlatform
    keys: PlatformKeys
    clock: Clock
    deployment_hint: str | None = "1"
    algorithms: tuple[str, ...] = ("RS256",)

    def validate(self, id_token: str) -> Launch:
        pending = PendingLogin(
            nonce="nonce-1",
            registration=self.platform.registration(algorithms=self.algorithms),
            target_link_uri=self.platform.launch_url,
            deployment_hint=self.deployment_hint,
        )
        launch = validate_launch(id_token, pending, self.keys, now=self.clock())
        assert isinstance(launch, Launch)
        return launch

    def refusal(self, id_token: str) -> LaunchError:
        with pytest.raises(LaunchError) as caught:
            self.validate(id_token)
        return caught.value

    def assert_refused_or_clean(self, id_token: str) -> None:
        try:
            launch = self.validate(id_token)
        except LaunchError:
            return
        texts = [value for value in vars(launch).values() if isinstance(value, str)]
        texts += [*launch.roles, *launch.custom.values()]
        assert launch.subject
        assert all("\x00" not in text and text.encode() and len(text) <= 4000 for text in texts)


@pytest.fixture
def tool(platform: FakePlatform, keys: PlatformKeys, clock: Clock) -> Tool:
    return Tool(platform, keys, clock)


BAD_PAYLOADS: dict[str, tuple[dict[str, Any], str]] = {
    "no kid": ({"header": {"kid": ABSENT}}, "key-id-missing"),
    "wrong kid": ({"header": {"kid": "another"}}, "key-unknown"),
    "wrong version": ({"version": "1.2.0"}, "version-unsupported"),
    "missing version": ({"version": ABSENT}, "claim-missing"),
    "several claims missing": ({"version": ABSENT, "roles": ABSENT, "sub": ABSENT}, "claim-missing"),
    "bad iat": ({"iat": "yesterday"}, "claim-invalid"),
    "bad exp": ({"exp": "tomorrow"}, "claim-invalid"),
    "exp that is no number": ({"exp": float("nan")}, "claim-invalid"),
    "negative iat": ({"iat": -(10**30)}, "claim-invalid"),
    "no message_type": ({"message_type": ABSENT}, "claim-missing"),
    "no roles claim": ({"roles": ABSENT}, "claim-missing"),
    "no deployment_id": ({"deployment_id": ABSENT}, "claim-missing"),
    "no resource_link": ({"resource_link": ABSENT}, "claim-missing"),
    "no resource_link id": ({"resource_link": {"title": "Brannvern"}}, "claim-missing"),
    "no sub": ({"sub": ABSENT}, "claim-missing"),
    "blank sub": ({"sub": ""}, "claim-invalid"),
    "sub longer than 255": ({"sub": "7" * 256}, "claim-invalid"),
}

TABLE_REJECTS: dict[str, tuple[dict[str, Any], str]] = {
    "signed by another key": ({"key": make_key(99)}, "signature-invalid"),
    "unknown crit": ({"header": {"crit": ["exp"], "exp": 1}}, "critical-header-unknown"),
    "no exp": ({"exp": ABSENT}, "claim-missing"),
    "no iat": ({"iat": ABSENT}, "claim-missing"),
    "no nonce": ({"nonce": ABSENT}, "claim-missing"),
    "a nonce never issued": ({"nonce": "invented"}, "nonce-mismatch"),
    "our nonce in a list": ({"nonce": ["invented", "nonce-1"]}, "nonce-mismatch"),
    "wrong iss": ({"iss": "https://other.example"}, "wrong-issuer"),
    "wrong aud": ({"aud": "client-2"}, "wrong-audience"),
    "aud without anybody": ({"aud": []}, "wrong-audience"),
    "two auds without us": ({"aud": ["client-2", "client-3"], "azp": "client-1"}, "wrong-audience"),
    "two auds without azp": ({"aud": ["client-1", "client-2"]}, "claim-missing"),
    "azp of another client": ({"azp": "client-2"}, "wrong-audience"),
    "two auds with azp of another client": (
        {"aud": ["client-1", "client-2"], "azp": "client-2"},
        "wrong-audience",
    ),
    "unknown message type": ({"message_type": "LtiSomethingElse"}, "message-unsupported"),
    "deep linking without its settings": ({"message_type": "LtiDeepLinkingRequest"}, "claim-missing"),
    "deployment differs from login's hint": ({"deployment_id": "2"}, "deployment-mismatch"),
    "target_link_uri differs from login's": (
        {"target_link_uri": "https://tool.example/other"},
        "target-mismatch",
    ),
    "target_link_uri on another origin": (
        {"target_link_uri": "https://evil.example/lti/launch"},
        "target-mismatch",
    ),
    "no target_link_uri": ({"target_link_uri": ABSENT}, "claim-missing"),
}


@pytest.mark.parametrize(
    ("changes", "code"), (BAD_PAYLOADS | TABLE_REJECTS).values(), ids=[*BAD_PAYLOADS, *TABLE_REJECTS]
)
def test_rejects(tool: Tool, changes: dict[str, Any], code: str) -> None:
    assert tool.refusal(tool.platform.id_token(**changes)).code == code


def test_rejects_what_is_not_an_lti_message(tool: Tool) -> None:
    now = int(tool.clock().timestamp())
    plain = {"iss": tool.platform.issuer, "aud": "client-1", "sub": "7", "nonce": "nonce-1"}
    token = tool.platform.sign(json.dumps(plain | {"iat": now, "exp": now + 60}).encode())
    assert tool.refusal(token).facts == {"claim": LTI + "version"}


def test_names_all_missing_token_claims(tool: Tool) -> None:
    refusal = tool.refusal(tool.platform.id_token(exp=ABSENT, iat=ABSENT, sub=ABSENT))
    assert refusal.facts == {"claim": "exp,iat,sub"}


GOOD_PAYLOADS: dict[str, dict[str, Any]] = {
    "normal": {},
    "several roles": {"roles": [INSTRUCTOR, LEARNER]},
    "short role name": {"roles": ["Learner"]},
    "unknown role": {"roles": ["urn:example:Janitor"]},
    "no role, empty list": {"roles": []},
    "no role, empty text": {"roles": [""]},
    "e-mail only": NO_NAMES,
    "names only": {"email": ABSENT},
    "no personal data": NO_NAMES | {"email": ABSENT, "lis": ABSENT},
    "e-mail and no context": NO_NAMES | {"context": ABSENT},
    "optional claims null": {"context": None, "custom": None, "lis": None, "email": None, "ags": None},
}


@pytest.mark.parametrize("role", [LEARNER, INSTRUCTOR], ids=["student", "teacher"])
@pytest.mark.parametrize("changes", GOOD_PAYLOADS.values(), ids=GOOD_PAYLOADS)
def test_accepts_as_student_and_as_teacher(tool: Tool, changes: dict[str, Any], role: str) -> None:
    launch = tool.validate(tool.platform.id_token(**({"roles": [role]} | changes)))
    assert (launch.subject, launch.resource_link_id) == ("7", "link-1")
    assert launch.roles == tuple(filter(None, changes.get("roles", [role])))


TABLE_ACCEPTS: dict[str, dict[str, Any]] = {
    "aud as one-element list": {"aud": ["client-1"]},
    "two auds with azp = us": {"aud": ["client-2", "client-1"], "azp": "client-1"},
    "header parameters nobody knows": {"header": {"x-trace": "1"}},
}


@pytest.mark.parametrize("changes", TABLE_ACCEPTS.values(), ids=TABLE_ACCEPTS)
def test_accepts(tool: Tool, changes: dict[str, Any]) -> None:
    assert tool.validate(tool.platform.id_token(**changes)).client_id == "client-1"


TIMES: dict[str, tuple[dict[str, float], str | None]] = {
    "expired 5 s ago": ({"iat": -65, "exp": -5}, None),
    "expired just within the leeway": ({"iat": -119, "exp": -59}, None),
    "expired a minute ago": ({"iat": -120, "exp": -60}, "token-expired"),
    "expired an hour ago": ({"iat": -3660, "exp": -3600}, "token-expired"),
    "platform clock 20 s ahead": ({"iat": 20, "exp": 80}, None),
    "iat a day ahead": ({"iat": DAY_S, "exp": DAY_S + 60}, "token-from-future"),
    "nbf a day ahead": ({"nbf": DAY_S}, "token-from-future"),
}


@pytest.mark.parametrize(("offsets_s", "code"), TIMES.values(), ids=TIMES)
def test_time(tool: Tool, offsets_s: dict[str, float], code: str | None) -> None:
    now = int(tool.clock().timestamp())
    times: dict[str, Any] = {name: now + offset for name, offset in offsets_s.items()}
    token = tool.platform.id_token(**times)
    if code is None:
        assert tool.validate(token).subject == "7"
    else:
        assert tool.refusal(token).code == code


def test_rejects_an_algorithm_that_was_not_agreed_though_the_key_is_right(tool: Tool) -> None:
    tool.platform.jwk_has_alg = False
    key = RSAKey.import_key(make_key(1).as_pem(private=True))
    token = tool.platform.id_token(header={"alg": "RS512"}, key=key)
    assert tool.refusal(token).code == "algorithm-refused"
    tool.algorithms = ("RS512",)
    assert tool.validate(token).subject == "7"


def test_rejects_alg_none(tool: Tool) -> None:
    _, payload, _ = tool.platform.id_token().split(".")
    for algorithm in ("none", "None", "NONE"):
        header = _encode(json.dumps({"alg": algorithm, "kid": "key-1"}).encode())
        assert tool.refusal(f"{header}.{payload}.").code == "algorithm-refused"


def test_rejects_hs256_with_the_public_key_as_secret(tool: Tool) -> None:
    # Signed by hand: joserfc itself refuses to use a public key as a secret.
    _, payload, _ = tool.platform.id_token().split(".")
    signed = _encode(json.dumps({"alg": "HS256", "kid": "key-1"}).encode()) + "." + payload
    mac = hmac.digest(make_key(1).as_pem(private=False), signed.encode(), hashlib.sha256)
    assert tool.refusal(f"{signed}.{_encode(mac)}").code == "algorithm-refused"
    assert tool.platform.count("/jwks") == 0


def test_rejects_a_changed_payload(tool: Tool) -> None:
    header, _, signature = tool.platform.id_token().split(".")
    payload = _encode(json.dumps(tool.platform.claims(sub="8")).encode())
    assert tool.refusal(f"{header}.{payload}.{signature}").code == "signature-invalid"


def test_unknown_deployment_is_named_for_the_operator(tool: Tool) -> None:
    tool.deployment_hint = None
    refusal = tool.refusal(tool.platform.id_token(deployment_id="42"))
    assert (refusal.code, refusal.facts) == ("unknown-deployment", {"deployment_id": "42"})


def test_a_login_without_deployment_hint_is_fine(tool: Tool) -> None:
    tool.deployment_hint = None
    assert tool.validate(tool.platform.id_token()).deployment_id == "1"


def test_accepts_after_the_platform_rotated_its_key(tool: Tool) -> None:
    tool.validate(tool.platform.id_token())
    tool.platform.rotate_key()
    tool.clock.now += timedelta(seconds=20)
    assert tool.validate(tool.platform.id_token()).subject == "7"


def test_accepts_a_jwk_without_alg(tool: Tool) -> None:
    tool.platform.jwk_has_alg = False
    assert tool.validate(tool.platform.id_token()).subject == "7"


def test_rejects_a_token_of_a_key_meant_for_another_algorithm(tool: Tool) -> None:
    jwk = make_key(1).as_dict(private=False) | {"alg": "RS512"}
    body = json.dumps({"keys": [jwk]}).encode()
    token = tool.platform.id_token()
    tool.platform.answers["/jwks"] = Response(200, {}, body)
    assert tool.refusal(token).code == "algorithm-refused"


def test_twenty_tokens_with_junk_kids_cost_at_most_three_fetches(tool: Tool) -> None:
    tool.validate(tool.platform.id_token())
    for number in range(20):
        tool.clock.now += timedelta(seconds=1)
        token = tool.platform.id_token(header={"kid": f"junk-{number}"})
        assert tool.refusal(token).code == "key-unknown"
    assert tool.platform.count("/jwks") <= 3


def test_refuses_a_token_beyond_the_size_limit(tool: Tool) -> None:
    token = tool.platform.id_token(custom={"filler": "x" * TOKEN_LIMIT_BYTES})
    assert tool.refusal(token).code == "token-too-large"


MALFORMED: dict[str, Callable[[FakePlatform], str]] = {
    "empty": lambda _: "",
    "one part": lambda _: "abc",
    "five parts": lambda _: "a.b.c.d.e",
    "not ASCII": lambda _: "å.ø.æ",
    "lone surrogate": lambda _: "\ud800.a.b",
    "header no JSON": lambda p: "AAAA." + p.id_token().split(".", 1)[1],
    "header a list": lambda p: _encode(b'["alg"]') + "." + p.id_token().split(".", 1)[1],
    "header a list with b64": lambda p: _encode(b'["alg","b64"]') + "." + p.id_token().split(".", 1)[1],
    "header a text": lambda p: _encode(b'"alg b64"') + "." + p.id_token().split(".", 1)[1],
    "header null": lambda p: _encode(b"null") + "." + p.id_token().split(".", 1)[1],
    "alg a list": lambda p: _encode(b'{"alg":["RS256"],"kid":"key-1"}') + "." + p.id_token().split(".", 1)[1],
    "kid a number": lambda p: _encode(b'{"alg":"RS256","kid":1}') + "." + p.id_token().split(".", 1)[1],
    "kid with control characters": lambda p: p.id_token(header={"kid": "key\n1"}),
    "kid huge": lambda p: p.id_token(header={"kid": "k" * 300}),
    "payload no JSON": lambda p: p.sign(b"not json"),
    "payload a list": lambda p: p.sign(b"[]"),
    "payload not UTF-8": lambda p: p.sign(b'{"iss": "\xff"}'),
    "payload nested without end": lambda p: p.sign(b"[" * 40_000),
    "payload with an endless number": lambda p: p.sign(b'{"iat": ' + b"9" * 5000 + b"}"),
    "JSON serialization": lambda p: json.dumps({"payload": "e30", "protected": "e30", "signature": ""}),
}


@pytest.mark.parametrize("make_token", MALFORMED.values(), ids=MALFORMED)
def test_malformed(tool: Tool, make_token: Callable[[FakePlatform], str]) -> None:
    assert tool.refusal(make_token(tool.platform)).code == "token-malformed"


@pytest.mark.parametrize("crit", [5, None, [{}], ["b64"], []], ids=repr)
def test_any_critical_header_is_refused(tool: Tool, crit: object) -> None:
    header = _encode(json.dumps({"alg": "RS256", "kid": "key-1", "b64": True, "crit": crit}).encode())
    token = header + "." + tool.platform.id_token().split(".", 1)[1]
    assert tool.refusal(token).code == "critical-header-unknown"


CLAIM_NAMES = [
    *("iss", "aud", "azp", "sub", "exp", "iat", "nbf", "nonce", "name", "given_name", "family_name", "email"),
    *("version", "message_type", "deployment_id", "target_link_uri", "roles", "resource_link", "context"),
    *("lis", "custom", "launch_presentation", "tool_platform", "ags", "nrps"),
]
JUNK: list[Any] = [0, -1.5, True, [], [[]], {}, {"id": {"id": []}}, [{}], "\x00", "\ud800", "x" * 5000, 10**400]


@pytest.mark.parametrize("name", CLAIM_NAMES)
def test_hostile_claims_end_in_a_launch_error_or_are_harmless(tool: Tool, name: str) -> None:
    for junk in JUNK:
        tool.assert_refused_or_clean(tool.platform.id_token(**{name: junk}))


GROUP_MEMBERS = {
    "resource_link": ["id", "title"],
    "context": ["id", "title"],
    "lis": ["person_sourcedid"],
    "launch_presentation": ["locale", "return_url", "document_target"],
    "tool_platform": ["name"],
    "ags": ["scope", "lineitem", "lineitems"],
    "nrps": ["context_memberships_url"],
}


@pytest.mark.parametrize("group", GROUP_MEMBERS)
def test_hostile_members_end_in_a_launch_error_or_are_harmless(tool: Tool, group: str) -> None:
    long_name = {"ags": AGS, "nrps": NRPS}.get(group, LTI + group)
    base = tool.platform.claims().get(long_name, {})
    for member in GROUP_MEMBERS[group]:
        for junk in JUNK:
            tool.assert_refused_or_clean(tool.platform.id_token(**{group: base | {member: junk}}))


@pytest.mark.parametrize("url", ["javascript:alert(1)", "//evil.example", "https://", "https://[", "ftp://a/b", "a b"])
def test_only_web_addresses_become_links(tool: Tool, url: str) -> None:
    refusal = tool.refusal(tool.platform.id_token(launch_presentation={"return_url": url}))
    assert refusal.facts == {"claim": "return_url"}


def test_issued_at_is_aware_utc(tool: Tool) -> None:
    assert tool.validate(tool.platform.id_token()).issued_at == datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


def test_a_launch_prints_no_personal_data(tool: Tool) -> None:
    launch = tool.validate(tool.platform.id_token(custom={"email": "geir@kongsberg.example.invalid"}))
    assert launch.email == "geir@kongsberg.example.invalid"
    for personal in ("Geir", "Bråten", "geir@", "EMP00005"):
        assert personal not in repr(launch)


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
