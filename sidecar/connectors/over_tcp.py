"""Let a connector that opens TCP connections itself go only to addresses that were checked.

A connector holds settings only. Who opens a connection (`sidecar.outside`) hands it the guard once, by `look_up_by`.
It connects to an address, never to a name, so that a name which changes its address in between gains nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from sidecar.connectors.base import Connector, ConnectorError

Guided = TypeVar("Guided", bound="OverTcp")


class NoGuardError(ConnectorError):
    """The connection was not opened as it should be: it does not know which addresses it may reach."""

    code = "connector-no-guard"


class LookUp(Protocol):
    """Be the guard: say where a host may be reached."""

    def __call__(self, host: str, port: int) -> Sequence[str]:
        """Return the addresses of a host, all of them checked; at least one.

        Raises:
            ForbiddenAddressError: of `sidecar.errors`, one of them may not be reached.
            UnreachableError: of `sidecar.errors`, the host is not known.
        """


class OverTcp(Connector):
    """Be a connector that opens TCP connections."""

    def look_up_by(self: Guided, look_up: LookUp) -> Guided:
        """Take the guard, and return the connector itself."""
        object.__setattr__(self, "_look_up", look_up)  # it is no setting, and the class is frozen for these
        return self

    @property
    def look_up(self) -> LookUp:
        """The guard.

        Raises:
            NoGuardError: it was never handed over.
        """
        look_up: LookUp | None = getattr(self, "_look_up", None)
        if look_up is None:
            raise NoGuardError
        return look_up
