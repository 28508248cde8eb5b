"""A KS HR system that answers over HTTP in the real shapes, and in all the wrong ones it is told to."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

USER, PASSWORD = "sidecar", "hemmelig"
STREAMS = ("authority", "person", "organisation", "employee_position", "employee_taxonomy", "venue")

Line = dict[str, Any]


def change(
    kind: str, new: Mapping[str, Any] | None, at: str = "2026-09-01T08:00:00Z", old: Mapping[str, Any] | None = None
) -> Line:
    """Return a line of a stream."""
    return {"changeType": kind, "changeDate": at, "oldRecord": old, "newRecord": new}


def person(national_id: str, first: str, last: str, **more: object) -> Line:
    return {"national_id": national_id, "first_name": first, "last_name": last, **more}


def unit(key: str, name: str, parent: str | None = None) -> Line:
    return {"id": key, "name": name, "parent": parent}


def position(
    national_id: str, org_id: str, name: str, *, main: bool = True, manager: bool = False, **more: object
) -> Line:
    return {
        "org_id": org_id,
        "national_id": national_id,
        "position_name": name,
        "main": main,
        "manager": manager,
        **more,
    }


@dataclass
class Wrong:
    """An answer that is sent as it is instead of a stream."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class FakeKsHr:
    """What the HR system knows: `now` is all of it, `history` the changes, which are asked for by their dates."""

    now: dict[str, list[Line]] = field(default_factory=lambda: {stream: [] for stream in STREAMS})
    history: dict[str, list[Line]] = field(default_factory=lambda: {stream: [] for stream in STREAMS})
    wrong: dict[str, Wrong] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    url: str = ""

    def add(self, stream: str, *records: Mapping[str, Any]) -> None:
        self.now[stream] += [change("add", record) for record in records]

    def body(self, stream: str, query: Mapping[str, list[str]]) -> bytes:
        lines = self.now[stream]
        if "fromDate" in query:
            start, end = query["fromDate"][0], query["toDate"][0]
            lines = [one for one in self.history[stream] if start <= one["changeDate"] <= end]
        return b"".join(json.dumps(one, ensure_ascii=False).encode() + b"\n" for one in lines)

    def answer(self, target: str, authorization: str) -> tuple[int, dict[str, str], bytes]:
        parts = urlsplit(target)
        self.asked.append(target)
        stream = parts.path.removeprefix("/api/v3/")
        if stream in self.wrong:
            wrong = self.wrong[stream]
            return wrong.status, wrong.headers, wrong.body
        right = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if authorization != f"Basic {right}":
            return 401, {"Content-Type": "application/json"}, b"{}"
        if stream not in STREAMS:
            return 404, {"Content-Type": "text/html"}, b"<h1>404</h1>"
        return 200, {"Content-Type": "application/x-ndjson;charset=UTF-8"}, self.body(stream, parse_qs(parts.query))


@contextmanager
def running_ks_hr() -> Iterator[FakeKsHr]:
    """Run the HR system on a port of this machine."""
    fake = FakeKsHr()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = fake.answer(self.path, self.headers.get("Authorization", ""))
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name of the standard library)
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    fake.url = f"http://127.0.0.1:{server.server_address[1]}/api"
    yield fake
    server.shutdown()
    server.server_close()
    thread.join()
