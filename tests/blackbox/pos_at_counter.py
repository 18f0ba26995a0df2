"""A POS beside the till of one counter, its interface address pointed at the terminal: whose sale it is, all agree.

Written from docs/pos.md and docs/fsi.md alone.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime, timedelta

import pytest

from tests.blackbox.lines import HttpLine
from tests.blackbox.shop import BY_VOUCHER, Counter, Json, RefusedError, Shop
from tests.blackbox.stand import CUSTOMS
from tests.blackbox.till import BEIJING, GOODS, Till, accepted

SERIES = 9
BY_POS = r"counter\.rung_up_by_pos"


def sell_beside_the_till(shop: Shop, counter: Counter) -> None:
    """Sell, upload, cancel and take back with a POS at a counter where somebody is signed in."""
    till = Till(HttpLine(counter.pos_port, shop.seeded.token), CUSTOMS[shop.area], series=SERIES)
    till.sign_in()
    till.person()
    packs = [till.pack(number) for number in range(1, 7)]
    _sold_by_pos(counter, till, packs[:2])
    _cancelled_and_sold_anew(counter, till, packs[2])
    _comes_back(counter, till, packs[3])
    _cancels_what_the_till_settled(counter, till, packs[4])
    _sells_in_part(counter, till, packs[5])
    _all_told(counter)
    assert _conflicts(shop, packs) == []


def _sold_by_pos(counter: Counter, till: Till, packs: list[str]) -> None:
    info = _settle(counter, till, packs, "POS-1")
    assert counter.ask("GET", "/sale")["lines"] == []
    _upload(till, info["setl_id"], packs)
    sale = counter.ask("GET", f"/sales?code={packs[0]}")["sale"]
    ticket = counter.ticket(sale)
    assert (ticket["standing"], ticket["paid_by"], ticket["paid"]["setl_id"]) == ("settled", "insured", info["setl_id"])
    cash = counter.ask("GET", "/drawer")["expected"]
    with pytest.raises(RefusedError, match=BY_POS):
        _turned_insured(counter, sale)
    for path, said in (
        (f"/sales/{sale}/return", {"codes": packs[:1], "reason": "不需要"}),
        (f"/sales/{sale}/cancel", {"reason": "不需要"}),
        ("/sales/find", {"code": packs[0]}),
    ):
        with pytest.raises(RefusedError, match=BY_POS):
            counter.ask("POST", path, said)
    assert counter.ask("GET", "/drawer")["expected"] == cash
    assert counter.ask("GET", "/quarantine")["packs"] == []


def _cancelled_and_sold_anew(counter: Counter, till: Till, pack: str) -> None:
    """The wrong person: cancelled at once, and settled anew under a number of its own."""
    wrong = _settle(counter, till, [pack], "POS-2")
    till.ask("2103", {"data": till.called(wrong)})
    right = _settle(counter, till, [pack], "POS-3")
    # That the pack never left is told by the counter, within a moment; the 3505 of a till takes longer than that.
    _all_told(counter)
    _upload(till, right["setl_id"], [pack])


def _comes_back(counter: Counter, till: Till, pack: str) -> None:
    info = _settle(counter, till, [pack], "POS-4")
    _upload(till, info["setl_id"], [pack])
    till.ask("2103", {"data": till.called(info)})
    back = till.sold(info["setl_id"], pack, rtal_docno=f"R-{pack[-6:]}", **till.custom.return_extras)
    del back["selinfo"]["drugtracinfo"]
    assert accepted(till.ask("3506", back))
    assert [one["code"] for one in counter.ask("GET", "/quarantine")["packs"]] == [pack]
    counter.ask("POST", f"/quarantine/{pack}/release", {"reason": "未拆封"})


def _cancels_what_the_till_settled(counter: Counter, till: Till, pack: str) -> None:
    settled = counter.insured("voucher", pack)
    sale, paid = settled["sale"], settled["paid"]
    till.ask("2103", {"data": {name: paid[name] for name in ("setl_id", "mdtrt_id")} | {"psn_no": till.patient.psn_no}})
    ticket = counter.ticket(sale)
    assert ticket["standing"] == "undone"
    assert "收银软件" in ticket["told"]
    cash = counter.ask("GET", "/drawer")["expected"]
    with pytest.raises(RefusedError, match=r"till\.insured_before"):
        _turned_insured(counter, sale)
    # Its packs come back when they do, and no money with them.
    assert counter.ask("POST", f"/sales/{sale}/return", {"codes": [pack], "reason": "不需要"})["codes"] == [pack]
    assert counter.ask("GET", "/drawer")["expected"] == cash
    assert [one["code"] for one in counter.ask("GET", "/quarantine")["packs"]] == [pack]
    counter.ask("POST", f"/quarantine/{pack}/release", {"reason": "未拆封"})


def _turned_insured(counter: Counter, sale: str) -> None:
    counter.voucher.hold_code(BY_VOUCHER)
    try:
        counter.ask("POST", f"/sales/{sale}/turn-insured", {"by": "voucher"})
    finally:
        counter.voucher.walk_away()


def _all_told(counter: Counter) -> None:
    counter.until(lambda: counter.ask("GET", "/drawer")["drawer"]["unfinished"]["unsent"] == 0)


def _sells_in_part(counter: Counter, till: Till, pack: str) -> None:
    """Twelve capsules of twenty for one person, and at the end of the day both are uploaded, the second one first."""
    settled = []
    for units, number, rest in ((12, "POS-5", [8]), (8, "POS-6", [])):
        counter.scan(pack)
        counter.ask("PUT", "/sale/units", {"code": pack, "units": units})
        info = _settled(till, (GOODS[0][0], str(units), "0.84"), number)
        settled.append((info["setl_id"], units))
        assert [one["rest"] for one in counter.ask("GET", "/opened-packs") if one["code"] == pack] == rest
        assert counter.ask("GET", "/sale")["lines"] == []
    for setl_id, units in reversed(settled):
        _upload(till, setl_id, [pack], sel_retn_cnt=str(units), trdn_flag="1", rtal_docno=f"R-{setl_id[-8:]}")


def _settle(counter: Counter, till: Till, packs: list[str], number: str) -> Json:
    assert {one["verdict"] for one in counter.scan(*packs)} == {"added"}
    return _settled(till, (GOODS[0][0], str(len(packs)), GOODS[0][2]), number)


def _settled(till: Till, goods: tuple[str, str, str], number: str) -> Json:
    cart = till.sale(goods, number=number, at=datetime.now(BEIJING) - timedelta(minutes=1))
    info: Json = till.ask("2102", cart)["setlinfo"]
    return info


def _upload(till: Till, setl_id: str, packs: list[str], **more: str) -> None:
    given = till.sold(setl_id, packs[0], **{"sel_retn_cnt": str(len(packs)), **more})
    del given["selinfo"]["drugtracinfo"]
    told = till.post(till.frame("3505"), given)
    assert accepted(told["output"]), told
    assert "pack.sold_twice" not in str(told)


def _conflicts(shop: Shop, packs: list[str]) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(f"file:{shop.seeded.folder}/centre.db?mode=ro", uri=True)) as store:
        found = store.execute("SELECT code, state FROM ledger WHERE conflict_count > 0").fetchall()
    return [row for row in found if row[0] in packs]
