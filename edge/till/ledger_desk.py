"""What a person does about the centre's ledger: rows that are not at their end, and the lots that they wait for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from sqlalchemy import Connection

from edge.clock import Clock
from edge.store.batches import all_batches, find_batch, name_batch, open_batch
from edge.till import uploading
from edge.till.after_views import BatchesShown, RowsShown, show_batch, show_rows
from edge.till.batches import BatchUnknownError, Imported, import_batches, read_batches
from edge.till.desk import Who, who_is_there
from edge.till.uploading import Uploader

MOST_ROWS = 500
_T = TypeVar("_T")


class Within(Protocol):
    """Does something in one transaction of the store."""

    def __call__(self, work: Callable[[Connection], _T], /) -> Awaitable[_T]:
        """Return what it comes to."""
        ...


class LedgerDesk:
    """One verb each; what changes something is done in the name of whoever is signed in."""

    def __init__(self, within: Within, uploader: Uploader, clock: Clock) -> None:
        self._within, self._uploader, self._clock = within, uploader, clock

    async def rows(self) -> RowsShown:
        """Return the rows that are not at their end."""
        return await self._within(lambda tx: show_rows(tx, MOST_ROWS))

    async def send_again(self, number: int) -> RowsShown:
        """Send a refused row once more (`uploading.send_again`)."""
        await self._named(lambda tx, _: uploading.send_again(tx, number, self._clock))
        self._uploader.wake()
        return await self.rows()

    async def set_row_aside(self, number: int, reason: str) -> RowsShown:
        """Let a row go (`uploading.set_aside`)."""
        await self._named(lambda tx, who: uploading.set_aside(tx, number, f"{who.login}: {reason}"))
        return await self.rows()

    async def batches(self) -> BatchesShown:
        """Return the register of lots."""
        return BatchesShown(tuple(show_batch(one) for one in await self._within(all_batches)))

    async def import_batches(self, text: str) -> Imported:
        """Take a list of lots; rows that waited for them go out."""
        lots = read_batches(text, self._clock.now())
        done = await self._named(lambda tx, _: import_batches(tx, lots))
        self._uploader.wake()
        return done

    async def open_batch(self, product: str, batch: str) -> BatchesShown:
        """Sell a product from this lot from now on.

        Raises:
            BatchUnknownError: The register does not have it.
        """

        def within(tx: Connection, who: Who) -> None:
            del who
            if not open_batch(tx, product, batch, self._clock.now()):
                raise BatchUnknownError(product, batch)

        await self._named(within)
        return await self.batches()

    async def name_batch(self, sale: str, line: int, product: str, batch: str) -> None:
        """Say which lot a line of a sale was taken from.

        Raises:
            BatchUnknownError: The register does not have it.
        """

        def within(tx: Connection, who: Who) -> None:
            del who
            if find_batch(tx, product, batch) is None:
                raise BatchUnknownError(product, batch)
            name_batch(tx, sale, line, batch)

        await self._named(within)

    async def _named(self, work: Callable[[Connection, Who], _T]) -> _T:
        """Do something in the name of whoever is signed in."""
        return await self._within(lambda tx: work(tx, who_is_there(tx)))
