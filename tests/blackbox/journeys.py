"""What institutions do in a day: the same over every line and in every area."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from tests.blackbox.till import (
    BEIJING,
    GOODS,
    MUCH,
    ON_PRESCRIPTION,
    RETIRED,
    Json,
    Till,
    accepted,
    check_figures,
    done,
    money,
    refused,
)

DEDUCTIBLE, RATIO, RETIRED_RATIO = Decimal(300), Decimal("0.65"), Decimal("0.70")
"""Of employees at a pharmacy, in a year of which nothing was told to the centre before."""
SHARE, LIMIT, OUTSIDE = Decimal("0.05"), Decimal("12.50"), Decimal(100)
"""Of the samples: paid first of the first of the goods; limit of the one on prescription; price of the third."""


@dataclass(frozen=True)
class Day:
    """What came of it, for people."""

    messages: int
    settled: int
    fee: Decimal
    """Of what stands at the end."""
    fund: Decimal
    """Without the account, also where the area's total has it."""
    account: Decimal
    cash: Decimal

    @classmethod
    def of(cls, till: Till, settled: int, stands: Json) -> Day:
        """Sum a day up."""
        fee, fund, account, cash = (
            money(stands[name]) for name in ("medfee_sumamt", "fund_pay_sumamt", "acct_pay", "psn_cash_pay")
        )
        fund -= account if till.custom.fund_has_account else Decimal(0)
        assert fee == fund + account + cash, "nobody else has paid"
        return cls(till.sent, settled, fee, fund, account, cash)

    def __str__(self) -> str:
        return (
            f"{self.messages} messages, {self.settled} settled, 1 cancelled, books agree; "
            f"{self.fee} = fund {self.fund} + account {self.account} + cash {self.cash}"
        )


def live_through(till: Till) -> Day:
    """Sign in, ask for the person, try, settle twice, upload, cancel one, take it back, reconcile."""
    begun = datetime.now(BEIJING) - timedelta(minutes=10)
    till.sign_in()
    before = till.balance()

    cart = till.sale(*GOODS, ON_PRESCRIPTION, number="OUT-1", at=begun)
    trial = till.ask("2101", cart)
    check_figures(trial, cart, till.custom)
    assert till.balance() == before, "a trial reserves nothing"

    first = _settle_once(till, cart, begun)
    assert _amounts(first["setlinfo"]) == _amounts(trial["setlinfo"]), "what was promised"
    info = first["setlinfo"]
    after = till.balance()
    assert before - after == money(info["acct_pay"]) > 0

    second_cart = till.sale(*GOODS, MUCH, number="OUT-2", at=begun + timedelta(minutes=5))
    second = till.ask("2102", second_cart)
    check_figures(second, second_cart, till.custom)
    kept = second["setlinfo"]
    assert kept["setl_id"] != info["setl_id"], "an honest second purchase"
    _check_benefit(till, info, kept)

    _upload(till, info, kept)
    undone = _undo(till, info)
    assert till.balance() == after + money(info["acct_pay"]) - money(kept["acct_pay"])
    _ask_what_stands(till, info, kept)

    _lose_an_answer(till, begun)
    till.book(info)
    till.book(kept)
    till.book(undone, is_refund=True)
    _reconcile(till, info)
    till.ask("9002", {"signOut": {"opter_no": "li01", "sign_no": till.sign_no}}, "")
    return Day.of(till, 3, kept)


def _settle_once(till: Till, cart: Json, begun: datetime) -> Json:
    """Settle, and settle the same again in every way in which a till does; then something else under its number."""
    frame = till.frame("2102")
    first = done(answer := till.post(frame, cart))
    check_figures(first, cart, till.custom)
    assert till.post(frame, cart) == answer, "sent again, the same answer"
    again = till.post(till.frame("2102"), cart)
    assert done(again)["setlinfo"]["setl_id"] == first["setlinfo"]["setl_id"]
    assert again["warn_msg"]
    other = till.sale(GOODS[1], number="OUT-1", at=begun)
    assert refused(till.post(till.frame("2102"), other)) == "settlement.sale_differs"
    return first


def _check_benefit(till: Till, info: Json, kept: Json) -> None:
    """Reckon by the lists and the rule what the fund should have paid: nothing for the first, then above the rest."""
    (_, count, price), (_, rx_count, rx_price) = GOODS[0], ON_PRESCRIPTION
    first = Decimal(count) * Decimal(price) * SHARE
    over = Decimal(rx_count) * (Decimal(rx_price) - LIMIT)
    for one, expected_over in ((info, over), (kept, Decimal(0))):
        assert money(one["preselfpay_amt"]) == first
        assert money(one["overlmt_selfpay"]) == expected_over
        assert money(one["fulamt_ownpay_amt"]) == OUTSIDE
    in_scope = [money(one["inscp_scp_amt"]) for one in (info, kept)]
    assert money(info["act_pay_dedc"]) == in_scope[0] < DEDUCTIBLE
    assert money(kept["act_pay_dedc"]) == DEDUCTIBLE - in_scope[0]
    ratio = RETIRED_RATIO if till.patient == RETIRED else RATIO
    fund = ((sum(in_scope) - DEDUCTIBLE) * ratio).quantize(Decimal("0.01"), ROUND_HALF_UP)
    assert (money(info["hifp_pay"]), money(kept["hifp_pay"])) == (0, fund)


