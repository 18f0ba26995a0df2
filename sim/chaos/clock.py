"""A clock that can be set from outside: of one process, while it runs, and of nobody else."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from importlib import resources
from pathlib import Path

from sim.disk.shim import BUILD_S, COMPILERS, ShimError

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
    compiler = next(filter(None, map(shutil.which, COMPILERS)), None)
    if compiler is None:
        raise ShimError(f"no C compiler ({', '.join(COMPILERS)}): clocks cannot be set on this machine")
    library = folder / "clock-shim.so"
    source = resources.files(__package__).joinpath("clock.c").read_bytes()
    command = [compiler, "-shared", "-fPIC", "-O2", "-Wall", "-x", "c", "-", "-o", str(library), "-ldl"]
    done = subprocess.run(command, input=source, capture_output=True, timeout=BUILD_S, check=False)  # noqa: S603 - our own source
    if done.returncode != 0:
        raise ShimError(f"{compiler} cannot build the clock shim:\n{done.stderr.decode(errors='replace')}")
    return library


def environment(library: Path, control: Path, before: str | None = None) -> dict[str, str]:
    """Return what to add to the environment of a process whose clock is to be set, other preloaded libraries kept."""
    loaded = before or os.environ.get("LD_PRELOAD")
    return {
        "LD_PRELOAD": f"{library.resolve()}:{loaded}" if loaded else str(library.resolve()),
        "YIMA_CLOCK_CONTROL": str(control.resolve()),
    }
