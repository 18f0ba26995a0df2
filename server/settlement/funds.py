"""What each fund pays, as `setldetail` tells it: one row for a kind of fund, with the steps that led to it.

The first row carries the whole way of the settlement, since it is there that one looks; each further row the steps of
its own rules. A settlement that no fund pays for has one row, which says why and what could have been paid.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

import msgspec

from rules.benefits.outcome import Fund, Payment, Settlement
from rules.money import ZERO

LONGEST_TEXT: Final = 4000
"""Characters of `setl_proc_info`."""
_LONGEST_NAME: Final = 200
_BASIC: Final = {"310": "310100", "390": "390100"}
_TYPES: Final[Mapping[Fund, str]] = {
    Fund.CVLSERV: "320100",
    Fund.HIFES: "370100",
    Fund.HIFMI: "390200",
    Fund.HIFOB: "330100",
    Fund.MAF: "610100",
    Fund.OTH: "999996",
}
"""Kinds of funds where the rule names none."""
ACCOUNT_TYPE: Final = "310200"
"""The personal account, listed where the area counts it as a fund."""


@dataclass(frozen=True, slots=True)
class FundRow:
    """What one kind of fund pays for a settlement."""

    fund_pay_type: str
    name: str
    in_scope: Decimal
    """In-scope money that its rules looked at."""
    payable: Decimal
    """What it could have paid at most this time."""
    paid: Decimal
    told: str
    """`setl_proc_info`."""

    def negative(self, setl_id: str) -> FundRow:
        """Return the row of the cancellation of a settlement."""
        told = f"撤销结算 {setl_id}：冲回 {self.paid:.2f}"
        return FundRow(self.fund_pay_type, self.name, -self.in_scope, -self.payable, -self.paid, told)

    def as_output(self) -> dict[str, object]:
        """Return the row by the interface's names."""
        return {
            "fund_pay_type": self.fund_pay_type,
            "inscp_scp_amt": self.in_scope,
            "crt_payb_lmt_amt": self.payable,
            "fund_payamt": self.paid,
            "fund_pay_type_name": self.name,
            "setl_proc_info": self.told,
        }


def fund_rows(outcome: Settlement, insutype: str, whole: str) -> tuple[FundRow, ...]:
    """Return the rows of a settlement, the basic fund's first, with the whole process text."""
    by_type: dict[str, list[Payment]] = {}
    # Where nobody pays, the rule that was asked first still tells what it could have paid.
    for payment in [one for one in outcome.payments if one.paid] or outcome.payments[:1]:
        by_type.setdefault(payment.fund_type or _type_of(payment.fund, insutype), []).append(payment)
    if not by_type:
        basic = _type_of(Fund.HIFP, insutype)
        return (FundRow(basic, "基本医疗保险统筹基金", outcome.inscp_scp_amt, ZERO, ZERO, whole),)
    first, *others = (_row(kind, payments, outcome) for kind, payments in by_type.items())
    return (replace(first, told=whole), *others)


def rows_text(rows: Sequence[FundRow]) -> str:
    """Return rows as they are kept."""
    kept = [[one.fund_pay_type, one.name, str(one.in_scope), str(one.payable), str(one.paid), one.told] for one in rows]
    return msgspec.json.encode(kept).decode()


def rows_of(text: str) -> tuple[FundRow, ...]:
    """Return the rows that are kept as `text`."""
    return tuple(
        FundRow(kind, name, Decimal(in_scope), Decimal(payable), Decimal(paid), told)
        for kind, name, in_scope, payable, paid, told in msgspec.json.decode(text)
    )


def _row(kind: str, payments: Sequence[Payment], outcome: Settlement) -> FundRow:
    rules = {payment.rule for payment in payments}
    in_scope = sum((payment.base for payment in payments), ZERO)
    capped = [payment.limit_left for payment in payments if payment.limit_left is not None]
    told = "；".join(step.sentence for step in outcome.steps if step.rule in rules)
    return FundRow(
        kind,
        "、".join(dict.fromkeys(payment.title.zh for payment in payments))[:_LONGEST_NAME],
        in_scope,
        # Where no cap holds, a fund can pay no more than all that is in scope.
        capped[0] if capped else in_scope,
        sum((payment.paid for payment in payments), ZERO),
        told[:LONGEST_TEXT],
    )


def _type_of(fund: Fund, insutype: str) -> str:
    return _TYPES[fund] if fund in _TYPES else _BASIC.get(insutype, f"{insutype}100")
