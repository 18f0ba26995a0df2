"""What all simulated scanners share: the trigger, the plug, the faults, and an honest answer about lost bytes.

A twin behaves as the hardware does towards software that is not there: it beeps and its bytes are gone. It never
waits for a reader without end and never fails because there is none; `Delivery` says what is known to be lost.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

Wait = Callable[[float], Awaitable[object]]
"""Lets seconds pass; `asyncio.sleep`, or something faster in a test."""


class Fault(StrEnum):
    """What can go wrong with one pull of the trigger."""

    DROP_GS = "drop_gs"
    """The scanner is set to send no group separator."""
    NO_SUFFIX = "no_suffix"
    """No suffix follows; with another scan close behind, the two are glued."""
    DOUBLED = "doubled"
    """The trigger bounces: the code is sent twice."""
    UNPLUGGED = "unplugged"
    """The cable comes out in the middle of the code."""
    INVERTED_CASE = "inverted_case"
    """Keyboard only: the scanner swaps upper and lower case, because the host's Caps Lock light is on."""
    EVENTS_LOST = "events_lost"
    """Keyboard only: the kernel's buffer overflows and events are lost."""
    REPORT_LOST = "report_lost"
    """HID-POS only: the last report of a code that needs several does not arrive."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of one pull of the trigger, as far as the device can know."""

    written: int
    """Bytes that were handed to the line while somebody had it open."""
    lost: int
    """Bytes that nobody will ever read: no reader, or the cable was out."""
    handed_at: float | None
    """When the last of the bytes was handed to the line (the box to the camera), seconds since 1970; taken just before,
    so that a reader cannot have it earlier. None if nothing was."""

    @property
    def is_whole(self) -> bool:
        """Nothing is known to be lost."""
        return self.lost == 0


class SimulatedScanner(Protocol):
    """A scanner that can be triggered from code."""

    @property
    def spec(self) -> str:
        """The line for the configuration of the terminal that reads this scanner."""
        ...

    async def scan(self, code: bytes, symbology: str | None = None, *, fault: Fault | None = None) -> Delivery:
        """Pull the trigger in front of `code`; one pull at a time, as with a real one."""
        ...

    def plug(self) -> None:
        """Connect the cable; the device may come back as another node."""
        ...

    def unplug(self) -> None:
        """Pull the cable out."""
        ...

    def close(self) -> None:
        """Remove the device for good."""
        ...
