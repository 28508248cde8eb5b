"""The way out goes to public https addresses only, and to what the operator lists."""

import ipaddress
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from structlog.contextvars import bound_contextvars

from sidecar import http
from sidecar.errors import ForbiddenAddressError, UnreachableError
from sidecar.http import Address, AnswerTooLargeError, GuardedFetch, Response, why_unreachable

LOOPBACK = ("127.0.0.0/8",)


class Server:
    """A web server on a free port of this machine that remembers what it was asked."""

    def __init__(self, answer: Callable[[BaseHTTPRequestHandler], None], tls: ssl.SSLContext | None = None) -> None:
        self.seen: list[tuple[str, str, dict[str, str], bytes]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                outer.seen.append((self.command, self.path, headers, body))
                answer(self)

            do_GET = do_POST = do  # noqa: N815 (the names that http.server looks for)

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


Serve = Callable[..., Server]


@pytest.fixture
def serve() -> Iterator[Serve]:
    servers: list[Server] = []

    def start(answer: Callable[[BaseHTTPRequestHandler], None], tls: ssl.SSLContext | None = None) -> Server:
        servers.append(Server(answer, tls))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def hello(request: BaseHTTPRequestHandler) -> None:
    answer(request, 200, b"hello", {"X-Kind": "greeting"})


def answer(request: BaseHTTPRequestHandler, status: int, body: bytes, headers: dict[str, str]) -> None:
    request.send_response(status)
    for name, value in {"Content-Length": str(len(body)), **headers}.items():
        request.send_header(name, value)
    request.end_headers()
    request.wfile.write(body)


def resolving(*addresses: str) -> Callable[[str, int], list[Address]]:
    return lambda host, port: [ipaddress.ip_address(address) for address in addresses]


def get(fetch: GuardedFetch, url: str) -> Response:
    return fetch("GET", url, headers={})


def test_fetches_from_a_listed_network(serve: Serve) -> None:
    server = serve(hello)
    found = get(GuardedFetch(LOOPBACK), f"http://127.0.0.1:{server.port}/a/b?c=%C3%A6&d=1")
    assert (found.status, found.body, found.headers["x-kind"]) == (200, b"hello", "greeting")
    method, path, headers, _ = server.seen[0]
    assert (method, path) == ("GET", "/a/b?c=%C3%A6&d=1")
    assert headers["user-agent"].startswith("laeringslop-sidecar/")


def test_says_which_request_it_is_for(serve: Serve) -> None:
    server = serve(hello)
    fetch, url = GuardedFetch(LOOPBACK), f"http://127.0.0.1:{server.port}/"
    get(fetch, url)
    with bound_contextvars(request_id="0123456789ab"):
        get(fetch, url)
    assert [headers.get("x-request-id") for _, _, headers, _ in server.seen] == [None, "0123456789ab"]


def test_sends_body_and_headers(serve: Serve) -> None:
    server = serve(hello)
    url = f"http://127.0.0.1:{server.port}/scores"
    GuardedFetch(LOOPBACK)("POST", url, headers={"Authorization": "Bearer x", "Host": "elsewhere"}, body=b"{}")
    method, _, headers, body = server.seen[0]
    assert (method, headers["authorization"], body) == ("POST", "Bearer x", b"{}")
    assert headers["host"] == f"127.0.0.1:{server.port}"


def test_connects_to_the_address_it_checked_and_asks_for_the_name(serve: Serve) -> None:
    server, asked = serve(hello), []

    def resolve(host: str, port: int) -> list[Address]:
        asked.append(host)
        return [ipaddress.ip_address("127.0.0.1")]

    fetch = GuardedFetch(("lms.example.no",), resolve=resolve)
    assert get(fetch, f"http://lms.example.no:{server.port}/").status == 200
    assert asked == ["lms.example.no"]
    assert server.seen[0][2]["host"] == f"lms.example.no:{server.port}"


FORBIDDEN = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fec0::1",
    "fd00:ec2::254",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "2001:0:7f00:1::",
]


@pytest.mark.parametrize("address", FORBIDDEN)
def test_refuses_private_addresses(address: str) -> None:
    fetch = GuardedFetch((), resolve=resolving(address))
    with pytest.raises(ForbiddenAddressError) as caught:
        get(fetch, "https://lms.example.no/")
    assert caught.value.facts == {"host": "lms.example.no"}


@pytest.mark.parametrize("address", FORBIDDEN)
def test_refuses_a_name_of_which_one_address_is_private(address: str) -> None:
    with pytest.raises(ForbiddenAddressError):
        get(GuardedFetch((), resolve=resolving("93.184.215.14", address)), "https://lms.example.no/")


