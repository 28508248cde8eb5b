"""Keep the Alembic revisions; `sidecar.schema` applies them."""
