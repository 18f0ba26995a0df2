"""What a business day came to: open, or ended and how, and whether a closed one has changed since. Asks nobody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

import msgspec
from sqlalchemy import Connection

from edge.clock import SHOP_TIME, Clock
from edge.store.day_ends import DayEnd, DayState, differences_of, latest_day_end, latest_day_ends
from edge.store.day_records import is_busy_between, sums_between
from edge.store.drawer import Cash, cash_between
from edge.store.outbox import KEEP_DELIVERED
from edge.store.unfinished import read_unfinished
from edge.till.day_sheets import DaySheet, GroupShown, Reason, changed
from rules.business_day import bounds, business_day, touched_days

_LOOKED_BACK = 31
"""Days on which it is looked whether one was forgotten."""


@dataclass(frozen=True, slots=True)
class DayLooks:
    """Looks at the days of one terminal."""

    clock: Clock
    begins_h: int
    """The hour at which a business day begins."""

    @property
    def today(self) -> date:
        """The business day that runs now: past midnight it may be the one of yesterday's date."""
        return business_day(self.clock.now(), self.begins_h, SHOP_TIME)

    def open_days(self, tx: Connection) -> list[date]:
        """Return the days that can be ended, the newest first: today's, and those before that nobody has closed."""
        today = self.today
        before = (today - timedelta(days=back) for back in range(1, _LOOKED_BACK))
        busy = (day for day in before if is_busy_between(tx, *bounds(day, self.begins_h, SHOP_TIME)))
        return [day for day in (today, *busy) if not _is_closed(tx, day)]

    def look(self, tx: Connection, day: date) -> DaySheet:
        """Return a day: what has come in until now, beside it what was compared when it was ended."""
        sheet, end = self._open(tx, day), latest_day_end(tx, day)
        if end is None or end.state is DayState.REOPENED:
            return sheet
        then = msgspec.json.decode(end.figures, type=DaySheet)
        since = self._changed(end, then, sheet.sales, sheet.self_paid)
        return replace(
            sheet,
            compared=then.compared,
            missing=then.missing,
            elsewhere=then.elsewhere,
            others=then.others,
            state=end.state if since is None else DayState.CHANGED,
            differences=tuple(differences_of(tx, end)),
            reasons=then.reasons if since is None else (since,),
        )

    def ends(self, tx: Connection, most: int) -> list[DayEnd]:
        """Return the newest ends of days, the newest first. Of several of one day the newest says how it stands."""
        found, seen = [], set()
        for end in latest_day_ends(tx, most):
            is_changed = end.day not in seen and end.state is DayState.CLOSED and self._is_changed(tx, end)
            seen.add(end.day)
            found.append(replace(end, state=DayState.CHANGED) if is_changed else end)
        return found

    def _open(self, tx: Connection, day: date) -> DaySheet:
        sales, cash = self._came_to(tx, day)
        first, last = touched_days(day, self.begins_h, self.clock.now(), SHOP_TIME)
        return DaySheet(
            day=day,
            first_date=first,
            last_date=last,
            sales=sales,
            compared=(),
            self_paid=cash.self_paid,
            insured_cash=cash.insured,
            unread=cash.unread,
            unfinished=read_unfinished(tx),
            missing=(),
            elsewhere=0,
        )

    def _came_to(self, tx: Connection, day: date) -> tuple[tuple[GroupShown, ...], Cash]:
        within = bounds(day, self.begins_h, SHOP_TIME)
        sales = sums_between(tx, *within)
        return tuple(GroupShown(group, sums, "", "") for group, sums in sales.items()), cash_between(tx, *within)

    def _is_changed(self, tx: Connection, end: DayEnd) -> bool:
        then, (sales, cash) = msgspec.json.decode(end.figures, type=DaySheet), self._came_to(tx, end.day)
        return self._changed(end, then, sales, cash.self_paid) is not None

    def _changed(self, end: DayEnd, then: DaySheet, sales: Sequence[GroupShown], self_paid: Decimal) -> Reason | None:
        """Return that a closed day has changed since; what was paid in cash is looked at while its facts are kept."""
        if end.state is not DayState.CLOSED:
            return None
        begin = bounds(end.day, self.begins_h, SHOP_TIME)[0]
        is_kept = self.clock.now() - begin < KEEP_DELIVERED - timedelta(days=1)
        more = self_paid - then.self_paid if is_kept else Decimal(0)
        if then.sales == tuple(sales) and not more:
            return None
        return changed(then.sales, sales, more)


def _is_closed(tx: Connection, day: date) -> bool:
    end = latest_day_end(tx, day)
    return end is not None and end.state is DayState.CLOSED