@pytest.mark.parametrize("host", ["localhost", "127.1", "2130706433", "0x7f000001", "[::1]", "[::ffff:7f00:1]"])
def test_refuses_every_spelling_of_this_machine(host: str) -> None:
    with pytest.raises((ForbiddenAddressError, UnreachableError)):
        get(GuardedFetch(()), f"https://{host}:1/")


def test_looks_up_for_other_protocols_as_it_does_for_its_own() -> None:
    for address in FORBIDDEN:
        for found in ((address,), ("93.184.215.14", address)):
            with pytest.raises(ForbiddenAddressError, match=r"sftp\.example\.no"):
                GuardedFetch((), resolve=resolving(*found)).look_up("sftp.example.no", 22)
    public, private = ("93.184.215.14", "2606:2800:21f::1"), "10.1.2.3"
    assert GuardedFetch((), resolve=resolving(*public)).look_up("sftp.example.no", 22) == list(public)
    for listed in ("10.0.0.0/8", "sftp.example.no"):
        assert GuardedFetch((listed,), resolve=resolving(private)).look_up("SFTP.example.no.", 22) == [private]
    with pytest.raises(ForbiddenAddressError):
        GuardedFetch(("sftp.example.no",), resolve=resolving("169.254.169.254")).look_up("sftp.example.no", 22)
    for nowhere in ("", "a" * 64, "nowhere.invalid"):
        with pytest.raises(UnreachableError):
            GuardedFetch(()).look_up(nowhere, 22)


def test_a_listed_name_does_not_open_the_metadata_address() -> None:
    fetch = GuardedFetch(("lms.example.no",), resolve=resolving("169.254.169.254"))
    with pytest.raises(ForbiddenAddressError):
        get(fetch, "http://lms.example.no/latest/meta-data/")


@pytest.mark.parametrize(
    "url",
    [
        "http://lms.example.no/",
        "ftp://lms.example.no/",
        "file:///etc/passwd",
        "https://user:secret@lms.example.no/",
        "https://lms.example.no:99999/",
        "https:///path",
        "lms.example.no",
    ],
)
def test_refuses_anything_but_plain_https(url: str) -> None:
    with pytest.raises(ForbiddenAddressError) as caught:
        get(GuardedFetch((), resolve=resolving("93.184.215.14")), url)
    assert "secret" not in str(caught.value)


def test_does_not_follow_a_redirect(serve: Serve) -> None:
    server = serve(lambda request: answer(request, 302, b"", {"Location": "/elsewhere"}))
    found = get(GuardedFetch(LOOPBACK), f"http://127.0.0.1:{server.port}/")
    assert (found.status, found.headers["location"], len(server.seen)) == (302, "/elsewhere", 1)


def test_refuses_an_answer_that_is_too_large(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "BODY_LIMIT_BYTES", 1000)
    server = serve(lambda request: answer(request, 200, b"x" * 1001, {}))
    with pytest.raises(AnswerTooLargeError) as caught:
        get(GuardedFetch(LOOPBACK), f"http://127.0.0.1:{server.port}/")
    assert caught.value.facts["limit_bytes"] == 1000


def drip(request: BaseHTTPRequestHandler, start: bytes, piece: bytes) -> None:
    """Send the start of an answer, then pieces for longer than anybody waits."""
    with suppress(OSError):
        request.wfile.write(start)
        for _ in range(1000):
            request.wfile.write(piece)
            time.sleep(0.02)


