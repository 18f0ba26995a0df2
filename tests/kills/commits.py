"""The n-th COMMIT of a terminal from a moment on, and its death in the middle of it (`commits.c`)."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from edge.store.database import FILE_NAME
from sim.preload import build_library, preloaded

_CONTROL = struct.Struct("=qqi4x")
_LEFT, _DONE, _WHERE = 0, 8, 16
_NEVER = -1


class Where(IntEnum):
    """Where in a COMMIT."""

    TORN = 0
    """Pages of it are missing: none of it has happened."""
    WRITTEN = 1
    """It is whole, and nobody was told: all of it has happened."""


def build(folder: Path) -> Path:
    """Return the library, compiled unless it is there already.

    Raises:
        ShimError: This machine cannot.
    """
    return build_library("tests.kills", "commits.c", folder, without="no process can be killed within a COMMIT")


@dataclass(frozen=True)
class Commits:
    """The switch of one terminal."""

    control: Path

    def __post_init__(self) -> None:
        self.control.write_bytes(_CONTROL.pack(_NEVER, 0, 0))

    def environment(self, library: Path) -> dict[str, str]:
        """Return what to add to the environment of the terminal."""
        return {
            **preloaded(library),
            "YIMA_COMMITS_CONTROL": str(self.control.resolve()),
            "YIMA_COMMITS_LOG": f"/{FILE_NAME}-wal",
        }

    def die_in(self, nth: int, where: Where) -> None:
        """Have the terminal die in its n-th COMMIT from now on; the first is 1."""
        self._put(_WHERE, "=i", where)
        self._put(_LEFT, "=q", nth - 1)

    def let_live(self) -> None:
        self._put(_LEFT, "=q", _NEVER)

    @property
    def done(self) -> int:
        """How many there were since the control file was made."""
        found: tuple[int] = struct.unpack_from("=q", self.control.read_bytes(), _DONE)
        return found[0]

    def _put(self, at: int, form: str, value: int) -> None:
        # Never truncated: processes look at it through their memory.
        descriptor = os.open(self.control, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.pwrite(descriptor, struct.pack(form, value), at)
        finally:
            os.close(descriptor)
