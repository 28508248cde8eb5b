"""Read the streams of a KS HR Data API: one change a line, of which the newest of each thing counts."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Generic, TypeVar

from sidecar.connectors.base import UnreachableError

DELETE: Final = "delete"
MOST_LINES: Final = 2_000_000
"""More changes than any employer of Norway has; a stream that goes on is none."""

NDJSON: Final = ("application/x-ndjson", "application/ndjson", "application/jsonl")
_LONG_AGO: Final = datetime(1, 1, 1, tzinfo=UTC)

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class NotNdjsonError(UnreachableError):
    """The HR system answered with something else than data, perhaps a page that says it is being mended.

    It will be tried again. If it goes on, check the address of the connection.
    """

    code = "ks-hr-not-ndjson"


class BrokenLineError(UnreachableError):
    """Line {line} of "{stream}" from the HR system can't be read, as if the answer had broken off.

    Nothing of it was taken in. It will be tried again.
    """

    code = "ks-hr-broken-line"


@dataclass(frozen=True, slots=True)
class Change:
    """One line; `old` and `new` are empty where it has none."""

    kind: str
    at: datetime
    old: Mapping[str, Any]
    new: Mapping[str, Any]


def read_changes(stream: str, content_type: str, body: bytes) -> Iterator[Change]:
    """Yield the changes of an answer; fields that nobody knows are passed over.

    Args:
        stream: what it is called in errors.

    Raises:
        NotNdjsonError: it is something else.
        BrokenLineError: a line is no change, as the last one of an answer that broke off.
    """
    if body and (content_type.partition(";")[0].strip().lower() not in NDJSON or body.lstrip()[:1] == b"<"):
        raise NotNdjsonError
    for number, line in enumerate(_lines(body), 1):
        if line.strip():
            yield _read(stream, number, line)


def _lines(body: bytes) -> Iterator[bytes]:
    """Yield one line at a time: all of them at once would take as much room again."""
    start = 0
    while start < len(body):
        end = body.find(b"\n", start)
        end = len(body) if end < 0 else end
        yield body[start:end]
        start = end + 1


def _read(stream: str, number: int, line: bytes) -> Change:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        raise BrokenLineError(stream=stream, line=number) from None
    if number > MOST_LINES or not isinstance(found, dict) or not isinstance(found.get("changeType"), str):
        raise BrokenLineError(stream=stream, line=number)
    return Change(
        found["changeType"].lower(),
        _moment(found.get("changeDate")),
        _record(found.get("oldRecord")),
        _record(found.get("newRecord")),
    )


def _record(found: object) -> Mapping[str, Any]:
    return found if isinstance(found, dict) else {}


def _moment(found: object) -> datetime:
    """Return when a change happened; one that doesn't say it counts less than any other."""
    try:
        moment = datetime.fromisoformat(found) if isinstance(found, str) else _LONG_AGO
    except ValueError:
        return _LONG_AGO
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class Newest(Generic[K, V]):
    """Keep of each thing what was said of it last, in whatever order it is told; None: it is gone."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._said: dict[K, tuple[datetime, V | None]] = {}

    def tell(self, key: K, at: datetime, value: V | None) -> None:
        """Hear of a thing; of two words at the same moment the later one in the stream counts."""
        known = self._said.get(key)
        if known is None or at >= known[0]:
            self._said[key] = at, value

    def there(self) -> Iterator[tuple[K, V]]:
        """Yield what is there, by its key."""
        return ((key, value) for key, (_, value) in self._said.items() if value is not None)

    def gone(self) -> Iterator[K]:
        """Yield the keys of what is gone."""
        return (key for key, (_, value) in self._said.items() if value is None)

    def keys(self) -> Iterator[K]:
        """Yield the keys of all that was told of."""
        return iter(self._said)
