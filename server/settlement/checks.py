"""What a sale must be: it has lines, they add up, and they are of a day that has come and is not long past."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, NamedTuple

from codes.words import Words
from rules.benefits.days_late import DaysLate
from server.settlement.errors import (
    FeeDayError,
    LineNotPositiveError,
    LineRepeatedError,
    NoLinesError,
    NotYetError,
    SumDiffersError,
    TooLateError,
)
from server.settlement.sale import Sale, SaleLine, plain
from wire.fsi.values import BEIJING

LINE_TOLERANCE: Final = Decimal("0.01")
"""By how much an amount may differ from quantity times price: tills round each line in their own way."""
SALE_TOLERANCE: Final = Decimal("0.05")
"""By how much all amounts of a sale together may differ: many small lines would make money of nothing."""
_CENT: Final = Decimal("0.01")
_OVER_MIDNIGHT: Final = timedelta(hours=1)
"""So far a fee and the begin of its sale may lie apart where midnight is between them."""
_FEE_TIME: Final = "fee_ocur_time（费用发生时间）"
_MOST_NAMED: Final = 3


class Fee(NamedTuple):
    """What a line says of its money."""

    serial: str
    amount: Decimal
    quantity: Decimal
    price: Decimal


def check_sale(sale: Sale, today: date, tolerance: Decimal = LINE_TOLERANCE) -> None:
    """Refuse a sale that contradicts itself, before anything is looked up.

    Raises:
        NoLinesError: It has no lines.
        LineRepeatedError: Two lines have one serial.
        LineNotPositiveError: A line of a pharmacy's sale gives something back.
        SumDiffersError: A line is not quantity times price, or the lines do not make the total; both are named.
        NotYetError: It is of a day after `today`, in Beijing, or a line of a pharmacy's sale is.
        FeeDayError: A line of a pharmacy's sale is of another day than the sale.
    """
    if not sale.lines:
        raise NoLinesError(Words("没有费用明细", "There are no fee lines"))
    _check_serials(sale.lines)
    if not sale.visit:
        _check_signs(sale.lines)
    for line in sale.lines:
        _check_line(line, tolerance)
    total = sum((line.amount for line in sale.lines), Decimal(0))
    if total != sale.total:
        by = f"{total - sale.total:+.2f}"
        raise SumDiffersError(
            Words(
                f"明细合计 {total:.2f} 与 medfee_sumamt（医疗费总额）{sale.total:.2f} 不符，相差 {by}",
                f"The lines add up to {total:.2f}, medfee_sumamt is {sale.total:.2f}: {by}",
            )
        )
    if sale.day > today:
        raise NotYetError(
            Words(f"业务日期 {sale.day} 晚于今天 {today}", f"The sale is of {sale.day}, which is after today, {today}")
        )
    if not sale.visit:
        _check_days(sale, today)


def check_roundings(fees: Iterable[Fee]) -> None:
    """Refuse lines that are settled together if their roundings add up to money.

    Raises:
        SumDiffersError: Together they differ from quantity times price by more than a few fen; some are named.
    """
    off = {one.serial: abs(one.amount - _product(one)) for one in fees}
    together = sum(off.values(), Decimal(0))
    if together > SALE_TOLERANCE:
        named = [serial for serial, by in off.items() if by]
        more = f" (+{len(named) - _MOST_NAMED})" if len(named) > _MOST_NAMED else ""
        zh, en = "、".join(named[:_MOST_NAMED]), ", ".join(named[:_MOST_NAMED])
        raise SumDiffersError(
            Words(
                f"明细 {zh}{more} 的金额与 数量 × 单价 的差额合计 {together:.2f}，超过 {SALE_TOLERANCE}",
                f"The lines {en}{more} differ from quantity times price by {together:.2f} together; "
                f"{SALE_TOLERANCE} may be",
            ),
            next_step=Words(
                "金额须为 数量 × 单价 四舍五入到分：请按此重算这些明细；已上传的先撤销（2205、2302）。",
                "An amount is quantity times price, rounded half up to the fen: reckon these lines so; first withdraw "
                "those that were uploaded (2205, 2302).",
            ),
        )


def check_worth(sale: Sale) -> None:
    """Refuse a sale of nothing.

    Raises:
        NoLinesError: It comes to 0.00.
    """
    if not sale.total:
        raise NoLinesError(
            Words(
                "medfee_sumamt（医疗费总额）为 0.00，没有可结算的费用",
                "medfee_sumamt is 0.00: there is nothing to settle",
            ),
            next_step=Words(
                "赠品、免费项目无需医保结算；就诊明细可撤销（门诊 2205、住院 2302）。",
                "What is given free wants no settlement; withdraw lines of a visit with 2205 or 2302.",
            ),
        )


def check_in_time(sale: Sale, allowed: DaysLate, today: date) -> None:
    """Refuse a sale that is settled too late: by its day one could choose the year, the rules and the lists.

    Raises:
        TooLateError: More days have passed than are allowed, or a fee arose long before the admission.
    """
    if sale.admitted is not None:
        _refuse_late("出院日期", "The discharge was on", sale.day, (today - sale.day).days, allowed.inpatient)
        begins = sale.begins.astimezone(BEIJING).date()
        for line in sale.lines:
            zh, en = (
                f"明细 {line.serial} 早于入院日期 {begins}：{_FEE_TIME}",
                f"Line {line.serial}, before the admission:",
            )
            _refuse_late(zh, en, line.day, (begins - line.day).days, allowed.outpatient)
        return
    days = allowed.outpatient if sale.visit else allowed.pharmacy
    _refuse_late("业务日期", "The sale is of", sale.day, (today - sale.day).days, days)
    for line in sale.lines:
        # A fee just before midnight belongs to a sale after it.
        if line.day < sale.day and sale.visit:
            zh, en = f"明细 {line.serial} 的 {_FEE_TIME}", f"Line {line.serial}: fee_ocur_time is"
            _refuse_late(zh, en, line.day, (today - line.day).days, days)


def _refuse_late(zh: str, en: str, day: date, passed: int, allowed: int) -> None:
    if passed > allowed:
        raise TooLateError(
            Words(
                f"{zh} {day}，已过 {passed} 天，超过 {allowed} 天的结算时限",
                f"{en} {day}: {passed} days have passed, and {allowed} may",
            )
        )


def _check_days(sale: Sale, today: date) -> None:
    for line in sale.lines:
        if line.day > today:
            raise NotYetError(
                Words(
                    f"明细 {line.serial} 的 {_FEE_TIME}{line.day} 晚于今天 {today}",
                    f"Line {line.serial}: fee_ocur_time is {line.day}, which is after today, {today}",
                )
            )
        if line.day != sale.day and abs(line.at - sale.begins) > _OVER_MIDNIGHT:
            raise FeeDayError(
                Words(
                    f"明细 {line.serial} 的 {_FEE_TIME}{line.day} 与 begntime（开始时间）{sale.day} 不是同一天",
                    f"Line {line.serial}: fee_ocur_time is {line.day}, the sale's begntime is of {sale.day}",
                )
            )


def _check_serials(lines: tuple[SaleLine, ...]) -> None:
    seen: set[str] = set()
    for line in lines:
        if line.serial in seen:
            raise LineRepeatedError(
                Words(f"feedetl_sn（费用明细流水号）{line.serial} 重复", f"feedetl_sn {line.serial} is there twice")
            )
        seen.add(line.serial)


def _check_signs(lines: tuple[SaleLine, ...]) -> None:
    """A pharmacy takes goods back by a cancellation; in a visit a negative line takes back an earlier one."""
    for line in lines:
        if line.count <= 0 or line.amount < 0:
            raise LineNotPositiveError(
                Words(
                    f"明细 {line.serial} 的数量、金额应为正数；退货请用 2103 撤销原结算",
                    f"Line {line.serial} should have a positive quantity and amount; goods come back by a 2103",
                )
            )


def _product(fee: Fee) -> Decimal:
    return (fee.quantity * fee.price).quantize(_CENT, ROUND_HALF_UP)


def _check_line(line: SaleLine, tolerance: Decimal) -> None:
    expected = _product(Fee(line.serial, line.amount, line.count, line.price))
    if abs(line.amount - expected) > tolerance:
        raise SumDiffersError(
            Words(
                f"明细 {line.serial} 的 det_item_fee_sumamt（明细项目费用总额）{line.amount:.2f} 不等于"
                f" 数量 {plain(line.count)} × 单价 {plain(line.price)} = {expected:.2f}",
                f"Line {line.serial}: det_item_fee_sumamt {line.amount:.2f} is not {plain(line.count)} × "
                f"{plain(line.price)} = {expected:.2f}",
            )
        )
