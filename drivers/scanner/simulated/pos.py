"""A simulated HID-POS scanner: its 64-byte reports, in a named pipe."""

from __future__ import annotations

import asyncio
from pathlib import Path
from random import Random

from drivers.scanner.pos_report import REPORT_BYTES, REPORT_ID
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
        name: str = "",
        wait: Wait = asyncio.sleep,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._path = path
        self._random = random
        self._reports = reports
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
        reports = self._encode(code, symbology)
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

    def _encode(self, code: bytes, symbology: str | None) -> list[bytes]:
        size = _BARE_BYTES if self._reports is ReportLayout.BARE else _DATA_BYTES
        parts = [code[start : start + size] for start in range(0, len(code), size)] or [b""]
        aim = (symbology or "").encode("ascii")
        return [self._report(part, aim, continues=number < len(parts)) for number, part in enumerate(parts, start=1)]

    def _report(self, part: bytes, aim: bytes, *, continues: bool) -> bytes:
        if self._reports is ReportLayout.BARE:
            return bytes([len(part)]) + part.ljust(_BARE_BYTES, b"\0")
        head = bytes([REPORT_ID, len(part)])
        data = part.ljust(_DATA_BYTES, b"\0")
        more = bytes([continues])
        if self._reports is ReportLayout.PLAIN:
            return head + data + bytes(4) + _CODE_ID + more
        return head + (aim or _NO_AIM) + data + _CODE_ID + b"\0" + more
