"""Moodles to call: one that says what was recorded or anything, and the practice LMS without a network."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from flask import Flask

from practice_lms.app import create_app, lms_of
from practice_lms.config import Config
from practice_lms.state import Lms
from practice_lms.web_services.accounts import Account
from sidecar.connectors.moodle.calls import Calls
from sidecar.connectors.moodle.connector import Moodle
from sidecar.http import Response

RECORDINGS = Path(__file__).parents[1] / "data" / "moodle"
URL = "https://moodle.example"
TOKEN = "practice-token"


def recording(name: str) -> dict[str, Any]:
    """Return a recorded request and its response."""
    found: dict[str, Any] = json.loads((RECORDINGS / f"{name}.json").read_text("utf-8"))
    return found


def recorded(name: str) -> Any:  # noqa: ANN401 (JSON)
    """Return the JSON of a recorded response."""
    return recording(name)["response"]["json"]


Form = dict[str, str]


@dataclass
class SaidMoodle:
    """Be a way out that answers with what `says` returns for each form: JSON, bytes, or a whole response."""

    says: Callable[[Form], object]
    status: int = 200
    forms: list[Form] = field(default_factory=list)
    requests: list[tuple[str, str, Mapping[str, str]]] = field(default_factory=list)

    def __call__(self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None) -> Response:
        form = dict(parse_qsl((body or b"").decode(), keep_blank_values=True))
        self.forms.append(form)
        self.requests.append((method, url, headers))
        said = self.says(form)
        if isinstance(said, Response):
            return said
        content = said if isinstance(said, bytes) else json.dumps(said).encode()
        return Response(self.status, {"content-type": "application/json"}, content)

    def calls(self) -> Calls:
        """Return how it is called; nothing waits between tries."""
        return Calls(self, URL, TOKEN, pause=lambda _: None)


def of_recording(name: str) -> SaidMoodle:
    """Return a Moodle that always gives a recorded answer."""
    return SaidMoodle(lambda _: recorded(name))


class PracticeMoodle:
    """Be the practice LMS, called without a network; `lms` is its state."""

    def __init__(self, account: Account | None = None, *, config: Config | None = None) -> None:
        self.app: Flask = create_app(config or Config(issuer=URL, ws_token=TOKEN))
        self.lms: Lms = lms_of(self.app)
        self.token = self.lms.add_account(account).token if account else TOKEN
        self.before: Callable[[Form], None] = lambda _: None

    def __call__(self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None) -> Response:
        self.before(dict(parse_qsl((body or b"").decode(), keep_blank_values=True)))
        path = url.removeprefix(self.lms.config.issuer)
        answer = self.app.test_client().open(path, method=method, headers=dict(headers), data=body)
        return Response(answer.status_code, dict(answer.headers.items()), answer.data)

    @property
    def calls(self) -> Calls:
        """How it is called; nothing waits between tries."""
        return Calls(self, URL, self.token, pause=lambda _: None)

    def connector(self, report_id: int | None = None, **settings: Any) -> Moodle:  # noqa: ANN401 (as they are)
        """Return a connection to it."""
        return Moodle(url=URL, token=self.token, report_id=report_id, **settings).reach_by(self)
