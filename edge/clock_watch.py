"""Watches the device's clock: somebody who sets it back leaves a fact behind, with or without a line.

Wall time and the time since boot go on together. When they part by more than two seconds within one, the clock was
set; a leap second or a time service that slews is far below that. Set back is a tamper fact, because a sale could be
dated to another day with it; set forward is a notice. Once per jump.

The measured offset to the centre moves with the jump, so that events stay in order with those of other terminals.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import Connection

from codes.words import Words
from edge.alerts import Alert, alert_json
from edge.clock import Clock, since_boot_s
from edge.health import Trouble
from edge.store.lane import InStore
from edge.store.outbox import Outbox
from edge.store.terminal import read_state, set_clock_offset
from edge.supervisor import Sleep
from rules.scan_judgement import Tone
from web.live import LiveBus
from wire.events import TamperSeen

LOOK_S: Final = 1.0
TOLERANCE: Final = timedelta(seconds=2)
SHOWN_S: Final = 24 * 3600.0
"""How long a jump is shown."""
CLOCK_SET_BACK: Final = "clock_set_back"
_BLINK_S: Final = 0.1
"""Two readings that took longer than this were interrupted, and say nothing."""
_NEXT_STEP: Final = Words(
    "请管理员查明原因；应由时间同步校时，不要手动改钟（timedatectl status）。",
    "An administrator finds out why; time synchronisation sets the clock, nobody does by hand (timedatectl status).",
)

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Jump:
    """The clock was set."""

    by: timedelta
    """Negative if it was set back."""
    after: datetime
    """What it said then."""
    is_over_restart: bool = False
    """Seen at the start, against the last event; how much time went by in between nobody knows."""

    @property
    def is_back(self) -> bool:
        return self.by < timedelta()

    @property
    def detail(self) -> str:
        """The figures, as they stand in the fact."""
        before, after = (f"{moment:%Y-%m-%dT%H:%M:%SZ}" for moment in (self.after - self.by, self.after))
        how = "at least, since the last event before the start" if self.is_over_restart else "while running"
        return f"{abs(self.by.total_seconds()):.1f} s, from {before} to {after}, {how}"


@dataclass(frozen=True, slots=True)
class _Reading:
    wall: datetime
    since_boot_s: float


class ClockWatch:
    """Looks at the clock once a second."""

    def __init__(
        self,
        connection: Connection,
        outbox: Outbox,
        in_store: InStore,
        bus: LiveBus,
        *,
        clock: Clock,
        last_event_at: datetime | None,
        on_recorded: Callable[[], None],
        elapsed_s: Callable[[], float] = since_boot_s,
    ) -> None:
        self._connection = connection
        self._outbox = outbox
        self._in_store = in_store
        self._bus = bus
        self._clock = clock
        self._on_recorded = on_recorded
        self._elapsed_s = elapsed_s
        self._unwritten: deque[Jump] = deque()
        self._shown: tuple[Jump, float] | None = None
        self._last = self._read()
        now = clock.now()
        if last_event_at is not None and now < last_event_at - TOLERANCE:
            self._note(Jump(now - last_event_at, now, is_over_restart=True))

    async def run(self, sleep: Sleep) -> None:
        """Watch until cancelled. A jump that cannot be written now waits; whoever runs this starts it again."""
        while True:
            self._look()
            while self._unwritten:
                jump = self._unwritten[0]
                await self._in_store(lambda jump=jump: self._write(jump))  # type: ignore[misc]
                self._unwritten.popleft()
                self._tell(jump)
            await sleep(LOOK_S)

    def troubles(self) -> Iterator[Trouble]:
        """Yield the last jump for a day, by the clock that nobody can set."""
        if self._shown is not None and self._elapsed_s() - self._shown[1] < SHOWN_S:
            jump = self._shown[0]
            yield Trouble(_code(jump), _words(jump), _NEXT_STEP, is_alarm=False)

    def _read(self) -> _Reading | None:
        """Read both clocks; None if something came in between."""
        before_s = self._elapsed_s()
        wall = self._clock.now()
        after_s = self._elapsed_s()
        return _Reading(wall, before_s) if after_s - before_s < _BLINK_S else None

    def _look(self) -> None:
        reading = self._read()
        if reading is None:
            return
        before, self._last = self._last, reading
        if before is None:
            return
        passed = timedelta(seconds=reading.since_boot_s - before.since_boot_s)
        by = reading.wall - before.wall - passed
        if abs(by) > TOLERANCE:
            self._note(Jump(by, reading.wall))

    def _note(self, jump: Jump) -> None:
        self._unwritten.append(jump)
        self._shown = jump, self._elapsed_s()

    def _write(self, jump: Jump) -> None:
        tx = self._connection
        with tx.begin():
            offset_ms = read_state(tx).clock_offset_ms
            if offset_ms is not None and not jump.is_over_restart:
                set_clock_offset(tx, offset_ms - round(jump.by / timedelta(milliseconds=1)))
            if jump.is_back:
                fact = TamperSeen(CLOCK_SET_BACK, jump.detail)
                self._outbox.append(tx, fact, operator=None, now=self._clock.now())

    def _tell(self, jump: Jump) -> None:
        _logger.warning("clock.set", seconds=round(jump.by.total_seconds(), 1), detail=jump.detail)
        if jump.is_back:
            self._on_recorded()
        alert = Alert(_code(jump), Tone.NOTICE, _words(jump), _NEXT_STEP)
        self._bus.publish("alert", alert_json(alert))


def _code(jump: Jump) -> str:
    return "clock.set_back" if jump.is_back else "clock.set_forward"


def _words(jump: Jump) -> Words:
    seconds = abs(jump.by.total_seconds())
    if jump.is_back:
        return Words(
            f"本机时钟被拨回 {seconds:.0f} 秒，已记录", f"The clock was set back by {seconds:.0f} s; this is on record"
        )
    return Words(f"本机时钟被拨快 {seconds:.0f} 秒", f"The clock was set forward by {seconds:.0f} s")
