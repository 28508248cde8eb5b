"""Know at which address each thing that can be pointed to is shown."""

from __future__ import annotations

from typing import Final

from sidecar.core.pointers import Pointer, PointerKind

ADDRESSES: Final[dict[PointerKind, str]] = {
    "course": "/staff/courses/{key}",
    "gathering": "/staff/gatherings/{key}",
    "municipality": "/staff/municipalities/{key}",
    "new-role": "/staff/roles/new",
    "not-placed": "/staff/municipalities/{key}/not-placed",
    "path": "/staff/paths/{key}",
    "people": "/staff/municipalities/{key}/people",
    "platform": "/staff/platforms/{key}",
    "report": "/staff/ledger/{key}",
    "report-definition": "/staff/reports/{key}",
    "roles": "/staff/roles",
}


def address_of(pointer: Pointer) -> str:
    """Return the path of its page."""
    return ADDRESSES[pointer.kind].format(key=pointer.key)
