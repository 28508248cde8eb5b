"""A practice LMS on a network of its own, which registers itself: what it answers can be spoiled."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask import Flask

from lti.fetching import Response
from practice_lms.app import create_app, lms_of
from practice_lms.config import Config
from practice_lms.registering import start_address
from practice_lms.state import Lms
from sidecar.core import invitations
from sidecar.errors import ForbiddenAddressError, UnreachableError
from sidecar.runtime import Sidecar

ISSUER = "https://lms.example"
CONFIGURATION_PATH = "/mod/lti/openid-configuration.php"
REGISTRATION_PATH = "/mod/lti/openid-registration.php"
CONFIGURATION_URL = f"{ISSUER}{CONFIGURATION_PATH}"

Answer = Callable[[], Response]


@dataclass
class JoiningLms:
    """An LMS whose administrator was sent an invitation.

    Attributes:
        answers: what it answers in place of the truth, by path.
        private: hosts on a private network.
        asked: method and path of every request.
    """

    app: Flask = field(default_factory=lambda: create_app(Config(issuer=ISSUER, tool_url="https://sidecar.example.no")))
    answers: dict[str, Answer] = field(default_factory=dict)
    private: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    @property
    def lms(self) -> Lms:
        return lms_of(self.app)

    def __call__(self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None) -> Response:
        """Be `sidecar.fetch`."""
        self.refuse_forbidden(url)
        parts = urlsplit(url)
        self.asked.append(f"{method} {parts.path}")
        if parts.netloc != urlsplit(ISSUER).netloc:
            raise UnreachableError(host=parts.netloc)
        if parts.path in self.answers:
            return self.answers[parts.path]()
        told = self.app.test_client().open(parts.path, method=method, base_url=ISSUER, headers=dict(headers), data=body)
        return Response(told.status_code, {k.lower(): v for k, v in told.headers.items()}, told.data)

    def refuse_forbidden(self, url: str) -> None:
        """Be the guard."""
        parts = urlsplit(url)
        if parts.scheme != "https" or parts.hostname in self.private:
            raise ForbiddenAddressError(host=parts.netloc)

    def configuration(self, **changes: object) -> dict[str, Any]:
        """Return what it truly says of itself, with changes; a change to None leaves it out."""
        said: dict[str, Any] = self.app.test_client().get(CONFIGURATION_PATH, base_url=ISSUER).get_json()
        return {name: value for name, value in (said | changes).items() if value is not None}

    def says(self, **changes: object) -> None:
        """Let it say something else of itself from now on."""
        body = json.dumps(self.configuration(**changes)).encode()
        self.answers[CONFIGURATION_PATH] = lambda: Response(200, {}, body)

    def token(self, type_id: str | None = None) -> str:
        """Return a fresh registration token."""
        query = parse_qs(urlsplit(start_address(self.lms, "https://tool.example/", type_id)).query)
        return query["registration_token"][0]


def answer(status: int, body: object, **headers: str) -> Answer:
    """Return what answers so: bytes as they are, anything else as JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return lambda: Response(status, headers, data)


def no_answer() -> Response:
    """Answer nothing in time."""
    raise UnreachableError(host=urlsplit(ISSUER).netloc)


def invite(
    sidecar: Sidecar, *, region_id: str | None = None, renews_id: str | None = None, secret: str | None = None
) -> str:
    """Return the secret of a fresh invitation."""
    with sidecar.transaction() as db:
        return invitations.invite(
            db, note="", region_id=region_id, renews_id=renews_id, by=None, now=sidecar.now(), secret=secret
        )[1]
