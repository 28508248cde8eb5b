"""End an answer at a moment, however it drips: no wait for the next bytes of headers or body is longer than is left.

A timeout of a socket counts from one byte to the next, so that a server which sends one now and then is never late.
"""

from __future__ import annotations

import io
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from http.client import HTTPResponse
from socket import socket
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

_ENDS_AT: ContextVar[float] = ContextVar("ends_at", default=math.inf)


@contextmanager
def ending_at(moment: float) -> Iterator[None]:
    """Let the requests of a block that are sent through `POOLS` end at a moment of `time.monotonic`."""
    token = _ENDS_AT.set(moment)
    try:
        yield
    finally:
        _ENDS_AT.reset(token)


class _TimedReader(io.RawIOBase):
    """Read from a socket as long as there is time; `raw` keeps it open when its connection is closed before."""

    def __init__(self, raw: io.RawIOBase, sock: socket) -> None:
        self._raw, self._sock = raw, sock
        self._patience_s, self._ends_at = sock.gettimeout(), _ENDS_AT.get()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int | None:  # noqa: ANN401 (any buffer; the type has no name in 3.11)
        left_s = self._ends_at - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        self._sock.settimeout(min(left_s, math.inf if self._patience_s is None else self._patience_s))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _TimedAnswer(HTTPResponse):
    def __init__(self, sock: socket, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 (handed on)
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_TimedReader(self.fp.detach(), sock))


class _TimedConnection(HTTPConnection):
    response_class = _TimedAnswer


class _TimedTlsConnection(HTTPSConnection):
    response_class = _TimedAnswer


class _TimedPool(HTTPConnectionPool):
    ConnectionCls = _TimedConnection


class _TimedTlsPool(HTTPSConnectionPool):
    ConnectionCls = _TimedTlsConnection


POOLS = {"http": _TimedPool, "https": _TimedTlsPool}
"""What urllib3 shall take its connections from."""
