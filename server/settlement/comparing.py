"""An institution's books against ours: record by record, and by their totals.

The dictionary of results, as far as it is known, has three values: 000000 equal, 000102 a record at the institution
alone, 000103 figures differ. It has none for a record at the centre alone; such a one is 000103 here, its memo says
that the institution lacks it, and the figures of the line are the centre's. Each line of a difference file has a memo
that tells them apart, in both languages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from codes.words import Words
from server.settlement.statement_file import NOTHING, Figures, StatementLine


class Result(StrEnum):
    """`stmt_rslt`."""

    EQUAL = "000000"
    INSTITUTION_ALONE = "000102"
    DIFFERS = "000103"


@dataclass(frozen=True, slots=True)
class Record:
    """One record of our books: a settlement, or its cancellation with negative figures."""

    setl_id: str
    """Of the settlement, also where the record is its cancellation."""
    own_id: str
    """Of the record itself."""
    mdtrt_id: str
    psn_no: str
    msgid: str
    day: date
    """Of settling or cancelling, in Beijing."""
    figures: Figures
    is_refund: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """One record in which the two books differ."""

    result: Result
    setl_id: str
    is_refund: bool
    memo: Words
    """What is different."""
    theirs: StatementLine | None
    ours: Record | None

    def row(self) -> tuple[str, ...]:
        """Return the columns of the difference file, in their order."""
        ours, theirs = self.ours, self.theirs
        figures = theirs.figures if theirs else ours.figures if ours else NOTHING
        return (
            ours.psn_no if ours else theirs.psn_no if theirs else "",
            ours.mdtrt_id if ours else theirs.mdtrt_id if theirs else "",
            self.setl_id,
            ours.msgid if ours else "",
            self.result,
            "1" if self.is_refund else "0",
            str(self.memo),
            f"{figures.total:.2f}",
            f"{figures.fund:.2f}",
            f"{figures.account:.2f}",
        )


@dataclass(frozen=True, slots=True)
class Totals:
    """A number of records and the sums of their figures; refunds count, with their negative figures."""

    count: int
    figures: Figures


def totals_of(records: Iterable[Record | StatementLine]) -> Totals:
    """Return the sums over records."""
    count, figures = 0, NOTHING
    for one in records:
        count, figures = count + 1, figures.plus(one.figures)
    return Totals(count, figures)


def compare_totals(theirs: Totals, ours: Totals, refunds: int) -> tuple[Result, Words]:
    """Return the result of comparing totals, and in what they differ. `refunds` is how many of our records are refunds.

    More records at the institution than here are called by the code for that; any other difference is one of figures.
    """
    if theirs == ours:
        return Result.EQUAL, Words(f"相符：{ours.count} 笔", f"Equal: {ours.count} records")
    result = Result.INSTITUTION_ALONE if theirs.count > ours.count else Result.DIFFERS
    parts = [
        Words(f"{zh} 机构 {there} 中心 {here}", f"{en} {there} there, {here} here")
        for zh, en, there, here in (
            ("笔数", "records", str(theirs.count), str(ours.count)),
            ("总额", "total", f"{theirs.figures.total:.2f}", f"{ours.figures.total:.2f}"),
            ("基金", "funds", f"{theirs.figures.fund:.2f}", f"{ours.figures.fund:.2f}"),
            ("账户", "account", f"{theirs.figures.account:.2f}", f"{ours.figures.account:.2f}"),
        )
        if there != here
    ]
    if refunds and theirs.count != ours.count:
        parts.append(Words(f"中心笔数含退费 {refunds} 笔", f"{refunds} of the records here are refunds"))
    return result, Words("；".join(one.zh for one in parts), "; ".join(one.en for one in parts))


def compare(
    theirs: Sequence[StatementLine],
    ours: Sequence[Record],
    elsewhere: Callable[[str], Sequence[Record]],
    *,
    only_refunds: bool | None = None,
) -> tuple[Difference, ...]:
    """Return every difference between the two books: the institution's lines in their order, then what it lacks.

    `elsewhere` gives the records of a settlement outside the days and kinds compared, so that the memo can say where it
    is. `only_refunds` is what the message said of its statement: refunds alone, settlements alone, or both.
    """
    ours_by_key = {(id_, one.is_refund): one for one in ours for id_ in (one.setl_id, one.own_id)}
    seen: dict[tuple[str, bool], StatementLine] = {}
    found: list[Difference] = []
    for line in theirs:
        record = ours_by_key.get((line.setl_id, line.is_refund))
        key = (record.setl_id if record else line.setl_id, line.is_refund)
        if key in seen:
            memo = _twice(seen[key], line)
            found.append(Difference(Result.INSTITUTION_ALONE, key[0], line.is_refund, memo, line, record))
            continue
        seen[key] = line
        if record is None:
            memo = _why_unknown(line, elsewhere(line.setl_id), ours_by_key, only_refunds)
            found.append(Difference(Result.INSTITUTION_ALONE, line.setl_id, line.is_refund, memo, line, None))
        elif pairs := _in_what(line, record):
            found.append(Difference(Result.DIFFERS, record.setl_id, record.is_refund, _both(pairs), line, record))
    found.extend(
        Difference(Result.DIFFERS, one.setl_id, one.is_refund, _lacking(one, seen), None, one)
        for one in ours
        if (one.setl_id, one.is_refund) not in seen
    )
    return tuple(found)


def _twice(first: StatementLine, again: StatementLine) -> Words:
    return Words(
        f"文件中重复：第 {first.number} 行与第 {again.number} 行",
        f"twice in the file: lines {first.number} and {again.number}",
    )


def _why_unknown(
    line: StatementLine,
    elsewhere: Sequence[Record],
    ours: Mapping[tuple[str, bool], Record],
    only_refunds: bool | None,
) -> Words:
    if only_refunds is not None and line.is_refund is not only_refunds:
        return _outside_flag(line)
    for one in elsewhere:
        if one.is_refund == line.is_refund:
            return Words(
                f"仅机构有：中心的该笔记录在 {one.day:%Y-%m-%d}，不在本次对账的日期、险种或清算范围内",
                f"institution only: here it is on {one.day:%Y-%m-%d}, outside the days or kinds that are compared",
            )
    if line.is_refund and (elsewhere or (line.setl_id, False) in ours):
        return Words(
            "仅机构有：退费记录，但中心的该笔结算未被撤销",
            "institution only: a refund, but the settlement was not cancelled at the centre",
        )
    zh, en = ("退费", "refund") if line.is_refund else ("结算", "settlement")
    return Words(f"仅机构有：中心没有该笔{zh}", f"institution only: the centre has no such {en}")


def _outside_flag(line: StatementLine) -> Words:
    """The message asked for the other kind alone, so that the centre's half was not looked at."""
    if line.is_refund:
        return Words(
            "仅机构有：该行是退费，而报文 refd_setl_flag（退费结算标志）为 0，只对结算",
            "institution only: the line is a refund, and refd_setl_flag 0 in the message compares settlements alone",
        )
    return Words(
        "仅机构有：该行是结算，而报文 refd_setl_flag（退费结算标志）为 1，只对退费",
        "institution only: the line is a settlement, and refd_setl_flag 1 in the message compares refunds alone",
    )


