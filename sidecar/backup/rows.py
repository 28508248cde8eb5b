"""Write rows so that SQLite and PostgreSQL read each other's: a table is lines of JSON, the first says the columns."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    Date,
    Insert,
    LargeBinary,
    Table,
    Text,
    bindparam,
    cast,
    column,
    insert,
    inspect,
    select,
    table,
)
from sqlalchemy.exc import NoSuchTableError
from sqlalchemy.types import NullType, TypeEngine

from sidecar.backup.archive import DamagedBackupError
from sidecar.core.db import UtcDateTime

BATCH: Final = 1000

TIME, DAY, BYTES, RAW_JSON, PLAIN = "time", "day", "bytes", "json", "plain"
TYPES: Final[dict[str, TypeEngine[Any]]] = {
    TIME: UtcDateTime(),
    DAY: Date(),
    BYTES: LargeBinary(),
    RAW_JSON: Text(),
    PLAIN: NullType(),
}
"""How each kind of column is bound, whatever the table was declared as when the rows were written."""


def write_rows(connection: Connection, source: Table) -> Iterator[str]:
    """Yield the head of a table and then its rows, a line each."""
    kinds = [_kind(one) for one in source.columns]
    columns = [[one.name, kind] for one, kind in zip(source.columns, kinds, strict=True)]
    yield json.dumps({"table": source.name, "columns": columns})
    # JSON goes as the very text that is stored: null and "null" are two things, and numbers keep their digits
    parts = [cast(one, Text) if kind == RAW_JSON else one for one, kind in zip(source.columns, kinds, strict=True)]
    query = select(*parts).order_by(*source.primary_key.columns)
    for row in connection.execute(query, execution_options={"yield_per": BATCH}):
        yield json.dumps([_plain(value) for value in row], ensure_ascii=False)


def read_rows(connection: Connection, lines: Iterable[str]) -> int:
    """Insert the rows of a table whose head is the first line; return how many there were.

    Raises:
        DamagedBackupError: there is no such table, or not with these columns.
    """
    source = iter(lines)
    name, columns = _read_head(connection, next(source, "null"))
    kinds = [kind for _, kind in columns]
    names = [f"new_{each}" for each, _ in columns]
    statement = _insert(connection, name, columns)
    count, batch = 0, []
    for line in source:
        values = json.loads(line)
        batch.append({name: _value(value, kind) for name, kind, value in zip(names, kinds, values, strict=True)})
        count += 1
        if len(batch) == BATCH:
            connection.execute(statement, batch)
            batch = []
    if batch:
        connection.execute(statement, batch)
    return count


def _read_head(connection: Connection, line: str) -> tuple[str, list[list[str]]]:
    try:
        head = json.loads(line)
        known = {one["name"] for one in inspect(connection).get_columns(head["table"])}
        is_known = all(name in known and kind in TYPES for name, kind in head["columns"])
    except (KeyError, TypeError, NoSuchTableError):
        is_known = False
    if not is_known:
        raise DamagedBackupError(reason="a table in it is not one of ours.")
    return head["table"], head["columns"]


def _kind(one: Column[Any]) -> str:
    kinds = ((UtcDateTime, TIME), (Date, DAY), (LargeBinary, BYTES), (JSON, RAW_JSON))
    return next((kind for declared, kind in kinds if isinstance(one.type, declared)), PLAIN)


def _plain(value: Any) -> Any:  # noqa: ANN401 (whatever a column holds)
    if isinstance(value, date):  # a moment is one, too
        return value.isoformat()
    return base64.b64encode(value).decode("ascii") if isinstance(value, bytes) else value


def _value(plain: Any, kind: str) -> Any:  # noqa: ANN401
    if plain is None:
        return None
    if kind == TIME:
        return datetime.fromisoformat(plain)
    if kind == DAY:
        return date.fromisoformat(plain)
    return base64.b64decode(plain) if kind == BYTES else plain


def _insert(connection: Connection, name: str, columns: list[list[str]]) -> Insert:
    target = table(name, *(column(each) for each, _ in columns))
    values: dict[str, Any] = {}
    for each, kind in columns:
        value = bindparam(f"new_{each}", type_=TYPES[kind])
        is_cast = kind == RAW_JSON and connection.dialect.name == "postgresql"
        values[each] = cast(value, JSON) if is_cast else value
    return insert(target).values(values)
