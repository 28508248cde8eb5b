"""Name regions and their learning paths as every sidecar does: by addresses that stay the same for ever."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from sidecar.core.courses import KEY
from sidecar.core.peers import ADDRESS_CHARACTERS
from sidecar.core.regions import Region
from sidecar.runtime import Sidecar

_PATH: Final = re.compile(r"/exchange/[a-z0-9][a-z0-9-]{0,79}", re.ASCII)


def address_of(sidecar: Sidecar, region: Region) -> str:
    """Return the exchange address of a region of this installation."""
    return f"{sidecar.settings.public_url}/exchange/{region.slug}"


def origin_of(address: str, key: str) -> str:
    """Return the origin of a learning path: its region's exchange address, and the key of its course."""
    return f"{address}/paths/{key}"


def is_address(text: str) -> bool:
    """Tell whether a text is an exchange address, written as `address_of` writes it."""
    if len(text) > ADDRESS_CHARACTERS or not text.isascii() or not text.isprintable() or " " in text:
        return False
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    is_plain = f"{parts.scheme}://{parts.netloc}{parts.path}" == text and "@" not in parts.netloc
    return is_plain and parts.scheme in ("https", "http") and bool(host) and bool(_PATH.fullmatch(parts.path))


def key_in(origin: str, address: str) -> str | None:
    """Return the key in the origin of a path of a region; None where it is no path of that region."""
    before, _, key = origin.rpartition("/paths/")
    return key if before == address and KEY.fullmatch(key) else None
