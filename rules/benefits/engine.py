"""Settling a case: `settle(book, person, visit, lines, totals)` → what everybody pays, and why.

In order: the lines are split; a package leaves the hospital what lies above its price; each portion of the lines goes
through the layers of the book, of which each pays from its own fund and is rounded once; accounts and cash bear the
rest. Nothing is looked up and nothing is kept: the same case gives the same settlement, in whatever order its lines
stand.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from rules.benefits.account import pay_from_accounts
from rules.benefits.basket import Basket, baskets_of, cut_to_package
from rules.benefits.book import Book
from rules.benefits.case import Line, Person, Visit, YearTotals, check_case
from rules.benefits.facts import Facts
from rules.benefits.figures import Value
from rules.benefits.layer_run import LayerRun, Paid
from rules.benefits.outcome import RATIO_PLACES, Fund, Settlement, SplitLine
from rules.benefits.rule_set import Base, Layer, Part, Reach
from rules.benefits.sentences import StepKind
from rules.benefits.split import FirstPayUse, split_lines
from rules.benefits.tally import STAYS, Tally
from rules.benefits.worksheet import Worksheet
from rules.money import ONE, ZERO, to_cent, to_places, total

Amounts = dict[str, Decimal]


def settle(book: Book, person: Person, visit: Visit, lines: Sequence[Line], totals: YearTotals) -> Settlement:
    """Return the settlement of a case.

    Args:
        book: The rules of the area where the person is insured.
        person: What is true of the person on the day.
        visit: How, when and where the person was treated.
        lines: What was done or sold; at least one.
        totals: Of the year `book.year_of(visit)`, without this visit.

    Raises:
        CaseError: The case contradicts itself; the line or field is named.
        NoRulesError: The book has no version for the day.
    """
    check_case(person, visit, lines)
    force = book.for_visit(visit)
    sheet = Worksheet(force.rules, force.day, totals, visit.so_far)
    facts = force.rules.facts_of(person, visit)
    split, first_pays = split_lines(force.rules, facts, visit, lines)
    amounts = _fees(split)
    _write_case(sheet, facts, visit)
    _write_split(sheet, first_pays, amounts, len(split))
    baskets = baskets_of(sheet, facts, visit, split)
    hospital = cut_to_package(sheet, facts, baskets)
    basics = [basic for basket in baskets for basic in _run_layers(sheet, basket)]
    if force.rules.is_stay(visit.med_type) and not visit.is_continued:
        _count_stay(sheet.tally)
    amounts.update(_fund_amounts(sheet, basics))
    fund = amounts["fund_pay_sumamt"]
    amounts["hosp_part_amt"] = hospital
    amounts["psn_part_amt"] = amounts["medfee_sumamt"] - fund - hospital
    purse = pay_from_accounts(sheet, facts, person, visit, _borne(amounts))
    amounts.update(acct_pay=purse.account, acct_mulaid_pay=purse.family, psn_cash_pay=purse.cash)
    sheet.write_whole(StepKind.RESULT, {}, _result(amounts))
    return Settlement(
        area=force.rules.area,
        version=force.rules.version,
        day=force.day,
        year=force.day.year,
        **amounts,
        lines=tuple(split),
        payments=tuple(sheet.payments),
        steps=tuple(sheet.steps),
        increments=sheet.tally.increments,
        carries=sheet.tally.carries,
        rules=sheet.used,
    )


def _fees(split: Sequence[SplitLine]) -> Amounts:
    return {
        "medfee_sumamt": to_cent(total(one.line.amount for one in split)),
        "fulamt_ownpay_amt": to_cent(total(one.outside for one in split)),
        "overlmt_selfpay": to_cent(total(one.over_limit for one in split)),
        "preselfpay_amt": to_cent(total(one.pays_first for one in split)),
        "inscp_scp_amt": to_cent(total(one.in_scope for one in split)),
    }


def _write_case(sheet: Worksheet, facts: Facts, visit: Visit) -> None:
    given: dict[str, Value] = {
        "day": sheet.day.isoformat(),
        "insutype": facts.insutype,
        "psn_type": facts.psn_type,
        "age": facts.age,
        "med_type": visit.med_type,
        "level": facts.level,
        "district": visit.district,
    }
    if facts.med_type != visit.med_type:
        given["counts_as"] = facts.med_type
    sheet.write_whole(StepKind.CASE, given, {"place": facts.place, "referral": facts.referral})


def _write_split(sheet: Worksheet, first_pays: Sequence[FirstPayUse], fees: Amounts, lines: int) -> None:
    for use in first_pays:
        way = "further" if use.rule.is_further else "instead"
        given: dict[str, Value] = {"way": way, "share": use.rule.share, "lines": use.lines, "of": use.of}
        sheet.write(StepKind.FIRST_PAY, use.rule.id, use.rule.title, given, {"moved": use.moved})
    parts: dict[str, Value] = {name: amount for name, amount in fees.items() if name != "medfee_sumamt"}
    sheet.write_whole(StepKind.SPLIT, {"lines": lines, "medfee_sumamt": fees["medfee_sumamt"]}, parts)


def _run_layers(sheet: Worksheet, basket: Basket) -> list[Paid]:
    """Let every slot of the book pay for a basket; return what the basic layer came to, if one fits."""
    basic_slot, *others = sheet.rules.slots
    basic_run = _choose(sheet, basic_slot, basket.facts)
    if basic_run is None:
        sheet.write_whole(StepKind.NO_LAYER, {}, {"inscp_scp_amt": basket.counted})
        return []
    basic = basic_run.pay(basket.counted, basket.counted, {})
    left = basket.counted - basic.amount
    for slot in others:
        run = _choose(sheet, slot, basket.facts)
        if run is None:
            continue
        of = _told_base(run, basket.counted, left, basic)
        base = _base(run, basket.counted, left, basic)
        if base:
            left -= run.pay(base, left, of).amount
    return [basic]


def _choose(sheet: Worksheet, slot: Sequence[Layer], facts: Facts) -> LayerRun | None:
    """Return the first layer of a slot that fits."""
    for layer in slot:
        rate = layer.rate_for(facts)
        if rate is not None:
            return LayerRun(sheet, layer, rate, facts)
    return None


def _base(run: LayerRun, scope: Decimal, left: Decimal, basic: Paid) -> Decimal:
    if run.layer.base is Base.SCOPE:
        return scope
    if run.layer.base is Base.OVER_CAP:
        return basic.over_cap
    return left if run.layer.base is Base.LEFT else run.above_deductible(left, basic.deductible)


def _told_base(run: LayerRun, scope: Decimal, left: Decimal, basic: Paid) -> dict[str, Value]:
    """Return how the money that a layer looks at comes about."""
    if run.layer.base is Base.SCOPE:
        return {}
    if run.layer.base is Base.OVER_CAP:
        return {"of": Base.OVER_CAP.value}
    told: dict[str, Value] = {"of": run.layer.base.value, "scope": scope, "paid_before": scope - left}
    if run.layer.base is Base.LEFT_ABOVE_DEDUCTIBLE:
        told |= {"less": basic.deductible, "rest": run.rest}
    return told


def _count_stay(tally: Tally) -> None:
    """Count a stay once, in however many parts it is settled."""
    if not tally.of(STAYS, Reach.VISIT):
        tally.grow(STAYS, Reach.YEAR, ONE)
        tally.grow(STAYS, Reach.VISIT, ONE)


def _fund_amounts(sheet: Worksheet, basics: Sequence[Paid]) -> Amounts:
    by_fund: Amounts = {fund.value: to_cent(ZERO) for fund in Fund}
    for payment in sheet.payments:
        by_fund[payment.fund.value] += payment.paid
    return {
        **by_fund,
        "fund_pay_sumamt": total(by_fund.values()),
        "act_pay_dedc": to_cent(total(basic.deductible for basic in basics)),
        "pool_prop_selfpay": _pool_ratio(basics),
    }


def _pool_ratio(basics: Sequence[Paid]) -> Decimal:
    """Return the one ratio that was paid above the deductible, or what several came to."""
    rates = {basic.rate for basic in basics}
    if len(rates) == 1 and (only := rates.pop()) is not None:
        return to_places(only, RATIO_PLACES)
    counted = total(basic.counted for basic in basics)
    return (
        to_places(total(basic.amount for basic in basics) / counted, RATIO_PLACES)
        if counted
        else to_places(ZERO, RATIO_PLACES)
    )


def _borne(amounts: Amounts) -> dict[Part, Decimal]:
    """Return the person's part by what it is for; what the hospital bears is taken from the scope first."""
    borne = {
        Part.IN_SCOPE: amounts["inscp_scp_amt"] - amounts["fund_pay_sumamt"],
        Part.PAYS_FIRST: amounts["preselfpay_amt"],
        Part.OVER_LIMIT: amounts["overlmt_selfpay"],
        Part.OUTSIDE: amounts["fulamt_ownpay_amt"],
    }
    hospital = amounts["hosp_part_amt"]
    for part, amount in borne.items():
        taken = min(amount, hospital)
        borne[part] -= taken
        hospital -= taken
    return borne


def _result(amounts: Amounts) -> dict[str, Value]:
    names = ("medfee_sumamt", "fund_pay_sumamt", "psn_part_amt", "hosp_part_amt")
    return {name: amounts[name] for name in (*names, "acct_pay", "acct_mulaid_pay", "psn_cash_pay")}
