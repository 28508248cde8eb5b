"""Be the one way out to the network: checked addresses, no redirects, bounded time and size."""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

import requests
from requests.adapters import HTTPAdapter
from structlog.contextvars import get_contextvars
from urllib3.exceptions import NewConnectionError

from sidecar.errors import ForbiddenAddressError, UnreachableError
from sidecar.http_deadline import POOLS, ending_at

CONNECT_TIMEOUT_S: Final = 5.0
READ_TIMEOUT_S: Final = 15.0
TOTAL_TIMEOUT_S: Final = 60.0
"""How long a request may take with its tries, to the last byte of its answer."""

BODY_LIMIT_BYTES: Final = 2 * 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """How long an answer may be under way, between two pieces and in all, and how large it may be."""

    read_s: float
    total_s: float
    body_bytes: int


LONG: Final = Limits(read_s=60.0, total_s=90.0, body_bytes=64 * 1024 * 1024)
"""For what is pulled in bulk, by workers, from systems that operators set up."""

PAUSES_S: Final = (0.2, 0.8)
"""How long to wait before the second and the third try."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class AnswerTooLargeError(UnreachableError):
    """{host} answered with more than {limit_bytes} bytes, which is more than this answer may hold."""

    code = "answer-too-large"


@dataclass(frozen=True)
class Response:
    """An answer, whatever its status; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class _Target:
    """A checked URL: where to connect, and whom we expect to find there."""

    url: SplitResult
    port: int
    addresses: tuple[Address, ...]

    @property
    def authority(self) -> str:
        """Return host and port as they stood in the URL, without a user name."""
        return self.url.netloc.rpartition("@")[2]

    def pinned(self, attempt: int) -> str:
        """Return the URL with the checked address in the place of the host name."""
        address = self.addresses[attempt % len(self.addresses)]
        literal = f"[{address}]" if address.version == 6 else str(address)
        query = f"?{self.url.query}" if self.url.query else ""
        return f"{self.url.scheme}://{literal}:{self.port}{self.url.path or '/'}{query}"


def resolve(host: str, port: int) -> list[Address]:
    """Return the addresses of a host.

    Raises:
        OSError: it has none.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]


class GuardedFetch:
    """Send requests to public https addresses, and to what SIDECAR_ALLOWED_PRIVATE lists.

    The host name is resolved once and the connection made to the address that was checked, so a name that changes
    its address in between gains nothing. A redirect is an answer like any other: it is never followed.
    """

    def __init__(
        self,
        allowed_private: tuple[str, ...],
        *,
        ca_file: Path | None = None,
        limits: Limits | None = None,
        resolve: Callable[[str, int], list[Address]] = resolve,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """Prepare the guard.

        Args:
            allowed_private: host names, addresses and networks (`10.0.0.0/8`) that may be private or plain http.
            ca_file: the certificate authorities to trust; None means the public ones.
            limits: of each answer; None means those for what somebody waits for.
        """
        self._given_limits = limits
        self._names, self._networks = _read_allowed(allowed_private)
        self._resolve = resolve
        self._pause = pause
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy or netrc of the environment would undo the guard
        self._session.verify = str(ca_file) if ca_file else True
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._session.mount("http://", _TimedAdapter())
        self._session.mount("https://", _NamedTlsAdapter())

    def __call__(self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None) -> Response:
        """Send one request and return the answer, whatever its status.

        What never reached the server is tried three times; a GET also when the connection broke off.

        Raises:
            ForbiddenAddressError: the URL is not https, or its host is private, and neither is listed.
            UnreachableError: no answer came, or it was too long or too slow.
        """
        parts = urlsplit(url)
        ends_at = time.monotonic() + self._limits.total_s
        for attempt, pause_s in enumerate((*PAUSES_S, None)):
            try:
                with ending_at(ends_at):
                    return self._send_once(method, self._check(parts), attempt, headers, body)
            except (OSError, requests.RequestException) as error:
                if pause_s is None or time.monotonic() + pause_s >= ends_at or not _may_repeat(method, error):
                    raise UnreachableError(host=_authority(parts)) from error
                self._pause(pause_s)
        raise AssertionError("the last try returns or raises")

    @property
    def _limits(self) -> Limits:
        return self._given_limits or Limits(READ_TIMEOUT_S, TOTAL_TIMEOUT_S, BODY_LIMIT_BYTES)

    def refuse_forbidden(self, url: str) -> None:
        """Return where another library may reach a URL by itself; it resolves the name once more.

        Raises:
            ForbiddenAddressError: the URL is not https, or its host is private, and neither is listed.
            UnreachableError: its host is not known.
        """
        parts = urlsplit(url)
        try:
            self._check(parts)
        except OSError:
            raise UnreachableError(host=_authority(parts)) from None

    def look_up(self, host: str, port: int) -> list[str]:
        """Return the addresses at which another protocol, one that encrypts, may reach a host.

        Raises:
            ForbiddenAddressError: the host is private, and not listed.
            UnreachableError: it is not known.
        """
        try:
            addresses, unlisted = self._find(host.lower().rstrip("."), port)
        except (OSError, ValueError) as error:  # ValueError: no host name, or no port
            raise UnreachableError(host=host) from error
        if not all(_is_public(address) for address in unlisted):
            raise ForbiddenAddressError(host=host)
        return [str(address) for address in addresses]

    def _check(self, parts: SplitResult) -> _Target:
        host, port = _host_and_port(parts)
        addresses, unlisted = self._find(host, port)
        if parts.scheme == "http" and unlisted:
            raise ForbiddenAddressError(host=_authority(parts))
        if not all(_is_public(address) for address in unlisted):
            raise ForbiddenAddressError(host=_authority(parts))
        return _Target(parts, port, addresses)

    def _find(self, host: str, port: int) -> tuple[tuple[Address, ...], list[Address]]:
        """Return the addresses of a host, and which of them are not listed."""
        listed = host in self._names
        addresses = tuple(self._resolve(host, port))
        return addresses, [one for one in addresses if not self._is_listed(one, host_is_listed=listed)]

    def _is_listed(self, address: Address, *, host_is_listed: bool) -> bool:
        if any(address in network for network in self._networks):
            return True
        # cloud metadata lives on link-local addresses: a name that points there is not enough
        return host_is_listed and not _unwrap(address).is_link_local

    def _send_once(
        self, method: str, target: _Target, attempt: int, headers: Mapping[str, str], body: bytes | None
    ) -> Response:
        own = {"User-Agent": f"laeringslop-sidecar/{version('laeringslop-sidecar')}", "Accept-Encoding": "identity"}
        with self._session.request(
            method,
            target.pinned(attempt),
            headers={**own, **_request_id(), **headers, "Host": target.authority},
            data=body,
            timeout=(CONNECT_TIMEOUT_S, self._limits.read_s),
            allow_redirects=False,
            stream=True,
        ) as answer:
            content = _read(answer, target.authority, self._limits.body_bytes)
            found = {name.lower(): value for name, value in answer.headers.items()}
            return Response(answer.status_code, found, content)


def _request_id() -> dict[str, str]:
    """Return the header by which the other side's log and ours can be laid side by side."""
    found = get_contextvars().get("request_id")
    return {"X-Request-Id": str(found)} if found else {}