def _lacking(one: Record, seen: Mapping[tuple[str, bool], StatementLine]) -> Words:
    if not one.is_refund:
        return Words("仅中心有：机构缺该笔结算", "centre only: the institution lacks the settlement")
    zh, en = "仅中心有：机构缺该笔退费", "centre only: the institution lacks the refund"
    if (one.setl_id, False) in seen:
        return Words(f"{zh}，结算仍记为有效", f"{en} and still counts the settlement")
    return Words(zh, en)


_Pair = tuple[str, str, str]
"""A column, what the institution has in it, what the centre has."""


def _both(pairs: Sequence[_Pair]) -> Words:
    return Words(
        "；".join(f"{name} 机构 {there} 中心 {here}" for name, there, here in pairs),
        "; ".join(f"{name} {there} there, {here} here" for name, there, here in pairs),
    )


def _in_what(line: StatementLine, record: Record) -> list[_Pair]:
    """Return in what a record differs."""
    pairs = [
        (name, f"{there:.2f}", f"{here:.2f}")
        for name, there, here in _amounts(line.figures, record.figures)
        if there != here
    ]
    if line.mdtrt_id and line.mdtrt_id != record.mdtrt_id:
        pairs.append(("mdtrt_id", line.mdtrt_id, record.mdtrt_id))
    if line.psn_no and line.psn_no != record.psn_no:
        pairs.append(("psn_no", line.psn_no, record.psn_no))
    return pairs


def _amounts(theirs: Figures, ours: Figures) -> tuple[tuple[str, Decimal, Decimal], ...]:
    return (
        ("medfee_sumamt", theirs.total, ours.total),
        ("fund_pay_sumamt", theirs.fund, ours.fund),
        ("acct_pay", theirs.account, ours.account),
    )
