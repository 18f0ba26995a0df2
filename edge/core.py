"""The core of a running terminal: its store with one writing and one reading lane, made ready for the first scan."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import structlog
from sqlalchemy import Connection

from edge.catalogue_file import import_catalogue
from edge.clock import Clock, to_us
from edge.config import EdgeConfig
from edge.operators.accounts import NewPassword, add_first_account
from edge.store.catalogue import last_import
from edge.store.database import database_path, opened_store, reading_store
from edge.store.lane import Lane
from edge.store.life import home_of, is_at_home, move_home
from edge.store.outbox import Outbox, last_event_at
from edge.store.salvage import Mended, mend
from edge.store.salvage_build import Owner
from edge.store.terminal import TerminalState, ensure_state, read_state
from rules.catalogue import CatalogueError
from wire.ids import uuid7

_RANDOM_BYTES = 10

_T = TypeVar("_T")
_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

TellPassword = Callable[[NewPassword], None]


@dataclass(frozen=True, slots=True)
class Core:
    """What lives in the store's threads, and the two ways in."""

    config: EdgeConfig
    connection: Connection
    """The writer's; used in the writing lane only."""
    outbox: Outbox
    state: TerminalState
    """As it was at start; the terminal never changes."""
    last_event_at: datetime | None
    """When the last event was written before this start, by the device's clock of then."""
    refused_catalogue: CatalogueError | None
    """Why the file of the configuration was not taken at start; the library that was there before is in use."""
    writer: Lane
    reader: Lane
    reading: Connection
    mended: Mended
    """What was wrong with the store at this start."""

    async def in_store(self, work: Callable[[], _T]) -> _T:
        """Run work that may write, one piece after the other."""
        return await self.writer.run(work)

    async def read(self, work: Callable[[Connection], _T]) -> _T:
        """Run work that only reads, beside the writer, in one transaction."""

        def within() -> _T:
            with self.reading.begin():
                return work(self.reading)

        return await self.reader.run(within)


@asynccontextmanager
async def opened_core(config: EdgeConfig, tell_password: TellPassword, clock: Clock) -> AsyncIterator[Core]:
    """Open the store, salvaging it first if it is damaged, and close it when the last piece of work is done.

    Raises:
        ConfigError: The store cannot be used like this.
        CatalogueError: The catalogue file is wrong and there is no library from before.
        DamagedStoreError: It is no store of ours.
    """
    folder = config.store.folder
    owner = Owner(config.terminal.id, config.counter.mode, clock.now(), secrets.token_bytes)
    mended = Mended()

    def mend_first(database: Path) -> None:
        nonlocal mended
        mended = mend(database, owner)

    async with AsyncExitStack() as closing:
        writer = Lane("store", database_path(folder), opened_store(folder, mend_first))
        closing.push_async_callback(writer.close)
        connection = await writer.open()
        outbox = Outbox(connection, random=secrets.token_bytes)
        before, state = await writer.run(lambda: _prepare(config, connection, outbox, tell_password, clock))
        refused = await writer.run(lambda: _take_catalogue(config, connection, clock))
        reader = Lane("reader", database_path(folder), reading_store(folder))
        closing.push_async_callback(reader.close)
        reading = await reader.open()
        yield Core(config, connection, outbox, state, before, refused, writer, reader, reading, mended)


def _prepare(
    config: EdgeConfig, connection: Connection, outbox: Outbox, tell_password: TellPassword, clock: Clock
) -> tuple[datetime | None, TerminalState]:
    """Make the store ready for its first scan; return when its last event was written, and its state."""
    now = clock.now()
    new_epoch = str(uuid7(to_us(now) // 1_000, secrets.token_bytes(_RANDOM_BYTES)))
    ensure_state(connection, terminal=config.terminal.id, new_epoch=new_epoch, mode=config.counter.mode)
    with connection.begin():
        before = last_event_at(connection)
    state = _settled(config, connection, outbox, now)
    first = add_first_account(connection, now)
    if first is not None:
        tell_password(first)
    return before, state


def _settled(config: EdgeConfig, connection: Connection, outbox: Outbox, now: datetime) -> TerminalState:
    """Return the state of a store that lives here. One that was copied or restored begins a new life first."""
    home = home_of(database_path(config.store.folder))
    with connection.begin():
        if not is_at_home(connection, home):
            former = read_state(connection).epoch
            epoch = outbox.begin_epoch(connection, "copied", now)
            move_home(connection, home)
            _logger.warning("store.copied", former=former, epoch=epoch)
        return read_state(connection)


def _take_catalogue(config: EdgeConfig, connection: Connection, clock: Clock) -> CatalogueError | None:
    """Import the file of the configuration. A bad one does not keep a shop closed that has a library from before."""
    if config.catalogue.file is None:
        return None
    try:
        done = import_catalogue(connection, config.catalogue.file, clock.now())
    except CatalogueError as exc:
        with connection.begin():
            before = last_import(connection)
        if before is None:
            raise
        _logger.error("catalogue.refused", code=exc.code, reason=exc.words.en, in_use=before.source)
        return exc
    _logger.info("catalogue.in_use", products=done.products, problems=len(done.problems), is_new=done.is_new)
    return None
