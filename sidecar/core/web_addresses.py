"""Tell addresses of web pages from other texts."""

from __future__ import annotations

from urllib.parse import urlsplit


def is_web_address(url: str) -> bool:
    """Tell whether a text is the whole address of a page, without spaces and without what can't be seen."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    is_plain = url.isprintable() and not any(letter.isspace() for letter in url)
    return is_plain and parts.scheme in ("https", "http") and bool(parts.hostname)
