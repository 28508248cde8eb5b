"""Say what the library needs of an HTTP client; the application brings one with its own guard."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Response:
    """Hold an answer, whatever its status; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Fetch(Protocol):
    """Send one request, follow no redirects, raise `lti.errors.ServiceUnreachable` when no answer comes."""

    def __call__(self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None) -> Response:
        """Return the answer; the implementation caps its size and the time it may take."""
        ...  # pragma: no cover


def host_of(url: str) -> str:
    """Return host and port of a URL, the part that may stand in an error."""
    return urlsplit(url).netloc.rpartition("@")[2]
