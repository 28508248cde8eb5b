"""There is one newest revision, and the revisions lead to exactly the tables of the models."""

import importlib
import os
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, Table, make_url, select, text

from sidecar import core
from sidecar.core import tables
from sidecar.core.db import Base, open_engine
from sidecar.schema import NotMigratedError, newest_revisions, refuse_unmigrated, upgrade, upgrade_on
from tests.fakes.rows import ROWS, fill, reflect

POSTGRESQL = os.environ.get("SIDECAR_TEST_DATABASE_URL")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty database: a new SQLite file, or a new schema of the PostgreSQL server."""
    if request.param == "sqlite":
        engine = open_engine(f"sqlite:///{tmp_path / 'empty.sqlite3'}")
        yield engine
        engine.dispose()
        return
    assert POSTGRESQL
    schema = f"empty_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    server = open_engine(POSTGRESQL)
    with server.begin() as connection:
        connection.execute(text(f"DROP SCHEMA IF EXISTS {schema} CASCADE"))
        connection.execute(text(f"CREATE SCHEMA {schema}"))
    url = make_url(POSTGRESQL).update_query_dict({"options": f"-csearch_path={schema}"})
    engine = open_engine(url.render_as_string(hide_password=False))
    yield engine
    engine.dispose()
    with server.begin() as connection:
        connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
    server.dispose()


def test_there_is_one_newest_revision() -> None:
    assert len(newest_revisions()) == 1


def test_the_revisions_lead_to_the_models(empty: Engine) -> None:
    upgrade(empty)
    with empty.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, tables.METADATA)
    assert differences == [], "write a revision: python -m tests.house.new_revision 'What changes'"


def test_an_unmigrated_database_is_refused_and_a_second_upgrade_changes_nothing(empty: Engine) -> None:
    with pytest.raises(NotMigratedError):
        refuse_unmigrated(empty)
    upgrade(empty)
    upgrade(empty)
    refuse_unmigrated(empty)


def test_every_table_of_core_is_known() -> None:
    for module in pkgutil.iter_modules(core.__path__):
        importlib.import_module(f"sidecar.core.{module.name}")
    rooms = {room.__name__ for room in tables.ROOMS}
    assert {mapper.class_.__module__ for mapper in Base.registry.mappers} == rooms


def test_an_upgrade_keeps_every_value_of_the_first_release(empty: Engine) -> None:
    with empty.begin() as connection:
        upgrade_on(connection, "0001")
        shipped = reflect(connection)
        fill(connection, shipped)
        before = {table.name: _rows(connection, table) for table in shipped.sorted_tables}
    upgrade(empty)
    refuse_unmigrated(empty)
    with empty.connect() as connection:
        assert {table.name: _rows(connection, table) for table in shipped.sorted_tables} == before
        if empty.dialect.name == "sqlite":
            assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
    assert all(len(rows) == ROWS for rows in before.values())


def _rows(connection: Connection, table: Table) -> list[tuple[object, ...]]:
    return [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key.columns))]
