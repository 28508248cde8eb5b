"""Write and read what goes over the wire to a platform's services: headers, addresses, members of JSON objects."""

import json
import re
from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.parse import urlencode, urlsplit, urlunsplit

NUMBER_LIMIT: Final = 10**12
UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


class Origin(NamedTuple):
    """Name where an address leads to: its scheme, its host in small letters, and its port."""

    scheme: str
    host: str
    port: int


def bearer(token: str, **headers: str) -> dict[str, str]:
    """Return the headers of a request that a token allows; names as in `Content_Type`."""
    return {"Authorization": f"Bearer {token}"} | {name.replace("_", "-"): value for name, value in headers.items()}


def below(url: str, name: str, **query: str | int | None) -> str:
    """Return the address of a service below another; its query stays where it is.

    Source: Assignment and Grade Services 2.0 §3.1.1 (`/scores` and `/results` are added to the path).
    """
    parts = urlsplit(url)
    return with_query(urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{name}")), **query)


def with_query(url: str, **query: str | int | None) -> str:
    """Return an address with further parameters behind those it has; None leaves one out."""
    present = {name: value for name, value in query.items() if value is not None}
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query="&".join(filter(None, [parts.query, urlencode(present)]))))


def is_same_origin(url: str, other: str) -> bool:
    """Tell whether two addresses name the same scheme, host and port; what is no address has nothing in common."""
    found = origin_of(url)
    return found is not None and found == origin_of(other)


def origin_of(url: str) -> Origin | None:
    """Return the origin of an http(s) address; None where it has none that every reader takes for the same.

    Source: RFC 6454 §4.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or {"https": 443, "http": 80}[parts.scheme]
    except (ValueError, KeyError):
        return None
    is_clean = parts.hostname and "@" not in parts.netloc and "\\" not in url
    return Origin(parts.scheme, parts.hostname, port) if parts.hostname and is_clean else None


def dump(members: Mapping[str, object]) -> bytes:
    """Return JSON without the members that have no value."""
    present = {name: value for name, value in members.items() if value is not None}
    return json.dumps(present, ensure_ascii=False, allow_nan=False).encode()


def text_of(members: Mapping[str, object], name: str, *, limit: int | None = None) -> str | None:
    """Return a text; an empty one, one longer than `limit` and anything else count as none."""
    value = members.get(name)
    if not isinstance(value, str) or not value or (limit is not None and len(value) > limit):
        return None
    return value


def number_of(members: Mapping[str, object], name: str) -> float | None:
    """Return a number that a grade can be; anything else counts as none."""
    value = members.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < NUMBER_LIMIT:
        return None
    return float(value)
