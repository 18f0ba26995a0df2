"""Which settled sales the fund would not pay, and why: no code, no payment (无码不付).

A sale is paid if each pack that needs a code was told with one: a code of that drug, of a single pack, never sold
before, and told in the ways that the area wants, accepted. What the fund would have paid is the pooled money and the
personal account together, whichever of the two totals a place puts the account in.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from codes.words import Words
from rules.scan_binding import SaleLine

K = TypeVar("K")


class Cause(StrEnum):
    """Why a sale would not be paid; the first that holds is the one it is counted under."""

    SETTLEMENT_REFUSED = "unpaid.settlement_refused"
    NOT_UPLOADED = "unpaid.not_uploaded"
    UPLOAD_REFUSED = "unpaid.upload_refused"
    NO_CODE = "unpaid.no_code"
    UPLOADED_WITHOUT_CODES = "unpaid.uploaded_without_codes"
    SOLD_BEFORE = "unpaid.sold_before"
    OTHER_DRUG = "unpaid.other_drug"
    CARTON = "unpaid.carton_code"
    FEWER_CODES = "unpaid.fewer_codes"


CAUSE_WORDS: Mapping[Cause, Words] = {
    Cause.SETTLEMENT_REFUSED: Words("医保结算被拒绝", "the settlement was refused"),
    Cause.NOT_UPLOADED: Words("结算后未上传 3505", "no 3505 was uploaded after the settlement"),
    Cause.UPLOAD_REFUSED: Words("3505 未被受理（retRslt）", "the 3505 was not accepted (retRslt)"),
    Cause.NO_CODE: Words("没有扫追溯码", "no trace code was scanned"),
    Cause.UPLOADED_WITHOUT_CODES: Words("上传时没有带追溯码", "it was uploaded without trace codes"),
    Cause.SOLD_BEFORE: Words("追溯码此前已售", "a trace code was sold before"),
    Cause.OTHER_DRUG: Words("追溯码属于其他药品", "a trace code is of another drug"),
    Cause.CARTON: Words("扫的是箱码，不是单盒追溯码", "a code is of a carton, not of a pack"),
    Cause.FEWER_CODES: Words("追溯码少于盒数", "there are fewer trace codes than packs"),
}
_ORDER = list(Cause)


@dataclass(frozen=True, slots=True)
class AboutCode:
    """What is known of a code."""

    items: frozenset[str] = frozenset()
    """National codes its product goes by; none if the product is not known, which is no fault."""
    is_carton: bool = False


@dataclass(frozen=True, slots=True)
class ToldCodes:
    """One telling of a line's codes: a 3505, or the node of a settlement."""

    item: str
    codes: tuple[str, ...]
    is_accepted: bool = True
    said: str = ""
    """What the refusal said."""
    sold_before: frozenset[str] = frozenset()
    """Those of the codes that another sale had told before."""


@dataclass(frozen=True, slots=True)
class WatchedSale:
    """One insured sale, as it went by."""

    key: str
    """`setl_id`, or the `msgid` where nothing was settled."""
    day: date
    lines: tuple[SaleLine, ...]
    """Only those that need codes."""
    amount: Decimal
    """What the fund and the account would pay."""
    is_settled: bool = True
    refusal: str = ""
    at_settlement: tuple[ToldCodes, ...] | None = None
    """Codes that came with the settlement; None where the area wants none there."""
    uploads: tuple[ToldCodes, ...] | None = ()
    """What was uploaded afterwards; None where the area wants none."""
    scanned: Mapping[str, int] | None = None
    """By national code: how many codes were scanned at the desk; None if the scanner is not ours to see."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason, and where."""

    cause: Cause
    lines: str
    """Serials of the lines; empty for the whole sale."""
    item: str
    words: Words


@dataclass(frozen=True, slots=True)
class UnpaidSale:
    """One sale that would not have been paid."""

    key: str
    day: date
    amount: Decimal
    findings: tuple[Finding, ...]
    """In the order of gravity; at least one."""

    @property
    def cause(self) -> Cause:
        """What it is counted under."""
        return self.findings[0].cause


