"""Gathers what the terminal says of itself (`edge.health`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version

from codes.words import Words
from edge.config import TerminalSection
from edge.core import Core
from edge.health import SyncStatus, TerminalStatus, Trouble, is_clock_off
from edge.store.catalogue import CatalogueImport, last_import
from edge.store.outbox import OutboxCounts, count_delivered, read_counts
from edge.store.sales import see_desk
from edge.store.terminal import read_state
from edge.supervisor import Supervisor
from edge.sync_board import NO_CENTRE_KEY, SyncBoard
from rules.catalogue import CatalogueError
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
        """Return the way to the centre. Read beside the writer: the screens ask every second."""
        counts = await self.core.read(read_counts)
        return self._sync(counts, delivered=None)

    async def read(self) -> TerminalStatus:
        """Return everything."""
        state, catalogue, desk = await self.core.read(lambda tx: (read_state(tx), last_import(tx), see_desk(tx)))
        counts, delivered = await self.core.read(lambda tx: (read_counts(tx), count_delivered(tx)))
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
            sync=self._sync(counts, delivered=delivered),
            devices=self.supervisor.statuses(),
            clock_offset_ms=state.clock_offset_ms,
            is_clock_off=is_clock_off(state.clock_offset_ms),
            catalogue=catalogue,
            catalogue_problem=_catalogue_problem(self.core.refused_catalogue, catalogue, self.started_at),
            operator=desk.operator,
            credentials_seen=state.credentials_seen,
            started_at=self.started_at,
        )

    def _sync(self, counts: OutboxCounts, *, delivered: int | None) -> SyncStatus:
        config, board = self.core.config, self.board
        is_keyless = config.link.is_enabled and config.centre.public_key is None
        return SyncStatus(
            is_up=board.is_up,
            pending=counts.pending,
            held=counts.held,
            dead=counts.dead,
            delivered=delivered,
            oldest_pending_at=counts.oldest_pending_at,
            last_receipt_at=board.last_receipt_at,
            is_enabled=config.link.is_enabled,
            problem=NO_CENTRE_KEY if is_keyless else board.trouble(counts.pending),
        )


def _catalogue_problem(
    refused: CatalogueError | None, in_use: CatalogueImport | None, started_at: datetime
) -> Trouble | None:
    """Return what is wrong with the matching library. A file imported since the start settles a refused one."""
    if refused is not None and (in_use is None or in_use.imported_at < started_at):
        return Trouble(refused.code, refused.words, refused.next_step, is_alarm=False)
    if in_use is None or in_use.problems == 0:
        return None
    return Trouble(
        "catalogue.lines_left_out",
        Words(
            f"商品目录 {in_use.source} 有 {in_use.problems} 行有误，未采用",
            f"{in_use.problems} wrong lines of the catalogue {in_use.source} were left out",
        ),
        Words(
            "请管理员运行 `yima edge catalogue import` 查看每一行的原因，改正后重新导入。",
            "An administrator runs `yima edge catalogue import`, which names each line, and corrects the file.",
        ),
        is_alarm=False,
    )
