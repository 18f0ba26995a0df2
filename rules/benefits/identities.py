"""The identities that hold on every settlement, checked, and the amounts as an area reads them.

I1: fee = outside + over the limit + paid first + in scope. I2: funds' total = the seven funds. I3: fee = funds +
person + hospital. I4: person = account + family + cash. I5: fee = its lines, each quantity times price.

Areas differ in two readings: whether the funds' total has the personal account in it, and whether the account's amount
has the family's in it. What is reckoned does not change by that, only how it is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from rules.benefits.case import LINE_TOLERANCE
from rules.benefits.outcome import Fund, Settlement
from rules.money import total

AMOUNTS = (
    "medfee_sumamt",
    "fulamt_ownpay_amt",
    "overlmt_selfpay",
    "preselfpay_amt",
    "inscp_scp_amt",
    "act_pay_dedc",
    "hifp_pay",
    "pool_prop_selfpay",
    "cvlserv_pay",
    "hifes_pay",
    "hifmi_pay",
    "hifob_pay",
    "maf_pay",
    "oth_pay",
    "fund_pay_sumamt",
    "psn_part_amt",
    "acct_pay",
    "acct_mulaid_pay",
    "psn_cash_pay",
    "hosp_part_amt",
)
"""Every amount of a settlement, by the interface's names."""


def area_reading(
    settlement: Settlement, *, fund_includes_account: bool = False, account_includes_family: bool = False
) -> dict[str, Decimal]:
    """Return the amounts as an area writes them."""
    amounts = {name: getattr(settlement, name) for name in AMOUNTS}
    if account_includes_family:
        amounts["acct_pay"] += settlement.acct_mulaid_pay
    if fund_includes_account:
        amounts["fund_pay_sumamt"] += amounts["acct_pay"]
    return amounts


def check_amounts(
    amounts: Mapping[str, Decimal], *, fund_includes_account: bool = False, account_includes_family: bool = False
) -> tuple[str, ...]:
    """Return what of I1 to I4 does not hold for amounts as an area writes them; nothing if all do."""
    return tuple(
        f"{name}: {left} = {' + '.join(str(one) for one in right)} ?"
        for name, left, right in _identities(amounts, fund_includes_account, account_includes_family)
        if left != total(right)
    )


def check_identities(settlement: Settlement, *, fund_includes_account: bool = False) -> tuple[str, ...]:
    """Return what of I1 to I5 does not hold, for the whole and for each line; nothing if all do."""
    amounts = area_reading(settlement, fund_includes_account=fund_includes_account)
    wrong = check_amounts(amounts, fund_includes_account=fund_includes_account)
    return wrong + tuple(_wrong_lines(settlement))


def _identities(
    amounts: Mapping[str, Decimal], fund_includes_account: bool, account_includes_family: bool
) -> Iterator[tuple[str, Decimal, tuple[Decimal, ...]]]:
    fee, fund, account = amounts["medfee_sumamt"], amounts["fund_pay_sumamt"], amounts["acct_pay"]
    parts = ("fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt")
    yield "I1", fee, tuple(amounts[name] for name in parts)
    in_fund = (account,) if fund_includes_account else ()
    yield "I2", fund, (*(amounts[name.value] for name in Fund), *in_fund)
    outside = (-account,) if fund_includes_account else ()
    yield "I3", fee, (fund, amounts["psn_part_amt"], amounts["hosp_part_amt"], *outside)
    family = () if account_includes_family else (amounts["acct_mulaid_pay"],)
    yield "I4", amounts["psn_part_amt"], (account, amounts["psn_cash_pay"], *family)


def _wrong_lines(settlement: Settlement) -> Iterator[str]:
    lines = settlement.lines
    if settlement.medfee_sumamt != total(one.line.amount for one in lines):
        yield f"I5: {settlement.medfee_sumamt} is not the sum of the lines"
    for one in lines:
        line = one.line
        if line.amount != one.over_limit + one.outside + one.pays_first + one.in_scope:
            yield f"I1 of line {line.serial}: {line.amount} is not the sum of its parts"
        if abs(line.amount - line.quantity * line.price) > LINE_TOLERANCE + LINE_TOLERANCE / 2:
            yield f"I5 of line {line.serial}: {line.amount} is not {line.quantity} × {line.price}"
