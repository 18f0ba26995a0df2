"""What institutions do in a day: the same over every line and in every area."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.blackbox.till import (
    BEIJING,
    GOODS,
    MUCH,
    ON_PRESCRIPTION,
    PERSON,
    Till,
    accepted,
    booked,
    check_figures,
    done,
    money,
    refused,
)


def live_through(till: Till) -> None:
    """Sign in, ask for the person, try, settle twice, upload, cancel one, take it back, reconcile."""
    begun = datetime.now(BEIJING) - timedelta(minutes=10)
    till.sign_in()
    before = money(till.person()["insuinfo"][0]["balc"])

    cart = till.sale(*GOODS, ON_PRESCRIPTION, number="OUT-1", at=begun)
    trial = till.ask("2101", cart)
    check_figures(trial, cart, till.custom)
    assert money(till.person()["insuinfo"][0]["balc"]) == before, "a trial reserves nothing"

    frame = till.frame("2102", "350203")
    first = done(answer := till.post(frame, cart))
    check_figures(first, cart, till.custom)
    assert _figures(first) == _figures(trial), "what was promised"
    assert till.post(frame, cart) == answer, "sent again, the same answer"
    again = till.post(till.frame("2102", "350203"), cart)
    assert done(again)["setlinfo"]["setl_id"] == first["setlinfo"]["setl_id"]
    assert again["warn_msg"]
    other = till.sale(GOODS[1], number="OUT-1", at=begun)
    assert refused(till.post(till.frame("2102", "350203"), other)) == "settlement.sale_differs"
    after = money(till.person()["insuinfo"][0]["balc"])
    assert before - after == money(first["setlinfo"]["acct_pay"]) > 0

    second_cart = till.sale(*GOODS, MUCH, number="OUT-2", at=begun + timedelta(minutes=5))
    second = till.ask("2102", second_cart)
    check_figures(second, second_cart, till.custom)
    assert money(second["setlinfo"]["hifp_pay"]) > 0
    assert second["setlinfo"]["setl_id"] != first["setlinfo"]["setl_id"], "an honest second purchase"

    info, kept = first["setlinfo"], second["setlinfo"]
    packs = ["86000810000000000001", "86000810000000000002"]
    assert accepted(till.ask("3505", till.sold(info["setl_id"], packs[0])))
    assert accepted(till.ask("3505", till.sold(kept["setl_id"], packs[1])))

    unpaid = till.ask("3505", till.sold(info["setl_id"], packs[1], rtal_docno="R-OTHER"))
    assert not accepted(unpaid), "a pack is paid once"
    assert "stock.claimed" in unpaid["result"]["msgRslt"]
    own = till.sold("", "86000810000000000003", mdtrt_setl_type="2", hi_feesetl_type="0", psn_no="")
    assert accepted(till.ask("3505", own)), "who pays himself is uploaded too"

    named = {name: info[name] for name in ("setl_id", "mdtrt_id")} | {"psn_no": PERSON}
    undone = till.ask("2103", {"data": named})["setlinfo"]
    assert money(undone["medfee_sumamt"]) == -money(info["medfee_sumamt"])
    assert money(till.person()["insuinfo"][0]["balc"]) == after + money(info["acct_pay"]) - money(kept["acct_pay"])
    assert accepted(till.ask("3506", till.came_back(info["setl_id"], packs[0])))

    asked = till.ask("5203", {"data": {**named, "setl_id": kept["setl_id"], "mdtrt_id": kept["mdtrt_id"]}})
    assert money(asked["setlinfo"]["fund_pay_sumamt"]) == money(kept["fund_pay_sumamt"])

    _lose_an_answer(till, begun)
    records = [booked(info), booked(kept), booked(undone, is_refund=True)]
    agreed = till.compare(records)
    assert agreed == ("000000", []), agreed
    verdict, rows = till.compare(records[:2])
    assert verdict == "000103"
    assert [(row["setl_id"], row["refd_setl_flag"]) for row in rows] == [(info["setl_id"], "1")]
    till.ask("9002", {"signOut": {"opter_no": "li01", "sign_no": till.sign_no}}, "")


def _lose_an_answer(till: Till, begun: datetime) -> None:
    """Settle and pretend that no answer came: ask by msgid, reverse, and see that a late copy does nothing."""
    held = money(till.person()["insuinfo"][0]["balc"])
    cart, frame = till.sale(GOODS[1], number="OUT-3", at=begun), till.frame("2102", "350203")
    asked = {"data": {"psn_no": PERSON, "setl_id": frame["msgid"], "mdtrt_id": frame["msgid"]}}
    nothing = till.post(till.frame("5203", "350203"), asked)
    assert refused(nothing) == "settlement.unknown"
    settled = done(till.post(frame, cart))["setlinfo"]
    assert till.ask("5203", asked)["setlinfo"]["setl_id"] == settled["setl_id"]
    reversal = {"data": {"psn_no": PERSON, "omsgid": frame["msgid"], "oinfno": "2102"}}
    for _ in range(2):
        till.ask("2601", reversal)
    assert refused(till.post(frame, cart)) == "fsi.msgid_reversed"
    assert money(till.person()["insuinfo"][0]["balc"]) == held

    never_came = till.frame("2102", "350203")
    till.ask("2601", {"data": {**reversal["data"], "omsgid": never_came["msgid"]}})
    assert refused(till.post(never_came, cart)) == "fsi.msgid_reversed"


def _figures(output: dict[str, dict[str, object]]) -> dict[str, object]:
    """Return the amounts of a settlement: what identifies it and when it was made is left out."""
    names = ("medfee_sumamt", "inscp_scp_amt", "fund_pay_sumamt", "psn_part_amt", "acct_pay", "psn_cash_pay")
    return {name: output["setlinfo"][name] for name in names}
