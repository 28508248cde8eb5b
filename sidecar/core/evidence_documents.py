"""Judge documents that show a completion: what they are is what their bytes say, and only a few kinds are taken."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Final

from sidecar.core.short_texts import one_line
from sidecar.errors import SidecarError

LARGEST_BYTES: Final = 10_000_000
NAME_CHARACTERS: Final = 120

PDF: Final = "application/pdf"
_BEGINNINGS: Final[Mapping[bytes, str]] = {
    b"%PDF-": PDF,
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
}
_ENDINGS: Final[Mapping[str, bytes]] = {
    PDF: b"%%EOF",
    "image/png": b"IEND\xaeB`\x82",
    "image/jpeg": b"\xff\xd9",
}
_TAIL_BYTES: Final = 2048
SUFFIXES: Final[Mapping[str, str]] = {PDF: ".pdf", "image/png": ".png", "image/jpeg": ".jpg"}


class DocumentKindError(SidecarError):
    """The document is no whole PDF, PNG or JPEG file. Save it as one of these, then choose it again."""

    code = "document-kind"


class DocumentTooLargeError(SidecarError):
    """The document is larger than {most} MB. Scan it with fewer dots, or only the page that matters."""

    code = "document-too-large"


def media_type_of(content: bytes) -> str:
    """Return what a document is by its content, whatever it is called.

    Raises:
        DocumentTooLargeError: it is larger than `LARGEST_BYTES`.
        DocumentKindError: it is none of the kinds that are taken, or not whole.
    """
    if len(content) > LARGEST_BYTES:
        raise DocumentTooLargeError(most=LARGEST_BYTES // 1_000_000)
    kind = next((kind for beginning, kind in _BEGINNINGS.items() if content.startswith(beginning)), None)
    if kind is None or _ENDINGS[kind] not in content[-_TAIL_BYTES:]:
        raise DocumentKindError
    return kind


def type_by_beginning(beginning: bytes) -> str:
    """Return what a document that was taken is, by its first bytes."""
    found = (kind for start, kind in _BEGINNINGS.items() if beginning.startswith(start))
    return next(found, "application/octet-stream")


def safe_name(name: str, media_type: str) -> str:
    """Return a name to keep and show: of one line, without folders, with the ending that fits the content."""
    stem = one_line(PurePath(name.replace("\\", "/")).stem).strip(" .")[:NAME_CHARACTERS]
    return f"{stem or 'document'}{SUFFIXES[media_type]}"
