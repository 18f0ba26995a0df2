"""Whether the fields of a message agree with each other: lines with their total, an amount with quantity and price.

A table looks at one field at a time. What stands here is remarked only: a centre refuses it when it looks at the
business, with words of its own and with the tolerance of its place. Who checks a message before it is sent wants to
know at once. A field that is absent, or was refused, is not judged.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import ROUND_HALF_UP, Decimal, localcontext

from codes.words import Words
from wire.fsi.faults import Fault, fault
from wire.fsi.record import Message, Record

_LINES = ("drugdetail", "feedetail")
_SERIAL, _AMOUNT, _COUNT, _PRICE, _TOTAL = "feedetl_sn", "det_item_fee_sumamt", "cnt", "pric", "medfee_sumamt"
_PARTS = ("fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt")
_SPANS = (
    ("begndate", "enddate", Words("结束日期", "end")),
    ("begntime", "endtime", Words("结束时间", "end")),
    ("stmt_begndate", "stmt_enddate", Words("对账结束日期", "reconciliation end")),
    ("manu_date", "expy_end", Words("有效期止", "expiry date")),
)
"""Two dates of which the second is not the earlier one."""
_LABELS = {
    _SERIAL: Words("费用明细流水号", "fee line serial"),
    _AMOUNT: Words("明细项目费用总额", "line amount"),
    _TOTAL: Words("医疗费总额", "total fee"),
}
_CENT = Decimal("0.01")
"""Also by how much a line may differ: tills round each in their own way."""
_DIGITS = 60
"""Sixteen digits times sixteen, exactly."""


def contradictions(message: Message) -> tuple[Fault, ...]:
    """Return what does not agree, as remarks.

    Lines that are no quantity times price, stand twice or do not make the total; parts that do not make the whole; a
    date before the one that it follows.
    """
    rows = [row for name in message.names() for row in message.many(name)]
    with localcontext() as context:
        context.prec = _DIGITS
        return (
            *(one for name in _LINES for one in _of_lines(message.many(name))),
            *_of_total(message),
            *(one for row in rows for one in _of_parts(row)),
            *(one for row in rows for one in _of_dates(row)),
        )


def _of_lines(lines: Sequence[Record]) -> Iterator[Fault]:
    serials = Counter(line.text_or(_SERIAL, "") for line in lines)
    seen: set[str] = set()
    for line in lines:
        serial = line.text_or(_SERIAL, "")
        if serials[serial] > 1 and serial and serial in seen:
            yield _at(line, _SERIAL, "fsi.line_repeated", Words(f"{serial} 重复", f"{serial} stands there twice"))
        seen.add(serial)
        if not all(name in line for name in (_AMOUNT, _COUNT, _PRICE)):
            continue
        count, price, amount = line.number(_COUNT), line.number(_PRICE), line.number(_AMOUNT)
        expected = (count * price).quantize(_CENT, ROUND_HALF_UP)
        if abs(amount - expected) > _CENT:
            yield _at(
                line,
                _AMOUNT,
                "fsi.line_amount",
                Words(
                    f"为 {amount:f}，数量 {count:f} × 单价 {price:f} = {expected:f}",
                    f"is {amount:f}; quantity {count:f} × unit price {price:f} = {expected:f}",
                ),
            )


def _of_total(message: Message) -> Iterator[Fault]:
    said, lines = message.one_or_none("druginfo"), message.many("drugdetail")
    if said is None or _TOTAL not in said or not lines or any(_AMOUNT not in line for line in lines):
        return
    total, stated = sum((line.number(_AMOUNT) for line in lines), Decimal(0)), said.number(_TOTAL)
    if total != stated:
        words = Words(f"为 {stated:f}，明细合计 {total:f}", f"is {stated:f}; the lines add up to {total:f}")
        yield _at(said, _TOTAL, "fsi.sum_differs", words)


def _of_parts(row: Record) -> Iterator[Fault]:
    if not all(name in row for name in (_TOTAL, *_PARTS)):
        return
    parts, stated = sum((row.number(name) for name in _PARTS), Decimal(0)), row.number(_TOTAL)
    if parts != stated:
        names = Words("全自费、超限价、先行自付、政策范围内", "the four parts of the fee")
        words = Words(f"为 {stated:f}，{names.zh}之和为 {parts:f}", f"is {stated:f}; {names.en} add up to {parts:f}")
        yield _at(row, _TOTAL, "fsi.sum_differs", words)


def _of_dates(row: Record) -> Iterator[Fault]:
    for first, last, label in _SPANS:
        if first in row and last in row and row.day(last) < row.day(first):
            words = Words(f"早于 {first}", f"is before {first}")
            yield fault(f"{row.path}.{last}", label, "fsi.dates_reversed", words)


def _at(row: Record, name: str, code: str, words: Words) -> Fault:
    return fault(f"{row.path}.{name}", _LABELS[name], code, words)
