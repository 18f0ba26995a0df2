"""A simulated HID-POS scanner: its 64-byte reports, in a named pipe."""

from __future__ import annotations

import asyncio
from pathlib import Path
from random import Random

from drivers.scanner.pos_report import REPORT_BYTES, REPORT_ID
from drivers.scanner.simulated.habit import AS_IT_COMES, Habit
from drivers.scanner.simulated.twin import Delivery, Fault, Wait
from drivers.scanner.simulated.wire import PATIENCE_S, Cable, Piece, PipeWire
from drivers.scanner.spec import ReportLayout

_DATA_BYTES = 56
_BARE_BYTES = REPORT_BYTES - 1
_REPORT_S = 0.001
_GS = b"\x1d"
_NO_AIM = b"\0\0\0"
_CODE_ID = b"?"
"""The vendor's own letter for the kind of symbol; nothing here reads it."""


class SimulatedPosScanner:
    """A scanner that sends HID-POS reports into a named pipe. Satisfies `SimulatedScanner`."""

    def __init__(
        self,
        path: Path,
        *,
        random: Random,
        reports: ReportLayout = ReportLayout.AIM,
        sends_aim: bool = True,
        suffix: bytes = b"",
        habit: Habit = AS_IT_COMES,
        name: str = "",
        wait: Wait = asyncio.sleep,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._path = path
        self._random = random
        self._reports = reports
        self._sends_aim = sends_aim
        self._suffix = suffix
        self._habit = habit
        self._name = name
        self._cable = Cable(PipeWire(path), wait, patience_s)
        self.plug()

    @property
    def spec(self) -> str:
        name = f";name={self._name}" if self._name else ""
        return f"pos:{self._path};reports={self._reports}{name}"

    async def scan(self, code: bytes, symbology: str | None = None, *, fault: Fault | None = None) -> Delivery:
        if fault is Fault.DROP_GS:
            code = code.replace(_GS, b"")
        aim = (symbology or "").encode("ascii") if self._sends_aim else b""
        reports = encode_reports(self._habit.sent(code) + self._suffix, aim, self._reports)
        if fault is Fault.REPORT_LOST:
            if len(reports) == 1:
                raise ValueError("the code fits one report, so the last of several cannot be lost")
            del reports[-1]
        if fault is Fault.DOUBLED:
            reports *= 2
        pieces: list[Piece] = [(report, _REPORT_S) for report in reports]
        pull_before = self._random.randrange(len(pieces)) if fault is Fault.UNPLUGGED else None
        return await self._cable.send(pieces, pull_before=pull_before)

    def plug(self) -> None:
        self._cable.plug()

    def unplug(self) -> None:
        self._cable.unplug()

    def close(self) -> None:
        self._cable.unplug()


def encode_reports(code: bytes, aim: bytes, layout: ReportLayout) -> list[bytes]:
    """Return the reports by which a device of this layout sends a code."""
    size = _BARE_BYTES if layout is ReportLayout.BARE else _DATA_BYTES
    parts = [code[start : start + size] for start in range(0, len(code), size)] or [b""]
    return [_report(part, aim, layout, continues=number < len(parts)) for number, part in enumerate(parts, start=1)]


def _report(part: bytes, aim: bytes, layout: ReportLayout, *, continues: bool) -> bytes:
    if layout is ReportLayout.BARE:
        return bytes([len(part)]) + part.ljust(_BARE_BYTES, b"\0")
    head = bytes([REPORT_ID, len(part)])
    data = part.ljust(_DATA_BYTES, b"\0")
    more = bytes([continues])
    if layout is ReportLayout.PLAIN:
        return head + data + bytes(4) + _CODE_ID + more
    return head + (aim or _NO_AIM) + data + _CODE_ID + b"\0" + more
