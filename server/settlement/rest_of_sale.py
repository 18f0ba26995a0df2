"""What stays of a sale after packs of it came back: settled anew under the sale's number, it keeps the sale's day.

A sale is settled within a few days, or one could choose the year and the rules by its day. The rest of a sale that was
settled in time chooses nothing: its day was fixed then. So it may be settled however old the sale is, if it is the same
person's, of the same day, and nothing in it is new; the few days run from the cancellation.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from rules.benefits.days_late import DaysLate
from server.settlement.checks import check_in_time
from server.settlement.errors import TooLateError
from server.settlement.sale import Sale, key_of
from server.store import settlements
from server.store.database import Connection
from server.store.settlements import SettledLine, Settlement, SettlementState
from server.store.settlements_of_sale import find_settlements_of_sale
from wire.fsi.values import BEIJING

_Goods = tuple[str, str, Decimal]
"""National code, own code, price."""


def check_days(connection: Connection, sale: Sale, allowed: DaysLate, today: date) -> None:
    """Refuse a sale that is settled too late, unless it is what stays of one that was settled in time.

    Raises:
        TooLateError: It is neither.
    """
    try:
        check_in_time(sale, allowed, today)
    except TooLateError:
        if sale.visit or not _is_rest(connection, sale, allowed, today):
            raise


def _is_rest(connection: Connection, sale: Sale, allowed: DaysLate, today: date) -> bool:
    if not sale.sale_number:
        return False
    made = find_settlements_of_sale(connection, sale.psn_no, key_of(sale))
    if not made or made[-1].begins_at.astimezone(BEIJING).date() != sale.day:
        return False
    if not _is_within(sale, settlements.load_lines(connection, made[-1].setl_id)):
        return False
    since = _cancelled_on(connection, made[-1])
    return since is None or (today - since).days <= allowed.pharmacy


def _cancelled_on(connection: Connection, settled: Settlement) -> date | None:
    """Return the day of the cancellation; None while it stands, when the rest is only tried."""
    if settled.state is SettlementState.ACTIVE:
        return None
    negative = settlements.find_cancelling(connection, settled.setl_id)
    return None if negative is None else negative.day


def _is_within(sale: Sale, lines: Iterable[SettledLine]) -> bool:
    """Tell whether all of it was settled before."""
    left: defaultdict[_Goods, Decimal] = defaultdict(Decimal)
    for before in lines:
        left[before.item, before.own_item, before.price] += before.count
    for line in sale.lines:
        left[line.item, line.own_code, line.price] -= line.count
    return all(count >= 0 for count in left.values())
