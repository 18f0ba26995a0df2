"""Alembic revisions: the history of the schema, one file per release that changed it."""
