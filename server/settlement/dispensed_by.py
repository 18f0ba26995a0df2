"""By when a drug is known to have been dispensed, to judge whether its e-prescription was still valid then.

What a message says of its own time proves nothing: a drug that is sold on Friday on a prescription of Monday could be
told as Tuesday's. So the moment counts at which the message came, unless the centre itself knows of an earlier one:
the visit was on record, or the same sale held as much of the same prescription before it was cancelled or reversed.
What comes just after the prescription ran out is believed, since a counter takes its time and a line may be down.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from server.settlement.sale import Sale, SaleLine, key_of
from server.store import settlements, visits
from server.store.database import Connection
from server.store.entitlements import PrescriptionLine, Use

_AT_THE_COUNTER: Final = timedelta(hours=1)
"""So long after the sale its message may come without any doubt of it."""


@dataclass(frozen=True, slots=True)
class Held:
    """What the same sale held of a prescription before."""

    number: str
    item: str
    count: Decimal
    at: datetime


@dataclass(frozen=True, slots=True)
class DispensedBy:
    """What is known of a sale's lines."""

    by: datetime
    """When all of them had been dispensed at the latest."""
    held: Sequence[Held] = ()

    def of(self, line: SaleLine, item: str) -> datetime:
        """Return the moment to judge a line by; never before its own time."""
        earlier = [
            one.at
            for one in self.held
            if (one.number, one.item) == (line.prescription, item) and one.count >= line.count
        ]
        return max(line.at, min([self.by, *earlier]))


def dispensed_by(
    connection: Connection, sale: Sale, uses: Collection[Use], lines: Mapping[str, Sequence[PrescriptionLine]]
) -> DispensedBy:
    """Return what is known of a sale that claims e-prescriptions, of which these are all uses and lines."""
    by = sale.by.at - _AT_THE_COUNTER
    visit = visits.load_visit(connection, sale.visit) if sale.visit else None
    if visit is not None:
        by = min(by, visit.made_at)
    gone = [one for one in uses if one.given_back_at is not None]
    same = {used_by for used_by in {one.used_by for one in gone} if _is_same_sale(connection, used_by, sale)}
    items = {(number, line.n): line.item for number, of_number in lines.items() for line in of_number}
    held: dict[tuple[str, str, str], Held] = {}
    for one in gone:
        if one.used_by in same:
            item = items[one.number, one.n]
            place = (one.used_by, one.number, item)
            before = held[place].count if place in held else Decimal(0)
            held[place] = Held(one.number, item, before + one.count, one.used_at)
    return DispensedBy(by, tuple(held.values()))


def _is_same_sale(connection: Connection, setl_id: str, sale: Sale) -> bool:
    record = settlements.load_settlement(connection, setl_id)
    return record is not None and record.sale_key == key_of(sale)
