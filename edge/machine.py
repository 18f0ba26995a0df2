"""The box the terminal runs on: disk, memory, temperature, load. Read from the kernel's own files; nothing is cached.

What the system does not say is None: a container has no sensors, an old kernel no proportional memory.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from edge.health import Machine

PROC, SYS = Path("/proc"), Path("/sys")
_MILLI = 1_000.0
_SANE_C = (-40.0, 150.0)
"""A sensor that reports anything else is not connected."""


def read_machine(folder: Path, pid: int, *, proc: Path = PROC, sys: Path = SYS) -> Machine:
    """Return how the box is.

    Args:
        folder: The data folder, whose disk counts.
        pid: The terminal's process.
        proc: Where the kernel tells of processes.
        sys: Where it tells of sensors.
    """
    family = list(_family(proc, pid))
    total, free = _disk(folder)
    load = _text(proc / "loadavg").split()
    return Machine(
        disk_free_bytes=free,
        disk_total_bytes=total,
        pss_bytes=_sum(_kilobytes(proc / str(one) / "smaps_rollup", "Pss") for one in family),
        rss_bytes=_sum(_kilobytes(proc / str(one) / "status", "VmRSS") for one in family),
        memory_available_bytes=_kilobytes(proc / "meminfo", "MemAvailable"),
        temperature_c=_temperature(sys),
        load=float(load[0]) if load else None,
        cores=os.cpu_count(),
    )


def _disk(folder: Path) -> tuple[int | None, int | None]:
    try:
        usage = shutil.disk_usage(folder)
    except OSError:
        return None, None
    return usage.total, usage.free


def _family(proc: Path, pid: int) -> Iterator[int]:
    """Yield a process and all its children: a camera and its decoder run in processes of their own."""
    yield pid
    for told in proc.glob(f"{pid}/task/*/children"):
        for child in _text(told).split():
            yield from _family(proc, int(child))


def _sum(figures: Iterator[int | None]) -> int | None:
    """Add up what could be read; a child may end while we look."""
    known = [figure for figure in figures if figure is not None]
    return sum(known) if known else None


def _kilobytes(path: Path, name: str) -> int | None:
    found = re.search(rf"^{name}:\s+(\d+) kB", _text(path), re.MULTILINE)
    return None if found is None else int(found[1]) * 1024


def _temperature(sys: Path) -> float | None:
    zones = [_text(path).strip() for path in sys.glob("class/thermal/thermal_zone*/temp")]
    degrees = [int(zone) / _MILLI for zone in zones if re.fullmatch(r"-?\d+", zone)]
    coldest, hottest = _SANE_C
    return max((one for one in degrees if coldest <= one <= hottest), default=None)


def _text(path: Path) -> str:
    with suppress(OSError):
        return path.read_text(encoding="utf-8", errors="replace")
    return ""
