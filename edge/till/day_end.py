"""The end of a business day (日结): what came in, what is not finished, and whether the centre's books say the same.

A day can be ended whatever is unfinished: that is listed, and kept with the day. It may be ended again as often as
need be; one that is closed has to be opened again first, by a person with a reason. Business never waits for it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
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
    put_day_end,
    reopen_day,
)
from edge.store.day_records import Record, groups_since, records_between, self_paid_between, sums_of_days
from edge.store.lane import InStore, Reading
from edge.store.settlements import asked_place
from edge.store.unfinished import Unfinished, read_unfinished
from edge.till.asked import AskedSettlement
from edge.till.reconciling import EQUAL, Books, Compared, Days
from rules.business_day import bounds, calendar_days, touched_days
from rules.day_sheet import Group, Sheet, Sums, sheet_of, together

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
Gather = Callable[[date, date], Awaitable[Mapping[str, Sheet | None]]]
"""Returns the sums that each other terminal of the institution tells of calendar days; None: it could not be asked."""


@dataclass(frozen=True, slots=True)
class GroupShown:
    """One group of the day."""

    group: Group
    sums: Sums
    result: str
    """`stmt_rslt`; empty if it was not compared, as the sheet of another terminal was not at hand."""
    told: str


@dataclass(frozen=True, slots=True)
class DaySheet:
    """A business day as the screen shows it, ended or not."""

    day: date
    first_date: date
    """Of the calendar days whose books are compared: the centre knows no others."""
    last_date: date
    sales: tuple[GroupShown, ...]
    """Insured, of this terminal, within the business day."""
    compared: tuple[GroupShown, ...]
    """Of the institution, within the calendar days."""
    self_paid: Decimal
    """Yuan in the drawer from self-pay sales, less what went back."""
    insured_cash: Decimal
    """Yuan in the drawer from insured sales, less what went back."""
    unread: int
    """Facts that could not be read: the sums lack them."""
    unfinished: Unfinished
    missing: tuple[str, ...]
    """Terminals whose sums were not at hand."""
    elsewhere: int
    """Records of other desks that the centre has and whose terminals were not at hand."""
    state: DayState | None = None
    """None while the day is open."""
    differences: tuple[Difference, ...] = ()


class DayEnds:
    """Ends the days of one terminal."""

    def __init__(
        self, books: NewBooks, sealer: Sealer, *, in_store: InStore, connection: Connection, read: Reading,
        gather: Gather, clock: Clock, begins_h: int,
    ) -> None:  # fmt: skip
        self._books, self._sealer = books, sealer
        self._in_store, self._connection, self._read = in_store, connection, read
        self._gather, self._clock, self._begins_h = gather, clock, begins_h

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
        if sheet.state is DayState.CLOSED or bounds(day, self._begins_h, SHOP_TIME)[0] > self._clock.now():
            raise DayNotOpenError(
                Words(f"{day} 已日结或尚未开始", f"The day {day} is closed already, or has not begun")
            )
        if sheet.unfinished.is_settling_open and not is_confirmed:
            raise UnfinishedError(_unfinished_words(sheet.unfinished))
        books, days = self._books(operator), Days(sheet.first_date, sheet.last_date)
        compared, missing = await self._compared(books, days)
        differing = [one.group for one in compared if one.result != EQUAL]
        found = await self._differing(books, days, differing) if differing else []
        mine = [one for one in found if not books.is_of_another_desk(one)]
        agrees = not mine and (bool(missing) or not differing)
        ended = replace(
            sheet,
            compared=tuple(GroupShown(one.group, one.sums, one.result, one.told) for one in compared),
            missing=missing,
            elsewhere=len(found) - len(mine),
            state=DayState.CLOSED if agrees else DayState.DIFFERS,
            differences=tuple(found if not missing else mine),
        )
        await self._in_store(lambda: self._keep(ended, operator.login))
        return ended

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
            others = await self._gather(days.first, days.last)
            missing = tuple(terminal for terminal, sheet in others.items() if sheet is None)
            whole = together([own, *(sheet for sheet in others.values() if sheet is not None)])
            compared = await books.compare_sums(whole, days)
            if missing or all(one.result == EQUAL for one in compared):
                break
        return compared, missing

    async def _differing(self, books: Books, days: Days, groups: Sequence[Group]) -> list[Difference]:
        records = await self._read(lambda tx: records_between(tx, *calendar_days(days.first, days.last, SHOP_TIME)))
        return await books.compare_records(records, self._people(records), days, groups)

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
        records = records_between(tx, *within)
        self_paid = self_paid_between(tx, *within)
        first, last = touched_days(day, self._begins_h, self._clock.now(), SHOP_TIME)
        return DaySheet(
            day=day,
            first_date=first,
            last_date=last,
            sales=tuple(GroupShown(group, sums, "", "") for group, sums in _sheet_of_records(records).items()),
            compared=(),
            self_paid=self_paid.total,
            insured_cash=sum((one.sums.cash for one in records), Decimal("0.00")),
            unread=self_paid.unread,
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
        return replace(
            sheet,
            compared=then.compared,
            missing=then.missing,
            elsewhere=then.elsewhere,
            state=end.state,
            differences=tuple(differences_of(tx, end)),
        )

    def _keep(self, sheet: DaySheet, operator: str) -> None:
        state = sheet.state or DayState.DIFFERS
        end = DayEnd(
            sheet.day, 0, state, operator, self._clock.now(), sheet.first_date, sheet.last_date,
            msgspec.json.encode(replace(sheet, differences=())),
        )  # fmt: skip
        with self._connection.begin():
            put_day_end(self._connection, end, sheet.differences)


def _sheet_of_records(records: Sequence[Record]) -> Sheet:
    return sheet_of((one.group, one.sums) for one in records)


def _unfinished_words(unfinished: Unfinished) -> Words:
    sales = [*unfinished.unknown, *unfinished.undertakings]
    return Words(f"这些销售尚无结果：{'、'.join(sales)}", f"No outcome is known of these sales: {', '.join(sales)}")
