"""Know the kinds of files that a course may hold: how their names end, and how their bytes begin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from babel import Locale, UnknownLocaleError
from babel.numbers import format_decimal

from scorm_packages.authoring.media_problems import MediaKind

_ZIP: Final = (0, (b"PK\x03\x04",))
_OLD_OFFICE: Final = (0, (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",))
_OGG: Final = (0, (b"OggS",))
_ISO_MEDIA: Final = (4, (b"ftyp",))
_MATROSKA: Final = (0, (b"\x1a\x45\xdf\xa3",))
_OFFICE: Final = "application/vnd.openxmlformats-officedocument"
_OPEN: Final = "application/vnd.oasis.opendocument"


@dataclass(frozen=True)
class MediaType:
    """A kind of file. `magic`: the bytes it may have at an offset; None where it is text."""

    mime: str
    uses: tuple[MediaKind, ...]
    magic: tuple[int, tuple[bytes, ...]] | None = None

    def begins(self, head: bytes) -> bool:
        """Tell whether a file of this kind can begin so."""
        if self.magic is None:
            return b"\0" not in head
        offset, signs = self.magic
        return any(head[offset:].startswith(sign) for sign in signs)


TYPES: Final[Mapping[str, MediaType]] = {
    "png": MediaType("image/png", ("picture", "download"), (0, (b"\x89PNG\r\n\x1a\n",))),
    "jpg": MediaType("image/jpeg", ("picture", "download"), (0, (b"\xff\xd8\xff",))),
    "jpeg": MediaType("image/jpeg", ("picture", "download"), (0, (b"\xff\xd8\xff",))),
    "gif": MediaType("image/gif", ("picture", "download"), (0, (b"GIF87a", b"GIF89a"))),
    "webp": MediaType("image/webp", ("picture", "download"), (8, (b"WEBP",))),
    "avif": MediaType("image/avif", ("picture", "download"), _ISO_MEDIA),
    "svg": MediaType("image/svg+xml", ("picture", "download")),
    "mp4": MediaType("video/mp4", ("film", "download"), _ISO_MEDIA),
    "m4v": MediaType("video/mp4", ("film", "download"), _ISO_MEDIA),
    "webm": MediaType("video/webm", ("film", "download"), _MATROSKA),
    "mp3": MediaType(
        "audio/mpeg", ("audio", "download"), (0, (b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2", b"\xff\xfa"))
    ),
    "m4a": MediaType("audio/mp4", ("audio", "download"), _ISO_MEDIA),
    "ogg": MediaType("audio/ogg", ("audio", "download"), _OGG),
    "opus": MediaType("audio/ogg", ("audio", "download"), _OGG),
    "wav": MediaType("audio/wav", ("audio", "download"), (8, (b"WAVE",))),
    "vtt": MediaType("text/vtt", ("captions", "download")),
    "md": MediaType("text/markdown", ("text",)),
    "pdf": MediaType("application/pdf", ("download",), (0, (b"%PDF-",))),
    "docx": MediaType(f"{_OFFICE}.wordprocessingml.document", ("download",), _ZIP),
    "xlsx": MediaType(f"{_OFFICE}.spreadsheetml.sheet", ("download",), _ZIP),
    "pptx": MediaType(f"{_OFFICE}.presentationml.presentation", ("download",), _ZIP),
    "doc": MediaType("application/msword", ("download",), _OLD_OFFICE),
    "xls": MediaType("application/vnd.ms-excel", ("download",), _OLD_OFFICE),
    "ppt": MediaType("application/vnd.ms-powerpoint", ("download",), _OLD_OFFICE),
    "odt": MediaType(f"{_OPEN}.text", ("download",), _ZIP),
    "ods": MediaType(f"{_OPEN}.spreadsheet", ("download",), _ZIP),
    "odp": MediaType(f"{_OPEN}.presentation", ("download",), _ZIP),
    "epub": MediaType("application/epub+zip", ("download",), _ZIP),
    "zip": MediaType("application/zip", ("download",), _ZIP),
    "rtf": MediaType("application/rtf", ("download",), (0, (b"{\\rtf",))),
    "txt": MediaType("text/plain", ("download",)),
    "csv": MediaType("text/csv", ("download",)),
    "ics": MediaType("text/calendar", ("download",)),
}
"""By the ending of the name. HTML and scripts are none of them: they would run where the course runs."""


def ending_of(path: str) -> str:
    """Return how a name ends, in small letters, without the dot."""
    name = path.rpartition("/")[2]
    return name.rpartition(".")[2].lower() if "." in name else ""


def endings_for(use: MediaKind) -> str:
    """Return what the names of files for a use end in."""
    return ", ".join(f".{ending}" for ending, kind in TYPES.items() if use in kind.uses)


def size_in_words(size_bytes: int, language: str = "en") -> str:
    """Return a size as people read it: `120 kB`, `3.2 MB`; in Norwegian `3,2 MB`."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6)):
        if size_bytes >= factor:
            return f"{_decimal(size_bytes / factor, language)} {unit}"
    return f"{max(1, round(size_bytes / 1000))} kB"


def _decimal(number: float, language: str) -> str:
    try:
        return format_decimal(number, "0.0", locale=Locale.parse(language, sep="-"))
    except (UnknownLocaleError, ValueError):
        return f"{number:.1f}"
