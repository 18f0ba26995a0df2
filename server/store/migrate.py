"""Bring a store to this release's schema: every step in one transaction, newer schemas refused, progress told."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext, MigrationInfo
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from codes.words import Words
from server.errors import NewerSchemaError

MIGRATIONS = Path(__file__).with_name("migrations")

Progress = Callable[[str], None]
"""Called after each step with the revision that is now in force."""


def newest_revision() -> str:
    """Return the revision that this release writes."""
    return str(_scripts().get_current_head())


def known_revisions() -> frozenset[str]:
    """Return every revision that this release can bring up to date."""
    return frozenset(script.revision for script in _scripts().walk_revisions())


def revision_of(connection: Connection) -> str | None:
    """Return the revision of a store; None if it is empty."""
    return MigrationContext.configure(connection).get_current_revision()


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
    config = _config()
    if current is not None and current not in known_revisions():
        raise NewerSchemaError(
            Words(
                f"数据库版本为 {current}，本程序只认识到 {newest_revision()}",
                f"The store has revision {current}; this release knows up to {newest_revision()}",
            )
        )
    if current == newest_revision():
        return
    config.attributes["connection"] = connection
    config.attributes["on_version_apply"] = _reporter(progress)
    command.upgrade(config, to)


@cache
def _scripts() -> ScriptDirectory:
    """Return the steps, read once: a release's own never change while it runs."""
    return ScriptDirectory.from_config(_config())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    return config


def _reporter(progress: Progress) -> Callable[..., None]:
    def report(*, step: MigrationInfo, **_: Any) -> None:
        progress(str(step.up_revision_id))

    return report
