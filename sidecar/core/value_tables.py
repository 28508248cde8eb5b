"""Hand values to the database as a table of a query, in one parameter however many they are."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import FromClause, Integer, String, cast, column, func, literal, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def as_table(db: Session, name: str, columns: Mapping[str, Sequence[Any]]) -> FromClause:
    """Return values as a table of a query.

    Args:
        columns: texts or whole numbers by the name of their column; as many in each.
    """
    kinds = {one: Integer() if values and isinstance(values[0], int) else String() for one, values in columns.items()}
    rows = zip(*columns.values(), strict=True)
    if db.get_bind().dialect.name == "postgresql":
        told = cast(literal(_encode([dict(zip(columns, row, strict=True)) for row in rows])), postgresql.JSON)
        named = (column(one, kind) for one, kind in kinds.items())
        return func.json_to_recordset(told).table_valued(*named).render_derived(name=name, with_types=True)
    each = func.json_each(_encode(list(rows))).table_valued("value", name=f"{name}_read")
    at = enumerate(kinds.items())
    return select(*(func.json_extract(each.c.value, f"$[{n}]", type_=kind).label(one) for n, (one, kind) in at)).cte(
        name
    )
