"""Read JSON that other sidecars wrote: in its one form, so that everybody who reads it reads the same."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from typing import Any

from sidecar.core.path_contents import canonical
from sidecar.errors import SidecarError


class JsonUnreadableError(SidecarError):
    """What came is no JSON object in its one form: names in order and once each, no spaces, whole numbers, UTF-8."""

    code = "exchange-json"


def read_object(text: bytes) -> dict[str, Any]:
    """Return a JSON object.

    Raises:
        JsonUnreadableError: it is none, or not written as `canonical` writes it.
    """
    try:
        found = json.loads(text, parse_float=_refuse, parse_constant=_refuse)
        is_right = isinstance(found, dict) and canonical(found) == text
    except (ValueError, RecursionError):
        raise JsonUnreadableError from None
    if not is_right:
        raise JsonUnreadableError
    return dict(found)


def read_unproven(token: str) -> dict[str, Any]:
    """Return what a signature holds, before it is verified: good for finding out who shall have signed it.

    Raises:
        JsonUnreadableError: it can't be read.
    """
    try:
        middle = token.split(".")[1]
        return read_object(urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    except (IndexError, ValueError):
        raise JsonUnreadableError from None


def _refuse(_: str) -> None:
    raise ValueError("no whole number")
