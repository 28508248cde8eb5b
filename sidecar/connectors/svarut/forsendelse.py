"""Write a parcel as what SvarUt calls a forsendelse: what it is, as JSON, and then its files in the same order.

Source: KS SvarUt REST v2, "Sending av forsendelser", and its schemas `Forsendelse` and `Dokument`.
"""

from __future__ import annotations

import json
import secrets
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, Final

from sidecar.connectors.base import Parcel, ParcelFile
from sidecar.connectors.svarut.problems import FileNameBadError

TITLE_CHARACTERS: Final = 1000
NAME_CHARACTERS: Final = 226
REFERENCE_CHARACTERS: Final = 100
SYSTEM: Final = "Læringsløp sidecar"
KIND: Final = "kompetanserapport"
"""The type by which a municipality can tell its archive where these go."""

_FORBIDDEN: Final = str.maketrans(dict.fromkeys('*:"<>|?', "_"))
_LINE: Final = b"\r\n"


def reference_of(key: str) -> str:
    """Return what SvarUt knows a delivery by."""
    return key[:REFERENCE_CHARACTERS]


def describe(parcel: Parcel, key: str, digital_id: str) -> dict[str, Any]:
    """Return the forsendelse of a parcel; it is never printed, as no paper with these should be in the post.

    Raises:
        FileNameBadError: a file has a name that is none.
    """
    names = name_files(parcel.files)
    return {
        "tittel": " ".join(parcel.subject.split())[:TITLE_CHARACTERS],
        "mottaker": {"navn": parcel.recipient.name, "digitalId": digital_id},
        "avgivendeSystem": SYSTEM,
        "kunDigitalLevering": True,
        "eksternReferanse": reference_of(key),
        "forsendelsestype": KIND,
        "dokumenter": [
            {"filnavn": name, "mimeType": _media_type(file)} for name, file in zip(names, parcel.files, strict=True)
        ],
    }


def name_files(files: Sequence[ParcelFile]) -> list[str]:
    """Return a name for each file that SvarUt takes, always the same for the same files, and each once.

    Raises:
        FileNameBadError: a name would lead out of a folder, is hidden, or is none.
    """
    names: list[str] = []
    for file in files:
        name = unicodedata.normalize("NFC", file.name)
        if not name.isprintable() or name[:1] in ("", ".") or "/" in name or "\\" in name:
            raise FileNameBadError
        path = PurePosixPath(name.translate(_FORBIDDEN))
        count, named = 1, _fit(path.stem, path.suffix)
        while named.casefold() in {other.casefold() for other in names}:
            count += 1
            named = _fit(path.stem, f"-{count}{path.suffix}")
        names.append(named)
    return names


def _fit(stem: str, ending: str) -> str:
    ending = ending[: NAME_CHARACTERS - 1]
    return stem[: NAME_CHARACTERS - len(ending)] + ending


def _media_type(file: ParcelFile) -> str:
    return file.media_type.partition(";")[0].strip()


def write_multipart(forsendelse: Mapping[str, Any], files: Sequence[ParcelFile]) -> tuple[str, bytes]:
    """Return the Content-Type and the body of the request that sends a forsendelse; the body is whole in memory."""
    boundary = f"sidecar-{secrets.token_hex(16)}"
    told = json.dumps(forsendelse, ensure_ascii=False).encode()
    body = bytearray(_head(boundary, 'name="forsendelse"', "application/json;charset=UTF-8"))
    body += told + _LINE
    for document, file in zip(forsendelse["dokumenter"], files, strict=True):
        body += _head(boundary, f'name="filer"; filename="{document["filnavn"]}"', document["mimeType"])
        for piece in file.read():
            body += piece
        body += _LINE
    body += f"--{boundary}--".encode() + _LINE
    return f"multipart/form-data; boundary={boundary}", bytes(body)


def _head(boundary: str, disposition: str, media_type: str) -> bytes:
    lines = (f"--{boundary}", f"Content-Disposition: form-data; {disposition}", f"Content-Type: {media_type}", "")
    return b"".join(line.encode() + _LINE for line in lines)
