"""What a process costs, as Linux itself counts it: memory, open files and CPU of a process with all its children."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_UTIME, _STIME = 11, 12
"""Places in /proc/PID/stat after the name."""


def family(pid: int) -> list[int]:
    """Return the process and everything it started that still runs."""
    found = [pid]
    for one in found:
        found += _children(one)
    return found


def pss_mb(pid: int) -> float:
    """Return the memory of the family, with what is shared between processes divided among them."""
    return sum(_field_kb(one, "smaps_rollup", "Pss:") for one in family(pid)) / 1e3


def rss_mb(pid: int) -> float:
    """Return the resident memory of the family."""
    return sum(_field_kb(one, "status", "VmRSS:") for one in family(pid)) / 1e3


def open_files(pid: int) -> int:
    """Return how many descriptors the family has open."""
    return sum(len(os.listdir(f"/proc/{one}/fd")) for one in family(pid))  # noqa: PTH208 - names of descriptors


def cpu_s(pid: int) -> float:
    """Return the CPU time that the family has used."""
    return sum(_ticks(one) for one in family(pid)) / _TICKS


def _children(pid: int) -> Iterator[int]:
    for task in Path(f"/proc/{pid}/task").iterdir():
        yield from map(int, (task / "children").read_text(encoding="ascii").split())


def _field_kb(pid: int, file: str, name: str) -> int:
    for line in Path(f"/proc/{pid}/{file}").read_text(encoding="utf-8").splitlines():
        if line.startswith(name):
            return int(line.split()[1])
    raise LookupError(f"/proc/{pid}/{file} has no {name}")


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return int(fields[_UTIME]) + int(fields[_STIME])
