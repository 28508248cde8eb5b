"""An LMS in memory with a gradebook and one thing at a time that is wrong with it; our public address stands beside."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from lti.fetching import Response
from tests.conftest import PUBLIC_URL
from tests.fakes.platform import FakePlatform, Request

LINE_ITEMS = "/lineitems"
HTML = Response(200, {"content-type": "text/html"}, b"<!doctype html><title>Maintenance</title>")

Wrong = Response | Exception | threading.Event


@dataclass
class OpenLms(FakePlatform):
    """Behave like an LMS whose connection is tested.

    Attributes:
        wrong: by method and path ("POST /token"): what is answered, raised, or waited for, instead of what is right.
        granted: the scopes that it allows; None means all that are asked for, without naming them.
        is_strict: it refuses all scopes where it does not allow one of them.
        own: what our own public address answers; None means our keys.
        items: the columns of its gradebook, by address.
    """

    wrong: dict[str, Wrong] = field(default_factory=dict)
    granted: tuple[str, ...] | None = None
    is_strict: bool = False
    own: Wrong | None = None
    items: dict[str, dict[str, Any]] = field(default_factory=dict)
    ahead: timedelta | None = timedelta(0)

    def fetch(self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None) -> Response:
        """Answer a request as the LMS would, or as our own web does to the world."""
        parts = urlsplit(url)
        if url.startswith(PUBLIC_URL):
            own = self.own or Response(200, {}, json.dumps(self.tool_jwks).encode())
            return act(own)
        wrong = self.wrong.get(f"{method} {parts.path}")
        if wrong is not None:
            self.requests.append(Request(method, url, headers, body or b""))
            return self._dated(act(wrong))
        if parts.path.startswith(LINE_ITEMS):
            self.requests.append(Request(method, url, headers, body or b""))
            return self._dated(self._answer_gradebook(method, url, body or b""))
        if parts.path == "/auth":
            return self._dated(Response(400, {}, b"<p>invalid request</p>"))
        answer = super().fetch(method, url, headers=headers, body=body)
        return self._dated(self._grant(answer, body or b"") if parts.path == "/token" else answer)

    def _dated(self, answer: Response) -> Response:
        if self.ahead is None:
            return answer
        date = format_datetime(self.clock() + self.ahead, usegmt=True)
        return Response(answer.status, {"date": date} | dict(answer.headers), answer.body)

    def _grant(self, answer: Response, body: bytes) -> Response:
        """Name the granted scopes, as Moodle does; refuse where none is left."""
        if answer.status != 200 or self.granted is None:
            return answer
        asked = parse_qs(body.decode())["scope"][0].split()
        allowed = [scope for scope in asked if scope in self.granted]
        if not allowed or (self.is_strict and allowed != asked):
            return Response(400, {}, b'{"error": "invalid_scope"}')
        return Response(200, {}, json.dumps(json.loads(answer.body) | {"scope": " ".join(allowed)}).encode())

    def _answer_gradebook(self, method: str, url: str, body: bytes) -> Response:
        path = urlsplit(url).path
        if path == LINE_ITEMS and method == "POST":
            address = f"{self.issuer}{LINE_ITEMS}/{len(self.requests)}/lineitem"
            self.items[address] = json.loads(body) | {"id": address}
            return Response(201, {}, json.dumps(self.items[address]).encode())
        if path == LINE_ITEMS:
            return Response(200, {}, json.dumps(list(self.items.values())).encode())
        if url not in self.items:
            return Response(404, {}, b"")
        if method == "DELETE":
            del self.items[url]
            return Response(204, {}, b"")
        if method == "PUT":
            self.items[url] = json.loads(body)
        return Response(200, {}, json.dumps(self.items[url]).encode())


def act(wrong: Wrong) -> Response:
    """Answer, raise, or hang till the event is set."""
    if isinstance(wrong, Exception):
        raise wrong
    if isinstance(wrong, threading.Event):
        wrong.wait(30)
        return Response(200, {}, b"{}")
    return wrong
