"""Addresses of web pages: what is one, and what only looks like one."""

from __future__ import annotations

import pytest

from sidecar.core.web_addresses import is_web_address


@pytest.mark.parametrize("url", ["https://www.example.no/side", "http://example.no", "https://øvelse.example.no/å?b=1"])
def test_a_whole_address_is_one(url: str) -> None:
    assert is_web_address(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "www.example.no",
        "https://",
        "https:///side",
        "javascript:alert(1)",
        "ftp://example.no/fil",
        "https://[::1",
        "https://example.no/to ord",
        " https://example.no",
        "https://example.no/\u200bside",
        "https://example.no/\n",
    ],
)
def test_anything_else_is_none(url: str) -> None:
    assert not is_web_address(url)
