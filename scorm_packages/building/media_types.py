"""Tell what kind of file a name stands for, the same on every machine, and which kinds pack well."""

from __future__ import annotations

from typing import Final

from scorm_packages.authoring.media_type import TYPES, ending_of

TEXTS: Final = frozenset({"csv", "ics", "md", "svg", "txt", "vtt"})
MOST_TEXT_BYTES: Final = 16 * 1024**2
"""A larger text is stored as it is, so that it need not be held in memory."""


def media_type(path: str) -> str:
    """Return a file's MIME type."""
    known = TYPES.get(ending_of(path))
    return known.mime if known else "application/octet-stream"


def packs_well(path: str, size_bytes: int) -> bool:
    """Tell whether a file is worth packing."""
    return ending_of(path) in TEXTS and size_bytes <= MOST_TEXT_BYTES
