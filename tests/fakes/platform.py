"""A learning platform in memory: signs launches, publishes keys, grants tokens, keeps grades by Moodle's rules."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, RSAKey
from joserfc.registry import Header

from lti.claims import AGS, LTI, NRPS
from lti.deep_linking import REQUEST, SETTINGS
from lti.errors import ServiceUnreachable
from lti.fetching import Response, host_of
from lti.grades import SCORE_TYPE
from lti.login import Registration

ABSENT: Final = object()
"""Give this as a claim's value to leave the claim out."""

SCOPES: Final = [
    "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem",
    "https://purl.imsglobal.org/spec/lti-ags/scope/result.readonly",
    "https://purl.imsglobal.org/spec/lti-ags/scope/score",
]
_PLAIN_CLAIMS: Final = frozenset(
    "iss aud azp sub exp iat nbf nonce name given_name family_name email".split()  # noqa: SIM905
)
_LONG_NAMES: Final = {"ags": AGS, "nrps": NRPS, "deep_linking_settings": SETTINGS}


class _AnyHeader(jws.JWSRegistry):
    """Let hostile headers be signed, which joserfc would refuse to."""

    def check_header(self, header: Header) -> None:
        """Accept it."""


@cache
def make_key(number: int) -> RSAKey:
    """Return the same key for the same number in the whole test run, as making one takes long."""
    return RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256", "kid": f"key-{number}"})


@dataclass
class Clock:
    """Tell the time that a test sets."""

    now: datetime = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@dataclass(frozen=True)
