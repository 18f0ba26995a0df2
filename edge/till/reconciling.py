"""The books of days, compared with the centre's: sums first (3201), and record by record where they differ (3202).

The centre's sums are the institution's, of all its terminals. Where they differ, the records of all terminals are laid
together: what two of them count is seen here already, and whatever else differs the centre tells record by record.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar, Protocol

from codes.errors import RejectedError
from codes.words import Words
from edge.errors import EdgeError
from edge.fsi.numbering import desk_of
from edge.store.day_ends import COUNTED_TWICE, Difference
from edge.store.day_records import DayBook, Record
from edge.till.statement import NAME, funds_as_told, read_differences, statement_zip
from rules.day_sheet import Group, Sheet, Sums
from wire.fsi.areas import Area
from wire.fsi.asking import Answer, Nodes
from wire.fsi.record import Message
from wire.fsi.tables import transaction

EQUAL = "000000"
ONLY_HERE = "000102"
_REFUND = "refd_setl_flag"


class NotComparedError(EdgeError, RejectedError):
    """The centre refused to compare."""

    code: ClassVar[str] = "day_end.not_compared"
    next_step: ClassVar[Words] = Words(
        "请按中心提示处理后重新日结；未日结不影响营业。",
        "See to what the centre says and end the day again; business goes on without it.",
    )


class Asks(Protocol):
    """Asks the centre under somebody's name."""

    async def __call__(self, infno: str, nodes: Nodes, /) -> Answer:
        """Return the answer.

        Raises:
            NotSentError, OutcomeUnknownError: No answer; ask again.
        """
        ...


