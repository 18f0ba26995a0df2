"""The line to the centre, if the configuration asks for one: a new carrier each time the last one failed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from importlib.metadata import version

import structlog

from edge.carrier import Carrier, Identity, link_settings
from edge.clock import Clock
from edge.core import Core
from edge.health import TerminalStatus
from edge.supervisor import Beside
from edge.sync_board import SyncBoard
from web.live import LiveBus
from wire.keys import PublicKey, SigningKey
from wire.topics import TerminalTopics

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class CentreLine:
    """Where the rest of the terminal finds the carrier of the moment, or none.

    Args:
        core: The store and the configuration.
        key: The terminal's key.
        board: Where the carrier says how the line is.
        bus: Where the screens listen.
        clock: The device's clock.
    """

    def __init__(self, core: Core, key: SigningKey, *, board: SyncBoard, bus: LiveBus, clock: Clock) -> None:
        self._core = core
        self._key = key
        self._board = board
        self._bus = bus
        self._clock = clock
        self._link = link_settings(core.config.terminal.id, core.config.link)
        self._carrier: Carrier | None = None

    def work(self, glance: Callable[[], Awaitable[TerminalStatus]]) -> Beside:
        """Return what runs beside the counter: nothing without a line, or without a centre to trust on it.

        Args:
            glance: Tells how the terminal feels, for the report to the centre.
        """
        config = self._core.config
        if not config.link.is_enabled:
            return {}
        if config.centre.public_key is None:
            _logger.warning("link.no_centre_key")
            return {}
        return {"carrier": partial(self._carry, PublicKey.from_hex(config.centre.public_key), glance)}

    def rows_added(self) -> None:
        """There is something new to send."""
        if self._carrier is not None:
            self._carrier.rows_added()

    def counted(self) -> dict[str, int]:
        """Return how often what happened on the line."""
        return {} if self._carrier is None else self._carrier.counted()

    async def _carry(self, centre_key: PublicKey, glance: Callable[[], Awaitable[TerminalStatus]]) -> None:
        self._carrier = Carrier(
            identity=self._identity(centre_key),
            settings=self._link,
            outbox=self._core.outbox,
            in_store=self._core.in_store,
            read=self._core.read,
            glance=glance,
            board=self._board,
            bus=self._bus,
            clock=self._clock,
        )
        await self._carrier.run()

    def _identity(self, centre_key: PublicKey) -> Identity:
        terminal = self._core.config.terminal
        return Identity(
            topics=TerminalTopics(terminal.area, terminal.id),
            institution=terminal.institution,
            label=terminal.label,
            epoch=self._core.state.epoch,
            version=version("yima"),
            key=self._key,
            centre_key=centre_key,
        )