def _upload(till: Till, info: Json, kept: Json) -> None:
    """Upload both sales and one that somebody pays himself; a pack that was paid is not paid again."""
    assert accepted(till.ask("3505", till.sold(info["setl_id"], till.pack(1))))
    assert accepted(till.ask("3505", till.sold(kept["setl_id"], till.pack(2))))
    unpaid = till.ask("3505", till.sold(info["setl_id"], till.pack(2), rtal_docno=f"R-OTHER-{till.series}"))
    assert not accepted(unpaid), "a pack is paid once"
    assert "stock.claimed" in unpaid["result"]["msgRslt"]
    own = till.sold("", till.pack(3), mdtrt_setl_type="2", hi_feesetl_type="0", psn_no="")
    assert accepted(till.ask("3505", own)), "who pays himself is uploaded too"
    assert till.sold_by_centre(till.pack(2)) >= 1
    assert till.sold_by_centre(till.pack(9)) == 0


def _undo(till: Till, info: Json) -> Json:
    """Cancel, twice; then the pack comes back, and no more than went out."""
    asked = {"data": till.called(info)}
    undone: Json = till.ask("2103", asked)["setlinfo"]
    for name in ("medfee_sumamt", "fund_pay_sumamt", "acct_pay", "inscp_scp_amt", "act_pay_dedc"):
        assert money(undone[name]) == -money(info[name]), name
    assert money(undone["cash_payamt"]) == -money(info["psn_cash_pay"]), "2103 has another name for it"
    again = till.post(till.frame("2103"), asked)
    assert done(again)["setlinfo"] == undone
    assert again["warn_msg"]
    assert accepted(till.ask("3506", till.came_back(info["setl_id"], till.pack(1))))
    unsold = till.ask("3506", till.came_back(info["setl_id"], till.pack(9)))
    assert not accepted(unsold), "what was never sold does not come back"
    return undone


def _ask_what_stands(till: Till, info: Json, kept: Json) -> None:
    asked = till.ask("5203", {"data": till.called(kept)})["setlinfo"]
    assert money(asked["fund_pay_sumamt"]) == money(kept["fund_pay_sumamt"])
    told = [till.ask("5203", {"data": till.called(one)})["setlinfo"]["refd_setl_flag"] for one in (info, kept)]
    assert told == ["1", "0"]


def _lose_an_answer(till: Till, begun: datetime) -> None:
    """Settle and pretend that no answer came: ask by msgid, reverse, and see that a late copy does nothing."""
    held = till.balance()
    cart, frame = till.sale(GOODS[1], number="OUT-3", at=begun), till.frame("2102")
    msgid, psn_no = frame["msgid"], till.patient.psn_no
    asked = {"data": {"psn_no": psn_no, "setl_id": msgid, "mdtrt_id": msgid}}
    assert refused(till.post(till.frame("5203"), asked)) == "settlement.unknown"
    settled = done(till.post(frame, cart))["setlinfo"]
    assert till.ask("5203", asked)["setlinfo"]["setl_id"] == settled["setl_id"]
    for _ in range(2):
        till.ask("2601", {"data": {"psn_no": psn_no, "omsgid": msgid, "oinfno": "2102"}})
    assert refused(till.post(frame, cart)) == "fsi.msgid_reversed"
    assert till.balance() == held

    never_came = till.frame("2102")
    till.ask("2601", {"data": {"psn_no": psn_no, "omsgid": never_came["msgid"], "oinfno": "2102"}})
    assert refused(till.post(never_came, cart)) == "fsi.msgid_reversed"


def _reconcile(till: Till, info: Json) -> None:
    """Compare the whole day; then plant a difference of each kind, which is found and told in both languages."""
    agreed = till.compare(till.books)
    assert agreed == ("000000", []), agreed
    strange = {**info, "setl_id": "9" * 30, "psn_no": till.patient.psn_no, "refd_setl_flag": "0"}
    first, *others = till.books
    more = {**first, "fund_pay_sumamt": str(money(first["fund_pay_sumamt"]) + 1)}
    planted = (
        (
            till.books[:-1],
            "000103",
            info["setl_id"],
            "1",
            "仅中心有：机构缺该笔退费",
            "the institution lacks the refund",
        ),
        (others, "000103", first["setl_id"], "0", "仅中心有：机构缺该笔结算", "the institution lacks the settlement"),
        ([*till.books, strange], "000102", "9" * 30, "0", "仅机构有：中心没有该笔结算", "no such settlement"),
        ([more, *others], "000103", first["setl_id"], "0", "fund_pay_sumamt 机构", "fund_pay_sumamt"),
    )
    for records, result, setl_id, is_refund, zh, en in planted:
        verdict, rows = till.compare(records)
        assert verdict == result
        assert _told(rows) == [(setl_id, is_refund, result)]
        told_zh, _, told_en = rows[0]["memo"].partition(" / ")
        assert zh in told_zh
        assert en in told_en


def _told(rows: Sequence[dict[str, str]]) -> list[tuple[str, str, str]]:
    return [(row["setl_id"], row["refd_setl_flag"], row["stmt_rslt"]) for row in rows]


def _amounts(info: Json) -> Json:
    """Return the amounts of a settlement: what identifies it and when it was made is left out."""
    names = ("medfee_sumamt", "inscp_scp_amt", "fund_pay_sumamt", "psn_part_amt", "acct_pay", "psn_cash_pay")
    return {name: info[name] for name in names}
