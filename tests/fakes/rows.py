"""Rows in every table, made from what the columns are: nothing is left out because nobody thought of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Date,
    DateTime,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    event,
    insert,
    null,
)

from sidecar.core.db import UtcDateTime

ROWS = 3
BLOB = b"sealed \x00\xff"
JSONS: tuple[Any, ...] = ({"navn": "Åse 🦊", "tall": [1, 1.5, 1e300, None]}, [], None)
"""The last one is JSON's own null, which is not the database's."""


def fill(connection: Connection, tables: MetaData, given: Mapping[str, Any] | None = None) -> None:
    """Put three rows into every table; every third value that may be null is.

    Args:
        given: values by "table.column", instead of made ones.
    """
    made: dict[str, dict[str, Any]] = {}
    for table in tables.sorted_tables:
        for number in range(ROWS):
            row = {one.name: _value(one, number, made) for one in table.columns}
            row |= {name.partition(".")[2]: v for name, v in (given or {}).items() if name.startswith(f"{table.name}.")}
            connection.execute(insert(table).values(row))
            made[f"{table.name}{number}"] = row


def _value(one: Column[Any], number: int, made: Mapping[str, Mapping[str, Any]]) -> Any:  # noqa: ANN401 (whatever a column holds)
    if number == ROWS - 1 and one.nullable:
        return null()
    if one.foreign_keys:
        target = next(iter(one.foreign_keys)).column
        if target.table is one.table:
            return _plain(target, number + 1)  # which comes later
        return made[f"{target.table.name}{number}"][target.name]
    return _plain(one, number)


def _plain(one: Column[Any], number: int) -> Any:  # noqa: ANN401 (whatever a column holds)
    kind = one.type
    if isinstance(kind, UtcDateTime | DateTime):
        return datetime(2026, 3, 29, 1, 30, number, 123456, tzinfo=UTC)
    if isinstance(kind, Date):
        return date(2024, 2, 29 - number)
    if isinstance(kind, LargeBinary):
        return BLOB + bytes([number])
    if isinstance(kind, JSON):
        return JSON.NULL if JSONS[number] is None else JSONS[number]
    if isinstance(kind, Boolean):
        return number % 2 == 0
    if isinstance(kind, Integer):
        return number + 1
    if isinstance(kind, Float):
        return 0.1 + number
    assert isinstance(kind, String), kind
    text = hashlib.sha256(f"{one.table.name}.{one.name}.{number}".encode()).hexdigest()
    return (text if kind.length and kind.length <= 64 else f"æøå {text}")[: kind.length]


def reflect(connection: Connection) -> MetaData:
    """Return the tables that a database has, with aware times."""
    found = MetaData()

    @event.listens_for(found, "column_reflect")
    def _make_aware(_inspector: object, _table: Table, column_info: dict[str, Any]) -> None:
        if isinstance(column_info["type"], DateTime):
            column_info["type"] = UtcDateTime()

    found.reflect(connection)
    found.remove(found.tables["alembic_version"])
    return found
