"""The till of a pharmacy with software of its own: it settles insured sales over the national interface.

It does what a vendor's software should: it keeps a message until it is answered, sends it again unchanged if the line
or the centre fails, and compares its own books with the centre's in the end. It knows the interface and nothing else.
What the centre got wrong it notes, as a customer or an auditor would: amounts that do not add up, a sale that was
settled twice or not at all, books that differ.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, Final

import httpx

from sim.checker import Findings

INSTITUTION: Final = "P35020300001"
"""Of the seed's institutions; all of them are invented."""
DISTRICT: Final = "350203"
CALL: Final = "/fsi/api/callFsiService/callService"
_CHINA: Final = timezone(timedelta(hours=8))
_PATIENCE_S: Final = 90.0
_FEN: Final = Decimal("0.01")
_FUNDS: Final = ("hifp_pay", "cvlserv_pay", "hifes_pay", "hifmi_pay", "hifob_pay", "maf_pay", "oth_pay")
_IDENTITIES: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "I1": ("medfee_sumamt", ("fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt")),
    "I2": ("fund_pay_sumamt", _FUNDS),
    "I3": ("medfee_sumamt", ("fund_pay_sumamt", "psn_part_amt")),
    "I4": ("psn_part_amt", ("acct_pay", "acct_mulaid_pay", "psn_cash_pay")),
}


def _now() -> datetime:
    return datetime.now(_CHINA)


class TillError(Exception):
    """The till cannot go on: no answer for longer than anybody waits, or one that refuses what must be possible."""


@dataclass(frozen=True, slots=True)
class Customer:
    """Somebody who is insured."""

    psn_no: str
    card: str


@dataclass(frozen=True, slots=True)
class CartLine:
    """Some boxes of one drug."""

    item: str
    count: int
    price: Decimal

    @property
    def amount(self) -> Decimal:
        """Return what they cost."""
        return self.count * self.price


@dataclass(slots=True)
class Booked:
    """One record of the till's own books."""

    number: str
    info: Mapping[str, Any]
    """`setlinfo`, as answered."""
    is_cancelled: bool = False


