"""The kinds of example that are a bill with one rate: simple, by age, by classes of items, and three layers."""

from __future__ import annotations

from decimal import Decimal

from codes.words import Words
from rules.examples.bill import bill, borne, limited, payer
from rules.examples.formula import added, least, left_of, number
from rules.examples.given import Given
from rules.examples.task import Task
from rules.examples.worked import (
    Result,
    Step,
    Worked,
    money,
    parts_of,
    plain,
    stated,
    step,
    to_be_paid,
    unrounded,
)
from rules.money import ONE, ZERO, at_least_zero, share, to_cent, total

_PART = "psn_part_amt"


def simple(task: Task) -> Worked:
    """One rate of what is left after exclusion and deductible."""
    given = task.given
    fee = given.amount("medfee_sumamt", "amount", "total", "fee")
    excluded, deductible = given.amount_or(ZERO, "excluded"), given.amount_or(ZERO, "deductible")
    rate = given.ratio("rate")
    in_scope = at_least_zero(fee - excluded)
    base = at_least_zero(in_scope - deductible)
    paid, capped = limited(share(base, rate), given)
    own = payer(task.asked, "hifp_pay")
    figures = bill(fee, {own: paid}, given, in_scope)
    figures |= {
        "fulamt_ownpay_amt": money(fee - in_scope),
        "act_pay_dedc": money(in_scope - base),
        "base": money(base),
        "after_excluded": money(in_scope),
        "after_deductible": money(base),
        "rate": unrounded(rate),
    }
    steps = (
        step("计入支付的金额", "amount that counts", left_of(fee, excluded, deductible).or_zero(), base),
        step("基金按比例支付", "the fund pays its rate", number(base) * number(rate), share(base, rate)),
        *capped,
        borne(fee, paid),
    )
    return Worked(figures, steps, own)


def age_ratio(task: Task) -> Worked:
    """A deductible by the base wage, and a rate that grows with each year of age.

    The rate may grow beyond 1, which the reader is told; the fund still pays no more than was charged.
    """
    given = task.given
    fee = given.amount("medfee_sumamt", "amount", "total", "fee")
    in_scope = at_least_zero(fee - given.amount_or(ZERO, "excluded"))
    deductible, first = _deductible_by_wage(given)
    base_rate = given.ratio("base_rate")
    per_year, age = given.ratio_or(ZERO, "per_year"), given.amount_or(ZERO, "age")
    rate = base_rate + per_year * age
    base = at_least_zero(in_scope - deductible)
    by_rate = share(base, rate)
    whole = min(by_rate, to_cent(in_scope))
    paid, capped = limited(whole, given)
    own = payer(task.asked, "hifp_pay")
    figures = bill(fee, {own: paid}, given, in_scope)
    figures |= {
        "act_pay_dedc": money(deductible),
        "rate": unrounded(rate),
        "pool_prop_selfpay": unrounded(rate),
        "base": money(base),
        "after_deductible": money(base),
    }
    steps = (
        first,
        step("按年龄的比例", "rate by age", number(base_rate) + number(per_year) * number(age), rate),
        step(
            "基金按比例支付",
            "the fund pays its rate",
            left_of(in_scope, deductible).or_zero() * number(rate),
            by_rate,
        ),
        *_no_more_than(in_scope, by_rate, whole),
        *capped,
        borne(fee, paid),
    )
    return Worked(figures, steps, own, remarks=_beyond_one(rate))


def _no_more_than(charged: Decimal, by_rate: Decimal, whole: Decimal) -> tuple[Step, ...]:
    if by_rate == whole:
        return ()
    return (step("不超过费用", "no more than was charged", least(number(by_rate), number(charged)), whole),)


def _beyond_one(rate: Decimal) -> tuple[Words, ...]:
    if rate <= 1:
        return ()
    return (Words(f"按年龄的比例 {plain(rate)} 超过 1。", f"The rate by age is {plain(rate)}, more than 1."),)


