"""Take a backup: a snapshot of all tables, then the files that its rows name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import structlog
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from sidecar.backup.archive import Writer, writing
from sidecar.backup.rows import write_rows
from sidecar.core.kept_files import named_digests
from sidecar.errors import NotFoundError
from sidecar.runtime import Sidecar
from sidecar.schema import current_revision

SNAPSHOT = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
log = structlog.get_logger()


@dataclass(frozen=True)
class Taken:
    """What a backup holds; `missing_files`: SHA-256 of what rows name, but the storage does not have."""

    rows: int
    files: int
    size_bytes: int
    missing_files: tuple[str, ...]


def take_backup(sidecar: Sidecar, path: Path, tell: Callable[[int], None]) -> Taken:
    """Write the whole installation into one file, while it runs; the secret keys are not in it.

    The tables are as they were at one instant. The files come afterwards: they never change, and what is removed
    meanwhile was not worth keeping.

    Args:
        path: a new file; its folder needs room for the largest table once more.
        tell: gets the number of files so far, now and then.

    Raises:
        ConflictError: there is a file of this name.
        BackupNotWrittenError: it can't be written there.
        DamagedBackupError: a stored file is not what it was.
        StorageUnreachableError: the storage does not answer.
    """
    with _snapshot(sidecar) as connection:
        revision = current_revision(connection)
        head = {"revision": revision, "version": version("laeringslop-sidecar"), "taken_at": sidecar.now().isoformat()}
        with writing(path, head) as writer:
            for table in sidecar.tables.sorted_tables:
                writer.add_table(table.name, write_rows(connection, table))
            digests = named_digests(Session(connection))
            connection.rollback()
            _add_files(sidecar, writer, digests, tell)
    manifest = writer.manifest
    rows = sum(table["rows"] for table in manifest.tables.values())
    log.info("backup.finished", rows=rows, files=manifest.files, missing=len(manifest.missing))
    return Taken(rows, manifest.files, path.stat().st_size, tuple(manifest.missing))


def _snapshot(sidecar: Sidecar) -> Connection:
    """Open a connection whose one transaction sees the database as it is now."""
    if sidecar.engine.dialect.name == "sqlite":  # its write-ahead log gives every reader a snapshot
        return sidecar.reader.connect()
    return sidecar.engine.connect().execution_options(**SNAPSHOT)


def _add_files(sidecar: Sidecar, writer: Writer, digests: set[bytes], tell: Callable[[int], None]) -> None:
    for number, digest in enumerate(map(bytes.hex, sorted(digests)), 1):
        try:
            size_bytes, stream = sidecar.storage.size(digest), sidecar.storage.stream(digest)
        except NotFoundError:
            writer.manifest.missing.append(digest)
            continue
        writer.add_file(digest, size_bytes, stream)
        tell(number)
