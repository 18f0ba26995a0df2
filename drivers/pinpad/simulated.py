"""A simulated PIN pad on a pseudo-terminal: the bytes of a real one, with a person at its keys."""

from __future__ import annotations

import contextlib
import os
import tty
from pathlib import Path

from drivers.pinpad.serial import Say

_HIGH_BIT = 0x80


class SimulatedPinPad:
    """A pad at the end of a pseudo-terminal. It sends keys only while it was asked, as the real one does."""

    def __init__(self, link: Path, *, sets_high_bit: bool = False) -> None:
        self._link = link
        self._bit = _HIGH_BIT if sets_high_bit else 0
        self._is_asking = False
        self.said: list[Say] = []
        """What it was told to show, in order."""
        self._master, slave = os.openpty()
        os.set_blocking(self._master, False)
        tty.setraw(slave)
        link.unlink(missing_ok=True)
        link.symlink_to(os.ttyname(slave))
        # Held open, as a cable holds a line: else the first reader to leave would hang it up.
        self._slave = slave

    def hear(self) -> None:
        """Take what was sent to the pad since it last listened."""
        with contextlib.suppress(BlockingIOError):
            for byte in os.read(self._master, 64):
                self.said.append(Say(byte))
                self._is_asking = byte in (Say.ASK, Say.AGAIN)

    @property
    def is_asking(self) -> bool:
        """A person may type."""
        self.hear()
        return self._is_asking

    def press(self, keys: str) -> None:
        """Press keys: digits, `<` to take one back, `!` to clear all, and a carriage return for Enter."""
        self.hear()
        if self._is_asking:
            sent = keys.replace("<", "\b").replace("!", "\x1b").encode("ascii")
            os.write(self._master, bytes(byte | self._bit for byte in sent))

    def unplug(self) -> None:
        """Pull the cable."""
        self._link.unlink(missing_ok=True)
        os.close(self._slave)
        os.close(self._master)
