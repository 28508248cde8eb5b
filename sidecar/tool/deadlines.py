"""End what an LMS is asked at a moment, whatever it does: it may hang, send a byte a minute, or never find its name."""

from __future__ import annotations

import contextvars
import math
import threading
import time
from collections.abc import Callable, Mapping
from typing import TypeVar

from lti.errors import ServiceUnreachable
from lti.fetching import Fetch, Response, host_of

T = TypeVar("T")

TIMEOUT = "timeout"
"""The reason of a `ServiceUnreachable` that came of a deadline."""


class Deadline:
    """Be the moment at which everything that is asked has ended."""

    def __init__(self, seconds: float) -> None:
        """Begin the time."""
        self._ends_at = time.monotonic() + seconds

    def allow_more(self, seconds: float) -> None:
        """Let there be at least so many seconds left."""
        self._ends_at = max(self._ends_at, time.monotonic() + seconds)

    def ask(self, ask: Callable[[], T], host: str, *, at_most_s: float = math.inf) -> T:
        """Ask in a thread of its own, which is left behind where it does not end: sockets and DNS wait too long.

        Raises:
            ServiceUnreachable: the time was over; and whatever `ask` raises.
        """
        answers: list[T] = []
        failures: list[Exception] = []

        def run() -> None:
            try:
                answers.append(ask())
            except Exception as error:  # noqa: BLE001 (raised again in the thread that waits)
                failures.append(error)

        thread = threading.Thread(target=contextvars.copy_context().run, args=(run,), daemon=True)
        thread.start()
        thread.join(max(0.0, min(at_most_s, self._ends_at - time.monotonic())))
        for failure in failures:
            raise failure
        if not answers:
            raise ServiceUnreachable(host=host, reason=TIMEOUT)
        return answers[0]


def fetch_until(deadline: Deadline, fetch: Fetch) -> Fetch:
    """Return a way out that is closed when the time is over."""

    def bounded(method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None) -> Response:
        return deadline.ask(lambda: fetch(method, url, headers=headers, body=body), host_of(url))

    return bounded


def fetch_within(seconds: float, fetch: Fetch) -> Fetch:
    """Return a way out on which each request has so much time."""

    def bounded(method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None) -> Response:
        return fetch_until(Deadline(seconds), fetch)(method, url, headers=headers, body=body)

    return bounded
