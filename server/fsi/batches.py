"""How much of a batch an institution has, by all that it reported of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from rules.stock import CHANGE_KINDS, Moved, Movement, quantity
from server.store.database import Connection
from server.store.stock import StockRecord
from server.store.stock_entry import find_records_of_batch

_MOVEMENTS: Final[Mapping[str, Movement]] = MappingProxyType(
    {
        "3501": Movement.TAKEN,
        "3503": Movement.IN,
        "3504": Movement.OUT,
        "3505": Movement.OUT,
        "3506": Movement.IN,
    }
)


def movement_of(record: StockRecord) -> Movement:
    """Return what a record does to the quantity of its batch."""
    if record.infno in _MOVEMENTS:
        return _MOVEMENTS[record.infno]
    known = CHANGE_KINDS.get(record.change_kind)
    return known.movement if known is not None else Movement.UNKNOWN


def quantity_in(records: Sequence[StockRecord]) -> Decimal | None:
    """Return what records of one batch, in order, come to; None if it cannot be known."""
    return quantity(Moved(movement_of(one), one.count, one.is_split) for one in records)


def quantity_of(
    connection: Connection, institution: str, own_item: str, batch: str, *, until: datetime
) -> Decimal | None:
    """Return how much of a batch is there at a moment; None if it cannot be known."""
    return quantity_in(find_records_of_batch(connection, institution, own_item, batch, until=until))
