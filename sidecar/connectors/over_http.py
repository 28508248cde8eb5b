"""Let a connector reach its outside system by HTTP, through the one guarded way out and no other.

A connector holds settings only. Who opens a connection (`sidecar.outside`) hands it the way out once, by `reach_by`;
tests hand it a fake.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, TypeVar

from sidecar.connectors.base import Connector, ConnectorError

Reached = TypeVar("Reached", bound="OverHttp")


class NoWayOutError(ConnectorError):
    """The connection was not opened as it should be: it has no way out to the network."""

    code = "connector-no-way-out"


class HttpAnswer(Protocol):
    """Be an answer, whatever its status; header names are in lower case."""

    @property
    def status(self) -> int:
        """The status code."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers."""

    @property
    def body(self) -> bytes:
        """The body, whole; its size is bounded."""


class Fetch(Protocol):
    """Be the guarded way out: checked addresses, no redirects, bounded time and size."""

    def __call__(self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None) -> HttpAnswer:
        """Send one request.

        Raises:
            ForbiddenAddressError: of `sidecar.errors`, the address may not be reached.
            UnreachableError: of `sidecar.errors`, no answer came, or it was too long or too slow.
        """


class OverHttp(Connector):
    """Be a connector that speaks HTTP."""

    def reach_by(self: Reached, fetch: Fetch) -> Reached:
        """Take the way out, and return the connector itself."""
        object.__setattr__(self, "_way_out", fetch)  # it is no setting, and the class is frozen for these
        return self

    @property
    def fetch(self) -> Fetch:
        """The way out.

        Raises:
            NoWayOutError: it was never handed over.
        """
        way_out: Fetch | None = getattr(self, "_way_out", None)
        if way_out is None:
            raise NoWayOutError
        return way_out
