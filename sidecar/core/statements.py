"""Execute statements past the ORM, for the paths that every learner takes every day.

A statement that is made once (a function with `functools.cache` that returns it, with `bindparam` for what differs)
costs a third to a seventh of one that is made anew for each call. Docs: docs/performance.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
    CursorResult,
    Executable,
    Insert,
    SQLColumnExpression,
    String,
    Update,
    any_,
    bindparam,
    func,
    insert,
    inspect,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from sidecar.core.db import Base


def run(db: Session, statement: Executable, **values: object) -> CursorResult[*tuple[Any, ...]]:
    """Execute a statement in the session's transaction; what the session has not flushed yet is not seen.

    Args:
        values: of its bind parameters.
    """
    return _connection(db).execute(statement, values)


def insert_now(db: Session, row: Base) -> None:
    """Insert a row at once; the session does not know it, so later changes of the object are not written."""
    _connection(db).execute(_insertion(type(row)), _values(row))


def update_now(db: Session, row: Base) -> None:
    """Write every column of a row at once, by its primary key; for objects that no session knows."""
    values = _values(row)
    keys = {f"of_{name}": values.pop(name) for name in _key_names(type(row))}
    _connection(db).execute(_change(type(row)), values | keys)


def upsert(db: Session, table: type[Base]) -> sqlite.Insert | postgresql.Insert:
    """Begin an insert that may say what happens where the row is there already, in the words of the database."""
    return sqlite.insert(table) if dialect_of(db) == "sqlite" else postgresql.insert(table)


def dialect_of(db: Session) -> str:
    """Return the name of the database that a session speaks to: sqlite or postgresql."""
    return db.get_bind().dialect.name


def among(dialect: str, column: SQLColumnExpression[str], name: str) -> ColumnElement[bool]:
    """Return the condition that a column has one of many texts, which the query is given as a list under a name.

    They are one parameter. An `IN` has one for each: SQLAlchemy takes longer for thousands of those than the database
    takes to find the rows.

    Args:
        dialect: see `dialect_of`.
    """
    if dialect == "sqlite":
        texts = func.json_each(bindparam(name, type_=JSON())).table_valued("value")
        return column.in_(select(texts.c.value))
    return column == any_(bindparam(name, type_=postgresql.ARRAY(String())))


def insert_missing(db: Session, rows: Sequence[Base], *, unique: Sequence[str]) -> None:
    """Insert rows of one table at once, leaving out those whose unique columns another row has already."""
    new = upsert(db, type(rows[0])).on_conflict_do_nothing(index_elements=unique)
    db.execute(new, [_values(row) for row in rows])


def insert_if_new(db: Session, row: Base, *, unique: Sequence[str]) -> bool:
    """Insert a row at once, past the session, unless another has its unique columns; tell whether it is in."""
    new = upsert(db, type(row)).on_conflict_do_nothing(index_elements=unique)
    return db.execute(new.values(_values(row)).returning(*inspect(type(row)).primary_key)).first() is not None


def _connection(db: Session) -> Connection:
    """Return the session's connection; asking the session for it costs half as much as a statement."""
    return db.bind if isinstance(db.bind, Connection) else db.connection()


def _values(row: Base) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _column_names(type(row))}


@cache
def _column_names(table: type[Base]) -> tuple[str, ...]:
    return tuple(inspect(table).columns.keys())


@cache
def _key_names(table: type[Base]) -> tuple[str, ...]:
    return tuple(column.name for column in inspect(table).primary_key)


@cache
def _insertion(table: type[Base]) -> Insert:
    return insert(inspect(table).local_table)  # type: ignore[arg-type]


@cache
def _change(table: type[Base]) -> Update:
    columns, keys = inspect(table).columns, _key_names(table)
    changed = {name: bindparam(name, type_=columns[name].type) for name in _column_names(table) if name not in keys}
    of_row = (columns[name] == bindparam(f"of_{name}") for name in keys)
    return update(inspect(table).local_table).where(*of_row).values(changed)  # type: ignore[arg-type]