class Request:
    """Hold one request as it reached the platform."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class FakePlatform:
    """Behave like one LMS; `fetch` is its HTTP side, everything asked of it stands in `requests`."""

    issuer: str = "https://lms.example"
    clock: Callable[[], datetime] = field(default_factory=Clock)
    client_id: str = "client-1"
    deployments: frozenset[str] = frozenset({"1"})
    launch_url: str = "https://tool.example/lti/launch"
    tool_jwks: dict[str, Any] | None = None
    key_number: int = 1
    jwk_has_alg: bool = True
    jwks_headers: dict[str, str] = field(default_factory=dict)
    down: bool = False
    answers: dict[str, Response] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    scores: list[dict[str, Any]] = field(default_factory=list)
    graded_at: dict[str, int] = field(default_factory=dict)

    @property
    def lineitem_url(self) -> str:
        """Return the line item that launches carry."""
        return f"{self.issuer}/lineitems/4/lineitem?type_id=1"

    def registration(self, **changes: object) -> Registration:
        """Return how the tool has registered this platform."""
        facts: dict[str, Any] = {
            "issuer": self.issuer,
            "client_id": self.client_id,
            "auth_url": f"{self.issuer}/auth",
            "token_url": f"{self.issuer}/token",
            "jwks_url": f"{self.issuer}/jwks",
            "deployments": self.deployments,
        }
        facts.update(changes)
        return Registration(**facts)

    def rotate_key(self) -> None:
        """Sign with a new key from now on, and publish only that one."""
        self.key_number += 1

    def claims(self, **changes: object) -> dict[str, Any]:
        """Return the claims of a learner's launch; changes name LTI claims by their last word."""
        now = int(self.clock().timestamp())
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "aud": self.client_id,
            "sub": "7",
            "iat": now,
            "exp": now + 60,
            "nonce": "nonce-1",
            "name": "Geir Bråten",
            "given_name": "Geir",
            "family_name": "Bråten",
            "email": "geir@kongsberg.example.invalid",
            LTI + "version": "1.3.0",
            LTI + "message_type": "LtiResourceLinkRequest",
            LTI + "deployment_id": "1",
            LTI + "target_link_uri": self.launch_url,
            LTI + "roles": ["http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"],
            LTI + "resource_link": {"id": "link-1", "title": "Brannvern"},
            LTI + "context": {"id": "3", "title": "Brannvern grunnkurs"},
            LTI + "lis": {"person_sourcedid": "EMP00005"},
            LTI + "custom": {"course": "brannvern"},
            LTI + "launch_presentation": {"locale": "nb", "return_url": f"{self.issuer}/return"},
            AGS: {
                "scope": SCOPES,
                "lineitems": f"{self.issuer}/lineitems?type_id=1",
                "lineitem": self.lineitem_url,
            },
        }
        named = {_long_name(name): value for name, value in changes.items()}
        return {name: value for name, value in (claims | named).items() if value is not ABSENT}

    def deep_linking(self, **settings: object) -> dict[str, Any]:
        """Return what makes the claims of a launch a teacher's request for content; `settings` change what Moodle asks.

        Source: LTI Deep Linking 2.0 §4.4; Moodle 4.5 mod/lti/contentitem.php.
        """
        asked: dict[str, Any] = {
            "deep_link_return_url": f"{self.issuer}/mod/lti/contentitem_return.php?course=3&id=1&sesskey=1oOP6vvSfB",
            "accept_types": ["ltiResourceLink"],
            "accept_presentation_document_targets": ["frame", "iframe", "window"],
            "accept_copy_advice": False,
            "accept_multiple": True,
            "accept_unsigned": False,
            "auto_create": False,
            "can_confirm": False,
            "title": "Kurs",
            "text": "",
        }
        return {
            "message_type": REQUEST,
            "resource_link": ABSENT,
            "custom": ABSENT,
            "roles": ["http://purl.imsglobal.org/vocab/lis/v2/membership#Instructor"],
            "deep_linking_settings": {name: value for name, value in (asked | settings).items() if value is not ABSENT},
        }

    def id_token(self, *, header: dict[str, Any] | None = None, key: RSAKey | None = None, **changes: object) -> str:
        """Return a signed launch; `header` changes the header, `key` signs with another key."""
        payload = json.dumps(self.claims(**changes)).encode()
        return self.sign(payload, header=header, key=key)

    def sign(self, payload: bytes, *, header: dict[str, Any] | None = None, key: RSAKey | None = None) -> str:
        """Return any payload as a signed token, also one no honest platform would sign."""
        protected = {"typ": "JWT", "alg": "RS256", "kid": f"key-{self.key_number}"} | (header or {})
        protected = {name: value for name, value in protected.items() if value is not ABSENT}
        registry = _AnyHeader(algorithms=["RS256", "RS512"])
        return jws.serialize_compact(protected, payload, key or make_key(self.key_number), registry=registry)

    def fetch(self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None) -> Response:
        """Answer a request as the LMS would."""
        self.requests.append(Request(method, url, headers, body or b""))
        if self.down:
            raise ServiceUnreachable(host=host_of(url), reason="timeout")
        path = urlsplit(url).path
        if path in self.answers:
            return self.answers[path]
        handlers = {"/jwks": self._publish_keys, "/token": self._grant_token}
        handler = handlers.get(path, self._take_score if path.endswith("/lineitem/scores") else None)
        return Response(404, {}, b"") if handler is None else handler(self.requests[-1])

    def count(self, path: str) -> int:
        """Return how often a path was asked for."""
        return sum(urlsplit(request.url).path == path for request in self.requests)

    def _publish_keys(self, _: Request) -> Response:
        jwk = make_key(self.key_number).as_dict(private=False)
        if not self.jwk_has_alg:
            jwk = {name: value for name, value in jwk.items() if name not in ("alg", "use")}
        return _json_response(200, {"keys": [jwk]}, self.jwks_headers)

    def _grant_token(self, request: Request) -> Response:
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        if not self._proves_client(form.get("client_assertion", "")):
            return _json_response(400, {"error": "invalid_client"})
        self.tokens.append(f"token-{len(self.tokens) + 1}")
        answer = {"access_token": self.tokens[-1], "token_type": "Bearer", "expires_in": 3600}
        return _json_response(200, answer, {"content-type": "text/html; charset=utf-8"})

    def _proves_client(self, assertion: str) -> bool:
        """Check the assertion as strictly as the standard allows; Moodle's refusal of a future `iat` included."""
        if self.tool_jwks is None:
            return False
        keys = KeySet.import_key_set({"keys": self.tool_jwks["keys"]})
        try:
            claims = jwt.decode(assertion, keys, algorithms=["RS256"]).claims
        except JoseError:
            return False
        now = self.clock().timestamp()
        named = claims["iss"] == claims["sub"] == self.client_id and bool(claims["jti"])
        return named and claims["aud"] == f"{self.issuer}/token" and claims["iat"] <= now < claims["exp"]

    def _take_score(self, request: Request) -> Response:
        if request.headers.get("Authorization") not in [f"Bearer {token}" for token in self.tokens]:
            return Response(401, {}, b"")
        if request.headers.get("Content-Type") != SCORE_TYPE:
            return Response(400, {}, b"No handler found")
        score = json.loads(request.body)
        required = {"userId", "timestamp", "activityProgress", "gradingProgress"}
        required |= {"scoreMaximum"} if "scoreGiven" in score else set()
        if not required <= score.keys():
            return Response(400, {}, b"[]")
        grade = f"{score['userId']} {urlsplit(request.url).path}"
        given_at = int(datetime.fromisoformat(score["timestamp"]).timestamp())
        if self.graded_at.get(grade, -1) >= given_at:
            return Response(409, {}, b"[]")
        self.graded_at[grade] = given_at
        self.scores.append(score)
        return Response(200, {}, b"")


def _long_name(name: str) -> str:
    if name in _PLAIN_CLAIMS:
        return name
    return _LONG_NAMES.get(name, LTI + name)


def _json_response(status: int, answer: object, headers: Mapping[str, str] | None = None) -> Response:
    return Response(status, {"content-type": "application/json"} | dict(headers or {}), json.dumps(answer).encode())
