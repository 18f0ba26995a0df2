"""A simulated camera over a counter: boxes drawn into frames, served as an IP camera serves them.

Between two boxes the counter is empty for a moment, as it is when a hand takes one away and puts the next down; two
scans of the same code are therefore two appearances.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from drivers.camera.simulated import SimulatedIpCamera
from drivers.scanner.simulated.boxes import Look, Symbol, draw_scene
from drivers.scanner.simulated.symbols import Encoder
from drivers.scanner.simulated.twin import Delivery, Fault

_EMPTY_FRAMES = 2
_DEADLINE_S = 3.0
_EAN_LENGTHS = {13: "]E0", 8: "]E4"}


class SimulatedCameraScanner:
    """A camera that is shown one box, or a tray of them. Satisfies `SimulatedScanner`.

    A box stays for `hold_frames`: one frame moves, two agree, and the rest are for a reader that is short of time,
    because a person holds the box until the terminal beeps and this twin cannot hear it.
    """

    def __init__(
        self,
        *,
        look: Look | None = None,
        size: tuple[int, int] = (1280, 720),
        fps: float = 8.0,
        encoder: Encoder = Encoder.FIRST,
        name: str = "",
        seed: int = 0,
        hold_frames: int = 6,
    ) -> None:
        self._look = look or Look(px_per_module=3.0, noise=2.0)
        self._size = size
        self._encoder = encoder
        self._name = name
        self._seed = seed
        self._hold_frames = hold_frames
        self._empty = draw_scene((), self._look, size=size, seed=seed)
        self._camera = SimulatedIpCamera(self._empty, fps=fps)

    @property
    def spec(self) -> str:
        return f"camera:{self._camera.url}" + (f";name={self._name}" if self._name else "")

    @property
    def camera(self) -> SimulatedIpCamera:
        """The camera itself, for faults of the line."""
        return self._camera

    async def scan(self, code: bytes, symbology: str | None = None, *, fault: Fault | None = None) -> Delivery:
        """Put a box with this code before the camera, where it stays until `clear` or the next one.

        Returns once enough frames of it were sent to somebody, or when that takes too long.

        Raises:
            ValueError: The carrier cannot say these bytes.
        """
        symbol = Symbol(code, symbology or carrier_for(code), self._encoder_for(symbology or carrier_for(code)))
        return await self.show([symbol], fault=fault)

    async def show(self, symbols: Sequence[Symbol], *, fault: Fault | None = None) -> Delivery:
        """Put a tray of boxes before the camera, as `scan` does one."""
        self._seed += 1
        scene = draw_scene(symbols, self._look, size=self._size, seed=self._seed)
        size = sum(len(symbol.raw) for symbol in symbols)
        self.clear()
        is_seen = await self._sent(_EMPTY_FRAMES)
        handed_at = time.time()
        self._camera.show(scene)
        if fault is Fault.UNPLUGGED:
            self.unplug()
        is_seen = await self._sent(self._hold_frames) and is_seen
        if fault is Fault.DOUBLED:
            self.clear()
            await self._sent(_EMPTY_FRAMES)
            handed_at = time.time()
            self._camera.show(scene)
            is_seen = await self._sent(self._hold_frames) and is_seen
        return Delivery(size, 0, handed_at) if is_seen else Delivery(0, size, None)

    def clear(self) -> None:
        """Take the boxes away."""
        self._camera.show(self._empty)

    def plug(self) -> None:
        self._camera.plug()

    def unplug(self) -> None:
        self._camera.unplug()

    def close(self) -> None:
        self._camera.close()

    async def _sent(self, frames: int) -> bool:
        return await asyncio.to_thread(self._camera.wait_sent, frames, _DEADLINE_S)

    def _encoder_for(self, symbology: str) -> Encoder:
        # Data Matrix and GS1 QR have one encoder only.
        return self._encoder if symbology in {"]C0", "]C1", "]E0", "]E4", "]Q1"} else Encoder.FIRST


def carrier_for(code: bytes) -> str:
    """Return the carrier that a pack would bear such a code in."""
    if b"\x1d" in code:
        return "]d2"
    if code.isdigit() and len(code) in _EAN_LENGTHS:
        return _EAN_LENGTHS[len(code)]
    return "]C0" if code.isdigit() else "]Q1"