ANSWER = b"HTTP/1.1 200 OK\r\n"
DRIPS = {
    "status": (b"", b"H"),
    "headers": (ANSWER, b"X: y\r\n"),
    "a header": (ANSWER + b"X-Long: ", b"y"),
    "hints": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "body": (ANSWER + b"Content-Length: 5000\r\n\r\n", b"x"),
    "body till the end": (ANSWER + b"Connection: close\r\n\r\n", b"x"),
    "chunks": (ANSWER + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    "size of a chunk": (ANSWER + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
    "trailers": (ANSWER + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n"),
    "large pieces": (ANSWER + b"Connection: close\r\n\r\n", b"x" * 10_000),
}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(("start", "piece"), DRIPS.values(), ids=DRIPS)
def test_gives_up_on_an_answer_that_drips(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, method: str, start: bytes, piece: bytes
) -> None:
    monkeypatch.setattr(http, "TOTAL_TIMEOUT_S", 0.3)
    server = serve(lambda request: drip(request, start, piece))
    began = time.monotonic()
    with pytest.raises(UnreachableError) as caught:
        GuardedFetch(LOOPBACK)(method, f"http://127.0.0.1:{server.port}/", headers={})
    assert time.monotonic() - began < 10
    assert why_unreachable(caught.value) == "timeout"
    assert len(server.seen) == 1


def test_a_connection_that_is_used_again_has_time_anew(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "TOTAL_TIMEOUT_S", 0.3)
    connections = set()

    def keep_open(request: BaseHTTPRequestHandler) -> None:
        connections.add(request.client_address)
        request.protocol_version, request.close_connection = "HTTP/1.1", False
        hello(request)

    server, fetch = serve(keep_open), GuardedFetch(LOOPBACK)
    for _ in range(3):
        assert get(fetch, f"http://127.0.0.1:{server.port}/").body == b"hello"
        time.sleep(0.15)
    assert len(connections) == 1


def test_keeps_no_cookies(serve: Serve) -> None:
    server = serve(lambda request: answer(request, 200, b"", {"Set-Cookie": "a=b"}))
    fetch = GuardedFetch(LOOPBACK)
    for _ in range(2):
        get(fetch, f"http://127.0.0.1:{server.port}/")
    assert "cookie" not in server.seen[1][2]


def break_off(request: BaseHTTPRequestHandler) -> None:
    request.connection.close()


@pytest.mark.parametrize(("method", "tries"), [("GET", 3), ("POST", 1)])
def test_repeats_only_a_get_when_the_connection_breaks_off(serve: Serve, method: str, tries: int) -> None:
    server, pauses = serve(break_off), list[float]()
    with pytest.raises(UnreachableError) as caught:
        GuardedFetch(LOOPBACK, pause=pauses.append)(method, f"http://127.0.0.1:{server.port}/", headers={})
    assert len(server.seen) == tries
    assert len(pauses) == tries - 1
    assert caught.value.facts == {"host": f"127.0.0.1:{server.port}"}


def test_goes_on_to_the_next_address_when_the_first_takes_no_connection(serve: Serve) -> None:
    server = serve(hello)
    fetch = GuardedFetch(LOOPBACK, resolve=resolving("127.0.0.2", "127.0.0.1"), pause=lambda _: None)
    assert fetch("POST", f"http://lms.example.no:{server.port}/", headers={}, body=b"x").status == 200
    assert len(server.seen) == 1


def test_a_name_that_does_not_resolve_is_unreachable() -> None:
    def resolve(host: str, port: int) -> list[Address]:
        raise OSError("Name or service not known")

    with pytest.raises(UnreachableError):
        get(GuardedFetch((), resolve=resolve, pause=lambda _: None), "https://lms.example.no/")


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A self-signed certificate of lms.example.no with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "lms.example.no")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("lms.example.no")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path / "certificate.pem"
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def test_checks_the_certificate_against_the_name(serve: Serve, tls: ssl.SSLContext, certificate: Path) -> None:
    server = serve(hello, tls)
    fetch = GuardedFetch(LOOPBACK, ca_file=certificate, resolve=resolving("127.0.0.1"), pause=lambda _: None)
    assert get(fetch, f"https://lms.example.no:{server.port}/").body == b"hello"
    with pytest.raises(UnreachableError):
        get(fetch, f"https://other.example.no:{server.port}/")
    with pytest.raises(UnreachableError):
        get(fetch, f"https://127.0.0.1:{server.port}/")
    assert len(server.seen) == 1


@pytest.mark.parametrize("start", [b"", ANSWER + b"Connection: close\r\n\r\n"], ids=["status", "body"])
def test_gives_up_on_an_encrypted_answer_that_drips(
    serve: Serve, tls: ssl.SSLContext, certificate: Path, monkeypatch: pytest.MonkeyPatch, start: bytes
) -> None:
    monkeypatch.setattr(http, "TOTAL_TIMEOUT_S", 0.3)
    server = serve(lambda request: drip(request, start, b"H"), tls)
    fetch, began = GuardedFetch(LOOPBACK, ca_file=certificate, resolve=resolving("127.0.0.1")), time.monotonic()
    with pytest.raises(UnreachableError) as caught:
        get(fetch, f"https://lms.example.no:{server.port}/")
    assert time.monotonic() - began < 10
    assert why_unreachable(caught.value) == "timeout"


def test_trusts_no_unknown_authority(serve: Serve, tls: ssl.SSLContext) -> None:
    server = serve(hello, tls)
    fetch = GuardedFetch(LOOPBACK, resolve=resolving("127.0.0.1"), pause=lambda _: None)
    with pytest.raises(UnreachableError):
        get(fetch, f"https://lms.example.no:{server.port}/")
    assert server.seen == []