@dataclass(slots=True)
class Till:
    """Sells to the insured."""

    url: str
    token: str
    transport: httpx.AsyncBaseTransport | None = None
    """What carries the messages; HTTP if None."""
    books: list[Booked] = field(default_factory=list)
    findings: Findings = field(default_factory=Findings)
    sent_again: int = 0
    """Messages that were sent more than once, for want of an answer or on purpose."""
    began_at: datetime = field(default_factory=_now)
    """From its day on the books are compared."""
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _http: httpx.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        self._http = httpx.AsyncClient(
            base_url=self.url, timeout=30.0, headers=headers, trust_env=False, transport=self.transport
        )

    async def close(self) -> None:
        """Close the connection."""
        await self._http.aclose()

    async def sign_in(self) -> None:
        """Sign in, as each morning begins."""
        await self._ask("9001", {"signIn": {"opter_no": "till", "mac": "00-00-5E-00-53-01", "ip": "192.0.2.1"}})

    async def sell(self, customer: Customer, cart: Sequence[CartLine], number: str) -> Booked | None:
        """Settle a sale, then send it again in both ways in which software does; return what is booked."""
        sale = _sale(customer, cart, number, _now())
        body = self._body("2102", sale)
        answer = await self._send(body)
        if str(answer["infcode"]) != "0":
            self.findings.lost.append(f"sale {number} was not settled: {answer['err_msg']}")
            return None
        info = answer["output"]["setlinfo"]
        self.findings.false_answers += [f"sale {number}: {fault}" for fault in faults_of(info, cart)]
        self.sent_again += 2
        if await self._send(body) != answer:
            self.findings.false_answers.append(f"sale {number}: the same message got another answer")
        again = await self._ask("2102", sale)
        if again["output"]["setlinfo"]["setl_id"] != info["setl_id"]:
            self.findings.duplicated.append(f"sale {number} was settled twice")
        booked = Booked(number, info)
        self.books.append(booked)
        return booked

    async def cancel(self, booked: Booked) -> None:
        """Take a settlement back."""
        named = {name: booked.info[name] for name in ("setl_id", "mdtrt_id", "psn_no")}
        answer = await self._ask("2103", {"data": named})
        back = Decimal(str(answer["output"]["setlinfo"]["fund_pay_sumamt"]))
        if back != -_money(booked.info, "fund_pay_sumamt"):
            self.findings.false_answers.append(f"sale {booked.number}: {back} came back")
        booked.is_cancelled = True

    async def reconcile(self) -> None:
        """Compare our books with the centre's (3201), and see that a fen too much would be found."""
        for more, right in ((Decimal(0), "000000"), (_FEN, "000103")):
            answer = await self._ask("3201", {"data": self._sums(more)})
            told = answer["output"]["stmtinfo"]
            if told["stmt_rslt"] != right:
                said = f"3201 said {told['stmt_rslt']}, not {right}: {told['stmt_rslt_dscr']}"
                self.findings.false_answers.append(said)

    def _sums(self, more: Decimal) -> dict[str, str]:
        fund, account, total = (self._sum(name) for name in ("fund_pay_sumamt", "acct_pay", "medfee_sumamt"))
        return {
            "insutype": "310",
            "clr_type": "41",
            "setl_optins": DISTRICT,
            "stmt_begndate": f"{self.began_at:%Y-%m-%d}",
            "stmt_enddate": f"{_now():%Y-%m-%d}",
            "medfee_sumamt": str(total + more),
            "fund_pay_sumamt": str(fund),
            "acct_pay": str(account),
            "fixmedins_setl_cnt": str(sum(2 if one.is_cancelled else 1 for one in self.books)),
        }

    def _sum(self, name: str) -> Decimal:
        """Return what an amount comes to: a cancellation is a record of its own, and takes off what it cancels."""
        return sum((_money(one.info, name) for one in self.books if not one.is_cancelled), Decimal("0.00"))

    def summary(self) -> dict[str, int | str]:
        """Return what was settled, for the report."""
        return {
            "settled": len(self.books),
            "cancelled": sum(one.is_cancelled for one in self.books),
            "sent_again": self.sent_again,
            "costs": str(self._sum("medfee_sumamt")),
            "funds": str(self._sum("fund_pay_sumamt")),
        }

    async def _ask(self, infno: str, business: Mapping[str, object]) -> Any:
        answer = await self._send(self._body(infno, business))
        if str(answer["infcode"]) != "0":
            raise TillError(f"{infno}: {answer['err_msg']}")
        return answer

    def _body(self, infno: str, business: Mapping[str, object]) -> bytes:
        now = _now()
        envelope = {
            "infno": infno,
            "msgid": f"{INSTITUTION}{now:%Y%m%d%H%M%S}{next(self._numbers) % 10_000:04}",
            "mdtrtarea_admvs": DISTRICT,
            "insuplc_admdvs": DISTRICT,
            "recer_sys_code": "YBXT",
            "infver": "V1.0",
            "opter_type": "1",
            "opter": "till",
            "opter_name": "收银",
            "inf_time": f"{now:%Y-%m-%d %H:%M:%S}",
            "fixmedins_code": INSTITUTION,
            "fixmedins_name": "虚构一心大药房",
            "input": business,
        }
        return json.dumps(envelope, ensure_ascii=False).encode()

    async def _send(self, body: bytes) -> Any:
        """Send until there is an answer: the same bytes, so that nothing is done twice."""
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            try:
                answer = await self._http.post(CALL, content=body)
                if answer.status_code == httpx.codes.OK:
                    return json.loads(answer.content, parse_float=Decimal)
                why = f"HTTP {answer.status_code}"
            except httpx.TransportError as exc:
                why = type(exc).__name__
            if time.monotonic() > deadline:
                raise TillError(f"the centre did not answer for {_PATIENCE_S:.0f} s: {why}")
            self.sent_again += 1
            await asyncio.sleep(0.2)


def faults_of(info: Mapping[str, Any], cart: Sequence[CartLine]) -> list[str]:
    """Return what does not add up in an answer: the identities of the interface, and the cart's own sum."""
    faults = [
        f"{name}: {whole} is not the sum of its parts"
        for name, (whole, parts) in _IDENTITIES.items()
        if _money(info, whole) != sum((_money(info, part) for part in parts), Decimal(0))
    ]
    costs = sum((line.amount for line in cart), Decimal(0))
    if _money(info, "medfee_sumamt") != costs:
        faults.append(f"I5: {info['medfee_sumamt']} is not what the cart costs, {costs}")
    return faults


def _sale(customer: Customer, cart: Sequence[CartLine], number: str, now: datetime) -> dict[str, object]:
    at = f"{now:%Y-%m-%d %H:%M:%S}"
    return {
        "druginfo": {
            "psn_no": customer.psn_no,
            "mdtrt_cert_type": "02",
            "mdtrt_cert_no": customer.card,
            "begntime": at,
            "medfee_sumamt": str(sum((line.amount for line in cart), Decimal(0))),
            "insutype": "310",
            "acct_used_flag": "1",
            "med_type": "41",
            "expContent": json.dumps({"stoout_no": number}),
        },
        "drugdetail": [
            {
                "feedetl_sn": f"L{position}",
                "rx_circ_flag": "0",
                "fee_ocur_time": at,
                "med_list_codg": line.item,
                "medins_list_codg": f"own-{line.item}",
                "det_item_fee_sumamt": str(line.amount),
                "cnt": str(line.count),
                "pric": str(line.price),
            }
            for position, line in enumerate(cart, 1)
        ],
    }


def _money(info: Mapping[str, Any], name: str) -> Decimal:
    return Decimal(str(info[name]))
