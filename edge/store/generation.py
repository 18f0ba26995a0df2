"""The generation of a file: what tells it from another one that was given the same inode after it was removed.

File systems number inodes anew as soon as they are free: a copy that is put in the place of a removed file mostly has
that file's number, but never its generation.
"""

from __future__ import annotations

import fcntl
import os
import struct
from contextlib import suppress
from pathlib import Path

OWN_DESCRIPTORS = Path("/proc/self/fd")
_C_LONG = struct.calcsize("l")
_FS_IOC_GETVERSION = 0x8000_7601 | _C_LONG << 16


def generation_of(file: Path) -> int | None:
    """Return the generation of a file's inode; None where the system tells none, as overlays and tmpfs."""
    try:
        borrowed = _own_descriptor(file)
        if borrowed is not None:
            return _asked(borrowed)
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return _asked(descriptor)
        finally:
            os.close(descriptor)
    except OSError:
        return None


def _own_descriptor(file: Path) -> int | None:
    """Return a descriptor by which this process has the file open.

    SQLite's locks belong to the process: they would be gone with the first other descriptor that is closed (POSIX).
    """
    wanted = file.stat()
    for entry in OWN_DESCRIPTORS.iterdir():
        # The one by which the folder was listed is closed by now.
        with suppress(OSError):
            if os.path.samestat(os.fstat(int(entry.name)), wanted):
                return int(entry.name)
    return None


def _asked(descriptor: int) -> int:
    told = fcntl.ioctl(descriptor, _FS_IOC_GETVERSION, bytes(_C_LONG))
    # The kernel writes an int, although it names a long.
    (generation,) = struct.unpack_from("I", told)
    return int(generation)
