"""The disk shim: built on this machine, switched from outside, its log read back.

A process that is started with `environment(...)` has a disk of its own below one folder: `DiskFaults` breaks and mends
it while the process runs, and with a log every change is kept in the order in which it was made (`read_log`).

    library = build_shim(folder)
    faults = DiskFaults(folder / "control")
    started = subprocess.Popen(command, env={**os.environ, **environment(library, store, faults.control)})
    faults.set(Fault.FULL)
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from sim.preload import ShimError, build_library, preloaded

_CONTROL = struct.Struct("=i4xqq")
_FAULT = struct.Struct("=i")
_COUNT = struct.Struct("=q")
_SPARED_AT = 8
_REFUSED_AT = 16
_RECORD = struct.Struct("=BxHIq")


class Fault(IntEnum):
    """What is wrong with the disk."""

    NONE = 0
    FULL = 1
    """Nothing can be written: ENOSPC. Names can still be made and removed."""
    IO_ERROR = 2
    """Writing, synchronising and changing names fail: EIO. Reading goes on."""
    READ_ONLY = 3
    """Nothing can be changed nor opened for writing: EROFS."""


class ChangeKind(IntEnum):
    """What a process did to its folder."""

    CREATE = 1
    WRITE = 2
    TRUNCATE = 3
    RENAME = 4
    UNLINK = 5
    SYNC = 6
    MKDIR = 7
    RMDIR = 8
    LINK = 9


@dataclass(frozen=True, slots=True)
class Change:
    """One change to the folder, as it was made."""

    kind: ChangeKind
    name: str
    """Of the file, relative to the folder; empty for the folder itself."""
    place: int
    """Offset of a write, size of a truncation."""
    body: bytes
    """What was written; of a renaming or a link, the new name."""


class DiskFaults:
    """The switch for the disk of the processes that were started with this control file.

    The file is made if there is none. Several may hold the same one; a new one mends the disk and counts from nought.
    """

    def __init__(self, control: Path) -> None:
        self.control = control
        # Never truncated: processes look at it through their memory.
        descriptor = os.open(control, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        os.pwrite(descriptor, _CONTROL.pack(Fault.NONE, 0, 0), 0)
        os.close(descriptor)

    def set(self, fault: Fault, *, after: int = 0) -> None:
        """Break the disk from now on, or after it took so many more operations; `Fault.NONE` mends it."""
        with self.control.open("r+b", buffering=0) as file:
            # The fault comes last: a process that looks meanwhile never finds it with another count.
            file.write(_FAULT.pack(Fault.NONE))
            file.seek(_SPARED_AT)
            file.write(_COUNT.pack(after))
            file.seek(0)
            file.write(_FAULT.pack(fault))

    def clear(self) -> None:
        """Mend the disk."""
        self.set(Fault.NONE)

    def refused(self) -> int:
        """Return how many operations were refused so far: proof that a fault was met."""
        content = self.control.read_bytes()
        return int(_COUNT.unpack_from(content, _REFUSED_AT)[0])


def build_shim(folder: Path) -> Path:
    """Return the shim as a library in `folder`, compiled unless it is there already.

    Raises:
        ShimError: This machine has no C compiler, or it refuses the source.
    """
    return build_library(__package__, "shim.c", folder, without="disk faults cannot be shown")


def environment(library: Path, folder: Path, control: Path, log: Path | None = None) -> dict[str, str]:
    """Return what to add to the environment of a process whose disk is to be watched and broken below `folder`.

    Raises:
        ShimError: The control file or the log is inside the folder, where a fault would meet it too.
    """
    watched = folder.resolve()
    for file in (control, log):
        if file is not None and file.resolve().is_relative_to(watched):
            raise ShimError(f"{file} is inside {watched}, which is watched")
    names = {
        **preloaded(library),
        "YIMA_DISK_FOLDER": str(watched),
        "YIMA_DISK_CONTROL": str(control.resolve()),
    }
    return names if log is None else {**names, "YIMA_DISK_LOG": str(log.resolve())}


def read_log(log: Path) -> list[Change]:
    """Return every change, in order. A record that was cut short by a kill is the last one, and left out."""
    return list(_changes(log.read_bytes()))


def _changes(content: bytes) -> Iterator[Change]:
    at = 0
    while at + _RECORD.size <= len(content):
        kind, name_size, body_size, place = _RECORD.unpack_from(content, at)
        name_at = at + _RECORD.size
        body_at = name_at + name_size
        at = body_at + body_size
        if at > len(content):
            return
        yield Change(ChangeKind(kind), os.fsdecode(content[name_at:body_at]), place, content[body_at:at])
