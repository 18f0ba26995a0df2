"""What the centre's ledger is owed by what the counter does, noted within the counter's own transactions."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from edge.store.settlements import SettlementRow
from edge.till.ledger import Ledger


class Owing:
    """Told by the counter."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def note_settled(self, tx: Connection, row: SettlementRow) -> None:
        """Owe the ledger a settled sale."""
        self._ledger.note_settled(tx, row)

    def sold(self, tx: Connection, sale: str, operator: str) -> None:
        """Owe the ledger a sale that was paid in cash."""
        self._ledger.note_self_paid(tx, sale, operator)

    def came_back(self, tx: Connection, sale: str, codes: Sequence[str], operator: str) -> None:
        """Owe the ledger the return of packs that were paid in cash."""
        self._ledger.note_return(tx, sale, codes, operator)
