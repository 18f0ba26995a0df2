"""Gathers what the terminal says of itself (`edge.health`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version

from edge.config import TerminalSection
from edge.core import Core
from edge.health import SyncStatus, TerminalStatus, is_clock_off, sync_status
from edge.store.catalogue import last_import
from edge.store.sales import see_desk
from edge.store.terminal import read_state
from edge.supervisor import Supervisor
from edge.sync_board import SyncBoard
from wire.keys import PublicKey


@dataclass(frozen=True, slots=True)
class StatusReader:
    """Knows where each part of the status is."""

    terminal: TerminalSection
    core: Core
    board: SyncBoard
    supervisor: Supervisor
    key: PublicKey
    started_at: datetime

    async def sync(self) -> SyncStatus:
        """Return the way to the centre."""
        counts = await self.core.in_store(self.core.outbox.counts)
        return sync_status(counts, is_up=self.board.is_up, last_receipt_at=self.board.last_receipt_at)

    async def read(self) -> TerminalStatus:
        """Return everything."""
        sync = await self.sync()
        state, catalogue, desk = await self.core.read(lambda tx: (read_state(tx), last_import(tx), see_desk(tx)))
        return TerminalStatus(
            terminal=self.terminal.id,
            label=self.terminal.label,
            institution=self.terminal.institution,
            area=self.terminal.area,
            versions={"yima": version("yima")},
            epoch=state.epoch,
            fingerprint=self.key.fingerprint,
            public_key=self.key.raw.hex(),
            is_approved=self.board.is_approved,
            sync=sync,
            devices=self.supervisor.statuses(),
            clock_offset_ms=state.clock_offset_ms,
            is_clock_off=is_clock_off(state.clock_offset_ms),
            catalogue=catalogue,
            operator=desk.operator,
            credentials_seen=state.credentials_seen,
            started_at=self.started_at,
        )
