"""Bring a store to this release's schema: every step in one transaction, newer schemas refused, progress told."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from codes.words import Words
from server.errors import NewerSchemaError

MIGRATIONS = Path(__file__).with_name("migrations")

Progress = Callable[[str], None]
"""Called after each step with the revision that is now in force."""

_VERSION_TABLE = "alembic_version"
_REVISION = text(f"SELECT version_num FROM {_VERSION_TABLE}")  # noqa: S608 - a constant


@cache
def newest_revision() -> str:
    """Return the revision that this release writes: its steps are numbered, each in a file of that number."""
    return max(step.name.partition("_")[0] for step in MIGRATIONS.glob("versions/[0-9]*.py"))


def revision_of(connection: Connection) -> str | None:
    """Return the revision of a store; None if it is empty."""
    if not inspect(connection).has_table(_VERSION_TABLE):
        return None
    found: str | None = connection.scalar(_REVISION)
    return found


def migrate(connection: Connection, progress: Progress, *, to: str = "head") -> None:
    """Bring the store behind `connection` to the newest revision, inside the caller's transaction.

    Args:
        connection: In a transaction that may write.
        progress: Told after each step.
        to: An older revision to stop at, for tests that begin with an old store.

    Raises:
        NewerSchemaError: The store has a revision that this release does not know.
    """
    current = revision_of(connection)
    if current == newest_revision():
        return
    from server.store.upgrading import known_revisions, upgrade  # noqa: PLC0415 - slow to load, and seldom needed

    if current is not None and current not in known_revisions():
        raise NewerSchemaError(
            Words(
                f"数据库版本为 {current}，本程序只认识到 {newest_revision()}",
                f"The store has revision {current}; this release knows up to {newest_revision()}",
            )
        )
    upgrade(connection, progress, to)
