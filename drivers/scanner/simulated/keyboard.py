"""A simulated keyboard scanner: the kernel's own `input_event` records, in a named pipe.

Types each character by the layout it is set to, with Shift and AltGr pressed and let go as a keyboard does it, one
report per millisecond. What no key gives (GB 18030 text, for one) is typed as Alt and a number. An input method or a
Caps Lock light on the host has no fault here, because it changes nothing in these records.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random

from drivers.scanner import input_event as keys
from drivers.scanner.layouts import LAYOUTS
from drivers.scanner.port import Clock
from drivers.scanner.simulated.habit import AS_IT_COMES, Habit
from drivers.scanner.simulated.twin import Delivery, Fault, Wait
from drivers.scanner.simulated.wire import PATIENCE_S, Cable, Piece, PipeWire
from drivers.scanner.strokes import END_KEYS, Action, EndKey, GsTyping, Manner, Stroke, tap, type_code

_REPORT_S = 0.001
"""Full-speed USB: one report a millisecond."""
_MOST_REPORTS = 8
"""Reports that a reader may find together."""
_LOST_ACTIONS = 6
_HID_USAGES = 0x70000


class SimulatedKeyboardScanner:
    """A scanner that types into a named pipe. Satisfies `SimulatedScanner`."""

    def __init__(
        self,
        path: Path,
        *,
        random: Random,
        layout: str = "us",
        gs: GsTyping = GsTyping.ALT_029,
        end: EndKey | None = EndKey.ENTER,
        manner: Manner = Manner.KEYS,
        sends_aim: bool = False,
        habit: Habit = AS_IT_COMES,
        name: str = "",
        clock: Clock = time.monotonic,
        wait: Wait = asyncio.sleep,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._path = path
        self._random = random
        self._layout = LAYOUTS[layout]
        self._gs = gs
        self._end = None if end is None else END_KEYS[end]
        self._manner = manner
        self._sends_aim = sends_aim
        self._habit = habit
        self._name = name
        self._clock = clock
        self._cable = Cable(PipeWire(path), wait, patience_s)
        self.plug()

    @property
    def spec(self) -> str:
        settings = [f"layout={self._layout.name}"]
        if self._gs in {GsTyping.DOWN, GsTyping.F8, GsTyping.DROPPED}:
            settings.append(f"gs={self._gs}")
        if self._name:
            settings.append(f"name={self._name}")
        return ";".join((f"keyboard:{self._path}", *settings))

    async def scan(self, code: bytes, symbology: str | None = None, *, fault: Fault | None = None) -> Delivery:
        aim = (symbology or "").encode("ascii") if self._sends_aim else b""
        strokes = self._strokes(self._habit.sent(code, aim), fault)
        pieces = self._pieces(strokes, fault)
        if fault is Fault.DOUBLED:
            pieces += self._pieces(strokes, None)
        pull_before = self._random.randrange(len(pieces)) if fault is Fault.UNPLUGGED else None
        return await self._cable.send(pieces, pull_before=pull_before)

    async def type_by_hand(self, code: bytes, *, key_s: float = 0.12) -> Delivery:
        """Type `code` at the pace of a person."""
        pieces: list[Piece] = []
        start = self._clock()
        for number, stroke in enumerate(self._strokes(code, None)):
            records = b"".join(_report(start + number * key_s, action) for action in stroke)
            pieces.append((records, key_s))
        return await self._cable.send(pieces)

    def plug(self) -> None:
        self._cable.plug()

    def unplug(self) -> None:
        self._cable.unplug()

    def close(self) -> None:
        self._cable.unplug()

    def _strokes(self, code: bytes, fault: Fault | None) -> list[Stroke]:
        if fault is Fault.INVERTED_CASE:
            code = code.swapcase()
        gs = GsTyping.DROPPED if fault is Fault.DROP_GS else self._gs
        strokes = list(type_code(code, self._layout, gs, self._manner))
        return strokes if fault is Fault.NO_SUFFIX or self._end is None else [*strokes, tap(self._end)]

    def _pieces(self, strokes: Sequence[Stroke], fault: Fault | None) -> list[Piece]:
        """Give each action its report and its time, and let a reader find a few of them together."""
        start = self._clock()
        reports = reports_of(strokes, start)
        if fault is Fault.EVENTS_LOST:
            first = self._random.randrange(len(reports))
            lost = keys.pack(start + first * _REPORT_S, keys.EV_SYN, keys.SYN_DROPPED, 0)
            reports[first : first + _LOST_ACTIONS] = [lost + _sync(start + first * _REPORT_S)]
        pieces: list[Piece] = []
        while reports:
            count = self._random.randint(1, _MOST_REPORTS)
            together, reports = reports[:count], reports[count:]
            pieces.append((b"".join(together), len(together) * _REPORT_S))
        return pieces


def reports_of(strokes: Sequence[Stroke], start_s: float) -> list[bytes]:
    """Return the records of each action, one report a millisecond."""
    actions = [action for stroke in strokes for action in stroke]
    return [_report(start_s + number * _REPORT_S, action) for number, action in enumerate(actions)]


def _report(time_s: float, action: Action) -> bytes:
    code, value = action
    return (
        keys.pack(time_s, keys.EV_MSC, keys.MSC_SCAN, _HID_USAGES | code)
        + keys.pack(time_s, keys.EV_KEY, code, value)
        + _sync(time_s)
    )


def _sync(time_s: float) -> bytes:
    return keys.pack(time_s, keys.EV_SYN, keys.SYN_REPORT, 0)
