"""Gathers what the terminal says of itself (`edge.health`)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version
from itertools import chain
from typing import NamedTuple

from sqlalchemy import Connection

from codes.words import Words
from drivers.scanner.unlisted import Unlisted
from edge.certificates import read_certificates
from edge.clock import Clock, corrected_us
from edge.config import TerminalSection
from edge.config_revision import ConfigFile
from edge.core import Core
from edge.delivered_count import DeliveredCount
from edge.fsi.troubles import interface_troubles, settlement_lamp
from edge.health import (
    CertificateStatus,
    ConfigRevision,
    DeviceStatus,
    InterfaceStatus,
    Lamps,
    Machine,
    QuotaStatus,
    SiteStatus,
    SyncStatus,
    TerminalStatus,
    Trouble,
    VisitsStatus,
    is_clock_off,
)
from edge.look import Look
from edge.machine import read_machine
from edge.store.catalogue import CatalogueImport, last_import
from edge.store.fsi_messages import OpenCount, count_open
from edge.store.life import FormerStore, former_stores
from edge.store.outbox import OutboxCounts, read_counts
from edge.store.sales import Desk, see_desk
from edge.store.terminal import TerminalState, read_state
from edge.store.visit_steps import count_due
from edge.store_troubles import store_troubles
from edge.supervisor import Supervisor
from edge.sync_board import NO_CENTRE_KEY, SyncBoard
from edge.troubles import (
    certificate_troubles,
    clock_troubles,
    config_troubles,
    device_troubles,
    event_clock_troubles,
    in_order,
    machine_troubles,
    site_troubles,
    sync_lamp,
    sync_troubles,
)
from edge.visits.troubles import visit_troubles
from rules.catalogue import CatalogueError
from wire.keys import PublicKey

LOOK_S = 10.0
"""How old what is said of the box and of its files may be."""
_NO_MACHINE = Machine()


@dataclass(frozen=True, slots=True)
class _Box:
    """What there is to see beside the store."""

    machine: Machine = _NO_MACHINE
    certificates: tuple[CertificateStatus, ...] = ()
    config: ConfigRevision | None = None
    unlisted: tuple[Unlisted, ...] = ()


_UNSEEN = _Box()


@dataclass(slots=True)
class _Seen:
    """What was last seen, and how it is looked at."""

    box: _Box = _UNSEEN
    at_s: float | None = None
    look: Look[_Box] | None = None
    delivered: DeliveredCount | None = None


class _Rows(NamedTuple):
    """What the store says, all of one moment."""

    state: TerminalState
    catalogue: CatalogueImport | None
    desk: Desk
    counts: OutboxCounts
    delivered: int | None
    open: OpenCount
    """Messages to the interface."""
    visits: VisitsStatus
    former: Sequence[FormerStore]
    """Not as of the start: a person acknowledges damage while the terminal runs."""


@dataclass(frozen=True, slots=True)
class StatusReader:
    """Knows where each part of the status is."""

    terminal: TerminalSection
    core: Core
    board: SyncBoard
    supervisor: Supervisor
    key: PublicKey
    started_at: datetime
    clock: Clock
    config_file: ConfigFile | None = None
    more_troubles: Callable[[], Iterable[Trouble]] = tuple
    """What other parts know that a person should."""
    profiled: Callable[[Sequence[DeviceStatus]], tuple[DeviceStatus, ...]] = tuple
    """Adds to each device what its set-up has found."""
    unlisted: Callable[[], tuple[Unlisted, ...]] = tuple
    """Finds what is plugged in and not read."""
    site: Callable[[], SiteStatus] = SiteStatus
    """The other terminals of this site."""
    quota: Callable[[], QuotaStatus | None] = lambda: None
    """Says how full the store is."""
    interface: Callable[[OpenCount], InterfaceStatus | None] = lambda _: None
    """Says how the national interface is."""
    _seen: _Seen = field(default_factory=_Seen)

    async def sync(self) -> SyncStatus:
        """Return the way to the centre. Read beside the writer: the screens ask every second."""
        counts = await self.core.read(read_counts)
        return self._sync(counts, delivered=None)

    async def read(self) -> TerminalStatus:
        """Return everything."""
        return self._gathered(await self.core.read(self._all_rows), await self._box())

    async def glance(self) -> TerminalStatus:
        """Return everything that costs little: a month of delivered rows is not counted."""
        return self._gathered(await self.core.read(_few_rows), await self._box())

    def _gathered(self, rows: _Rows, seen: _Box) -> TerminalStatus:
        state, catalogue, counts = rows.state, rows.catalogue, rows.counts
        sync, devices = self._sync(counts, delivered=rows.delivered), self.profiled(self.supervisor.statuses())
        is_approved = self.board.is_approved
        site, is_open = self.site(), rows.desk.operator is not None
        interface = self.interface(rows.open)
        library = _catalogue_problem(self.core.refused_catalogue, catalogue, self.started_at)
        troubles = in_order(
            chain(
                sync_troubles(sync, is_approved=is_approved),
                device_troubles(devices),
                clock_troubles(state.clock_offset_ms),
                event_clock_troubles(_lead_s(state, self.clock.now())),
                machine_troubles(seen.machine),
                certificate_troubles(seen.certificates, self.clock.now()),
                config_troubles(seen.config),
                site_troubles(site, is_open=is_open),
                () if library is None else (library,),
                store_troubles(self.core.mended, rows.former, self.clock.now()),
                interface_troubles(interface, self.clock.now()),
                visit_troubles(rows.visits, self.clock.now()),
                self.more_troubles(),
            )
        )
        return TerminalStatus(
            terminal=self.terminal.id,
            label=self.terminal.label,
            institution=self.terminal.institution,
            area=self.terminal.area,
            versions={"yima": version("yima")},
            epoch=state.epoch,
            fingerprint=self.key.fingerprint,
            public_key=self.key.raw.hex(),
            is_approved=is_approved,
            sync=sync,
            devices=devices,
            clock_offset_ms=state.clock_offset_ms,
            is_clock_off=is_clock_off(state.clock_offset_ms),
            catalogue=catalogue,
            catalogue_problem=library,
            operator=rows.desk.operator,
            credentials_seen=state.credentials_seen,
            started_at=self.started_at,
            lamps=Lamps(sync_lamp(sync, is_approved=is_approved), settlement_lamp(interface)),
            machine=seen.machine,
            quota=self.quota(),
            certificates=seen.certificates,
            config=seen.config,
            troubles=troubles,
            unlisted_devices=seen.unlisted,
            site=site,
            interface=interface,
            visits=rows.visits,
        )

    def _all_rows(self, tx: Connection) -> _Rows:
        if self._seen.delivered is None:
            self._seen.delivered = DeliveredCount(self.clock)
        return _few_rows(tx)._replace(delivered=self._seen.delivered.read(tx))

    async def _box(self) -> _Box:
        """Return how the box and its files are; looked at not every second, because they change slowly."""
        seen, now_s = self._seen, self.clock.monotonic_s()
        if seen.at_s is None or now_s - seen.at_s >= LOOK_S:
            seen.look = seen.look or Look("the box", self._look, good_s=LOOK_S)
            # A driver that hangs holds up the look; what was seen before is said as long.
            box = await seen.look.seen()
            if box is not None:
                seen.box, seen.at_s = box, now_s
        return seen.box

    def _look(self) -> _Box:
        return _Box(
            machine=read_machine(self.core.config.store.folder, os.getpid()),
            certificates=read_certificates(self.core.config),
            config=None if self.config_file is None else self.config_file.revision(),
            unlisted=self.unlisted(),
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
            problem=NO_CENTRE_KEY if is_keyless else board.trouble(),
        )


def _lead_s(state: TerminalState, now: datetime) -> float:
    """Return how far the clock of events is ahead of the time that the next one would have by itself."""
    return (state.hlc - corrected_us(now, state.clock_offset_ms)) / 1_000_000


def _few_rows(tx: Connection) -> _Rows:
    return _Rows(
        read_state(tx),
        last_import(tx),
        see_desk(tx),
        read_counts(tx),
        None,
        count_open(tx),
        VisitsStatus(*count_due(tx)),
        former_stores(tx),
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
