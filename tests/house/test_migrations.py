"""There is one newest revision, and the revisions lead to exactly the tables of the models."""

import importlib
import os
import pkgutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, Table, insert, make_url, select, text, type_coerce
from sqlalchemy.orm import Session

from sidecar import core
from sidecar.core import tables
from sidecar.core.courses import Course
from sidecar.core.db import Base, open_engine
from sidecar.core.people import Person
from sidecar.core.report_definitions import ReportDefinition, ReportDefinitionVersion
from sidecar.core.report_runs import ReportDue
from sidecar.core.report_specs import DEFAULT, read_spec
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
        kept = [table for table in shipped.sorted_tables if table.name not in CARRIED_OVER]
        before = {table.name: _rows(connection, table) for table in kept}
    upgrade(empty)
    refuse_unmigrated(empty)
    with empty.connect() as connection:
        assert {table.name: _kept(connection, table) for table in kept} == before
        if empty.dialect.name == "sqlite":
            assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
    assert all(len(rows) == ROWS for rows in before.values())


def test_an_upgrade_marks_the_courses_that_have_a_statutory_basis(empty: Engine) -> None:
    bases = {"a": {}, "b": {"laws": []}, "c": {"laws": ["arbeidsmiljøloven § 3-2"]}, "d": {"roles": ["kjøkken"]}}
    with empty.begin() as connection:
        upgrade_on(connection, "0004")
        course = reflect(connection).tables["course"]
        for key, basis in bases.items():
            values = {
                "id": key,
                "key": key,
                "title": key,
                "created_at": datetime(2026, 1, 1, tzinfo=UTC),
                "statutory_basis": basis,
            }
            connection.execute(insert(course).values(values))
    upgrade(empty)
    with empty.connect() as connection:
        marked = select(Course.key).where(Course.is_statutory.is_(True)).order_by(Course.key)
        assert connection.scalars(marked).all() == ["c", "d"]


def test_an_upgrade_folds_names_so_that_they_can_be_compared(empty: Engine) -> None:
    names = {"a": ("Åse", "ØRN"), "b": ("", "Li"), "c": ("", "")}
    with empty.begin() as connection:
        upgrade_on(connection, "0004")
        person = reflect(connection).tables["person"]
        for key, (first, last) in names.items():
            connection.execute(insert(person).values(id=key, first_name=first, last_name=last))
    upgrade(empty)
    with empty.connect() as connection:
        folded = connection.scalars(select(Person.folded_name).order_by(Person.id)).all()
    assert folded == ["åse ørn", "", ""]


def test_an_upgrade_lets_the_plan_be_the_first_definition(empty: Engine) -> None:
    made, due = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 4, 4, tzinfo=UTC)
    with empty.begin() as connection:
        upgrade_on(connection, "0005")
        shipped = reflect(connection).tables
        plan = {"id": "monthly-completions", "definition": "completions", "day_of_month": 4, "hour": 5}
        connection.execute(insert(shipped["report_plan"]).values(plan | {"created_at": made, "paused_at": due}))
        run = {"plan_id": plan["id"], "due_at": due, "started_at": due}
        connection.execute(insert(shipped["plan_run"]).values(run))
    upgrade(empty)
    with Session(empty) as db:
        version = db.get_one(ReportDefinitionVersion, ("completions", 1))
        assert read_spec(version.spec) == replace(DEFAULT, schedule="0 5 4 * *")
        assert db.get_one(ReportDefinition, "completions").retired_at == due
        assert db.scalars(select(ReportDue.due_at)).all() == [due]


CARRIED_OVER = ("report_plan", "plan_run")
"""What has become definitions and their due times; a test of its own looks."""

MOVED = {"completion": "evidence"}
"""What was one record each has become a piece of evidence; completions are reckoned from them."""

RENAMED = {"completion.source": "origin", "grade.completion_id": "evidence_id"}


def _kept(connection: Connection, shipped: Table) -> list[tuple[object, ...]]:
    """Give the rows of a table of the first release from where they lie now."""
    now = Base.metadata.tables[MOVED.get(shipped.name, shipped.name)]
    names = [RENAMED.get(f"{shipped.name}.{one.name}", one.name) for one in shipped.columns]
    columns = [type_coerce(now.c[name], one.type) for name, one in zip(names, shipped.columns, strict=True)]
    keys = [now.c[one.name] for one in shipped.primary_key]
    return [tuple(row) for row in connection.execute(select(*columns).order_by(*keys))]


def _rows(connection: Connection, table: Table) -> list[tuple[object, ...]]:
    return [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key.columns))]
