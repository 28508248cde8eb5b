"""Define what every table shares: base class, ids, aware UTC time, engine set-up."""

from __future__ import annotations

import uuid
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from sqlalchemy import DateTime, Dialect, Engine, LargeBinary, MetaData, String, create_engine, event
from sqlalchemy.engine import Connection
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.orm import DeclarativeBase, MappedAsDataclass, Session, mapped_column
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.types import JSON, TypeDecorator

JsonValue = Any
"""A value that JSON can carry; each column says its shape where it is declared."""

NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


BUSY_MS = 30_000
"""How long a connection to SQLite waits for another's transaction."""

SQLITE_PRAGMAS = (
    f"busy_timeout={BUSY_MS}",
    "journal_mode=WAL",
    "synchronous=NORMAL",
    "foreign_keys=ON",
    "secure_delete=ON",
)
"""What every connection to SQLite begins with."""

BULK_CACHE_KIB = 64 * 1024
BULK_LOG_PAGES = 16_000
"""How much of an SQLite file a bulk writer holds, and how long its log grows before it goes into the file (64 MiB)."""


def new_id() -> str:
    """Return a new opaque id, 32 lower-case hexadecimal characters."""
    return uuid.uuid4().hex


class UtcDateTime(TypeDecorator[datetime]):
    """Store aware UTC; refuse a naive time."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn an aware time into UTC, naive for SQLite."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive time has no place in the database")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Give back aware UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Id = Annotated[str, mapped_column(String(32))]
"""A column that holds another row's id."""

Key = Annotated[str, mapped_column(String(32), primary_key=True)]
"""The primary key of most tables; give it `default_factory=new_id`."""

Sealed = Annotated[bytes, mapped_column(LargeBinary, info={"sealed": True})]
"""A column that holds what `sidecar.secrets` encrypted; `sidecar.core.sealed` finds every one by this mark.

Give it `mapped_column(repr=False)`.
"""


class Base(MappedAsDataclass, DeclarativeBase, kw_only=True):
    """Be the parent of every table."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {datetime: UtcDateTime(), JsonValue: JSON()}  # noqa: RUF012 (SQLAlchemy reads it)


def open_engine(url: str) -> Engine:
    """Open an engine on SQLite or PostgreSQL with the settings our transactions rely on.

    SQLite: write-ahead log, foreign keys, 30 s busy timeout, and every transaction begins IMMEDIATE unless the
    connection carries the execution option `read_only=True`; a new file is for our own user alone, and what is
    deleted is overwritten with zeros.
    """
    engine = create_engine(url, pool_pre_ping=not url.startswith("sqlite"), hide_parameters=True)
    if engine.dialect.name == "sqlite":
        if engine.url.database and engine.url.database != ":memory:":
            with suppress(OSError):  # a folder that is missing is told of when the database is opened
                Path(engine.url.database).touch(mode=0o600)  # the log beside it gets the same mode
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def open_reader(engine: Engine) -> Engine:
    """Return an engine on the same database whose transactions can only read: a write raises an error.

    SQLite: with connections of its own. One that turns from writing to reading forgets all statements it has prepared,
    and to prepare them anew costs more than to execute them.
    """
    if engine.dialect.name != "sqlite":
        return engine.execution_options(postgresql_readonly=True)
    reader = create_engine(engine.url, hide_parameters=True, execution_options={"read_only": True})
    event.listen(reader, "connect", _prepare_sqlite)
    event.listen(reader, "connect", _forbid_writing)
    event.listen(reader, "begin", _begin_sqlite)
    return reader


def widen(db: Session) -> None:
    """Let the connection of a transaction that is one of many hold more of an SQLite file in memory, from now on.

    Rows that come in by the hundred thousand touch every page of an index; without this each page is written again
    by every transaction. For a process that does nothing else and ends: it takes `BULK_CACHE_KIB`.
    """
    if db.get_bind().dialect.name == "sqlite":
        db.connection().exec_driver_sql(f"PRAGMA cache_size=-{BULK_CACHE_KIB}")
        db.connection().exec_driver_sql(f"PRAGMA wal_autocheckpoint={BULK_LOG_PAGES}")


def empty_write_ahead_log(engine: Engine) -> None:
    """Let nothing that was deleted stand on in the log beside an SQLite file; PostgreSQL sees to its own.

    While somebody reads, as much as possible is done within a second; the next call or the last connection does the
    rest.
    """
    if engine.dialect.name == "sqlite":
        connection = engine.raw_connection()
        cursor = connection.cursor()
        try:
            cursor.execute("PRAGMA busy_timeout=1000")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        finally:
            cursor.execute(f"PRAGMA busy_timeout={BUSY_MS}")
            connection.close()


def _prepare_sqlite(dbapi: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    dbapi.isolation_level = None
    cursor = dbapi.cursor()
    for pragma in SQLITE_PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _forbid_writing(dbapi: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    cursor = dbapi.cursor()
    cursor.execute("PRAGMA query_only=ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    read_only = connection.get_execution_options().get("read_only", False)
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")
