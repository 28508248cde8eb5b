"""Run revisions on the connection that `sidecar.schema` opened."""

from __future__ import annotations

from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from sidecar.core.db import UtcDateTime
from sidecar.core.tables import METADATA


def render_item(kind: str, item: object, _context: AutogenContext) -> str | Literal[False]:
    """Write our own column type as the plain one below it: a revision must not change when our code does."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=METADATA,
    render_as_batch=connection.dialect.name == "sqlite",
    render_item=render_item,
)
with context.begin_transaction():
    context.run_migrations()
