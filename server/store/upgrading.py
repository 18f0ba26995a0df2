"""The numbered steps of the schema, taken by Alembic.

A store that is up to date needs none of it, so `migrate.py` loads this module when there is a step to take.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationInfo
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from server.store.migrate import MIGRATIONS, Progress


def known_revisions() -> frozenset[str]:
    """Return every revision that this release can bring up to date."""
    return frozenset(script.revision for script in _scripts().walk_revisions())


def upgrade(connection: Connection, progress: Progress, to: str) -> None:
    """Take every step from the store's revision up to `to`, inside the caller's transaction."""
    config = _config()
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
