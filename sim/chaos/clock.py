"""A clock that can be set from outside: of one process, while it runs, and of nobody else."""

from __future__ import annotations

import struct
from pathlib import Path

from sim.preload import build_library, preloaded

_OFFSET = struct.Struct("=q")


class ClockFaults:
    """The switch for the clock of the processes that were started with this control file."""

    def __init__(self, control: Path) -> None:
        self.control = control
        control.write_bytes(_OFFSET.pack(0))

    def set(self, offset_s: float) -> None:
        """Put the clock forward, or back; 0 sets it right."""
        # In place: processes look at the file through their memory.
        with self.control.open("r+b", buffering=0) as file:
            file.write(_OFFSET.pack(round(offset_s * 1e6)))


def build_clock(folder: Path) -> Path:
    """Return the shim as a library in `folder`.

    Raises:
        ShimError: This machine has no C compiler, or it refuses the source.
    """
    return build_library(__package__, "clock.c", folder, without="clocks cannot be set")


def environment(library: Path, control: Path, before: str | None = None) -> dict[str, str]:
    """Return what to add to the environment of a process whose clock is to be set, other preloaded libraries kept."""
    return {
        **preloaded(library, before),
        "YIMA_CLOCK_CONTROL": str(control.resolve()),
    }
