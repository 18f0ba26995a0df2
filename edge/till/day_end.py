"""The end of a business day (日结): what came in, what is not finished, and whether the centre's books say the same.

A day can be ended whatever is unfinished: that is listed, and kept with the day. It may be ended again as often as
need be; one that is closed has to be opened again first, by a person with a reason. What comes in after that is seen
when the day is looked at. Business never waits for any of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import ClassVar

import msgspec
from sqlalchemy import Connection

from codes.errors import RejectedError
from codes.words import Words
from edge.clock import SHOP_TIME, Clock
from edge.errors import EdgeError
from edge.fsi.sign_ins import Operator
from edge.sealing import Sealer
from edge.store.day_ends import DayEnd, DayState, Difference, latest_day_end, put_day_end, reopen_day
from edge.store.day_records import DayBook, Record, groups_since, records_between, sums_of_days
from edge.store.lane import InStore, Reading
from edge.store.settlements import asked_place
from edge.store.unfinished import OpenThere, Unfinished
from edge.till.asked import AskedSettlement
from edge.till.day_looking import DayLooks
from edge.till.day_sheets import DaySheet, GroupShown, OtherShown, reasons_of, with_others
from edge.till.reconciling import EQUAL, Books, Compared, Days, Others, laid_together, without_washed
from rules.business_day import bounds, calendar_days
from rules.day_sheet import Sheet, Sums, together

TRIES = 3
"""Another terminal may settle between the telling of its sums and the centre's comparing: then all is asked anew."""
_KNOWN_GROUPS = timedelta(days=31)
"""Groups of this time are compared although nothing of them is here today: the centre may have what we have lost."""


class DayNotOpenError(EdgeError, RejectedError):
    """The day is closed."""

    code: ClassVar[str] = "day_end.not_open"
    next_step: ClassVar[Words] = Words(
        "已日结的请先说明原因并重新打开。", "A day that is closed has to be opened again first, with a reason."
    )


class DayNotBegunError(EdgeError, RejectedError):
    """The day has not begun: by the clock on the wall it may have, where business days begin later than at midnight."""

    code: ClassVar[str] = "day_end.not_begun"
    next_step: ClassVar[Words] = Words(
        "请日结当前营业日；营业日不在零点开始的，过了零点仍属前一天。",
        "End the business day that runs now; where it does not begin at midnight it still bears yesterday's date then.",
    )

    def __init__(self, day: date, today: date) -> None:
        super().__init__(
            Words(
                f"营业日 {day} 尚未开始，当前营业日是 {today}",
                f"The business day {day} has not begun; it is {today} now",
            )
        )


class DayNotEndedError(EdgeError, RejectedError):
    """Nothing is there to be opened again."""

    code: ClassVar[str] = "day_end.not_ended"
    next_step: ClassVar[Words] = Words("该日可直接日结，无需重新打开。", "It is open: it can be ended as it is.")


class UnfinishedError(EdgeError, RejectedError):
    """Settlements of which the outcome is not known: their money may still change."""

    code: ClassVar[str] = "day_end.unfinished"
    next_step: ClassVar[Words] = Words(
        "请等待查询结果（通常一分钟内），需要选择的先到所列终端的“售后”页处理；急需日结时可确认后继续，未明的销售会列在日结单上。",
        "Wait for their outcome, mostly a minute; where one has to choose, do so at the terminal that is named. If the "
        "day must be ended now, say so: they are listed with it.",
    )


NewBooks = Callable[[Operator], Books]
"""Returns what compares, under the name of whoever ends the day."""


@dataclass(frozen=True, slots=True)
class _Found:
    """In what the books differ, record by record."""

    differences: tuple[Difference, ...] = ()
    elsewhere: int = 0
    """Records that the centre has from desks of nobody here."""
    untold: tuple[str, ...] = ()
    """Terminals that told their sums and not their records."""
    washed: int = 0
    """Records that the centre has lost and that come to nothing."""


