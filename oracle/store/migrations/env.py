"""Alembic's entry: runs the migrations on the connection that `oracle.store.schema` hands over."""

from __future__ import annotations

from alembic import context

from oracle.store.tables import Base

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    # SQLite cannot alter most things in place; Alembic then copies the table.
    render_as_batch=connection.dialect.name == "sqlite",
)
with context.begin_transaction():
    context.run_migrations()
