"""Ask an LMS for a test of its connection: within a time that ends, with the reason where no answer comes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urlsplit

from lti.errors import ServiceUnreachable
from lti.fetching import Response, host_of
from sidecar.errors import ForbiddenAddressError, UnreachableError
from sidecar.http import GuardedFetch, why_unreachable
from sidecar.tool.deadlines import Deadline

CALL_S: Final = 8.0
"""How long one request may take, with its tries."""

BUDGET_S: Final = 40.0
"""How long all requests of a test may take together."""

CLEANING_S: Final = 8.0
"""How much longer what must be put back may take."""

FAR_AWAY: Final = timedelta(days=36_500)


class BoundedFetch:
    """Be the guarded way out for one test; what is late is left alone and counts as `timeout`.

    It keeps the last answer, and how far the LMS's clock is from ours.
    """

    def __init__(self, fetch: GuardedFetch, now: Callable[[], datetime], *, call_s: float = CALL_S) -> None:
        """Begin the time of the test."""
        self.last: Response | None = None
        self.clock_off: timedelta | None = None
        self._fetch, self._now, self._call_s = fetch, now, call_s
        self._deadline = Deadline(BUDGET_S)

    def allow_more(self, seconds: float = CLEANING_S) -> None:
        """Let what must be put back have its time, even where the rest used all of it."""
        self._deadline.allow_more(seconds)

    def __call__(self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None) -> Response:
        """Send one request and return the answer.

        Raises:
            ServiceUnreachable: no answer came; `reason` says why, as in `sidecar.tool.checks.texts.WHY`.
        """
        self.last = None
        asked_at = self._now()
        host, at_most_s = host_of(url), self._call_s
        answer = self._deadline.ask(lambda: self._answer(method, url, headers, body), host, at_most_s=at_most_s)
        self._compare_clocks(answer, asked_at)
        self.last = answer
        return answer

    def _answer(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Response:
        try:
            answer = self._fetch(method, url, headers=headers, body=body)
        except UnreachableError as error:
            reason = why_unreachable(error)
            raise ServiceUnreachable(host=host_of(url), reason=reason.removeprefix("answer-")) from error
        except ForbiddenAddressError as error:
            reason = "private" if urlsplit(url).scheme == "https" else "unencrypted"
            raise ServiceUnreachable(host=host_of(url), reason=reason) from error
        return Response(answer.status, answer.headers, answer.body)

    def _compare_clocks(self, answer: Response, asked_at: datetime) -> None:
        """Keep the smallest difference that an answer showed; one from a cache is as old as it says.

        Source: RFC 9110 §6.6.1 (Date), RFC 9111 §5.1 (Age).
        """
        if answer.headers.get("age", "0").strip() not in ("", "0"):
            return
        try:
            theirs = parsedate_to_datetime(answer.headers.get("date", ""))
        except (ValueError, TypeError):
            return
        middle = asked_at + (self._now() - asked_at) / 2
        off = (theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC)) - middle
        self.clock_off = min(FAR_AWAY if self.clock_off is None else self.clock_off, off, key=abs)