class DayEnds:
    """Ends the days of one terminal."""

    def __init__(
        self, books: NewBooks, sealer: Sealer, *, in_store: InStore, connection: Connection, read: Reading,
        others: Others, clock: Clock, begins_h: int,
    ) -> None:  # fmt: skip
        self._books, self._sealer = books, sealer
        self._in_store, self._connection, self._read = in_store, connection, read
        self._others, self._clock, self._looks = others, clock, DayLooks(clock, begins_h)

    @property
    def begins_h(self) -> int:
        """The hour at which a business day begins."""
        return self._looks.begins_h

    @property
    def today(self) -> date:
        """The business day that runs now."""
        return self._looks.today

    async def open_days(self) -> list[date]:
        """Return the days that can be ended, the newest first; none that has not begun is among them."""
        return await self._read(self._looks.open_days)

    async def look(self, day: date) -> DaySheet:
        """Return what a day came to so far; nothing changes.

        Of a day that is closed the other terminals of the site are asked whether something came in since; of one that
        is not, what they have not brought to its end.
        """
        sheet = await self._read(lambda tx: self._looks.look(tx, day))
        if sheet.state not in {DayState.CLOSED, DayState.CHANGED}:
            return replace(sheet, unfinished=replace(sheet.unfinished, elsewhere=await self._open_elsewhere()))
        if not sheet.others:
            return sheet
        return with_others(sheet, await self._told_of(day))

    async def end(self, day: date, operator: Operator, *, is_confirmed: bool = False) -> DaySheet:
        """End a day.

        Args:
            day: The business day.
            operator: Who ends it, and asks the centre.
            is_confirmed: End it although outcomes are unknown.

        Raises:
            DayNotBegunError: It has not begun.
            DayNotOpenError: It is closed.
            UnfinishedError: Outcomes are unknown and nobody said to go on.
            NotComparedError: The centre refuses to compare.
            NotSentError, OutcomeUnknownError: No answer; the day stays open.
        """
        if day > self.today:
            raise DayNotBegunError(day, self.today)
        sheet = await self.look(day)
        if sheet.state in {DayState.CLOSED, DayState.CHANGED}:
            raise DayNotOpenError(Words(f"{day} 已日结", f"The day {day} is closed already"))
        if sheet.unfinished.is_settling_open and not is_confirmed:
            raise UnfinishedError(_unfinished_words(sheet.unfinished))
        ended = await self._ended(sheet, self._books(operator))
        await self._in_store(lambda: self._keep(ended, operator.login))
        return ended

    async def ends(self, most: int) -> list[DayEnd]:
        """Return the newest ends of days, the newest first; of those that were closed whether they have changed."""
        return await self._read(lambda tx: self._looks.ends(tx, most))

    async def reopen(self, day: date, operator: str, reason: str) -> DaySheet:
        """Open a day again.

        Raises:
            DayNotEndedError: It was never ended.
        """

        def work() -> None:
            with self._connection.begin():
                end = latest_day_end(self._connection, day)
                if end is None or end.state is DayState.REOPENED:
                    raise DayNotEndedError(Words(f"{day} 没有日结过", f"The day {day} was not ended"))
                reopen_day(self._connection, end, by=operator, at=self._clock.now(), reason=reason)

        await self._in_store(work)
        return await self.look(day)

    async def _ended(self, sheet: DaySheet, books: Books) -> DaySheet:
        days = Days(sheet.first_date, sheet.last_date)
        # What comes in while the books are compared came in since: it is rather told once too often than not at all.
        others = await self._told_of(sheet.day)
        compared, unheard = await self._compared(books, days)
        differing = [one for one in compared if one.result != EQUAL]
        found = await self._differing(books, days, differing)
        missing = tuple(dict.fromkeys((*unheard, *found.untold)))
        # What only the centre has from desks that are none of the house keeps no day open,
        # nor does what the centre has lost together with its cancellation.
        is_explained = bool(found.differences or missing or found.elsewhere or found.washed)
        return replace(
            sheet,
            compared=tuple(GroupShown(one.group, one.sums, one.result, one.told) for one in compared),
            missing=missing,
            elsewhere=found.elsewhere,
            others=tuple(OtherShown(terminal, sums) for terminal, sums in others.items()),
            state=_state(found.differences, missing, is_unexplained=bool(differing) and not is_explained),
            differences=found.differences,
            reasons=tuple(reasons_of(found.differences, [] if is_explained else differing, missing)),
        )

    async def _told_of(self, day: date) -> Mapping[str, Sums]:
        """Return what the other terminals of the site say of a business day, as far as they answer at once."""
        told = await self._others.between(*bounds(day, self._looks.begins_h, SHOP_TIME))
        return {name: sum(sheet.values(), Sums()) for name, sheet in told.items() if sheet is not None}

    async def _open_elsewhere(self) -> tuple[OpenThere, ...]:
        told = await self._others.open_sales()
        return tuple(OpenThere(terminal, tuple(sales)) for terminal, sales in told.items() if sales)

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

    async def _differing(self, books: Books, days: Days, differing: Sequence[Compared]) -> _Found:
        """Return in what the records of the house differ from the centre's."""
        if not differing:
            return _Found()
        own = await self._read(lambda tx: records_between(tx, *calendar_days(days.first, days.last, SHOP_TIME)))
        others = await self._others.books(days.first, days.last)
        untold = tuple(terminal for terminal, book in others.items() if book is None)
        laid = laid_together([DayBook(books.desk, own), *(book for book in others.values() if book is not None)])
        groups = [one.group for one in differing]
        found = await books.compare_records(laid.records, self._people(own), days, groups)
        left = without_washed(found)
        mine = [one for one in left if laid.is_of_the_house(one)]
        return _Found((*laid.twice, *mine), len(left) - len(mine), untold, len(found) - len(left))

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
    own = [*unfinished.unknown, *unfinished.undertakings, *unfinished.pos_unknown]
    there = [(sale, one.terminal) for one in unfinished.elsewhere for sale in one.sales]
    zh = "、".join([*own, *(f"{sale}（在 {terminal}）" for sale, terminal in there)])
    en = ", ".join([*own, *(f"{sale} (at {terminal})" for sale, terminal in there)])
    return Words(f"这些销售尚无结果：{zh}", f"No outcome is known of these sales: {en}")
