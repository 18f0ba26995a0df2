"""Who has a lock of the store: what the lock file notes, and what the kernel says. Nothing is locked here."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

LOCKS = Path("/proc/locks")
BOOT = Path("/proc/sys/kernel/random/boot_id")
_PROCESSES = Path("/proc")
_LONGEST_NOTE = 128


class Holder(StrEnum):
    """What has the store to itself."""

    TERMINAL = "terminal"
    TOOL = "tool"
    """A command that came while no terminal ran; it ends by itself."""


class Kind(StrEnum):
    """How a file is locked, as the kernel calls it."""

    ALONE = "WRITE"
    SHARED = "READ"


@dataclass(frozen=True, slots=True)
class Note:
    """What a lock file says."""

    process: str
    """Who wrote it; empty if nobody did."""
    boot: str
    """The start of the machine in which the store was last opened."""
    holder: Holder
    """What that process is."""


def read_note(path: Path) -> Note:
    """Return what a lock file says.

    Raises:
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        lines = file.read(_LONGEST_NOTE).decode("ascii", "replace").splitlines()
    process, boot, holder, *_ = (*(line.strip() for line in lines), "", "", "")
    # An older program noted no holder.
    return Note(process, boot, Holder.TOOL if holder == Holder.TOOL else Holder.TERMINAL)


def write_note(descriptor: int, boot: str, holder: Holder) -> None:
    """Note in a lock file that this process holds it.

    Raises:
        OSError: The disk refuses to write.
    """
    note = f"{os.getpid()}\n{boot}\n{holder}\n".encode()
    os.pwrite(descriptor, note, 0)
    os.ftruncate(descriptor, len(note))


def this_boot() -> str:
    """Return the name of this start of the machine; nothing where the system has none."""
    try:
        return BOOT.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def is_terminals(path: Path) -> bool:
    """Tell whether a terminal is known to have a lock to itself: a note that the holder did not write says nothing."""
    try:
        note = read_note(path)
    except OSError:
        return False
    return note.holder is Holder.TERMINAL and note.process in holders(path, Kind.ALONE)


def holders(path: Path, kind: Kind, locks: Path = LOCKS) -> list[str]:
    """Return the processes that the kernel says have locked a file in this way."""
    try:
        held, file, noted = locks.read_text(encoding="ascii"), path.stat(), read_note(path).process
    except (OSError, UnicodeDecodeError):
        return []
    place = f"{os.major(file.st_dev):02x}:{os.minor(file.st_dev):02x}:{file.st_ino}"
    lines = [line.split() for line in held.splitlines()]
    flocks = [(line[4], line[5]) for line in lines if (line[1], line[3]) == ("FLOCK", kind)]
    # Other disks have files of the same number, and some file systems tell another device here than there: then it is
    # the process that the lock file names, or one that has this very file open.
    return [
        pid
        for pid, at in flocks
        if at == place or (at.endswith(f":{file.st_ino}") and (pid == noted or _has_open(pid, file)))
    ]


def _has_open(process: str, file: os.stat_result) -> bool:
    # Of other accounts' processes the system does not tell us.
    with suppress(OSError):
        for one in (_PROCESSES / process / "fd").iterdir():
            with suppress(OSError):
                if os.path.samestat(one.stat(), file):
                    return True
    return False
