"""Write a report's files and put them into the storage, encrypted by a key of their own."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pyrage import encrypt_file, x25519

from sidecar.core.db import JsonValue
from sidecar.core.report_specs import Format
from sidecar.reports import kept_rows
from sidecar.reports.document import Document
from sidecar.reports.formats import csv, html, ndjson, pdf, xlsx
from sidecar.reports.workrooms import open_workroom
from sidecar.runtime import Sidecar
from sidecar.storage import Stored
from sidecar.storage.base import CHUNK_BYTES

MEDIA_TYPES: Final[Mapping[Format, str]] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
    "html": "text/html; charset=utf-8",
    "ndjson": "application/x-ndjson",
}
"""What each format is called on the wire; a file's name ends in the format's own name."""

_WRITERS: Final[Mapping[Format, Callable[[Document, Path], None]]] = {
    "csv": csv.write,
    "xlsx": xlsx.write,
    "pdf": pdf.write,
    "html": html.write,
    "ndjson": ndjson.write,
}


@dataclass(frozen=True)
class Kept:
    """What a delivery keeps of its files.

    Attributes:
        files: {name, media_type, digest, size_bytes, stored} of each: digest and size of what it says, and the digest
            under which its encrypted bytes lie in the storage.
        kept_rows: {stored} of the report's lines; None where nothing is kept.
        file_key: the age identity that opens them, sealed; likewise.
    """

    files: list[JsonValue]
    kept_rows: JsonValue | None
    file_key: bytes | None


def keep(sidecar: Sidecar, document: Document, formats: Sequence[Format], stem: str) -> Kept:
    """Write a report in each format, and its lines, and store them encrypted.

    Args:
        formats: one or more; one that is named twice is written once.
        stem: of the files' names, without the ending.

    Raises:
        StorageUnreachableError: the storage does not answer; what is in it already is swept away, as nothing names it.
    """
    identity = x25519.Identity.generate()
    with open_workroom(sidecar) as folder:
        files = [_keep_one(sidecar, document, one, stem, identity, folder) for one in dict.fromkeys(formats)]
        rows = folder / "rows"
        kept_rows.write(document, rows)
        stored = _put_encrypted(sidecar, rows, identity)
    return Kept(files, {"stored": stored.digest}, sidecar.secrets.seal(str(identity).encode("ascii")))


def _keep_one(
    sidecar: Sidecar, document: Document, name: Format, stem: str, identity: x25519.Identity, folder: Path
) -> JsonValue:
    plain = folder / "plain"
    _WRITERS[name](document, plain)
    with plain.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    told = {"name": f"{stem}.{name}", "media_type": MEDIA_TYPES[name], "digest": digest}
    size_bytes = plain.stat().st_size
    return told | {"size_bytes": size_bytes, "stored": _put_encrypted(sidecar, plain, identity).digest}


def _put_encrypted(sidecar: Sidecar, plain: Path, identity: x25519.Identity) -> Stored:
    """Store a file encrypted, and remove the plain one."""
    encrypted = plain.with_name("encrypted")
    encrypt_file(str(plain), str(encrypted), [identity.to_public()])
    plain.unlink()
    return sidecar.storage.put(_pieces(encrypted))


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(CHUNK_BYTES):
            yield piece
