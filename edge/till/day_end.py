"""The end of a business day (日结): what came in, what is not finished, and whether the centre's books say the same.

A day can be ended whatever is unfinished: that is listed, and kept with the day. It may be ended again as often as
need be; one that is closed has to be opened again first, by a person with a reason. What comes in after that is seen
when the day is looked at. Business never waits for any of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import ClassVar

import msgspec
from sqlalchemy import Connection

from codes.errors import RejectedError
from codes.words import Words
from edge.clock import SHOP_TIME, Clock
from edge.errors import EdgeError
from edge.fsi.sign_ins import Operator
from edge.sealing import Sealer
from edge.store.day_ends import (
    DayEnd,
    DayState,
    Difference,
    differences_of,
    latest_day_end,
    latest_day_ends,
    put_day_end,
    reopen_day,
)
from edge.store.day_records import DayBook, Record, groups_since, records_between, sums_of_days
from edge.store.drawer import cash_between
from edge.store.lane import InStore, Reading
from edge.store.outbox import KEEP_DELIVERED
from edge.store.settlements import asked_place
from edge.store.unfinished import Unfinished, read_unfinished
from edge.till.asked import AskedSettlement
from edge.till.day_sheets import DaySheet, GroupShown, Reason, changed, reasons_of
from edge.till.reconciling import EQUAL, Books, Compared, Days, Others, laid_together
from rules.business_day import bounds, calendar_days, touched_days
from rules.day_sheet import Sheet, Sums, sheet_of, together

TRIES = 3
"""Another terminal may settle between the telling of its sums and the centre's comparing: then all is asked anew."""
_KNOWN_GROUPS = timedelta(days=31)
"""Groups of this time are compared although nothing of them is here today: the centre may have what we have lost."""


class DayNotOpenError(EdgeError, RejectedError):
    """The day is ended, or has not begun."""

    code: ClassVar[str] = "day_end.not_open"
    next_step: ClassVar[Words] = Words(
        "已日结的请先说明原因并重新打开。", "A day that is closed has to be opened again first, with a reason."
    )


class UnfinishedError(EdgeError, RejectedError):
    """Settlements of which the outcome is not known: their money may still change."""

    code: ClassVar[str] = "day_end.unfinished"
    next_step: ClassVar[Words] = Words(
        "请等待查询结果（通常一分钟内）；急需日结时可确认后继续，未明的销售会列在日结单上。",
        "Wait for their outcome, mostly a minute. If the day must be ended now, say so: they are listed with it.",
    )


NewBooks = Callable[[Operator], Books]
"""Returns what compares, under the name of whoever ends the day."""