def item_classes(task: Task) -> Worked:
    """A share of each class paid first, coinsurance on the rest of most of them, and what no fund pays."""
    given = task.given
    deductible = given.amount_or(ZERO, "deductible")
    outside = given.amount_or(ZERO, "own_drug") + given.amount_or(ZERO, "own_other")
    names: list[str] = []
    parts: list[Decimal] = []
    steps: list[Step] = []
    amounts = first_paid = ZERO
    for place, one in enumerate(given.tables("classes"), 1):
        names.append(str(one.raw("name")) if one.has("name") else str(place))
        amount, first = one.amount("amount"), one.ratio_or(ZERO, "first_pay")
        shares = given.ratio("coinsurance") if one.flag_or("coins", otherwise=True) else ZERO
        part = amount * first + amount * (ONE - first) * shares
        parts.append(part)
        amounts, first_paid = amounts + amount, first_paid + amount * first
        formula = number(amount) * number(first)
        if shares:
            formula += number(amount) * left_of(ONE, first) * number(shares)
        steps.append(step(f"{names[-1]} 个人负担", f"{names[-1]}, the person bears", formula, part))
    fee = given.amount_or(amounts + outside + deductible, "medfee_sumamt", "amount", "total", "fee")
    own_share = total(parts) + outside + deductible
    paid = at_least_zero(to_cent(fee - own_share))
    own = payer(task.asked, "hifp_pay")
    figures = bill(fee, {own: paid}, given, at_least_zero(fee - outside - first_paid))
    figures |= {
        "parts": parts_of(parts, names),
        "preselfpay_amt": to_be_paid(first_paid),
        "fulamt_ownpay_amt": money(outside),
        "act_pay_dedc": money(deductible),
        "classes_part_amt": to_be_paid(total(parts)),
    }
    all_borne = added(*parts, outside, deductible)
    steps += [
        step("个人负担合计（各类、目录外、起付线）", "borne: classes, outside, deductible", all_borne, own_share),
        step("基金支付", "the fund pays", left_of(fee, own_share).or_zero(), paid),
        borne(fee, paid),
    ]
    return Worked(figures, tuple(steps), _PART, "parts")


def three_layers(task: Task) -> Worked:
    """Basic insurance, then critical illness, then assistance; each is another fund's payment and rounded as one."""
    given = task.given
    in_scope = given.amount("inscp_scp_amt")
    fee = given.amount_or(in_scope, "medfee_sumamt", "total", "fee")
    basic, steps = _layer(given, "basic", in_scope, "基本医保", "basic insurance")
    after_basic = in_scope - basic
    critical, more = _layer(given, "ci", after_basic, "大病保险", "critical-illness insurance")
    after_critical = after_basic - critical
    assistance, most = _layer(given, "ma", after_critical, "医疗救助", "medical assistance")
    second = payer(task.asked, "hifmi_pay", ("hifp_pay", "maf_pay"))
    payments = {"hifp_pay": basic, second: critical, "maf_pay": assistance}
    figures: dict[str, Result] = bill(fee, payments, given, in_scope)
    figures |= {
        "parts": parts_of((basic, critical, assistance), ("basic", "ci", "ma"), is_open=True),
        "after_basic": money(after_basic),
        "after_ci": money(after_critical),
        "after_ma": money(after_critical - assistance),
    }
    return Worked(figures, (*steps, *more, *most, borne(fee, basic, critical, assistance)), _PART, "parts")


def _layer(given: Given, name: str, left: Decimal, zh: str, en: str) -> tuple[Decimal, tuple[Step, ...]]:
    """Return what one layer pays of what the layers before left; one that the inputs do not name pays nothing."""
    keys = tuple(f"{name}_{end}" for end in ("deductible", "rate", "cap"))
    if name != "basic" and not given.has(*keys):
        return ZERO, ()
    deductible, rate = given.amount_or(ZERO, keys[0]), given.ratio(keys[1])
    cap = given.amount_or_none(keys[2])
    paid = share(at_least_zero(left - deductible), rate)
    steps = [step(f"{zh}支付", f"{en} pays", left_of(left, deductible).or_zero() * number(rate), paid)]
    if cap is not None and paid > cap:
        limit = least(number(paid), number(cap))
        paid = to_cent(cap)
        steps.append(step(f"{zh}限额", f"{en}, limit", limit, paid))
    steps.append(step(f"{zh}之后剩余", f"left after {en}", left_of(left, paid), left - paid))
    return paid, tuple(steps)


def _deductible_by_wage(given: Given) -> tuple[Decimal, Step]:
    """Return the deductible, in whole fen since it is an amount that is published, and how it came about."""
    if given.has("deductible") or not given.has("base_wage", "deductible_share"):
        deductible = to_cent(given.amount_or(ZERO, "deductible"))
        return deductible, stated("起付线", "deductible", deductible)
    wage, part = given.amount("base_wage"), given.ratio("deductible_share")
    deductible = share(wage, part)
    return deductible, step("起付线", "deductible", number(wage) * number(part), deductible)
