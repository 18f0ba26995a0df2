"""Listen-only: a week goes by unchanged, and the report names each sale that stays unpaid, its yuan and its cause."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

import httpx
import pytest

from edge.pos.listening import Heard
from edge.pos.unpaid_report import as_csv, as_json, as_text
from edge.pos.upstream import Reply
from rules.scan_binding import ScannedPack
from rules.unpaid import CAUSE_WORDS, AboutCode, Cause
from sim.pos_week import DRUGS, KINDS, PosWeek, Week
from tests.edge.pos.around import Goods, Stand, message, purchase, sold
from wire.fsi.values import BEIJING

MONDAY = datetime(2026, 11, 2, tzinfo=BEIJING)
PREFIXES = {
    prefix: (item, is_carton)
    for item, both in DRUGS.items()
    for prefix, is_carton in zip(both, (False, True), strict=True)
}


class Shelf(Goods):
    """Knows the goods of the week."""

    def units_per_pack(self, item: str) -> int:
        return 1

    def about(self, code: str) -> AboutCode:
        item, is_carton = PREFIXES.get(code[:7], ("", False))
        return AboutCode(frozenset({item} if item else ()), is_carton)


@dataclass
class Went:
    """A week that went through the proxy."""

    week: Week
    heard: Heard
    differed: int


async def play(week: Week, area: str) -> Went:
    stand = Stand(area, is_listening=True, goods=Shelf())
    differed = 0
    for one in week.passed:
        stand.now = one.at
        if one.scans:
            stand.memory.desks["1"] = [ScannedPack(code, stand.goods.about(code).items) for code in one.scans]
        stand.interface.answer = lambda _, told=one.answer: httpx.Response(200, content=told)
        answer = await stand.post(one.request)
        differed += stand.interface.bodies[-1] != one.request or answer.content != one.answer
    stand.now += timedelta(days=2)
    return Went(week, stand.listener.report(stand.now), differed)


@pytest.fixture(scope="module", params=["base", "guangdong"])
def went(request: pytest.FixtureRequest) -> Went:
    week = PosWeek(Random(5), MONDAY, sales_a_day=18, share=50, counts_account=request.param == "guangdong").week()
    return asyncio.run(play(week, request.param))


def test_not_one_byte_differs(went: Went) -> None:
    assert went.heard.exchanges == len(went.week.passed) > 300
    assert went.differed == 0


def test_every_unpaid_sale_is_named_with_its_yuan_and_its_cause_and_no_other(went: Went) -> None:
    told = {one.key: (str(one.cause), one.amount) for one in went.heard.unpaid.sales}
    assert told == {one.key: (one.kind, one.amount) for one in went.week.planted}
    assert {one.kind for one in went.week.planted} == set(KINDS) == set(Cause)
    assert all(len(one.findings) == 1 for one in went.heard.unpaid.sales)
    assert went.heard.unpaid.watched == went.week.sales
    assert went.heard.unjoined == 0


def test_the_written_reports_say_the_same_and_their_sums_are_right(went: Went) -> None:
    truth = went.week.planted
    total = sum((one.amount for one in truth), Decimal(0))
    rows = list(csv.DictReader(io.StringIO(as_csv(went.heard))))
    assert [(row["sale"], Decimal(row["yuan"]), row["cause"]) for row in rows] == [
        (one.key, one.amount, one.kind) for one in truth
    ]
    told = json.loads(as_json(went.heard))
    assert Decimal(told["yuan"]) == total
    assert {kind: one["count"] for kind, one in told["by_cause"].items()} == Counter(one.kind for one in truth)
    assert sum(Decimal(one["yuan"]) for one in told["by_day"].values()) == total
    text = as_text(went.heard)
    assert f"{len(truth)} 笔将得不到支付，合计 ¥{total}" in text
    assert f"{len(truth)} would have been unpaid, ¥{total}" in text
    assert all(one.key in text for one in truth)
    assert all(CAUSE_WORDS[Cause(one.kind)].zh in text for one in truth)


OK_SALE = {"infcode": 0, "output": {"setlinfo": {"setl_id": "S1", "fund_pay_sumamt": 10, "acct_pay": 5}}}
REFUSED = {"infcode": -1, "err_msg": "no"}
DONE = {"infcode": 0}
DRUG = next(iter(DRUGS))


def heard_of(*exchanges: tuple[bytes, object | Reply], until: timedelta = timedelta(days=2)) -> Heard:
    stand = Stand("base", goods=Shelf())
    for request, answer in exchanges:
        told = answer if isinstance(answer, Reply) else Reply(200, (), json.dumps(answer).encode()) if answer else None
        stand.listener.add(MONDAY, stand.ear.understanding.fact_of(MONDAY, request, told, None))
    return stand.listener.report(MONDAY + until)


PURCHASE = message("2102", purchase(("L1", DRUG, 1)), msgid="m1")
AGAIN = message("2102", purchase(("L1", DRUG, 1)), msgid="m2")
UNDONE = {"data": {"setl_id": "S1", "mdtrt_id": "V", "psn_no": "P1"}}


def test_a_sale_that_was_undone_or_settled_at_last_is_not_told() -> None:
    assert heard_of((PURCHASE, OK_SALE), (message("2103", UNDONE), DONE)).unpaid.sales == ()
    reversed_ = message("2601", {"data": {"psn_no": "P1", "omsgid": "m1", "oinfno": "2102"}})
    assert heard_of((PURCHASE, OK_SALE), (reversed_, DONE)).unpaid.sales == ()
    heard = heard_of((PURCHASE, REFUSED), (AGAIN, OK_SALE), until=timedelta(hours=1))
    assert (heard.unpaid.sales, heard.waiting) == ((), 1)


def test_a_sale_that_went_without_an_answer_is_counted_once_it_is_answered() -> None:
    assert heard_of((PURCHASE, None)).unpaid.watched == 0
    (one,) = heard_of((PURCHASE, None), (PURCHASE, OK_SALE), (PURCHASE, OK_SALE)).unpaid.sales
    assert (one.cause, one.amount) == (Cause.NOT_UPLOADED, Decimal(15))


def test_a_pack_that_came_back_may_be_sold_again() -> None:
    code = [{"drug_trac_codg": "86000110000000000001"}]
    first = message("3505", sold(DRUG, 1, drugtracinfo=code, setl_id="S0"))
    upload = message("3505", sold(DRUG, 1, drugtracinfo=code))
    back = message("3506", {"selinfo": {**sold(DRUG, 1, drugtracinfo=code)["selinfo"], "setl_id": "S0"}})  # type: ignore[dict-item]
    (one,) = heard_of((first, DONE), (PURCHASE, OK_SALE), (upload, DONE)).unpaid.sales
    assert one.cause is Cause.SOLD_BEFORE
    assert heard_of((first, DONE), (back, DONE), (PURCHASE, OK_SALE), (upload, DONE)).unpaid.sales == ()


def test_what_cannot_be_read_is_counted_and_said_and_a_cell_runs_nothing() -> None:
    heard = heard_of((b"<x/>", None), (message("2102", {"druginfo": {}}), OK_SALE))
    assert sum(heard.unread.values()) == 2
    assert "未能读懂" in as_text(heard)
    refused = heard_of((message("2102", purchase(("L1", DRUG, 1)), msgid="=cmd|x"), REFUSED))
    assert "'=cmd|x" in as_csv(refused)


def test_where_codes_travel_with_the_settlement_too_their_lack_there_is_told() -> None:
    code = "86000110000000000001"
    upload = message(
        "3505", sold(DRUG, 1, drugtracinfo=[{"drug_trac_codg": code}], hi_feesetl_type="1", psn_cert_type="01")
    )
    row = {"feedetl_sn": "L1", "drug_trac_codg": code, "trdn_flag": "0", "min_prcunt_type": "1"}
    told = {}
    for name, rows in (("with", [row]), ("without", [])):
        stand = Stand("hubei", goods=Shelf())
        settled = message("2102", {**purchase(("L1", DRUG, 1)), "drug_trac_info": rows})
        for request, answer in ((settled, OK_SALE), (upload, DONE)):
            answered = Reply(200, (), json.dumps(answer).encode())
            stand.listener.add(MONDAY, stand.ear.understanding.fact_of(MONDAY, request, answered, []))
        told[name] = [one.cause for one in stand.listener.report(MONDAY + timedelta(days=2)).unpaid.sales]
    assert told == {"with": [], "without": [Cause.NO_CODE]}