class DayEnds:
    """Ends the days of one terminal."""

    def __init__(
        self, books: NewBooks, sealer: Sealer, *, in_store: InStore, connection: Connection, read: Reading,
        others: Others, clock: Clock, begins_h: int,
    ) -> None:  # fmt: skip
        self._books, self._sealer = books, sealer
        self._in_store, self._connection, self._read = in_store, connection, read
        self._others, self._clock, self._begins_h = others, clock, begins_h

    async def look(self, day: date) -> DaySheet:
        """Return what a day came to so far; nothing is asked of anybody, and nothing changes."""
        return await self._read(lambda tx: self._with_end(tx, self._sheet(tx, day)))

    async def end(self, day: date, operator: Operator, *, is_confirmed: bool = False) -> DaySheet:
        """End a day.

        Args:
            day: The business day.
            operator: Who ends it, and asks the centre.
            is_confirmed: End it although outcomes are unknown.

        Raises:
            DayNotOpenError: It is closed, or has not begun.
            UnfinishedError: Outcomes are unknown and nobody said to go on.
            NotComparedError: The centre refuses to compare.
            NotSentError, OutcomeUnknownError: No answer; the day stays open.
        """
        sheet = await self.look(day)
        is_closed = sheet.state in {DayState.CLOSED, DayState.CHANGED}
        if is_closed or bounds(day, self._begins_h, SHOP_TIME)[0] > self._clock.now():
            raise DayNotOpenError(
                Words(f"{day} 已日结或尚未开始", f"The day {day} is closed already, or has not begun")
            )
        if sheet.unfinished.is_settling_open and not is_confirmed:
            raise UnfinishedError(_unfinished_words(sheet.unfinished))
        books, days = self._books(operator), Days(sheet.first_date, sheet.last_date)
        compared, missing = await self._compared(books, days)
        differing = [one for one in compared if one.result != EQUAL]
        differences, elsewhere = await self._differing(books, days, differing)
        # What only the centre has from desks that are none of the house keeps no day open.
        is_explained = bool(differences or missing or elsewhere)
        ended = replace(
            sheet,
            compared=tuple(GroupShown(one.group, one.sums, one.result, one.told) for one in compared),
            missing=missing,
            elsewhere=elsewhere,
            state=_state(differences, missing, is_unexplained=bool(differing) and not is_explained),
            differences=tuple(differences),
            reasons=tuple(reasons_of(differences, [] if is_explained else differing, missing)),
        )
        await self._in_store(lambda: self._keep(ended, operator.login))
        return ended

    async def ends(self, most: int) -> list[DayEnd]:
        """Return the newest ends of days, the newest first; of those that were closed whether they have changed."""
        return await self._read(lambda tx: self._ends(tx, most))

    async def reopen(self, day: date, operator: str, reason: str) -> DaySheet:
        """Open a day again.

        Raises:
            DayNotOpenError: It was never ended.
        """

        def work() -> None:
            with self._connection.begin():
                end = latest_day_end(self._connection, day)
                if end is None or end.state is DayState.REOPENED:
                    raise DayNotOpenError(Words(f"{day} 没有日结过", f"The day {day} was not ended"))
                reopen_day(self._connection, end, by=operator, at=self._clock.now(), reason=reason)

        await self._in_store(work)
        return await self.look(day)

    async def _compared(self, books: Books, days: Days) -> tuple[list[Compared], tuple[str, ...]]:
        """Return what the sums of all terminals compare to, and the terminals whose sums are not among them."""
        compared: list[Compared] = []
        missing: tuple[str, ...] = ()
        for _ in range(TRIES):
            own = await self._read(lambda tx: self._own_with_known(tx, days))
            others = await self._others.sheets(days.first, days.last)
            missing = tuple(terminal for terminal, sheet in others.items() if sheet is None)
            whole = together([own, *(sheet for sheet in others.values() if sheet is not None)])
            compared = await books.compare_sums(whole, days)
            if missing or all(one.result == EQUAL for one in compared):
                break
        return compared, missing

    async def _differing(self, books: Books, days: Days, differing: Sequence[Compared]) -> tuple[list[Difference], int]:
        """Return in what the records of the house differ, and how many the centre has from desks of nobody here."""
        if not differing:
            return [], 0
        own = await self._read(lambda tx: records_between(tx, *calendar_days(days.first, days.last, SHOP_TIME)))
        others = await self._others.books(days.first, days.last)
        laid = laid_together([DayBook(books.desk, own), *(book for book in others.values() if book is not None)])
        groups = [one.group for one in differing]
        found = await books.compare_records(laid.records, self._people(own), days, groups)
        mine = [one for one in found if laid.is_of_the_house(one)]
        return [*laid.twice, *mine], len(found) - len(mine)

    def _people(self, records: Sequence[Record]) -> Mapping[bytes, str]:
        return {
            one.asked: msgspec.json.decode(
                self._sealer.open(one.asked, asked_place(one.sale)), type=AskedSettlement
            ).person.number
            for one in records
        }

    def _own_with_known(self, tx: Connection, days: Days) -> Sheet:
        own = sums_of_days(tx, days.first, days.last)
        known = groups_since(tx, self._clock.now() - _KNOWN_GROUPS)
        return together([own, dict.fromkeys(known, Sums())])

    def _sheet(self, tx: Connection, day: date) -> DaySheet:
        within = bounds(day, self._begins_h, SHOP_TIME)
        sales = sheet_of((one.group, one.sums) for one in records_between(tx, *within))
        cash = cash_between(tx, *within)
        first, last = touched_days(day, self._begins_h, self._clock.now(), SHOP_TIME)
        return DaySheet(
            day=day,
            first_date=first,
            last_date=last,
            sales=tuple(GroupShown(group, sums, "", "") for group, sums in sales.items()),
            compared=(),
            self_paid=cash.self_paid,
            insured_cash=cash.insured,
            unread=cash.unread,
            unfinished=read_unfinished(tx),
            missing=(),
            elsewhere=0,
        )

    def _with_end(self, tx: Connection, sheet: DaySheet) -> DaySheet:
        """Return a day with how it was ended; what came in since is in the sheet, what was compared then beside it."""
        end = latest_day_end(tx, sheet.day)
        if end is None or end.state is DayState.REOPENED:
            return sheet
        then = msgspec.json.decode(end.figures, type=DaySheet)
        since = self._changed(end, then, sheet)
        return replace(
            sheet,
            compared=then.compared,
            missing=then.missing,
            elsewhere=then.elsewhere,
            state=end.state if since is None else DayState.CHANGED,
            differences=tuple(differences_of(tx, end)),
            reasons=then.reasons if since is None else (since,),
        )

    def _changed(self, end: DayEnd, then: DaySheet, now: DaySheet) -> Reason | None:
        """Return that a closed day has changed since; what is in the drawer is looked at while its facts are kept."""
        if end.state is not DayState.CLOSED:
            return None
        begin = bounds(end.day, self._begins_h, SHOP_TIME)[0]
        is_kept = self._clock.now() - begin < KEEP_DELIVERED - timedelta(days=1)
        self_paid = now.self_paid - then.self_paid if is_kept else Decimal(0)
        if then.sales == now.sales and not self_paid:
            return None
        return changed(then.sales, now.sales, self_paid)

    def _ends(self, tx: Connection, most: int) -> list[DayEnd]:
        found, seen = [], set()
        for end in latest_day_ends(tx, most):
            # Of several ends of a day only the newest says how it stands.
            is_newest = end.day not in seen
            seen.add(end.day)
            state = self._with_end(tx, self._sheet(tx, end.day)).state if is_newest else end.state
            found.append(replace(end, state=state or end.state))
        return found

    def _keep(self, sheet: DaySheet, operator: str) -> None:
        state = sheet.state or DayState.DIFFERS
        end = DayEnd(
            sheet.day, 0, state, operator, self._clock.now(), sheet.first_date, sheet.last_date,
            msgspec.json.encode(replace(sheet, differences=())),
        )  # fmt: skip
        with self._connection.begin():
            put_day_end(self._connection, end, sheet.differences)


def _state(differences: Sequence[Difference], missing: Sequence[str], *, is_unexplained: bool) -> DayState:
    if differences or is_unexplained:
        return DayState.DIFFERS
    return DayState.INCOMPLETE if missing else DayState.CLOSED


def _unfinished_words(unfinished: Unfinished) -> Words:
    sales = [*unfinished.unknown, *unfinished.undertakings, *unfinished.pos_unknown]
    return Words(f"这些销售尚无结果：{'、'.join(sales)}", f"No outcome is known of these sales: {', '.join(sales)}")
