"""What twins of vendors' libraries share: functions of the C interface made in Python, and a desk told by files.

A twin runs in the same kind of process as a real library, and is called through the same C interface by address. What
people do before the device (hold a code up, insert a card, walk away) is written to a folder by whoever plays them.
"""

from __future__ import annotations

import ctypes
import os
import signal
import time
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from drivers.vendor.child import Addresses

_T = TypeVar("_T")
_LOOK_S = 0.02


class Fault(StrEnum):
    """What a library does instead of answering."""

    CRASH = "crash"
    """It writes to where it may not, and the process ends."""
    HANG = "hang"
    """It never comes back."""
    GARBAGE = "garbage"
    """It comes back with half an answer."""
    REFUSE = "refuse"
    """Its service says no."""
    FORGET = "forget"
    """It says no, because its service is gone; what was set up is gone as well."""


class Desk(Generic[_T]):
    """What lies before a device, as a file that one side writes and the other looks at."""

    def __init__(self, folder: Path, of: type[_T]) -> None:
        self._path = folder / "desk.json"
        self._decoder = msgspec.json.Decoder(of)

    def put(self, what: _T) -> None:
        """Lay `what` before the device, in place of what lay there."""
        new = self._path.with_suffix(".new")
        new.write_bytes(msgspec.json.encode(what))
        new.replace(self._path)

    def clear(self) -> None:
        """Take it away."""
        self._path.unlink(missing_ok=True)

    def look(self) -> _T | None:
        """Return what lies there."""
        try:
            return self._decoder.decode(self._path.read_bytes())
        except FileNotFoundError:
            return None

    def wait(self, fits: Callable[[_T], bool], for_s: float) -> _T | None:
        """Wait until something lies there that fits; None if nothing came in time."""
        until = time.monotonic() + for_s
        while time.monotonic() < until:
            found = self.look()
            if found is not None and fits(found):
                return found
            time.sleep(_LOOK_S)
        return None


def suffer(fault: Fault | None) -> None:
    """Do what cannot be told by an answer."""
    if fault is Fault.CRASH:
        os.kill(os.getpid(), signal.SIGSEGV)
    while fault is Fault.HANG:
        time.sleep(1)


def write_room(address: int, text: bytes) -> None:
    """Write a C string to where a caller made room for it."""
    ctypes.memmove(address, text + b"\0", len(text) + 1)


def addresses_of(functions: Mapping[str, ctypes._FuncPointer]) -> Addresses:  # type: ignore[name-defined,unused-ignore]
    """Return where functions made by `ctypes.CFUNCTYPE` stand."""

    def address(name: str) -> int:
        found = ctypes.cast(functions[name], ctypes.c_void_p).value
        if found is None:
            raise LookupError(name)
        return found

    return address
