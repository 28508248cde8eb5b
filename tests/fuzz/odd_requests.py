"""Invent requests that no honest browser sends: to our own routes, with odd values in every place."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from hypothesis import strategies as st

MARK: Final = "Zq9EchoMark"
"""Stands in what is sent; an error page must not repeat it."""

ODD: Final = [
    "",
    "\0",
    f"{MARK}\0",
    "\ud800",
    f"{MARK}\udfff",
    "\ufeff",
    "\u202e",
    "..",
    "../../../../etc/passwd",
    "%00",
    "%ff%fe",
    "' OR 1=1 --",
    f"<script>{MARK}</script>",
    "{{7*7}}",
    "-1",
    "0",
    str(2**31),
    str(2**63),
    "9" * 5_000,
    "1e999",
    "NaN",
    "²",
    "٣",
    "true",
    "null",
    "[]",
    "2026-13",
    "2026-09",
    "0000-00",
    "9999-12",
    "æøå" * 400,
    "a" * 70_000,
]
METHODS: Final = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get", "X"]
KINDS: Final = [
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "multipart/form-data; boundary=b",
    "multipart/form-data; boundary=" + "x" * 300,
    "application/json",
    "application/json; charset=utf-16",
    "text/plain;charset=\udcff",
    "application/x-www-form-urlencoded; charset=klingon",
    "",
    ";",
    f"{MARK}/{MARK}",
]
HEADERS: Final = [
    "Accept-Language",
    "Authorization",
    "Content-Encoding",
    "Content-Length",
    "Cookie",
    "HX-Request",
    "Host",
    "If-Match",
    "If-Modified-Since",
    "If-None-Match",
    "If-Range",
    "Origin",
    "Range",
    "Referer",
    "Sec-Fetch-Dest",
    "Sec-Fetch-Site",
    "Transfer-Encoding",
    "X-CSRF-Token",
    "X-Forwarded-For",
    "X-Request-Id",
]
HEADER_VALUES: Final = [
    "bytes=0-",
    "bytes=-0",
    "bytes=5-2,7-",
    f"bytes={'9' * 400}-",
    "*",
    '"x", W/"y"',
    "Bearer ",
    "Bearer gAAAAA" + "x" * 90,
    "Basic 4pi6",
    "nb;q=5,\xe6;q=-1,*;q=nan",
    "sidecar-language=\xff; play-=; =; ;;",
    "Thu, 99 Foo 0000 99:99:99 GMT",
    "null",
    "https://[",
    "https://sidecar.example.no:99999",
    "chunked",
    "gzip",
]
BODIES: Final = [
    b"",
    b"\xff\xfe\x00",
    b"--b",
    b"--b\r\n\r\n--b--",
    b'--b\r\nContent-Disposition: form-data; name="package"; filename="\xff/../x.zip"\r\n\r\nPK\x03\x04\r\n--b--\r\n',
    b'--b\r\nContent-Disposition: form-data; name="file"; filename="p.csv"\r\n\r\na;b\r\n1;\xff\r\n--b--\r\n',
    b'--b\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n\xff\r\n--b--\r\n',
    b"[" * 50_000,
    b'{"a":' * 20_000,
    b'{"token": "\\ud800"}',
    b'{"seq": 1e999}',
    b"1" * 6_000,
    b"&" * 20_000,
    b"=" * 300_000,
    b"a=%ff&b=%00&c=%u1234&%",
]

text = st.one_of(st.sampled_from(ODD), st.text(max_size=40))
header_text = st.one_of(
    st.sampled_from([*HEADER_VALUES, *ODD]).map(lambda value: value[:8_000]),
    st.text(st.characters(max_codepoint=255), max_size=60),
).map(lambda value: value.translate({10: None, 13: None, 0: None}).encode("latin-1", "ignore").decode("latin-1"))
json_value: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=12,
)


@dataclass(frozen=True)
class Odd:
    """One request.

    Attributes:
        path: quoted; None where the path of a thing that exists is to be used.
        form: pairs to send urlencoded; None where `body` goes as it is.
        is_ours: with the token of the form and the origin of our page, so that it gets past the door.
    """

    method: str
    path: str | None
    query: str
    headers: dict[str, str]
    kind: str
    body: bytes
    form: list[tuple[str, str]] | None
    is_ours: bool = field(default=True)


def odd_requests(rule: str, methods: list[str], fields: list[str]) -> st.SearchStrategy[Odd]:
    """Invent requests to one route.

    Args:
        methods: those it has, sent more often than others.
        fields: names that its forms and queries may know.
    """
    names = st.one_of(st.sampled_from(fields), text)
    pairs = st.lists(st.tuples(names, text), max_size=6)
    return st.builds(
        Odd,
        method=st.one_of(st.sampled_from(methods), st.sampled_from(methods), st.sampled_from(METHODS)),
        path=st.one_of(st.none(), _path(rule)),
        query=st.one_of(pairs.map(_encode), st.sampled_from(["", "%ff", "a=%00", "&&&=", "q=" + "x" * 9_000])),
        headers=st.dictionaries(st.sampled_from(HEADERS), header_text, max_size=3),
        kind=st.sampled_from(KINDS),
        body=st.one_of(st.sampled_from(BODIES), st.binary(max_size=60), json_value.map(_json)),
        form=st.one_of(st.none(), pairs),
        is_ours=st.booleans(),
    )


def _path(rule: str) -> st.SearchStrategy[str]:
    """Fill the places of a route with odd values."""

    def fill(values: list[str]) -> str:
        left = iter(values)
        return re.sub(r"<[^>]*>", lambda _: quote(next(left).encode("utf-8", "surrogatepass")), rule)

    return st.lists(text.map(lambda value: value[:500]), min_size=8, max_size=8).map(fill)


def _encode(pairs: list[tuple[str, str]]) -> str:
    def part(value: str) -> str:
        return quote(value.encode("utf-8", "surrogatepass"))

    return "&".join(f"{part(name)}={part(value)}" for name, value in pairs)


def encode_form(pairs: list[tuple[str, str]]) -> bytes:
    """Return a form's body; lone surrogates go as the bytes that no UTF-8 has."""
    return _encode(pairs).encode()


def _json(value: object) -> bytes:
    return json.dumps(value).encode()
