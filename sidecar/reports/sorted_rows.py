"""Let the database put rows in order, and read them as blocks of lines: no row is looked at by itself.

On PostgreSQL it is a COPY, whose bytes are the lines; on SQLite rows are fetched by the thousand and joined column by
column. Both say the same, byte for byte.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Date,
    Float,
    Select,
    String,
    case,
    cast,
    func,
    text,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from sidecar.reports.remembered import Remembered

ROWS_A_TIME: Final = 2_000

SORT_MEMORY: Final = "64MB"
"""How much of a municipality's rows PostgreSQL sorts in memory; what is more goes into files of its own."""

canonical = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
"""Write values as one line of JSON, the same in every language."""

Rows = Select[*tuple[Any, ...]]
Field = ColumnElement[Any] | InstrumentedAttribute[Any]


def is_postgresql(db: Session) -> bool:
    """Tell which of the two carriers it is."""
    return db.get_bind().dialect.name == "postgresql"


def rank(values: Sequence[Any]) -> list[int]:
    """Return the place of each value among all; equal ones share theirs."""
    places = {value: place for place, value in enumerate(sorted(set(values)))}
    return [places[value] for value in values]


def by_letters(db: Session, key: Field) -> Field:
    """Return a key that puts rows in the order of its code points, whatever the language of the database."""
    return key.collate("C") if is_postgresql(db) else key


def quoted(value: Field) -> ColumnElement[str]:
    """Return a day, or a word that needs no escape, as JSON."""
    said = '"' + cast(value, String) + '"' if isinstance(value.type, Date) else '"' + value + '"'
    return func.coalesce(said, "null", type_=String())


def iter_blocks(db: Session, query: Rows, fields: Sequence[Field]) -> Iterator[bytes]:
    r"""Yield the rows of a query in blocks of whole lines, the fields parted by tabs.

    A line ends in `\n`.

    Args:
        query: joined, bounded and in order; what it selects is left out of account.
        fields: texts that are no null and hold neither tab nor line break, as they are, and numbers, as JSON.
    """
    return (_copied if is_postgresql(db) else _fetched)(db, query, fields)


def _copied(db: Session, query: Rows, fields: Sequence[Field]) -> Iterator[bytes]:
    db.execute(text(f"SET LOCAL work_mem = '{SORT_MEMORY}'"))
    whole = query.with_only_columns(*map(_as_json, fields))
    compiled = whole.compile(dialect=db.get_bind().dialect, compile_kwargs={"render_postcompile": True})
    driver: Any = db.connection().connection.driver_connection
    copying = f"COPY ({compiled}) TO STDOUT (NULL 'null', ENCODING 'UTF8')"
    with driver.cursor() as cursor, cursor.copy(copying, compiled.params) as rows:
        while block := b"".join(islice(rows, ROWS_A_TIME)):
            yield block.replace(b"\\\\", b"\\")


def _as_json(field: Field) -> Field:
    """Let a number with nothing behind the point have a 0 there, as `canonical` writes it."""
    if not isinstance(field.type, Float):
        return field
    said = cast(field, String)
    return case((field == func.trunc(field), said + ".0"), else_=said)


def _fetched(db: Session, query: Rows, fields: Sequence[Field]) -> Iterator[bytes]:
    says = [str if isinstance(field.type, String) else Remembered(canonical).__getitem__ for field in fields]
    found = db.execute(query.with_only_columns(*fields).execution_options(yield_per=ROWS_A_TIME))
    for rows in found.partitions(ROWS_A_TIME):
        texts = (map(say, values) for say, values in zip(says, zip(*rows, strict=True), strict=True))
        yield ("\n".join(map("\t".join, zip(*texts, strict=True))) + "\n").encode()
