"""What a command needs of the centre that does not run it: its store and its time.

The rest of the centre stands in `centre.py`, and loading that takes longer than most commands.
"""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime

import structlog

from server.config import ServerConfig
from server.store.database import Store, open_store
from server.store.replacing import Recovered
from web.secret_file import load_secret
from wire.ids import uuid7

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


def utc_now() -> datetime:
    """Return the centre's time."""
    return datetime.now(UTC)


def new_epoch() -> str:
    """Return a name for a new life of the store."""
    return str(uuid7(time.time_ns() // 1_000_000, os.urandom(10)))


def open_configured_store(config: ServerConfig) -> Store:
    """Open the store that the configuration names, bringing its schema up to date.

    Raises:
        ServerError: It cannot be opened; the error says what to do.
    """
    password = config.store.password_file
    return open_store(
        config.store.url,
        new_epoch=new_epoch,
        password=load_secret(password) if password else None,
        connections=config.store.connections,
        progress=lambda revision: _logger.info("store.migrated", revision=revision),
        recovered=_log_recovered,
    )


def _log_recovered(found: Recovered) -> None:
    """Say what became of a restore that a crash had interrupted."""
    if found.is_finished:
        _logger.warning("store.restore_finished", set_aside=str(found.set_aside))
    else:
        _logger.warning("store.restore_abandoned", store="as it was before that restore")
