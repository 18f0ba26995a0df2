"""I1 to I5 on a settlement, and as areas read them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from rules.benefits import Settlement, YearTotals, area_reading, check_amounts, check_identities, settle
from tests.rules.benefits.scene import BASIC, TITLE, book, line, person, visit

FEN = Decimal("0.01")
RULES = book(
    BASIC
    + "[[layer.rate]]\nrate = 0.5\n"
    + f"[[account]]\nid = 'account'\n{TITLE}own = ['in_scope']\nfamily = ['in_scope']\n"
)


def settled() -> Settlement:
    who = person(account_balance=Decimal(10), mutual_aid=Decimal(20))
    return settle(RULES, who, visit(uses_account=True), [line(100)], YearTotals())


def test_a_settlement_keeps_all_identities() -> None:
    assert check_identities(settled()) == ()
    assert check_identities(settled(), fund_includes_account=True) == ()


@pytest.mark.parametrize(
    ("name", "broken"),
    [
        ("preselfpay_amt", ("I1",)),
        ("maf_pay", ("I2",)),
        ("hosp_part_amt", ("I3",)),
        ("psn_cash_pay", ("I4",)),
        ("medfee_sumamt", ("I1", "I3", "I5")),
        ("psn_part_amt", ("I3", "I4")),
    ],
)
def test_each_identity_that_is_broken_is_named(name: str, broken: tuple[str, ...]) -> None:
    wrong = replace(settled(), **{name: getattr(settled(), name) + FEN})
    assert tuple(said.partition(":")[0] for said in check_identities(wrong)) == broken


def test_a_line_that_is_broken_is_named() -> None:
    (split,) = settled().lines
    part = replace(settled(), lines=(replace(split, in_scope=split.in_scope - FEN),))
    assert check_identities(part)[0].startswith("I1 of line 1")
    quantity = replace(settled(), lines=(replace(split, line=replace(split.line, quantity=Decimal(2))),))
    assert check_identities(quantity)[0].startswith("I5 of line 1")


@pytest.mark.parametrize(
    ("fund", "family", "expected"),
    [
        (False, False, ("50.00", "10.00")),
        (True, False, ("60.00", "10.00")),
        (False, True, ("50.00", "30.00")),
        (True, True, ("80.00", "30.00")),
    ],
)
def test_an_area_reads_the_funds_total_and_the_account_in_its_way(
    fund: bool, family: bool, expected: tuple[str, str]
) -> None:
    amounts = area_reading(settled(), fund_includes_account=fund, account_includes_family=family)
    assert (str(amounts["fund_pay_sumamt"]), str(amounts["acct_pay"])) == expected
    assert check_amounts(amounts, fund_includes_account=fund, account_includes_family=family) == ()
    assert bool(check_amounts(amounts, fund_includes_account=not fund, account_includes_family=family))
