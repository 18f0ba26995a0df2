"""A simulated serial scanner: the bytes of a real one, on a pseudo-terminal.

Paced at the line's speed and cut at random places, as bytes arrive from a UART or a USB packet.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from pathlib import Path
from random import Random

from drivers.scanner.simulated.habit import AS_IT_COMES, Habit
from drivers.scanner.simulated.twin import Delivery, Fault, Wait
from drivers.scanner.simulated.wire import PATIENCE_S, Cable, Piece, PtyWire

_BITS_PER_BYTE = 10
"""Start bit, eight data bits, stop bit."""
_LONGEST_PIECE = 64
"""A full-speed USB packet."""
_GS = b"\x1d"


class SimulatedSerialScanner:
    """A scanner at the end of a pseudo-terminal. Satisfies `SimulatedScanner`."""

    def __init__(
        self,
        link: Path,
        *,
        random: Random,
        baud: int = 9600,
        suffix: bytes = b"\r",
        sends_aim: bool = False,
        habit: Habit = AS_IT_COMES,
        name: str = "",
        wait: Wait = asyncio.sleep,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._link = link
        self._random = random
        self._baud = baud
        self._suffix = suffix
        self._sends_aim = sends_aim
        self._habit = habit
        self._name = name
        self._cable = Cable(PtyWire(link), wait, patience_s)
        self.plug()

    @property
    def spec(self) -> str:
        return f"serial:{self._link},{self._baud}" + (f";name={self._name}" if self._name else "")

    async def scan(self, code: bytes, symbology: str | None = None, *, fault: Fault | None = None) -> Delivery:
        pieces = self._cut(self._bytes(code, symbology, fault))
        if fault is Fault.DOUBLED:
            pieces *= 2
        pull_before = self._random.randrange(len(pieces)) if fault is Fault.UNPLUGGED else None
        return await self._cable.send(pieces, pull_before=pull_before)

    def program(self, habit: Habit) -> None:
        """Scan programming codes of the maker's manual: from now on the scanner is set so."""
        self._habit = habit

    def steal(self) -> bytes:
        """Be a second program that opens the port without asking, and takes what lies there."""
        port = os.open(self._link, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        try:
            with contextlib.suppress(BlockingIOError):
                return os.read(port, 4096)
            return b""
        finally:
            os.close(port)

    def plug(self) -> None:
        self._cable.plug()

    def unplug(self) -> None:
        self._cable.unplug()

    def close(self) -> None:
        self._cable.unplug()

    def _bytes(self, code: bytes, symbology: str | None, fault: Fault | None) -> bytes:
        if fault is Fault.DROP_GS:
            code = code.replace(_GS, b"")
        aim = (symbology or "").encode("ascii") if self._sends_aim else b""
        return self._habit.sent(code, aim) + (b"" if fault is Fault.NO_SUFFIX else self._suffix)

    def _cut(self, whole: bytes) -> list[Piece]:
        pieces = []
        while whole:
            length = self._random.randint(1, _LONGEST_PIECE)
            piece, whole = whole[:length], whole[length:]
            pieces.append((piece, len(piece) * _BITS_PER_BYTE / self._baud))
        return pieces
