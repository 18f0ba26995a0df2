"""The port every scanner driver stands behind: a device that yields scans.

A scanner is read with one loop. It opens its device when the loop starts and lets it go when the loop ends, however
it ends; it never retries, because starting again with back-off is the supervisor's task:

    async with contextlib.aclosing(scanner.scans()) as scans:
        async for scan in scans:
            ...

Leave the loop through `aclosing`, or the device stays open until the generator is collected. Scans that were decoded
but not yielded when the loop ended are in `left`: whoever ends a loop asks for them, and no scan is lost with a driver.

A driver is alive as long as its `turns` grow. Whether anything is scanned is another matter, and `bytes_seen` tells it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Protocol

from codes.reading import Scan

Clock = Callable[[], float]
"""Seconds on a clock that never jumps, such as `time.monotonic`."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What a scanner has done since it was made: counts that only grow, for health and metrics."""

    is_open: bool = False
    """The device is open and being read."""
    opened: int = 0
    """How often the device was opened; more than one means it was lost in between."""
    bytes_seen: int = 0
    """Bytes that came from the device."""
    scans: int = 0
    """Scans that were yielded."""
    unterminated: int = 0
    """Scans that ended by silence: the scanner sends no suffix, or another one than configured."""
    last_progress: float | None = None
    """When bytes last came, on the clock the scanner was given; nothing yet if None."""
    turns: int = 0
    """How often the reading loop came round, whether anything came or not: the heartbeat. It grows at least every two
    seconds while the device is open and the next scan is waited for; a driver in which it stands still hangs."""
    is_starved: bool = False
    """The loop turns, yet nothing comes where something always should: a camera without frames."""
    occupant: str = ""
    """Who stands behind the path that was opened last, as the system tells; empty where it does not."""


class Scanner(Protocol):
    """One physical device that reads codes."""

    @property
    def device(self) -> str:
        """The device as the configuration names it, for example `serial:counter-left`: the `source` of its scans."""
        ...

    @property
    def progress(self) -> Progress:
        """The counts up to now."""
        ...

    def scans(self) -> AsyncGenerator[Scan, None]:
        """Open the device and yield each scan as it ends.

        Raises:
            DriverError: The device cannot be opened, or went away. `TransientError` is worth another try.
        """
        ...

    def left(self) -> tuple[Scan, ...]:
        """Take the scans that were decoded and not yielded, because their loop was left before."""
        ...
