"""A test of a connection ends over a real network too, and knows why no answer came."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from lti.errors import ServiceUnreachable
from lti.fetching import Response
from sidecar.http import BODY_LIMIT_BYTES, GuardedFetch
from sidecar.tool.checks.bounded import BoundedFetch
from tests.fakes.clock import FakeClock
from tests.fakes.ports import free_port

FIFTY_MB = 50 * 1024 * 1024
Serve = Callable[[Callable[[BaseHTTPRequestHandler], None]], str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    servers: list[ThreadingHTTPServer] = []

    def start(answer: Callable[[BaseHTTPRequestHandler], None]) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                with suppress(OSError):
                    answer(self)

            def log_message(self, *args: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads, server.block_on_close = True, False
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}/jwks"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def why_not(url: str, *, call_s: float = 5.0, fetch: GuardedFetch | None = None) -> str:
    """Ask, and return why no answer came."""
    guarded = fetch or GuardedFetch(("127.0.0.0/8",), pause=lambda _: None)
    with pytest.raises(ServiceUnreachable) as caught:
        BoundedFetch(guarded, FakeClock(), call_s=call_s)("GET", url, headers={})
    return caught.value.reason


def test_an_answer_of_50_mb_is_not_read_to_its_end(serve: Serve) -> None:
    sent = 0

    def answer(request: BaseHTTPRequestHandler) -> None:
        nonlocal sent
        request.send_response(200)
        request.send_header("Content-Length", str(FIFTY_MB))
        request.end_headers()
        while sent < FIFTY_MB:
            sent += request.wfile.write(b"x" * 65536)

    assert why_not(serve(answer)) == "too-large"
    assert BODY_LIMIT_BYTES <= sent < FIFTY_MB


def test_headers_that_come_a_byte_at_a_time_hold_nobody_up(serve: Serve) -> None:
    ended = threading.Event()

    def answer(request: BaseHTTPRequestHandler) -> None:
        while not ended.wait(0.05):
            request.wfile.write(b"H")
            request.wfile.flush()

    began = time.monotonic()
    assert why_not(serve(answer), call_s=0.5) == "timeout"
    assert time.monotonic() - began < 10
    ended.set()


def test_a_connection_that_breaks_off_is_told_of(serve: Serve) -> None:
    assert why_not(serve(lambda request: request.connection.close())) == "broken"


def test_a_port_where_nobody_listens_is_told_of() -> None:
    assert why_not(f"http://127.0.0.1:{free_port()}/jwks") == "refused"


def test_a_name_that_nobody_knows_is_told_of() -> None:
    def resolve(host: str, port: int) -> list[object]:
        raise socket.gaierror(-2, "Name or service not known")

    fetch = GuardedFetch((), resolve=resolve, pause=lambda _: None)  # type: ignore[arg-type]
    assert why_not("https://lms.example.no/jwks", fetch=fetch) == "dns"


def test_a_server_that_speaks_no_tls_is_told_of(serve: Serve) -> None:
    url = serve(lambda request: request.send_response(200)).replace("http://", "https://")
    assert why_not(url) == "tls"


@pytest.mark.parametrize(
    ("url", "reason"),
    [("https://127.0.0.1/jwks", "private"), ("http://127.0.0.1/jwks", "unencrypted")],
)
def test_what_the_guard_forbids_is_told_apart(url: str, reason: str) -> None:
    assert why_not(url, fetch=GuardedFetch(())) == reason


def test_an_error_of_ours_is_raised_as_such() -> None:
    def fail(*_: object, **__: object) -> None:
        raise ssl.SSLWantReadError("ours")

    with pytest.raises(ssl.SSLWantReadError):
        BoundedFetch(fail, FakeClock())("GET", "https://lms.example.no", headers={})  # type: ignore[arg-type]


def test_a_clock_that_is_right_to_the_second_stays_the_best_that_was_seen() -> None:
    clock = FakeClock()
    dates = [clock(), clock() + timedelta(seconds=45)]

    def answer(*_: object, **__: object) -> Response:
        return Response(200, {"date": format_datetime(dates.pop(0), usegmt=True)}, b"")

    fetch = BoundedFetch(answer, clock)  # type: ignore[arg-type]
    for _ in range(2):
        fetch("GET", "https://lms.example.no", headers={})
    assert fetch.clock_off == timedelta(0)
