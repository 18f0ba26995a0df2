"""The kinds of example whose payment is laid out in bands: over the amount itself, or above a deductible."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

from codes.words import Words
from rules.bands import Band, gaps, lay_exact, lay_once
from rules.examples.bill import bill, borne, limited, payer
from rules.examples.formula import Formula, added, least, left_of, number
from rules.examples.given import Given
from rules.examples.task import Task
from rules.examples.worked import Step, Worked, money, parts_of, plain, step
from rules.money import ZERO, at_least_zero, to_cent, total

_LARGE_SUM = "hifob_pay"
_NUMBER = re.compile(r"(\d[\d,]{0,15}(?:\.\d{1,4})?)\s*(万?)")
_TEN_THOUSAND = 10_000


def banded(task: Task) -> Worked:
    """Bands over the amount itself: the deductible takes the lowest money, so the first band starts where it ends."""
    given = task.given
    amount = given.amount("amount", "medfee_sumamt", "total", "fee")
    bands = _bands(given, first=given.amount_or(ZERO, "deductible"))
    deductible = given.amount_or(bands[0].above, "deductible")
    exact = _laid(amount, deductible, bands)
    payments, paid, remarks = _payments(task, bands, amount, deductible)
    figures = bill(amount, payments, given, amount)
    figures |= {
        "parts": parts_of(exact, is_open=True),
        "act_pay_dedc": money(min(amount, deductible)),
        "base": money(at_least_zero(amount - deductible)),
        "after_deductible": money(at_least_zero(amount - deductible)),
    }
    steps = (*_band_steps(amount, bands, deductible, exact), *paid, borne(amount, *payments.values()))
    return Worked(figures, steps, "fund_pay_sumamt", "parts", (*_unpaid(deductible, bands), *remarks))


def banded_above(task: Task) -> Worked:
    """Bands over what basic insurance, the catalogue and the deductible leave; they count from nothing."""
    given = task.given
    fee = given.amount("total", "medfee_sumamt", "amount", "fee")
    basic = given.amount_or(ZERO, "basic_paid")
    outside, deductible = given.amount_or(ZERO, "outside_catalogue"), given.amount_or(ZERO, "deductible")
    base = at_least_zero(fee - basic - outside - deductible)
    bands = _bands(given, first=ZERO)
    exact = lay_exact(base, bands)
    paid, capped = limited(lay_once(base, bands), given)
    own = payer(task.asked, "hifmi_pay", ("hifp_pay",))
    payments = {"hifp_pay": basic, own: paid} if own != "hifp_pay" else {own: basic + paid}
    in_scope = at_least_zero(fee - outside)
    figures = bill(fee, payments, given, in_scope)
    figures |= {
        "base": money(base),
        "parts": parts_of(exact, is_open=True),
        "fulamt_ownpay_amt": money(outside),
        "after_basic": money(at_least_zero(fee - basic)),
        "after_deductible": money(base),
        "act_pay_dedc": money(min(deductible, at_least_zero(fee - basic - outside))),
    }
    under = left_of(fee, basic, outside, deductible).or_zero()
    first = step("计入分段的金额", "amount under the bands", under, base)
    steps = (
        first,
        *_band_steps(base, bands, ZERO, exact),
        _once(exact, lay_once(base, bands)),
        *capped,
        borne(fee, basic, paid),
    )
    return Worked(figures, steps, own, "parts", _unpaid(ZERO, bands))


def _unpaid(start: Decimal, bands: Sequence[Band]) -> tuple[Words, ...]:
    """Return which money no band pays for: a band may be missing, or an edge may be mistyped."""
    said = [f"{plain(low)}–{plain(high)}" for low, high in gaps(start, bands)]
    if not said:
        return ()
    return (
        Words(
            f"各段之间有空档 {'、'.join(said)}，其中的金额不支付。",
            f"No band covers {', '.join(said)}; nothing is paid there.",
        ),
    )


def _bands(given: Given, *, first: Decimal) -> tuple[Band, ...]:
    """Return the bands; one without a start goes on where the band before it ended."""
    bands: list[Band] = []
    tables = given.tables("bands")
    for place, one in enumerate(tables):
        above = one.amount_or(first, "from")
        end = one.amount_or_none("to")
        if end is None and place + 1 < len(tables):
            end = tables[place + 1].amount("from")
        bands.append(Band(above, end, one.ratio("rate")))
        first = above if end is None else end
    return tuple(bands)


def _payments(
    task: Task, bands: Sequence[Band], amount: Decimal, deductible: Decimal
) -> tuple[dict[str, Decimal], tuple[Step, ...], tuple[Words, ...]]:
    """Return which fund pays how much: one fund, or basic insurance and from some band on the large-sum fund.

    Each fund's payment is rounded once.
    """
    edge, source = _large_sum_edge(task, bands)
    whole = total(_laid(amount, deductible, bands))
    if edge is None:
        once = _once(_laid(amount, deductible, bands), to_cent(whole))
        paid, capped = limited(to_cent(whole), task.given)
        return {payer(task.asked, "hifp_pay"): paid}, (once, *capped), ()
    parts_below = _laid(min(amount, edge), deductible, bands)
    below = total(parts_below)
    basic, capped = limited(to_cent(below), task.given)
    large = to_cent(whole - below)
    shown = [
        step(
            f"基本医保支付（≤ {plain(edge)}）",
            f"basic insurance pays (≤ {plain(edge)})",
            _sum(parts_below),
            to_cent(below),
        ),
        *capped,
        step(
            f"大额基金支付（> {plain(edge)}）",
            f"the large-sum fund pays (> {plain(edge)})",
            left_of(whole, below),
            large,
        ),
    ]
    cap = task.given.amount_or_none("cap")
    if cap is not None and large > to_cent(cap) - basic:
        left = least(number(large), left_of(to_cent(cap), basic))
        large = to_cent(cap) - basic
        shown.append(step("大额基金限额", "the large-sum fund, limit", left, large))
    return {"hifp_pay": basic, _LARGE_SUM: large}, tuple(shown), (source,)


def _laid(amount: Decimal, deductible: Decimal, bands: Sequence[Band]) -> tuple[Decimal, ...]:
    """Return what each band pays of the amount; the deductible takes the lowest money, whichever band holds it."""
    reached, lost = lay_exact(amount, bands), lay_exact(min(amount, deductible), bands)
    return tuple(all_of_it - below for all_of_it, below in zip(reached, lost, strict=True))


def _large_sum_edge(task: Task, bands: Sequence[Band]) -> tuple[Decimal | None, Words]:
    """Return from which band on the large-sum fund pays, and how we know.

    An input may say so. Else, where the example asks for the large-sum payment beside another one, the prose names
    the band by its edge; the last band is meant where it does not.
    """
    if task.given.has("hifob_from", "hifob_above"):
        edge = task.given.amount("hifob_from", "hifob_above")
        return edge, Words(f"大额基金自 {plain(edge)} 起支付。", f"The large-sum fund pays above {plain(edge)}.")
    if _LARGE_SUM not in task.asked or not task.asked & {"hifp_pay", "fund_pay_sumamt"} or len(bands) == 1:
        return None, Words("", "")
    edges = {band.above for band in bands[1:]}
    named = [number for number in _numbers_in(task.prose) if number in edges]
    edge = named[0] if named else bands[-1].above
    by = Words("按说明文字", "by the note") if named else Words("按最后一段", "taken as the last band")
    return edge, Words(
        f"大额基金自 {plain(edge)} 起支付（{by.zh}）。", f"The large-sum fund pays above {plain(edge)} ({by.en})."
    )


def _numbers_in(prose: str) -> list[Decimal]:
    """Return the amounts that a sentence names; 10万 is a hundred thousand."""
    return [
        Decimal(digits.replace(",", "")) * (_TEN_THOUSAND if tens else 1) for digits, tens in _NUMBER.findall(prose)
    ]


def _band_steps(
    amount: Decimal, bands: Sequence[Band], deductible: Decimal, exact: Sequence[Decimal]
) -> tuple[Step, ...]:
    return tuple(
        step(
            f"第 {place} 段（{_stretch(band)}）",
            f"band {place} ({_stretch(band)})",
            number(at_least_zero(band.holds(amount) - band.holds(min(amount, deductible)))) * number(band.rate),
            part,
        )
        for place, (band, part) in enumerate(zip(bands, exact, strict=True), 1)
        if part
    )


def _once(parts: Sequence[Decimal], paid: Decimal) -> Step:
    return step("各段合计，一次四舍五入", "all bands, rounded once", _sum(parts), paid)


def _sum(parts: Sequence[Decimal]) -> Formula:
    return added(*(part for part in parts if part)) if any(parts) else number(ZERO)


def _stretch(band: Band) -> str:
    return f"{plain(band.above)}–{'∞' if band.up_to is None else plain(band.up_to)}"
