"""What the terminal tells the centre of its health: every half minute, and soon after something has changed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime

import structlog

from codes.errors import TransientError
from codes.words import Words
from edge.clock import Clock
from edge.health import DeviceStatus, Lamp, Machine, TerminalStatus, Trouble
from edge.store.asked import Kept
from edge.store.outbox import OutboxCounts
from wire.presence import (
    LONGEST_SENTENCE,
    MOST_BYTES,
    MOST_EPOCHS,
    MOST_TROUBLES,
    PRESENCE_VERSION,
    CertificateReport,
    DeviceHealth,
    Health,
    KeptEpoch,
    LampReport,
    MachineReport,
    TroubleReport,
)

HEALTH_S = 30.0
LOOK_S = 2.0
"""How often it is looked whether something has changed."""
SPACING_S = 5.0
"""A device that flutters is reported no more often than this."""

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

Face = tuple[object, ...]
"""What a change of is worth a report of its own."""


class Reporting:
    """Reports until cancelled.

    Args:
        glance: How the terminal is.
        stock: How much waits, and what is kept of each life of the store.
        session: The life on the line.
        send: Hands a report to the line; one that does not leave is not kept, the next one says more.
        clock: The device's clock.
        look_s: How often to look for changes.
    """

    def __init__(
        self,
        *,
        glance: Callable[[], Awaitable[TerminalStatus]],
        stock: Callable[[], Awaitable[tuple[OutboxCounts, Sequence[Kept]]]],
        session: Callable[[], str],
        send: Callable[[Health], object],
        clock: Clock,
        look_s: float = LOOK_S,
    ) -> None:
        self._glance = glance
        self._stock = stock
        self._session = session
        self._send = send
        self._clock = clock
        self._look_s = look_s
        self._due = asyncio.Event()
        self._sent = 0

    def report_now(self) -> None:
        """Report at once: the line came up, or the centre lacks something. Call it in the event loop."""
        self._due.set()

    async def run(self) -> None:
        """Report until cancelled."""
        while True:
            self._due.clear()
            try:
                status = await self._glance()
                counts, kept = await self._stock()
            except TransientError as exc:
                # A disk that cannot be read is no reason to drop the line. The next report may say more.
                _logger.warning("health.not_read", code=exc.code)
                await asyncio.sleep(self._look_s)
                continue
            kept = named_in_turn(kept, self._sent)
            self._sent += 1
            self._send(health_of(status, counts, kept, session=self._session(), at=self._clock.now()))
            await self._wait(face_of(status))

    async def _wait(self, told: Face) -> None:
        """Wait until another report is due."""
        said_s = self._clock.monotonic_s()
        while (passed_s := self._clock.monotonic_s() - said_s) < HEALTH_S:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._look_s):
                    await self._due.wait()
                return
            if passed_s >= SPACING_S and await self._face() != told:
                return

    async def _face(self) -> Face | None:
        with suppress(TransientError):
            return face_of(await self._glance())
        return None


def face_of(status: TerminalStatus) -> Face:
    """Return what a change of is worth a report: states and reasons, not counts."""
    return (
        status.lamps,
        tuple((trouble.code, trouble.is_alarm) for trouble in status.troubles),
        tuple((device.device, device.state, device.problem) for device in status.devices),
        status.config,
        status.is_clock_off,
        None if status.quota is None else status.quota.state,
    )


def named_in_turn(kept: Sequence[Kept], turn: int) -> Sequence[Kept]:
    """Return the lives that a report names: all, or the present one and, turn by turn, a part of the others.

    A store that was copied or restored time and again has many lives, and the centre may lack something of each.
    """
    if len(kept) <= MOST_EPOCHS:
        return kept
    *others, present = kept
    room = MOST_EPOCHS - 1
    first = turn * room % len(others)
    return [*[*others, *others][first : first + room], present]


def health_of(
    status: TerminalStatus, counts: OutboxCounts, kept: Sequence[Kept], *, session: str, at: datetime
) -> Health:
    """Return the report."""
    config = status.config
    return Health(
        v=PRESENCE_VERSION,
        terminal=status.terminal,
        session=session,
        at=at,
        pending=counts.pending,
        dead_letters=counts.dead,
        oldest_pending_at=counts.oldest_pending_at,
        devices=[_device(device) for device in status.devices],
        kept=[KeptEpoch(one.epoch, one.first, one.last, one.last_hash) for one in kept],
        held=counts.held,
        sync=_lamp(status.lamps.sync),
        settlement=_lamp(status.lamps.settlement),
        troubles=[_trouble(trouble) for trouble in status.troubles[:MOST_TROUBLES]],
        clock_offset_ms=status.clock_offset_ms,
        machine=_machine(status.machine),
        certificates=[CertificateReport(one.use, one.expires_at) for one in status.certificates],
        config_applied=None if config is None else config.applied,
        config_wanted=None if config is None else config.wanted,
        models=status.models,
        started_at=status.started_at,
        quota_state=None if status.quota is None else status.quota.state,
        quota_percent=None if status.quota is None else status.quota.used_percent,
    )


def _device(device: DeviceStatus) -> DeviceHealth:
    return DeviceHealth(device.device, device.state, device.scans, device.restarts, device.problem, device.gs_ok)


def _lamp(lamp: Lamp) -> LampReport:
    return LampReport(lamp.state, lamp.code, *_cut(lamp.words))


def _trouble(one: Trouble) -> TroubleReport:
    return TroubleReport(one.code, *_cut(one.words), *_cut(one.next_step), one.is_alarm)


def _cut(words: Words) -> tuple[str, str]:
    """Return a sentence as long as the centre takes it; a path in it may be of any length."""
    return words.zh[:LONGEST_SENTENCE], words.en[:LONGEST_SENTENCE]


def _machine(machine: Machine) -> MachineReport:
    return MachineReport(
        disk_free_bytes=_bounded(machine.disk_free_bytes),
        disk_total_bytes=_bounded(machine.disk_total_bytes),
        pss_bytes=_bounded(machine.pss_bytes),
        memory_available_bytes=_bounded(machine.memory_available_bytes),
        temperature_c=machine.temperature_c,
        load=machine.load,
        cores=machine.cores,
    )


def _bounded(size_bytes: int | None) -> int | None:
    """Return a size as the centre takes it: some file systems say that they have no end."""
    return None if size_bytes is None else min(max(size_bytes, 0), MOST_BYTES)
