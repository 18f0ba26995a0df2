"""The port every wedge stands behind: hand one code on as a scanner would.

A wedge is opened once and kept: a keyboard that comes and goes with every code is noticed by the desktop each time.
What was handed on cannot be taken back; an error says how much of the code had gone out.
"""

from __future__ import annotations

from typing import Protocol


class Wedge(Protocol):
    """One way out, to the software that waits for a scanner."""

    @property
    def device(self) -> str:
        """The way out as the configuration names it."""
        ...

    @property
    def is_open(self) -> bool:
        """It can be sent to."""
        ...

    async def open(self) -> None:
        """Make the way out.

        Raises:
            DriverError: It cannot be made; `TransientError` is worth another try.
        """
        ...

    async def send(self, code: bytes) -> None:
        """Hand one code on, with what ends it. One at a time.

        Raises:
            DriverError: It went out not at all or in part.
        """
        ...

    async def look(self) -> None:
        """Notice that what the way out led to is gone, if that can be seen without sending.

        Raises:
            DriverError: It is gone, and the way out is not open any more.
        """
        ...

    async def close(self) -> None:
        """Let the way out go."""
        ...
