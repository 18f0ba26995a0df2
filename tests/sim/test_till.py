"""The till of the demo finds each way in which a centre can settle wrongly, and sends what was not answered again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import httpx
import pytest

from sim.checker import Findings
from sim.till import CartLine, Customer, Till, TillError, faults_of

CUSTOMER = Customer("P1", "C1")
CART = (CartLine("X1", 2, Decimal("10.00")), CartLine("X2", 1, Decimal("5.50")))
AMOUNTS = {
    "medfee_sumamt": 25.5,
    "fulamt_ownpay_amt": 0,
    "overlmt_selfpay": 0,
    "preselfpay_amt": 0.5,
    "inscp_scp_amt": 25,
    "fund_pay_sumamt": 10,
    "hifp_pay": 10,
    **dict.fromkeys(("cvlserv_pay", "hifes_pay", "hifmi_pay", "hifob_pay", "maf_pay", "oth_pay"), 0),
    "psn_part_amt": 15.5,
    "acct_pay": 15.5,
    "acct_mulaid_pay": 0,
    "psn_cash_pay": 0,
}


@dataclass
class Centre:
    """Settles each sale once, and compares sums; `wrong` may spoil an answer."""

    wrong: Callable[[str, dict[str, Any]], None] = lambda _infno, _output: None
    bodies: list[bytes] = field(default_factory=list)
    failures: int = 0
    """So many messages find the line cut."""

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.bodies.append(request.content)
        if self.failures:
            self.failures -= 1
            raise httpx.ConnectError("cut")
        said = json.loads(request.content)
        output = self.output(said["infno"], said["input"])
        answer = {"infcode": 0, "err_msg": "", "output": output}
        self.wrong(said["infno"], answer)
        return httpx.Response(200, json=answer)

    def output(self, infno: str, said: dict[str, Any]) -> dict[str, Any]:
        if infno == "3201":
            is_equal = said["data"]["medfee_sumamt"] in {"25.50", "0.00"}
            return {"stmtinfo": {"stmt_rslt": "000000" if is_equal else "000103", "stmt_rslt_dscr": ""}}
        sign = -1 if infno == "2103" else 1
        info = {name: sign * amount for name, amount in AMOUNTS.items()}
        return {"setlinfo": info | {"setl_id": "S1", "mdtrt_id": "M1", "psn_no": "P1"}}


def morning(centre: Centre, *, cancels: bool = False) -> Till:
    till = Till("http://centre", "token", transport=httpx.MockTransport(centre))

    async def play() -> None:
        await till.sign_in()
        booked = await till.sell(CUSTOMER, CART, "N1")
        if booked is not None and cancels:
            await till.cancel(booked)
        await till.reconcile()
        await till.close()

    asyncio.run(play())
    return till


@pytest.mark.parametrize("cancels", [False, True])
def test_a_right_centre_leaves_nothing_to_find(cancels: bool) -> None:
    till = morning(Centre(), cancels=cancels)
    assert till.findings == Findings()
    left = {"costs": "0.00", "funds": "0.00"} if cancels else {"costs": "25.5", "funds": "10.00"}
    summary = {name: Decimal(str(value)) for name, value in till.summary().items()}
    assert summary == {"settled": 1, "cancelled": cancels, "sent_again": 2} | {
        name: Decimal(value) for name, value in left.items()
    }


def spoil(infno: str, **changes: Any) -> Callable[[str, dict[str, Any]], None]:
    def change(asked: str, answer: dict[str, Any]) -> None:
        if asked == infno:
            (node,) = answer["output"].values()
            node |= changes

    return change


def refuse(asked: str, answer: dict[str, Any]) -> None:
    if asked == "2102":
        answer |= {"infcode": -1, "err_msg": "[settlement.refused] no"}


class Another:
    """A settlement of its own for each message, or each try."""

    def __init__(self, name: str) -> None:
        self.name, self.count = name, 0

    def __call__(self, asked: str, answer: dict[str, Any]) -> None:
        if asked == "2102":
            self.count += 1
            answer["output"]["setlinfo"][self.name] = f"S{self.count}" if self.name == "setl_id" else self.count


@pytest.mark.req("T-72")
@pytest.mark.parametrize(
    ("wrong", "kind", "words"),
    [
        (refuse, "lost", "was not settled"),
        (Another("setl_id"), "duplicated", "settled twice"),
        (Another("refmsg"), "false_answers", "another answer"),
        (spoil("2102", hifp_pay=9.99), "false_answers", "I2"),
        (spoil("2103", fund_pay_sumamt=-9), "false_answers", "-9 came back"),
        (spoil("3201", stmt_rslt="000103"), "false_answers", "not 000000"),
        (spoil("3201", stmt_rslt="000000"), "false_answers", "not 000103"),
    ],
)
def test_what_is_planted_is_found(wrong: Callable[[str, dict[str, Any]], None], kind: str, words: str) -> None:
    till = morning(Centre(wrong), cancels=True)
    assert any(words in found for found in till.findings.by_kind[kind])


@pytest.mark.parametrize(
    ("name", "identity"),
    [
        ("inscp_scp_amt", "I1"),
        ("maf_pay", "I2"),
        ("fund_pay_sumamt", "I3"),
        ("psn_cash_pay", "I4"),
        ("medfee_sumamt", "I5"),
    ],
)
def test_a_fen_in_any_amount_breaks_an_identity(name: str, identity: str) -> None:
    info = AMOUNTS | {name: Decimal(str(AMOUNTS[name])) + Decimal("0.01")}
    assert faults_of(AMOUNTS, CART) == []
    assert any(fault.startswith(identity) for fault in faults_of(info, CART))


def test_what_was_not_answered_is_sent_again_as_it_was() -> None:
    centre = Centre(failures=2)
    till = morning(centre)
    assert centre.bodies[0] == centre.bodies[1] == centre.bodies[2]
    assert till.summary()["sent_again"] == 4


def test_a_centre_that_refuses_to_sign_in_ends_the_morning() -> None:
    def closed(_asked: str, answer: dict[str, Any]) -> None:
        answer |= {"infcode": -1, "err_msg": "closed"}

    with pytest.raises(TillError, match="closed"):
        morning(Centre(closed))
