"""The port every PIN pad stands behind: ask for a PIN, and forget it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, repr=False)
class Pin:
    """What a person typed. Never printed, never kept."""

    digits: str

    def __repr__(self) -> str:
        return "Pin(…)"


class PinPad(Protocol):
    """One pad beside a counter."""

    @property
    def device(self) -> str:
        """The device as the configuration names it."""
        ...

    async def ask(self, *, again: bool = False) -> Pin:
        """Ask the person for a PIN; `again` after a wrong one.

        Raises:
            DriverError: The pad cannot be used; `PinTimeoutError` and `PinLengthError` if the person did not do it.
        """
        ...
