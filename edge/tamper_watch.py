"""Watches what is done to the box: swapped scanners, pulled power, pulled network. With or without a line.

Each finding is an event in the outbox, once, in one transaction with what is remembered of it. What counts is decided
in `edge.tamper`; here it is read, written and told.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

import structlog
from sqlalchemy import Connection

from codes.words import Words
from edge.alerts import Alert, alert_json
from edge.clock import Clock, since_boot_s
from edge.errors import EdgeError
from edge.health import Trouble
from edge.look import Look
from edge.senses import Senses
from edge.store.lane import InStore
from edge.store.outbox import Outbox
from edge.store.watched import Occupant, Run, begin_run, end_run, last_run, note_alive, occupants, save_occupant
from edge.supervisor import Sleep
from edge.tamper import (
    SETTLED_S,
    UNSEEN_S,
    Carriers,
    Standing,
    Tamper,
    Tampering,
    is_same,
    look_at,
    power_loss,
    stand,
    swap,
)
from rules.scan_judgement import Tone
from web.live import LiveBus
from wire.events import TamperSeen

LOOK_S: Final = 1.0
SOCKETS_S: Final = 5.0
"""Looking through what is plugged in costs more than looking at the network."""
ALIVE_S: Final = 600.0
"""How often it is noted that the terminal runs, where no event shows it."""
SHOWN_S: Final = 24 * 3600.0
"""How long a finding is shown."""
_CODES: Mapping[Tamper, str] = MappingProxyType(
    {
        Tamper.SCANNER_SWAPPED: "scanner.swapped",
        Tamper.POWER_LOST: "power.lost",
        Tamper.NETWORK_PULLED: "network.pulled",
    }
)
_NEXT_STEPS: Mapping[Tamper, Words] = MappingProxyType(
    {
        Tamper.SCANNER_SWAPPED: Words(
            "若是本店更换、对调或改了接口模式，无需处理；否则请拔下来历不明的设备，并告知管理员。",
            "If the shop changed it, or its mode, nothing need be done; otherwise unplug the unknown device and tell "
            "an administrator.",
        ),
        Tamper.POWER_LOST: Words(
            "请检查电源插头和插座；关机请用系统的关机操作，不要直接拔电；打烊要关排插的，请先关机，等机器停下再关。"
            "已保存的记录不受影响。",
            "Check plug and socket; shut the box down instead of pulling its plug. Who switches a power strip off in "
            "the evening shuts the box down first, and waits until it is off. What was recorded is safe.",
        ),
        Tamper.NETWORK_PULLED: Words(
            "若网络仍未恢复，请检查网线、无线网络、路由器和交换机；期间照常扫码，网络恢复后自动上传。",
            "If it is still away, check cable, wireless network, router and switch; scanning goes on, and everything "
            "is sent once it is back.",
        ),
    }
)

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Finding:
    """What is to be written in one transaction."""

    tampering: Tampering | None = None
    occupant: Occupant | None = None
    """To be remembered."""


class TamperWatch:
    """Looks at the box once a second.

    Args:
        connection: The writer's.
        outbox: Where facts go.
        in_store: The way into the store.
        bus: Where the screens listen.
        senses: What can be seen of the box.
        clock: The device's clock.
        last_event_at: When the last event was written before this start.
        on_recorded: Called when a fact was recorded.
        elapsed_s: Tells the time since the machine started, while it slept too.
    """

    def __init__(
        self,
        connection: Connection,
        outbox: Outbox,
        in_store: InStore,
        bus: LiveBus,
        *,
        senses: Senses,
        clock: Clock,
        last_event_at: datetime | None,
        on_recorded: Callable[[], None],
        elapsed_s: Callable[[], float] = since_boot_s,
    ) -> None:
        self._connection = connection
        self._outbox = outbox
        self._in_store = in_store
        self._bus = bus
        self._senses = senses
        self._clock = clock
        self._last_event_at = last_event_at
        self._on_recorded = on_recorded
        self._elapsed_s = elapsed_s
        self._is_begun = False
        self._alive_s = clock.monotonic_s()
        self._sockets_s: float | None = None
        self._look_carriers = Look("network", senses.carriers, good_s=UNSEEN_S)
        self._look_plugged = Look("usb", senses.plugged, good_s=2 * SOCKETS_S)
        self._carriers = Carriers()
        self._standing: dict[str, Standing] = {}
        self._remembered: dict[str, Occupant] = {}
        self._ours: set[Occupant] = set()
        """All that were remembered in this run: who waits to be plugged in elsewhere is not forgotten."""
        self._unwritten: deque[_Finding] = deque()
        self._shown: dict[Tamper, tuple[Tampering, float]] = {}

    async def run(self, sleep: Sleep) -> None:
        """Watch until cancelled. What cannot be written now waits; whoever runs this starts it again."""
        if not self._is_begun:
            loss = await self._in_store(self._begin)
            if loss is not None:
                self._tell(loss)
        while True:
            await self._write_all()
            await self._look()
            await self._write_all()
            await self._note_alive()
            await sleep(LOOK_S)

    async def stopped(self) -> None:
        """Note that the terminal is stopped as it should be. A disk that refuses makes a power cut of it."""
        try:
            await self._in_store(self._end)
        except EdgeError as exc:
            _logger.warning("tamper.end_unwritten", code=exc.code)

    def troubles(self) -> Iterator[Trouble]:
        """Yield the last finding of each kind for a day, by the clock that nobody can set."""
        for what, (tampering, since_s) in self._shown.items():
            if self._elapsed_s() - since_s < SHOWN_S:
                yield Trouble(_CODES[what], tampering.words, _NEXT_STEPS[what], is_alarm=False)

    def _begin(self) -> Tampering | None:
        tx = self._connection
        now = self._clock.now()
        run = Run(self._senses.home, self._senses.boot_id, now)
        with tx.begin():
            loss = power_loss(last_run(tx), run, self._last_event_at)
            if loss is not None:
                self._append(loss)
            begin_run(tx, run)
            remembered = occupants(tx)
        # Only what is on the disk counts as begun.
        self._remembered, self._ours, self._is_begun = remembered, set(remembered.values()), True
        return loss

    def _end(self) -> None:
        # Stopped before it began, this run has not looked yet at how the one before ended: the next one does.
        if self._is_begun:
            with self._connection.begin():
                end_run(self._connection, self._clock.now())

    async def _look(self) -> None:
        up = await self._look_carriers.seen()
        now_s = self._clock.monotonic_s()
        if up is not None:
            self._carriers, pulled = look_at(self._carriers, up, self._elapsed_s(), self._clock.now())
            if pulled is not None:
                self._unwritten.append(_Finding(pulled))
        if self._sockets_s is None or now_s - self._sockets_s >= SOCKETS_S:
            self._sockets_s = now_s
            plugged = await self._look_plugged.seen()
            if plugged is None:
                # What nobody saw did not stand there all the time.
                self._standing = {}
            else:
                self._judge(plugged, now_s)

    def _judge(self, plugged: Mapping[Occupant, bool], now_s: float) -> None:
        """Compare what has stood for long enough with what is remembered. A socket is remembered for its scanner."""
        self._standing = stand(self._standing, plugged, now_s)
        settled = [one.occupant for one in self._standing.values() if now_s - one.since_s >= SETTLED_S]
        for occupant in settled:
            known, is_read = self._remembered.get(occupant.socket), plugged[occupant]
            if known is None:
                swapped, is_news = None, is_read
            else:
                swapped = swap(known, occupant, is_read=is_read, ours=self._ours, standing=settled)
                is_news = not is_same(known, occupant)
            if is_news:
                self._remembered[occupant.socket] = occupant
                self._ours.add(occupant)
                self._unwritten.append(_Finding(swapped, occupant))

    async def _write_all(self) -> None:
        while self._unwritten:
            finding = self._unwritten[0]
            await self._in_store(lambda finding=finding: self._write(finding))  # type: ignore[misc]
            self._unwritten.popleft()
            if finding.tampering is not None:
                self._tell(finding.tampering)

    def _write(self, finding: _Finding) -> None:
        with self._connection.begin():
            if finding.occupant is not None:
                save_occupant(self._connection, finding.occupant)
            if finding.tampering is not None:
                self._append(finding.tampering)

    def _append(self, tampering: Tampering) -> None:
        fact = TamperSeen(tampering.what, tampering.detail)
        self._outbox.append(self._connection, fact, operator=None, now=self._clock.now())

    async def _note_alive(self) -> None:
        now_s = self._clock.monotonic_s()
        if now_s - self._alive_s < ALIVE_S:
            return

        def work() -> None:
            with self._connection.begin():
                note_alive(self._connection, self._clock.now())

        await self._in_store(work)
        self._alive_s = now_s

    def _tell(self, tampering: Tampering) -> None:
        what = tampering.what
        _logger.warning("tamper.seen", what=what, detail=tampering.detail)
        self._shown[what] = tampering, self._elapsed_s()
        self._on_recorded()
        self._bus.publish("alert", alert_json(Alert(_CODES[what], Tone.NOTICE, tampering.words, _NEXT_STEPS[what])))
