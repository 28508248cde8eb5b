"""Find everything that is sealed, and seal it anew with the first key."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, select, tuple_, update
from sqlalchemy.orm import Session

from sidecar.core.db import Base
from sidecar.secrets import SecretBox

BATCH = 100
"""How many values one transaction seals: some milliseconds, so that nobody waits for the lock."""


@dataclass(frozen=True)
class Batch:
    """What one step did.

    Attributes:
        seen: how many values it looked at; fewer than `BATCH` means the column has no more.
        resealed: how many of them were sealed with another key than the first.
        last: primary key of the last one, from which the next step goes on.
    """

    seen: int
    resealed: int
    last: tuple[Any, ...]


def sealed_columns() -> list[Column[bytes]]:
    """Return every column of every table that holds sealed values, found by its mark."""
    return [column for table in Base.metadata.sorted_tables for column in table.columns if column.info.get("sealed")]


def list_sealed(db: Session) -> Iterator[bytes]:
    """Yield every sealed value; what was wiped is left out."""
    for column in sealed_columns():
        yield from db.scalars(select(column).where(column != b""))


def reseal_some(db: Session, box: SecretBox, column: Column[bytes], after: tuple[Any, ...] | None) -> Batch:
    """Seal the next values of a column with the first key; one that has it already stays.

    A value that somebody changes at the same time is left as they wrote it.

    Args:
        after: `last` of the step before; None at the start.

    Raises:
        WrongKeyError: none of the keys opens a value.
    """
    rows = _read(db, column, after)
    found = [(tuple(row)[:-1], row[-1]) for row in rows]
    resealed = 0
    for key, sealed in found:
        if box.is_sealed_with_first(sealed):
            continue
        changed = update(column.table).where(*_is(column, key), column == sealed).values({column: box.reseal(sealed)})
        resealed += 1
        db.execute(changed)
    return Batch(len(found), resealed, found[-1][0] if found else ())


def _read(db: Session, column: Column[bytes], after: tuple[Any, ...] | None) -> Sequence[Any]:
    key = list(column.table.primary_key.columns)
    query = select(*key, column).where(column != b"").order_by(*key).limit(BATCH)
    if after is not None:
        query = query.where(tuple_(*key) > tuple_(*after))
    return db.execute(query).all()


def _is(column: Column[bytes], key: tuple[Any, ...]) -> list[Any]:
    return [part == value for part, value in zip(column.table.primary_key.columns, key, strict=True)]
