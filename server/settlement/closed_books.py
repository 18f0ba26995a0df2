"""Books that are closed: what stands in them is undone by a record of today, and struck out no more.

A record is closed when both sides found their books equal with it in them (3201), or when so many days have passed that
no answer is waited for any longer. A 3202 only finds differences; the 3201 that follows it closes. To strike a closed
record out would change a day and a month that were reported, without a trace in the institution's books.
"""

from __future__ import annotations

from codes.words import Words
from server.settlement.comparing import Result
from server.settlement.errors import ReversalError
from server.settlement.sale import Caller
from server.store import reconciliation
from server.store.database import Connection
from server.store.settlements import Settlement
from wire.fsi.values import BEIJING


def check_open(connection: Connection, record: Settlement, by: Caller, days: int, instead: Words) -> None:
    """Refuse to strike a settlement or a cancellation out of closed books.

    Args:
        connection: To read with.
        record: What would be struck out.
        by: Who asks, and when.
        days: How many may have passed.
        instead: What to do instead.

    Raises:
        ReversalError: The books are closed.
    """
    passed = (by.at.astimezone(BEIJING).date() - record.day).days
    if passed > days:
        raise ReversalError(
            Words(
                f"记录 {record.setl_id} 已过 {passed} 天，超过 {days} 天的冲正时限",
                f"The record {record.setl_id} is {passed} days old; it can be reversed within {days}",
            ),
            next_step=instead,
        )
    agreed = reconciliation.find_agreed(connection, record, Result.EQUAL)
    if agreed is not None:
        raise ReversalError(
            Words(
                f"记录 {record.setl_id} 所在的 {agreed.from_day} 至 {agreed.to_day} 已对账相符（3201），不能再冲正",
                f"The books of {agreed.from_day} to {agreed.to_day}, with {record.setl_id} in them, were found equal "
                "(3201): it is reversed no more",
            ),
            next_step=instead,
        )
