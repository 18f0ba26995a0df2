"""Alembic's entry: it runs on the connection and in the transaction that `server.store.migrate` hands over."""

from __future__ import annotations

from alembic import context

import server.store.tables  # noqa: F401 - says what belongs to the schema
from server.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    on_version_apply=context.config.attributes.get("on_version_apply"),
)
with context.begin_transaction():
    context.run_migrations()
