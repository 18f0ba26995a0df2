"""Whoever has to tell the centre's ledger of what the counter sells for cash, and of what comes back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from sqlalchemy import Connection


class Owes(Protocol):
    """Who has to tell the centre's ledger of what is paid in cash; told within the transaction."""

    def sold(self, tx: Connection, sale: str, operator: str) -> None:
        """A sale was closed as paid by the customer."""
        ...

    def came_back(self, tx: Connection, sale: str, codes: Sequence[str], operator: str) -> None:
        """Packs of such a sale came back."""
        ...


class _NothingOwed:
    """Where nothing is told to a ledger but by the events."""

    def sold(self, tx: Connection, sale: str, operator: str) -> None:
        """Do nothing."""

    def came_back(self, tx: Connection, sale: str, codes: Sequence[str], operator: str) -> None:
        """Do nothing."""


NOTHING_OWED: Final[Owes] = _NothingOwed()