class _TimedAdapter(HTTPAdapter):
    """Use connections whose answers end at a moment."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 (handed on)
        """Say where connections are taken from."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = POOLS


class _NamedTlsAdapter(_TimedAdapter):
    """Ask the server at a pinned address for the certificate of the name in the Host header."""

    def build_connection_pool_key_attributes(
        self,
        request: requests.PreparedRequest,
        verify: Any,  # noqa: ANN401 (the types are private to requests)
        cert: Any = None,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        """Name the host in the TLS handshake and in the check of the certificate."""
        where, tls = super().build_connection_pool_key_attributes(request, verify, cert)
        name = urlsplit(f"//{request.headers['Host']}").hostname
        return where, {**tls, "server_hostname": name, "assert_hostname": name}


def _read(answer: requests.Response, host: str, limit_bytes: int) -> bytes:
    content = bytearray()
    for chunk in answer.iter_content(65536):
        content += chunk
        if len(content) > limit_bytes:
            raise AnswerTooLargeError(host=host, limit_bytes=limit_bytes)
    return bytes(content)


def _may_repeat(method: str, error: Exception) -> bool:
    if isinstance(error, requests.exceptions.SSLError | requests.exceptions.ReadTimeout):
        return False
    if method == "GET" and isinstance(error, requests.ConnectionError | OSError):
        return True
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(error, requests.exceptions.ConnectTimeout) or isinstance(reason, NewConnectionError)


def why_unreachable(error: UnreachableError) -> str:
    """Return why no answer came: dns, tls, timeout, refused, too-large, or broken for anything else."""
    if isinstance(error, AnswerTooLargeError):
        return AnswerTooLargeError.code
    for cause in _causes(error):
        for why, kinds in _WHY.items():
            if isinstance(cause, kinds):
                return why
    return "broken"


_WHY: Final[Mapping[str, tuple[type[BaseException], ...]]] = {
    "dns": (socket.gaierror, UnicodeError),
    "tls": (requests.exceptions.SSLError,),
    "timeout": (requests.exceptions.Timeout, TimeoutError),
    "refused": (ConnectionRefusedError,),
}


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield what led to an error, the nearest first."""
    while cause := error.__cause__ or error.__context__:
        yield cause
        error = cause


def _authority(parts: SplitResult) -> str:
    return parts.netloc.rpartition("@")[2]


def _host_and_port(parts: SplitResult) -> tuple[str, int]:
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        port = 0
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc or not port:
        raise ForbiddenAddressError(host=_authority(parts))
    return parts.hostname.lower().rstrip("."), port


def _read_allowed(
    allowed: tuple[str, ...],
) -> tuple[frozenset[str], list[ipaddress.IPv4Network | ipaddress.IPv6Network]]:
    names, networks = set(), []
    for entry in allowed:
        try:
            networks.append(ipaddress.ip_network(entry, strict=False))
        except ValueError:
            names.add(entry.lower().rstrip("."))
    return frozenset(names), networks


def _unwrap(address: Address) -> Address:
    """Return the IPv4 address inside an IPv6 one that stands for it."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _is_public(address: Address) -> bool:
    inner = _unwrap(address)
    odd = inner.is_multicast or inner.is_reserved or inner.is_unspecified or inner.is_link_local
    old = isinstance(inner, ipaddress.IPv6Address) and (inner.teredo or inner.is_site_local)
    return inner.is_global and not odd and not old
