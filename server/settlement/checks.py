"""What a sale must be before anything is looked up: it has lines, they add up, and they are of a day that has come."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from codes.words import Words
from server.settlement.errors import (
    LineNotPositiveError,
    LineRepeatedError,
    NoLinesError,
    NoStayHereError,
    NotYetError,
    SumDiffersError,
)
from server.settlement.sale import Sale, SaleLine, plain

LINE_TOLERANCE: Final = Decimal("0.01")
"""By how much an amount may differ from quantity times price: tills round each line in their own way."""
STAYS: Final = frozenset({"21", "22", "23", "24", "52"})
"""`med_type` of what is a stay."""
_CENT: Final = Decimal("0.01")


def check_sale(sale: Sale, today: date, tolerance: Decimal = LINE_TOLERANCE) -> None:
    """Refuse a sale that contradicts itself.

    Raises:
        NoLinesError: It has no lines.
        LineRepeatedError: Two lines have one serial.
        LineNotPositiveError: A line of a pharmacy's sale gives something back.
        NoStayHereError: A pharmacy's sale is of a kind of treatment that only a stay is.
        SumDiffersError: A line is not quantity times price, or the lines do not make the total; both are named.
        NotYetError: It begins on a day after `today`, in Beijing.
    """
    if not sale.lines:
        raise NoLinesError(Words("没有费用明细", "There are no fee lines"))
    _check_serials(sale.lines)
    if not sale.visit:
        _check_signs(sale.lines)
        _check_kind(sale)
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


def _check_kind(sale: Sale) -> None:
    """A pharmacy has no beds: the rules of a stay are for visits."""
    if sale.med_type in STAYS:
        raise NoStayHereError(
            Words(
                f"药店结算的 med_type（医疗类别）不能是住院类 {sale.med_type}",
                f"The med_type of a pharmacy's sale cannot be that of a stay: {sale.med_type}",
            )
        )


def _check_line(line: SaleLine, tolerance: Decimal) -> None:
    expected = (line.count * line.price).quantize(_CENT, ROUND_HALF_UP)
    if abs(line.amount - expected) > tolerance:
        raise SumDiffersError(
            Words(
                f"明细 {line.serial} 的 det_item_fee_sumamt（明细项目费用总额）{line.amount:.2f} 不等于"
                f" 数量 {plain(line.count)} × 单价 {plain(line.price)} = {expected:.2f}",
                f"Line {line.serial}: det_item_fee_sumamt {line.amount:.2f} is not {plain(line.count)} × "
                f"{plain(line.price)} = {expected:.2f}",
            )
        )
