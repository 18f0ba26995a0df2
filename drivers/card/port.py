"""The port every card reader stands behind: read the card that is inserted or laid on, check its PIN."""

from __future__ import annotations

from typing import Protocol

from drivers.holder import Holder


class CardReader(Protocol):
    """One device that reads cards. It waits for nobody: a card is there when it is asked, or it is not."""

    @property
    def device(self) -> str:
        """The device as the configuration names it."""
        ...

    def look(self) -> None:
        """Look whether what the device needs is there, as far as that shows without using it.

        Raises:
            DriverError: It is not, or cannot be used here.
        """
        ...

    async def read_insurance_card(self) -> Holder:
        """Read a social-security card (社会保障卡).

        Raises:
            DriverError: It cannot be read; `CardRefusedError` with the reader's own words.
        """
        ...

    async def read_id_card(self) -> Holder:
        """Read a resident identity card (居民身份证).

        Raises:
            DriverError: As for `read_insurance_card`.
        """
        ...

    async def check_pin(self) -> None:
        """Have the holder type the PIN at the reader, and the card check it. Nobody else sees it.

        Raises:
            DriverError: As for `read_insurance_card`; a wrong PIN is a `CardRefusedError` too.
        """
        ...

    async def close(self) -> None:
        """Let the device go."""
        ...
