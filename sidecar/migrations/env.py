"""Run revisions on the connection that `sidecar.schema` opened."""

from __future__ import annotations

from alembic import context

from sidecar.core.tables import METADATA

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=METADATA,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_server_default=True,
)
with context.begin_transaction():
    context.run_migrations()
