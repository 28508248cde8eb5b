"""Bring a backup back into an empty installation: all of it or nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import structlog
from sqlalchemy import Connection, MetaData, func, inspect, literal, select, table
from sqlalchemy.orm import Session

from sidecar.backup.archive import (
    DamagedBackupError,
    Manifest,
    read_lines,
    read_parts,
    read_pieces,
    table_of,
    telling_damage,
    verify,
)
from sidecar.backup.rows import read_rows
from sidecar.core.deliveries import Delivery
from sidecar.core.sealed import list_sealed
from sidecar.errors import SidecarError
from sidecar.runtime import Sidecar
from sidecar.schema import current_revision, known_revisions, upgrade_on, upgrading

VERSION_TABLE = "alembic_version"
log = structlog.get_logger()


class NotEmptyError(SidecarError):
    """This installation holds data already ({table}). Restore into an empty database; nothing was changed."""

    code = "not-empty"


class NewerBackupError(SidecarError):
    """The backup was made by a newer version ({version}). Install that version, then restore; nothing was changed."""

    code = "backup-newer"


@dataclass(frozen=True)
class Restored:
    """What came back; `pending_deliveries` will be handed over now, unless the channel finds that they were."""

    taken_at: str
    rows: int
    files: int
    missing_files: tuple[str, ...]
    pending_deliveries: int


def restore_backup(
    sidecar: Sidecar, path: Path, tell: Callable[[int], None], *, are_keys_lost: bool = False
) -> Restored:
    """Verify a backup wholly, bring its files back, and then its rows in one transaction.

    One of an older version is brought up to date in the same transaction.

    Args:
        tell: gets the number of files so far, now and then.
        are_keys_lost: do it even though the keys at hand don't open what was sealed.

    Raises:
        DamagedBackupError: it is not whole, or no backup.
        NewerBackupError: it has tables that this version does not know.
        NotEmptyError: there are rows already.
        WrongKeyError: the keys at hand don't open what was sealed when it was taken.
    """
    manifest = verify(path)
    if manifest.head["revision"] not in known_revisions():
        raise NewerBackupError(version=str(manifest.head.get("version")))
    with sidecar.engine.connect() as connection:
        _refuse_rows(connection)
    with telling_damage(path):
        _restore_files(sidecar, path, tell)
    with telling_damage(path), upgrading(sidecar.engine) as connection:
        _refuse_rows(connection)
        _make_tables(connection, manifest.head["revision"])
        rows = _restore_rows(connection, path, manifest)
        upgrade_on(connection)
        pending = _check(sidecar, Session(connection), are_keys_lost=are_keys_lost)
    log.info("backup.restored", rows=rows, files=manifest.files, missing=len(manifest.missing))
    return Restored(manifest.head["taken_at"], rows, manifest.files, tuple(manifest.missing), pending)


def _refuse_rows(connection: Connection) -> None:
    for name in _our_tables(connection):
        if connection.scalar(select(literal(1)).select_from(table(name)).limit(1)):
            raise NotEmptyError(table=name)


def _our_tables(connection: Connection) -> list[str]:
    there = set(inspect(connection).get_table_names())
    return [one.name for one in Sidecar.tables.sorted_tables if one.name in there]


def _make_tables(connection: Connection, revision: str) -> None:
    """Make the tables as they were when the backup was taken; those that are there are empty."""
    if current_revision(connection) == revision:
        return
    names = [*_our_tables(connection), VERSION_TABLE]
    there = MetaData()
    there.reflect(connection, only=lambda name, _: name in names)
    there.drop_all(connection)
    upgrade_on(connection, revision)


def _restore_files(sidecar: Sidecar, path: Path, tell: Callable[[int], None]) -> None:
    number = 0
    for name, content in read_parts(path):
        kind, _, digest = name.partition("/")
        if kind == "files":
            if sidecar.storage.put(read_pieces(content)).digest != digest:
                raise DamagedBackupError(reason="it was changed while it was read.")
            number += 1
            tell(number)


def _restore_rows(connection: Connection, path: Path, manifest: Manifest) -> int:
    rows = 0
    for name, content in read_parts(path):
        if name.startswith("tables/"):
            rows += _restore_table(connection, table_of(name), content, manifest)
        elif name.startswith("files/"):
            break  # the tables stand before them
    return rows


def _restore_table(connection: Connection, name: str, content: IO[bytes], manifest: Manifest) -> int:
    count = read_rows(connection, read_lines(content))
    if count != manifest.tables[name]["rows"]:
        raise DamagedBackupError(reason="it was changed while it was read.")
    return count


def _check(sidecar: Sidecar, db: Session, *, are_keys_lost: bool) -> int:
    """See that the keys open what was sealed; return how many deliveries wait or were under way."""
    if not are_keys_lost:
        for sealed in list_sealed(db):
            sidecar.secrets.open(sealed)
    under_way = select(func.count()).where(Delivery.state.in_(("waiting", "delivering")))
    return db.scalar(under_way) or 0
