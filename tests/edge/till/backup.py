"""A centre that goes back to a backup: what was told to it since it knows no more."""

from __future__ import annotations

from collections.abc import Sequence

from tests.server.fsi.shop import Shop as Centre

_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'kept_%'"


class Backup:
    """The store of a centre as it is now."""

    def __init__(self, centre: Centre) -> None:
        self._store = centre.office.store
        with self._store.writing() as tx:
            self._tables: Sequence[str] = tx.exec_driver_sql(_TABLES).scalars().all()
            for table in self._tables:
                tx.exec_driver_sql(f"DROP TABLE IF EXISTS kept_{table}")
                tx.exec_driver_sql(f"CREATE TABLE kept_{table} AS SELECT * FROM {table}")  # noqa: S608 - ours

    def restore(self) -> None:
        """Go back to it."""
        with self._store.writing() as tx:
            tx.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
            for table in self._tables:
                tx.exec_driver_sql(f"DELETE FROM {table}")  # noqa: S608 - ours
                tx.exec_driver_sql(f"INSERT INTO {table} SELECT * FROM kept_{table}")  # noqa: S608 - ours
