"""Hold the WebDAV channel to the contract, against a small server of our own."""
# ruff: noqa: S101 (these are tests)

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

import pytest
from sidecar_webdav import (
    RECEIPT,
    WebDav,
    WebDavFolderMissingError,
    WebDavRefusedError,
    WebDavRejectedError,
    WebDavUnreachableError,
)

from sidecar.connectors.base import MisconfiguredError, ReportDelivery, set_up
from sidecar.connectors.contract import CSV, KEY, XLSX, ReportDeliveryContract, make_parcel
from sidecar.http import GuardedFetch


class Server:
    """A WebDAV server that keeps its files in a dictionary; `fails` is the status it answers everything with."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.folders = {""}
        self.fails = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, content = outer.serve(self.command, unquote(self.path).removeprefix("/in/"), body)
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_PUT = do_DELETE = do_MKCOL = answer  # noqa: N815

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}/in"
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.01,))
        self.thread.start()

    def serve(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        """Answer a request, as RFC 4918 says."""
        if self.fails:
            return self.fails, b""
        if method == "MKCOL":
            known = path in self.folders
            self.folders.add(path)
            return (405 if known else 201), b""
        if method == "PUT":
            if path.rpartition("/")[0] not in self.folders:
                return 409, b""
            self.files[path] = body
            return 201, b""
        if path not in self.files:
            return 404, b""
        return (200, self.files[path]) if method == "GET" else (204, self.files.pop(path)[:0])

    def close(self) -> None:
        """Stop."""
        self.http.shutdown()
        self.thread.join()
        self.http.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    """Return a running server."""
    started = Server()
    yield started
    started.close()


def connect(server: Server) -> WebDav:
    """Return the channel, set up as an operator would."""
    channel = set_up(WebDav, {"url": server.url, "user": "rkk", "password": "hemmelig"})
    channel.prepare()
    return channel.reach_by(GuardedFetch(("127.0.0.0/8",)))


class TestWebDav(ReportDeliveryContract):
    """Everything that every channel promises."""

    @pytest.fixture(autouse=True)
    def _server(self, server: Server) -> None:
        self.server = server

    def channel(self) -> ReportDelivery:
        """Return the channel anew."""
        return connect(self.server)

    def arrived(self) -> Sequence[bytes]:
        """Return the content of every file that has arrived."""
        return [content for path, content in self.server.files.items() if not path.endswith(RECEIPT)]


def test_a_try_that_was_cut_off_is_completed(server: Server) -> None:
    """What a killed process left is no obstacle, and no receipt."""
    server.serve("MKCOL", KEY, b"")
    server.serve("PUT", f"{KEY}/{CSV.name}", b"half")
    assert connect(server).find(KEY) is None
    connect(server).deliver(make_parcel(CSV, XLSX), KEY)
    assert server.files[f"{KEY}/{CSV.name}"] == b"".join(CSV.read())


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, WebDavRefusedError),
        (302, WebDavFolderMissingError),
        (409, WebDavFolderMissingError),
        (507, WebDavUnreachableError),
        (413, WebDavRejectedError),
    ],
)
def test_what_the_server_says_becomes_a_clear_error(server: Server, status: int, kind: type[Exception]) -> None:
    """Each status is one of the four kinds."""
    server.fails = status
    with pytest.raises(kind, match=str(status)):
        connect(server).check()


def test_an_address_that_is_none_is_refused(tmp_path: Path) -> None:
    """A wrong setting is told when it is given."""
    with pytest.raises(MisconfiguredError):
        set_up(WebDav, {"url": str(tmp_path), "user": "u", "password": "p"}).prepare()
