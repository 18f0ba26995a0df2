"""The figures of a bill by the interface's own names, such that its identities hold.

A worked example names the one payment that it is about after whichever fund pays in its place: what is worked out in
the same way is `hifp_pay` here, `hifmi_pay` or `hifob_pay` there.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from rules.examples.formula import least, left_of, number
from rules.examples.given import Given
from rules.examples.worked import Result, Step, money, step, to_be_paid, unrounded
from rules.money import ZERO, to_cent, total

FUNDS = ("hifp_pay", "cvlserv_pay", "hifes_pay", "hifmi_pay", "hifob_pay", "maf_pay", "oth_pay")
"""The funds that `fund_pay_sumamt` adds up."""


def payer(asked: frozenset[str], own: str, taken: tuple[str, ...] = ()) -> str:
    """Return under which fund's name the payment goes: the kind's own, unless the example asks for just one other."""
    others = [name for name in FUNDS if name in asked and name not in taken]
    return others[0] if own not in asked and len(others) == 1 else own


def bill(fee: Decimal, payments: Mapping[str, Decimal], given: Given, in_scope: Decimal) -> dict[str, Result]:
    """Return every figure that follows from the fee and what each fund pays of it.

    Funds that are not named pay nothing. The person's own share is first taken from the account as far as the inputs
    say that the account pays; the rest is cash.
    """
    by_fund = {name: payments.get(name, ZERO) for name in FUNDS}
    funds = total(by_fund.values())
    person = fee - funds
    account = min(given.amount_or(ZERO, "acct_pay"), person)
    family = min(given.amount_or(ZERO, "acct_mulaid_pay"), person - account)
    figures: dict[str, Result] = {name: money(amount) for name, amount in by_fund.items()}
    figures |= {
        "medfee_sumamt": money(fee),
        "inscp_scp_amt": money(in_scope),
        "fund_pay_sumamt": money(funds),
        "psn_part_amt": to_be_paid(person),
        "hosp_part_amt": money(ZERO),
        "acct_pay": money(account),
        "acct_mulaid_pay": money(family),
        "psn_cash_pay": to_be_paid(person - account - family),
    }
    if fee:
        figures["actual_ratio"] = unrounded(funds / fee)
    if in_scope:
        figures["in_scope_ratio"] = unrounded(funds / in_scope)
    return figures


def limited(paid: Decimal, given: Given) -> tuple[Decimal, tuple[Step, ...]]:
    """Return the payment under the limit that the inputs may name, and a step where the limit bites."""
    cap = given.amount_or_none("cap")
    if cap is None or paid <= cap:
        return paid, ()
    return to_cent(cap), (step("封顶线", "limit", least(number(paid), number(cap)), to_cent(cap)),)


def borne(fee: Decimal, *paid: Decimal) -> Step:
    """Return the step that ends every bill: what is left to the person."""
    return step("个人负担", "the person bears", left_of(fee, *paid), fee - total(paid))
