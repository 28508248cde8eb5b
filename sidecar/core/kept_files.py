"""Know which stored files the rows name: only those are kept, backed up and served."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import String, cast, or_, select
from sqlalchemy.orm import Session

from sidecar.core.courses import PackageFile
from sidecar.core.db import JsonValue
from sidecar.core.deliveries import Delivery
from sidecar.core.evidence import Evidence
from sidecar.core.path_bundles import PathBundlePart
from sidecar.core.people_sources import Source
from sidecar.core.received_paths import ReceivedPart

BATCH = 1000
_COLUMNS = (
    PackageFile.digest,
    Evidence.file_digest,
    Source.file_digest,
    PathBundlePart.digest,
    ReceivedPart.digest,
)
"""Files of packages, documents that prove a completion, files that a source reads next, and parts of bundles."""


def named_digests(db: Session) -> set[bytes]:
    """Return the SHA-256 (32 bytes each, to hold millions) of every stored file that a row names."""
    return {bytes.fromhex(digest) for digest in _list_named(db)}


def is_named(db: Session, digest: str) -> bool:
    """Tell whether any row names a stored file."""
    ours = (cast(column, String).contains(digest) for column in (Delivery.files, Delivery.kept_rows))
    kept = select(Delivery.id).where(Delivery.files_removed_at.is_(None), or_(*ours))
    named = (select(column).where(column == digest) for column in _COLUMNS)
    return any(db.scalar(query.limit(1)) is not None for query in (kept, *named))


def stored_as(file: Mapping[str, Any]) -> str:
    """Return the digest under which a file of a delivery, or its kept lines, lie in the storage.

    A file from before they were encrypted lies under its own.
    """
    stored: str = file.get("stored") or file["digest"]
    return stored


def list_stored(delivery: Delivery) -> set[str]:
    """Return the digests of all that a delivery keeps in the storage."""
    return _stored(delivery.files, delivery.kept_rows)


def _list_named(db: Session) -> Iterator[str]:
    streamed = {"yield_per": BATCH}
    for column in _COLUMNS:
        yield from filter(None, db.scalars(select(column).distinct(), execution_options=streamed))
    standing = select(Delivery.files, Delivery.kept_rows).where(Delivery.files_removed_at.is_(None))
    for files, kept_rows in db.execute(standing, execution_options=streamed):
        yield from _stored(files, kept_rows)


def _stored(files: JsonValue, kept_rows: JsonValue | None) -> set[str]:
    return {stored_as(one) for one in (*files, *([kept_rows] if kept_rows else ()))}
