"""Bring the database to the tables this version needs, and refuse to work on others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.exc import OperationalError

from sidecar.errors import SidecarError

UPGRADE_LOCK = 0x51DECA12
"""The key of the advisory lock on PostgreSQL; any number that nobody else uses."""

MIGRATIONS = Path(__file__).with_name("migrations")


class NotMigratedError(SidecarError):
    """The database doesn't have the tables of this version. Run "sidecar migrate"."""

    code = "not-migrated"


class DatabaseUnreachableError(SidecarError):
    """The database can't be reached. Check SIDECAR_DATABASE_URL, and that the server runs."""

    code = "database-unreachable"


class ReferencesLostError(SidecarError):
    """The upgrade would have left rows that refer to nothing, in: {tables}. Nothing was changed. Report this."""

    code = "references-lost"


def upgrade(engine: Engine) -> None:
    """Bring the database to the newest revision, in one transaction.

    Raises:
        DatabaseUnreachableError: it does not answer.
    """
    try:
        with upgrading(engine) as connection:
            upgrade_on(connection)
    except OperationalError as error:
        raise DatabaseUnreachableError from error


@contextmanager
def upgrading(engine: Engine) -> Iterator[Connection]:
    """Open a transaction in which `upgrade_on` may be called on a database that has rows.

    Raises:
        ReferencesLostError: at its end a row refers to nothing.
    """
    with engine.connect() as connection, _references_unheeded(connection), connection.begin():
        yield connection
        if connection.dialect.name == "sqlite":
            lost = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
            if lost:
                raise ReferencesLostError(tables=", ".join(sorted({row[0] for row in lost})))


@contextmanager
def _references_unheeded(connection: Connection) -> Iterator[None]:
    """Let tables be made anew that others refer to: SQLite changes one by making another in its place."""
    if connection.dialect.name != "sqlite":
        yield
        return
    cursor = connection.connection.cursor()  # past SQLAlchemy: within a transaction the pragma does nothing
    cursor.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()


def upgrade_on(connection: Connection, revision: str = "head") -> None:
    """Bring the database to a revision within the transaction of a connection."""
    config = _config()
    if connection.dialect.name == "postgresql":  # two that upgrade at once would stumble over each other
        connection.execute(select(func.pg_advisory_xact_lock(UPGRADE_LOCK)))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def current_revision(connection: Connection) -> str | None:
    """Return the revision that a database stands at, None before the first one."""
    return MigrationContext.configure(connection).get_current_revision()


def refuse_unmigrated(engine: Engine) -> None:
    """Return when the database stands at the newest revision.

    Raises:
        NotMigratedError: it stands elsewhere.
        DatabaseUnreachableError: it does not answer.
    """
    try:
        with engine.connect().execution_options(read_only=True) as connection:
            heads = MigrationContext.configure(connection).get_current_heads()
    except OperationalError as error:
        raise DatabaseUnreachableError from error
    if heads != newest_revisions():
        raise NotMigratedError


@cache
def newest_revisions() -> tuple[str, ...]:
    """Return the newest revision ids; a test says that there is one."""
    return tuple(ScriptDirectory.from_config(_config()).get_heads())


@cache
def known_revisions() -> frozenset[str]:
    """Return the ids of all revisions that this version can start from."""
    return frozenset(one.revision for one in ScriptDirectory.from_config(_config()).walk_revisions())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config
