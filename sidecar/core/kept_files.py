"""Know which stored files the rows name: only those are kept, backed up and served."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import String, cast, select
from sqlalchemy.orm import Session

from sidecar.core.courses import PackageFile
from sidecar.core.deliveries import Delivery
from sidecar.core.evidence import Evidence
from sidecar.core.people_sources import Source

BATCH = 1000
_COLUMNS = PackageFile.digest, Evidence.file_digest, Source.file_digest
"""Files of packages, documents that prove a completion, and files that a source reads next."""


def named_digests(db: Session) -> set[bytes]:
    """Return the SHA-256 (32 bytes each, to hold millions) of every stored file that a row names."""
    return {bytes.fromhex(digest) for digest in _list_named(db)}


def is_named(db: Session, digest: str) -> bool:
    """Tell whether any row names a stored file."""
    kept = Delivery.files_removed_at.is_(None), cast(Delivery.files, String).contains(digest)
    named = (select(column).where(column == digest) for column in _COLUMNS)
    return any(db.scalar(query.limit(1)) is not None for query in (select(Delivery.id).where(*kept), *named))


def _list_named(db: Session) -> Iterator[str]:
    streamed = {"yield_per": BATCH}
    for column in _COLUMNS:
        yield from filter(None, db.scalars(select(column).distinct(), execution_options=streamed))
    standing = select(Delivery.files).where(Delivery.files_removed_at.is_(None))
    for files in db.scalars(standing, execution_options=streamed):
        yield from (file["digest"] for file in files)