@dataclass(frozen=True, slots=True)
class UnpaidReport:
    """All of them."""

    sales: tuple[UnpaidSale, ...]
    watched: int
    """Sales that were looked at."""

    @property
    def amount(self) -> Decimal:
        """What would not have been paid."""
        return sum((one.amount for one in self.sales), Decimal(0))

    def by_day(self) -> Mapping[date, tuple[int, Decimal]]:
        """Return number and amount of each day."""
        return _totals(self.sales, lambda one: one.day)

    def by_cause(self) -> Mapping[Cause, tuple[int, Decimal]]:
        """Return number and amount under each cause."""
        return _totals(self.sales, lambda one: one.cause)


def report_on(sales: Iterable[WatchedSale], about: Callable[[str], AboutCode]) -> UnpaidReport:
    """Judge sales, in their order."""
    watched = list(sales)
    found = ((one, find_causes(one, about)) for one in watched)
    unpaid = tuple(UnpaidSale(one.key, one.day, one.amount, findings) for one, findings in found if findings)
    return UnpaidReport(unpaid, len(watched))


def find_causes(sale: WatchedSale, about: Callable[[str], AboutCode]) -> tuple[Finding, ...]:
    """Return why a sale would not be paid; nothing if it would."""
    if not sale.is_settled:
        return (_finding(Cause.SETTLEMENT_REFUSED, (), sale.refusal),)
    by_item: dict[str, list[SaleLine]] = defaultdict(list)
    for line in sale.lines:
        if line.needs:
            by_item[line.item].append(line)
    found = []
    for lines in by_item.values():
        for told, is_upload in ((sale.at_settlement, False), (sale.uploads, True)):
            if told is not None:
                found += _of_item(lines, told, sale.scanned, about, is_upload=is_upload)
    unique = dict.fromkeys(found)
    return tuple(sorted(unique, key=lambda one: _ORDER.index(one.cause)))


def _of_item(
    lines: Sequence[SaleLine],
    told: Iterable[ToldCodes],
    scanned: Mapping[str, int] | None,
    about: Callable[[str], AboutCode],
    *,
    is_upload: bool,
) -> list[Finding]:
    item = lines[0].item
    mine = [one for one in told if one.item == item]
    accepted = [one for one in mine if one.is_accepted]
    if is_upload and not accepted:
        if mine:
            return [_finding(Cause.UPLOAD_REFUSED, lines, mine[-1].said)]
        return [_finding(Cause.NOT_UPLOADED, lines)]
    codes = list(dict.fromkeys(code for one in accepted for code in one.codes))
    if not codes:
        was_scanned = scanned is None or scanned.get(item, 0) > 0
        return [_finding(Cause.UPLOADED_WITHOUT_CODES if was_scanned else Cause.NO_CODE, lines)]
    resold = frozenset[str]().union(*(one.sold_before for one in accepted))
    found = [_finding(cause, lines, code) for code in codes if (cause := _cause_of(code, item, resold, about))]
    needs = sum(line.needs for line in lines)
    if len(codes) < needs:
        found.append(_finding(Cause.FEWER_CODES, lines, f"{len(codes)}/{needs}"))
    return found


def _cause_of(code: str, item: str, resold: frozenset[str], about: Callable[[str], AboutCode]) -> Cause | None:
    known = about(code)
    if known.is_carton:
        return Cause.CARTON
    if known.items and item not in known.items:
        return Cause.OTHER_DRUG
    return Cause.SOLD_BEFORE if code in resold else None


def _finding(cause: Cause, lines: Sequence[SaleLine], detail: str = "") -> Finding:
    words = CAUSE_WORDS[cause]
    item = lines[0].item if lines else ""
    serials = "、".join(line.serial for line in lines)
    where = (f"明细 {serials}（{item}）：", f"line {serials} ({item}): ") if lines else ("", "")
    told = (f"：{detail}", f": {detail}") if detail else ("", "")
    return Finding(cause, serials, item, Words(f"{where[0]}{words.zh}{told[0]}", f"{where[1]}{words.en}{told[1]}"))


def _totals(sales: Iterable[UnpaidSale], key: Callable[[UnpaidSale], K]) -> dict[K, tuple[int, Decimal]]:
    totals: dict[K, tuple[int, Decimal]] = {}
    for one in sales:
        number, amount = totals.get(key(one), (0, Decimal(0)))
        totals[key(one)] = (number + 1, amount + one.amount)
    return totals