@dataclass(frozen=True, slots=True)
class Days:
    """The calendar days that are compared."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Others:
    """What the other terminals of the institution tell, by their names; None: it was not heard."""

    # Of calendar days, the first to the last.
    sheets: Callable[[date, date], Awaitable[Mapping[str, Sheet | None]]]
    books: Callable[[date, date], Awaitable[Mapping[str, DayBook | None]]]
    """Record by record; nothing of a person."""
    between: Callable[[datetime, datetime], Awaitable[Mapping[str, Sheet | None]]]
    """From the first moment until before the second, of those that answer at once."""
    open_sales: Callable[[], Awaitable[Mapping[str, Sequence[str] | None]]]
    """What they have not brought to its end, of those that answer at once."""


@dataclass(frozen=True, slots=True)
class Laid:
    """The records of several terminals, laid together."""

    records: tuple[Record, ...]
    """Each once."""
    twice: tuple[Difference, ...]
    """Those that several terminals count."""
    desks: frozenset[str]

    def is_of_the_house(self, one: Difference) -> bool:
        """Say whether one of these terminals must know of a record that differs.

        What the centre has from a desk that is none of theirs is of software that settles beside them.
        """
        known = any(one.setl_id == record.setl_id for record in self.records)
        return known or not one.msgid or one.desk in self.desks


def laid_together(books: Sequence[DayBook]) -> Laid:
    """Return the records of several terminals, and which of them are counted more than once."""
    by_record: dict[tuple[str, bool], list[tuple[str, Record]]] = {}
    for book in books:
        for one in book.records:
            by_record.setdefault((one.setl_id, one.is_refund), []).append((book.desk, one))
    twice = [_twice(found) for found in by_record.values() if len(found) > 1]
    records = tuple(found[0][1] for found in by_record.values())
    return Laid(records, tuple(twice), frozenset(book.desk for book in books if book.desk))


def without_washed(differences: Sequence[Difference]) -> list[Difference]:
    """Return the differences without settlements that the centre has lost together with their cancellation.

    Both are only here and come to nothing: nobody is owed anything, and there is nothing to tell again.
    """
    only = {(one.setl_id, one.is_refund): one.fee for one in differences if one.result == ONLY_HERE}
    washed = {
        number for number, is_refund in only if is_refund and only.get((number, False)) == -only[number, is_refund]
    }
    return [one for one in differences if one.result != ONLY_HERE or one.setl_id not in washed]


def _twice(found: Sequence[tuple[str, Record]]) -> Difference:
    (_, one), desks = found[0], sorted(desk for desk, _ in found)
    named, times = "、".join(desks), len(found)
    words = Words(
        f"台号 {named} 共记了 {times} 次，中心只有一次", f"counted {times} times, at desks {', '.join(desks)}"
    )
    return Difference(COUNTED_TWICE, one.setl_id, "", one.is_refund, named, one.sums.fee, str(words))


@dataclass(frozen=True, slots=True)
class Compared:
    """One group, compared."""

    group: Group
    sums: Sums
    """Of all terminals whose sheet was at hand."""
    result: str
    """`stmt_rslt`; 000000 is equal."""
    told: str
    """What the centre says of it."""


class Books:
    """Compares the books of one institution.

    Args:
        asks: Asks the centre.
        area: How it is asked.
        institution: Its code.
        district: Its own, for groups whose office the centre did not tell.
        desk: Of this terminal, in two digits.
    """

    def __init__(self, asks: Asks, area: Area, *, institution: str, district: str, desk: str) -> None:
        self.desk = desk
        self._asks, self._area = asks, area
        self._institution, self._district = institution, district

    async def compare_sums(self, sheet: Sheet, days: Days) -> list[Compared]:
        """Compare the sums of each group.

        Raises:
            NotComparedError: The centre refuses.
            NotSentError, OutcomeUnknownError: No answer.
        """
        return [await self._compare(group, sums, days) for group, sums in sheet.items()]

    async def compare_records(
        self, records: Sequence[Record], person_of: Mapping[bytes, str], days: Days, groups: Iterable[Group]
    ) -> list[Difference]:
        """Return in what records differ from the centre's.

        Args:
            records: All within the days, of every terminal that told its own; each once.
            person_of: The person's number of each, by its sealed text; of other terminals it is not known.
            days: The days.
            groups: Those that differ; the insurance kind is not told apart here.

        Raises:
            NotComparedError: The centre refuses.
            DifferencesUnreadableError: Its file cannot be read.
            NotSentError, OutcomeUnknownError: No answer.
        """
        found: list[Difference] = []
        for clr_type, office in dict.fromkeys((one.clr_type, one.clr_optins) for one in groups):
            mine = [one for one in records if (one.group.clr_type, one.group.clr_optins) == (clr_type, office)]
            for flag in self._kinds():
                chosen = [one for one in mine if not flag or one.is_refund == (flag == "1")]
                found += await self._differences(chosen, person_of, days, (clr_type, office, flag))
        return found

    async def _compare(self, group: Group, sums: Sums, days: Days) -> Compared:
        asked = {
            "insutype": group.insutype,
            "clr_type": group.clr_type,
            "setl_optins": group.clr_optins or self._district,
            **_span(days),
            "medfee_sumamt": sums.fee,
            "fund_pay_sumamt": funds_as_told(sums, self._area),
            "acct_pay": sums.account,
            "fixmedins_setl_cnt": sums.count,
        }
        told = (await self._asked("3201", {"data": asked})).one("stmtinfo")
        return Compared(group, sums, told.text("stmt_rslt"), told.text_or("stmt_rslt_dscr", ""))

    async def _differences(
        self, records: Sequence[Record], person_of: Mapping[bytes, str], days: Days, asked_for: tuple[str, str, str]
    ) -> list[Difference]:
        clr_type, office, flag = asked_for
        sums = sum((one.sums for one in records), Sums())
        content = statement_zip(records, person_of, self._area)
        asked = {
            "setl_optins": office or self._district,
            "file_qury_no": await self._uploaded(content),
            **_span(days),
            "medfee_sumamt": sums.fee,
            "fund_pay_sumamt": funds_as_told(sums, self._area),
            "cash_payamt": sums.cash,
            "fixmedins_setl_cnt": sums.count,
            "clr_type": clr_type,
            **({_REFUND: flag} if flag else {}),
        }
        made = (await self._asked("3202", {"data": asked})).one("fileinfo")
        wanted = {"file_qury_no": made.text("file_qury_no"), "filename": made.text("filename")}
        file = await self._asked("9102", {"fsDownloadIn": {**wanted, "fixmedins_code": self._institution}})
        return read_differences(file.one("").content("in"), self._desk_of)

    async def _uploaded(self, content: bytes) -> str:
        said = {"in": content, "filename": NAME, "fixmedins_code": self._institution}
        return (await self._asked("9101", {"fsUploadIn": said})).one("").text("file_qury_no")

    async def _asked(self, infno: str, nodes: Nodes) -> Message:
        answer = await self._asks(infno, nodes)
        if not answer.is_success or answer.output is None:
            why = answer.message or "; ".join(one.words.en for one in answer.faults)
            raise NotComparedError(Words(f"中心未受理 {infno}：{why}", f"The centre refused {infno}: {why}"))
        return answer.output

    def _kinds(self) -> tuple[str, ...]:
        """Return how records are told apart: settlements, then refunds, where the area demands it; else all at once."""
        fields = (one for node in transaction("3202", self._area).input for one in node.fields)
        return ("0", "1") if any(one.name == _REFUND and one.is_required for one in fields) else ("",)

    def _desk_of(self, msgid: str) -> str:
        return desk_of(msgid, self._institution)


def _span(days: Days) -> dict[str, date]:
    return {"stmt_begndate": days.first, "stmt_enddate": days.last}
