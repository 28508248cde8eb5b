"""Read on which origins the pages of an LMS stand that may show ours in a frame."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

from lti.platform_configuration import is_usable_url
from sidecar.errors import SidecarError
from sidecar.tool.registering import is_listed

MOST_ORIGINS: Final = 20
ORIGIN_CHARACTERS: Final = 255
_PORTS: Final = {"http": 80, "https": 443}


class FrameOriginError(SidecarError):
    """The pages of an LMS can't stand at "{origin}".

    Write one like https://school.example.no: https, the whole host, no path, and no asterisk.
    """

    code = "frame-origin"


class TooManyOriginsError(SidecarError):
    """An LMS may have at most {limit} further addresses. Leave out those that it doesn't use any more."""

    code = "too-many-origins"


def read_frame_origins(typed: Iterable[str], allowed_private: tuple[str, ...]) -> tuple[str, ...]:
    """Return each origin once, as browsers write it; empty texts count as none.

    Args:
        allowed_private: whose pages may be plain http.

    Raises:
        FrameOriginError: one is none: it has a path, a wildcard, a user name, or plain http.
        TooManyOriginsError: there are more than anybody needs.
    """
    origins = tuple(dict.fromkeys(_read(text, allowed_private) for text in map(str.strip, typed) if text))
    if len(origins) > MOST_ORIGINS:
        raise TooManyOriginsError(limit=MOST_ORIGINS)
    return origins


def _read(text: str, allowed_private: tuple[str, ...]) -> str:
    """Return scheme and host, and the port where it is not the scheme's own.

    Source: RFC 6454 §6.2 (the origin as ASCII); a name with æ, ø or å stands as `xn--…` in it.
    """
    if not is_usable_url(text, ORIGIN_CHARACTERS):
        raise FrameOriginError(origin=text[:ORIGIN_CHARACTERS])
    parts = urlsplit(text)
    host = parts.hostname or ""
    if parts.path not in ("", "/") or parts.query or (parts.scheme == "http" and not is_listed(host, allowed_private)):
        raise FrameOriginError(origin=text)
    named = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{named}" + ("" if parts.port in (None, _PORTS[parts.scheme]) else f":{parts.port}")
