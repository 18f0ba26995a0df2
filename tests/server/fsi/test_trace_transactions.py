"""3505, 3505A, 3506: sales and returns pack by pack, and what the ledger makes of them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from rules.pack_life import NO_LINE, Act, FactKey
from server.ingest import Ingest
from server.store import settlements
from server.store.database import Store
from tests.server.fake_terminal import FakeTerminal, code_of, dispensed, new_key, received
from tests.server.fake_terminal import returned as came_back
from tests.server.fsi.counter import LI, PLAIN, SHARED, WANG
from tests.server.fsi.office import HOSPITAL, PHARMACY
from tests.server.fsi.shop import (
    BATCH,
    CARTON_PREFIX,
    Shop,
    evidence_in,
    know_cartons,
    let_ledger_hear,
    open_shop,
    result,
)
from tests.server.fsi.ward import open_ward
from wire.fsi.areas import shipped_area

ONE, TWO, THREE = (code_of(number) for number in (1, 2, 3))
GS1 = "(01)06901234567892(21)SN1(10)L1(17)280601"
AT_HOSPITAL = {"envelope": {"fixmedins_code": HOSPITAL}}


@pytest.fixture
def shop(store: Store) -> Shop:
    return open_shop(store)


# -- a sale ------------------------------------------------------------------------------------------------------------


def test_a_self_pay_sale_by_the_interface_alone_is_in_the_ledger(shop: Shop) -> None:
    assert shop.sell(ONE, TWO, mdtrt_setl_type="2") == ("1", "")

    life = shop.life(ONE)
    assert (life.state, life.holder, life.conflicts) == ("sold", PHARMACY, [])
    (entry,) = life.timeline
    (said,) = entry.evidence
    assert entry.fact == FactKey(Act.DISPENSED, PHARMACY, "S1", NO_LINE)
    assert (said.infno, said.terminal, said.operator) == ("3505", "", "李")
    assert said.msgid is not None
    assert said.msgid.startswith(PHARMACY)
    assert (said.occurred_at, said.received_at) == (shop.office.clock.now, shop.office.clock.now)


def test_every_spelling_of_a_code_is_read(shop: Shop) -> None:
    spellings: list[dict[str, object]] = [
        {"drugtracinfo": [{"drug_trac_code": ONE}]},
        {"drugtracinfo": None, "drug_trac_codg": TWO},
        {"drugtracinfo": [{"drug_trac_codg": THREE}], "drug_trac_codg": THREE},
    ]
    for number, spelt in enumerate(spellings):
        assert shop.sell(rtal_docno=f"S{number}", **spelt) == ("1", "")
    assert {shop.state(code) for code in (ONE, TWO, THREE)} == {"sold"}


def test_a_code_of_a_hundred_characters_is_the_pack_that_it_names(shop: Shop) -> None:
    long = f"{GS1}(240){'X' * 30}(91){'1' * 20}"
    assert len(long) <= 100
    assert shop.sell(long)[0] == "1"
    assert shop.state("(01)06901234567892(21)SN1") == "sold"
    assert shop.sell(GS1, rtal_docno="S2")[1].startswith("[pack.sold_twice] selinfo.drugtracinfo[0].drug_trac_codg")


IMPOSSIBLE: list[tuple[list[str], dict[str, object], str]] = [
    (
        ["6901234567892"],
        {},
        "[stock.trace_code] selinfo.drugtracinfo[0].drug_trac_codg（药品追溯码） 6901234567892",
    ),
    ([f"{CARTON_PREFIX}0000000000001"], {}, "请扫小盒"),
    (["11111111111111111111"], {}, "占位码"),
    (["110101199003078515"], {}, "人员凭证"),
    ([ONE, ONE], {}, "重复填写"),
    ([ONE, TWO], {"sel_retn_cnt": "1"}, "[stock.count]"),
    ([ONE], {"sel_retn_cnt": "0"}, "必须大于 0"),
    ([ONE, TWO], {"trdn_flag": "1", "sel_retn_cnt": "6"}, "拆零销售每行一个追溯码"),
    ([ONE], {"trdn_flag": "1", "sel_retn_cnt": "2.5"}, "应为整数"),
    ([ONE], {"setl_id": "nowhere", "mdtrt_setl_type": "1"}, "[stock.settlement] selinfo.setl_id（结算ID）"),
    ([ONE], {"setl_id": "any", "mdtrt_setl_type": "2"}, "自费销售"),
]


def test_what_cannot_be_is_refused_and_not_kept(shop: Shop) -> None:
    know_cartons(shop.office.store)
    for codes, said, reason in IMPOSSIBLE:
        accepted, why = shop.sell(*codes, **said)
        assert (accepted, reason in why) == ("0", True), why
        assert "110101199003078515" not in why
        assert "。。" not in why
        assert shop.life(codes[0]).is_known is False
    assert shop.ask("3511") == []


def test_all_reasons_of_many_rows_are_named_and_nothing_is_kept(shop: Shop) -> None:
    rows = [
        shop.row(ONE),
        shop.row("6901234567892", rtal_docno="S2"),
        shop.row(TWO, rtal_docno="S3", sel_retn_cnt="0"),
    ]
    accepted, why = result(shop.say("3505A", {"selinfoDetail": rows}))
    assert accepted == "0"
    assert "selinfoDetail[1].drugtracinfo[0].drug_trac_codg" in why
    assert "selinfoDetail[2].sel_retn_cnt" in why
    assert shop.life(ONE).is_known is False
    assert result(shop.say("3505A", {"selinfoDetail": [rows[0], shop.row(TWO, rtal_docno="S3")]})) == ("1", "")
    assert (shop.state(ONE), shop.state(TWO)) == ("sold", "sold")


@pytest.mark.req("T-05")
def test_the_same_sale_under_a_new_msgid_is_the_same_record(shop: Shop) -> None:
    shop.sell(ONE)
    shop.wait(minutes=3)
    accepted, why = shop.sell(ONE)
    assert (accepted, "此前已上传" in why) == ("1", True)
    assert len(shop.ask("3511")) == 1
    assert evidence_in(shop.office.store, ONE) == 1
    accepted, why = shop.sell(ONE, sel_retn_cnt="2")
    assert accepted == "0"
    assert "[stock.record_differs]" in why
    assert "sel_retn_cnt（销售/退货数量）原为 1，现为 2" in why


def test_a_pack_is_on_one_row_of_a_sale(shop: Shop) -> None:
    shop.sell(ONE)
    accepted, why = shop.sell(ONE, fixmedins_bchno="B-2")
    assert (accepted, "另一行" in why) == ("0", True)


def test_packs_without_a_code_are_told(shop: Shop) -> None:
    accepted, why = shop.sell(ONE, sel_retn_cnt="3")
    assert (accepted, "其余未扫码" in why) == ("1", True)


def test_a_sale_dated_ahead_of_our_clock_stands_where_it_arrived(shop: Shop) -> None:
    shop.sell(ONE, sel_retn_time="2030-01-01 08:00:00")
    (entry,) = shop.life(ONE).timeline
    assert entry.evidence[0].hlc == int(shop.office.clock.now.timestamp()) * 1_000_000


# -- one fact, many witnesses ------------------------------------------------------------------------------------------


Step = Callable[[Shop], object]
EVENT: Step = lambda shop: shop.hear(dispensed(ONE, sale="S1", line=3))  # noqa: E731
UPLOAD: Step = lambda shop: shop.sell(ONE)  # noqa: E731


@pytest.mark.req("T-05")
@pytest.mark.parametrize("steps", [[EVENT, UPLOAD], [UPLOAD, EVENT]], ids=["event first", "3505 first"])
def test_a_sale_told_by_terminal_and_3505_is_one_fact_with_two_pieces_of_evidence(
    shop: Shop, steps: list[Step]
) -> None:
    for step in steps:
        step(shop)
        shop.wait(seconds=5)
    life = shop.life(ONE)
    (entry,) = life.timeline
    assert (life.state, life.conflict_count) == ("sold", 0)
    assert entry.fact == FactKey(Act.DISPENSED, PHARMACY, "S1", 3)
    assert {said.infno for said in entry.evidence} == {None, "3505"}


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_settlement_upload_and_terminal_may_know_the_sale_by_different_numbers(
    shop: Shop, order: tuple[int, ...]
) -> None:
    setl_id = shop.settle_with(ONE, number="CK-9")
    steps: list[Step] = [
        lambda shop: shop.hear(dispensed(ONE, sale="T-1")),
        lambda shop: shop.sell(ONE, rtal_docno="R-1", stoout_no="T-1", setl_id=setl_id),
        lambda shop: shop.hear(came_back(ONE, sale="T-1")),
    ]
    for number in order:
        steps[number](shop)
        shop.wait(seconds=1)
    life = shop.life(ONE)
    assert (life.state, life.conflict_count) == ("returned", 0)
    sold, back = life.timeline
    assert {said.infno for said in sold.evidence} == {"2102", "3505", None}
    assert (sold.fact.line, back.fact.act) == (1, Act.RETURNED)


def test_sold_by_the_terminal_of_one_place_and_uploaded_by_another_is_a_conflict(shop: Shop) -> None:
    shop.hear(dispensed(ONE, sale="S1"))
    shop.wait(hours=1)
    accepted, why = shop.sell(ONE, rtal_docno="H-1", **AT_HOSPITAL)
    assert accepted == "1"
    assert why.startswith("[pack.sold_twice]")
    life = shop.life(ONE)
    assert (life.state, life.conflict_count) == ("conflict", 1)
    assert {life.conflicts[0].fact.institution, life.conflicts[0].against.institution} == {PHARMACY, HOSPITAL}


def test_received_by_the_terminal_and_sold_by_3505(shop: Shop) -> None:
    shop.hear(received(ONE))
    shop.wait(minutes=1)
    shop.sell(ONE)
    assert [entry.fact.act for entry in shop.life(ONE).timeline] == [Act.RECEIVED, Act.DISPENSED]
    assert shop.state(ONE) == "sold"


@pytest.mark.req("C-06")
def test_units_of_an_opened_pack_are_counted(shop: Shop) -> None:
    know_cartons(shop.office.store)
    parts = {"trdn_flag": "1", "sel_retn_cnt": "5"}
    assert shop.sell(ONE, rtal_docno="S1", **parts) == ("1", "")
    shop.wait(minutes=1)
    assert shop.sell(ONE, rtal_docno="S2", **parts) == ("1", "")
    assert (shop.state(ONE), shop.life(ONE).rest) == ("split", 2)
    shop.wait(minutes=1)
    assert shop.give_back(ONE, medins_prod_sel_no="S1", trdn_flag="1", sel_retn_cnt="2") == ("1", "")
    assert shop.life(ONE).rest == 4
    shop.wait(minutes=1)
    assert shop.sell(ONE, rtal_docno="S3", **parts)[1].startswith("[pack.split_exceeds]")


def test_of_an_opened_pack_of_unknown_size_no_units_are_invented(shop: Shop) -> None:
    assert shop.sell(ONE, trdn_flag="1", sel_retn_cnt="5") == ("1", "")
    assert (shop.state(ONE), shop.life(ONE).rest) == ("split", None)


# -- insured -----------------------------------------------------------------------------------------------------------


def test_an_insured_sale_is_covered_by_its_settlement(shop: Shop) -> None:
    setl_id = str(shop.settle("3")["setl_id"])
    insured = {"setl_id": setl_id, "mdtrt_setl_type": "1", "psn_no": LI}
    assert shop.sell(ONE, TWO, **insured) == ("1", "")
    accepted, why = shop.sell(THREE, code_of(4), rtal_docno="S2", **insured)
    assert accepted == "0"
    assert "结算数量 3，此前已上传 2，本次 2" in why
    assert shop.sell(THREE, rtal_docno="S2", **insured) == ("1", "")
    (first, _) = shop.ask("3511")
    assert (first["setlId"], first["psnNo"], first["medListCodg"]) == (setl_id, LI, PLAIN)


UNCOVERED: list[tuple[dict[str, object], str]] = [
    ({"psn_no": WANG}, "selinfo.psn_no（人员编号）：与结算的人员不一致"),
    ({"med_list_codg": SHARED}, f"结算中没有 {SHARED}"),
    ({"drugtracinfo": None, "manu_date": "2025-08-01"}, "必须上传追溯码"),
]


def test_what_the_settlement_does_not_cover_is_refused(shop: Shop) -> None:
    setl_id = str(shop.settle()["setl_id"])
    for said, reason in UNCOVERED:
        accepted, why = shop.sell(ONE, setl_id=setl_id, **said)
        assert (accepted, reason in why) == ("0", True), why
    assert shop.life(ONE).is_known is False


def test_the_settlement_of_another_place_is_not_told_from_none(shop: Shop) -> None:
    setl_id = str(shop.settle()["setl_id"])
    accepted, why = shop.sell(ONE, setl_id=setl_id, **AT_HOSPITAL)
    assert (accepted, f"本机构没有结算 {setl_id}" in why) == ("0", True)


def test_a_cancelled_settlement_covers_nothing(shop: Shop) -> None:
    settled = shop.settle()
    shop.counter.cancel(settled)
    accepted, why = shop.sell(ONE, setl_id=settled["setl_id"])
    assert (accepted, "已撤销" in why) == ("0", True)


def test_codes_that_travelled_with_the_settlement_are_those_that_are_uploaded(shop: Shop) -> None:
    setl_id = shop.settle_with(ONE, TWO)
    assert shop.state(ONE) == "sold"
    accepted, why = shop.sell(ONE, THREE, setl_id=setl_id)
    assert (accepted, f"{THREE}：结算时该项目没有这个码" in why) == ("0", True)
    accepted, why = shop.sell(ONE, setl_id=setl_id, trdn_flag="1")
    assert (accepted, "trdn_flag（拆零标志）与结算时不同" in why) == ("0", True)
    assert shop.sell(ONE, TWO, setl_id=setl_id) == ("1", "")
    assert [entry.fact.act for entry in shop.life(ONE).timeline] == [Act.DISPENSED]


def test_the_first_settlement_is_paid_for_a_pack_and_the_second_is_a_fact_without_payment(shop: Shop) -> None:
    first, second = (str(shop.settle(price=price)["setl_id"]) for price in ("10.00", "11.00"))
    # Who is paid is who came first with the code, not who settled first.
    assert shop.sell(ONE, rtal_docno="S2", setl_id=second) == ("1", "")
    shop.wait(minutes=5)
    accepted, why = shop.sell(ONE, rtal_docno="S1", setl_id=first)
    assert accepted == "0"
    assert "[stock.claimed]" in why
    assert f"本机构结算 {second}" in why
    assert shop.life(ONE).conflict_count == 1
    assert len(shop.ask("3511")) == 2
    again = shop.sell(ONE, rtal_docno="S1", setl_id=first)
    assert (again[0], "[stock.claimed]" in again[1]) == ("0", True)


def test_who_came_second_is_told_when_the_first_is_undone_and_is_paid_once_uploaded_anew(shop: Shop) -> None:
    first, second = (shop.settle(price=price) for price in ("10.00", "11.00"))
    shop.sell(ONE, rtal_docno="S1", setl_id=first["setl_id"])
    sold = {"rtal_docno": "S2", "setl_id": second["setl_id"], "fixmedins_bchno": "B-2", "sel_retn_time": shop.now}
    assert shop.sell(ONE, **sold)[0] == "0"
    shop.counter.cancel(first)
    accepted, why = shop.sell(ONE, **sold)
    assert (accepted, "现已撤销或退货，请用 3507" in why) == ("0", True)
    assert shop.say("3507", {"data": {"fixmedins_bchno": "B-2", "inv_data_type": "4"}})["infcode"] == 0
    assert shop.sell(ONE, **sold)[0] == "1"


def test_a_pack_that_came_back_may_be_paid_again(shop: Shop) -> None:
    first = shop.settle(price="10.00")
    shop.sell(ONE, rtal_docno="S1", setl_id=first["setl_id"])
    shop.wait(minutes=1)
    shop.counter.cancel(first)
    assert shop.give_back(ONE, setl_id=first["setl_id"]) == ("1", "")
    shop.wait(minutes=1)
    second = shop.settle(price="11.00")
    assert shop.sell(ONE, rtal_docno="S2", setl_id=second["setl_id"]) == ("1", "")
    assert (shop.state(ONE), shop.life(ONE).conflict_count) == ("sold", 0)


def test_a_pack_that_travelled_with_a_settlement_is_not_settled_again(shop: Shop) -> None:
    setl_id = shop.settle_with(ONE, number="A-1")
    answer = shop.say("2102", shop.sale_with(ONE, TWO, number="A-2"))
    assert answer["infcode"] == -1
    assert f"已随本机构结算 {setl_id} 支付" in str(answer["err_msg"])
    assert shop.life(TWO).is_known is False


@pytest.mark.req("C-05")
def test_a_carton_is_not_settled_by_its_own_code(shop: Shop) -> None:
    know_cartons(shop.office.store)
    assert "占位码" in str(shop.say("2102", shop.sale_with("22000000000000000000"))["err_msg"])
    answer = shop.say("2102", shop.sale_with(f"{CARTON_PREFIX}0000000000001"))
    assert (answer["infcode"], "请扫小盒" in str(answer["err_msg"])) == (-1, True)


def test_codes_of_a_hospital_travel_with_its_settlement_opened_packs_too(store: Store) -> None:
    ward = open_ward(store, area=shipped_area("hubei"))
    let_ledger_hear(ward.office)
    visit = ward.visit()
    whole, part = ward.line(visit, PLAIN, "1", "10.00"), ward.line(visit, SHARED, "6", "1.00")
    ward.charge(whole, part)
    codes = [
        {"feedetl_sn": line["feedetl_sn"], "drug_trac_codg": code, "trdn_flag": split, "min_prcunt_type": "1"}
        for line, code, split in ((whole, ONE, "0"), (part, TWO, "1"))
    ]
    settled = ward.done("2207", {"data": ward.asked(visit, "16.00"), "drug_trac_info": codes})["setlinfo"]
    shop = Shop(ward.counter, FakeTerminal(), Ingest(store, new_key()))
    assert (shop.state(ONE), shop.state(TWO), shop.life(TWO).rest) == ("sold", "split", None)
    assert shop.life(ONE).timeline[0].evidence[0].infno == "2207"

    know_cartons(store)
    shop.wait(minutes=1)
    row = shop.row(
        TWO,
        med_list_codg=SHARED,
        trdn_flag="1",
        sel_retn_cnt="6",
        setl_id=settled["setl_id"],
        rtal_docno="R-1",
        mdtrt_setl_type="1",
        hi_feesetl_type="1",
        psn_cert_type="01",
    )
    assert result(ward.say("3505", {"selinfo": row})) == ("1", "")
    (entry,) = shop.life(TWO).timeline
    assert ([one.infno for one in entry.evidence], shop.life(TWO).rest) == (["2207", "3505"], 6)
    assert (
        ward.say("2208", {"data": {name: settled[name] for name in ("setl_id", "mdtrt_id", "psn_no")}})["infcode"] == 0
    )
    assert shop.state(ONE) == "returned"


def test_cancelling_and_reversing_a_settlement_move_its_packs(shop: Shop) -> None:
    sale = shop.sale_with(ONE, number="A-1")
    settled = shop.counter.settle(sale)
    shop.wait(minutes=1)
    cancelled = shop.counter.cancel(settled)
    assert shop.state(ONE) == "returned"
    assert [entry.evidence[0].infno for entry in shop.life(ONE).timeline] == ["2102", "2103"]
    reversed_cancel = shop.counter.reverse(_msgid_of(shop, cancelled), "2103")
    assert (reversed_cancel["infcode"], shop.state(ONE)) == (0, "sold")
    other = shop.counter.settle(shop.sale_with(TWO, number="A-2"))
    assert shop.counter.reverse(str(other["medins_setl_id"]))["infcode"] == 0
    assert (shop.state(TWO), evidence_in(shop.office.store, TWO)) == ("unseen", 0)


def _msgid_of(shop: Shop, answer: dict[str, object]) -> str:
    setlinfo = answer["output"]["setlinfo"]  # type: ignore[index,call-overload]
    return str(setlinfo["medins_setl_id"])


# -- returns -----------------------------------------------------------------------------------------------------------


def test_some_packs_come_back_then_the_others_and_never_more(shop: Shop) -> None:
    setl_id = str(shop.settle("3")["setl_id"])
    shop.sell(ONE, TWO, THREE, setl_id=setl_id)
    shop.wait(minutes=1)
    accepted, why = shop.give_back(TWO, setl_id=setl_id)
    assert (accepted, "尚未撤销" in why) == ("1", True)
    assert [shop.state(code) for code in (ONE, TWO, THREE)] == ["sold", "returned", "sold"]
    accepted, why = shop.give_back(ONE, TWO, setl_id=setl_id)
    assert (accepted, f"{TWO}：此前已退货" in why) == ("0", True)
    accepted, why = shop.give_back(ONE, sel_retn_cnt="3", setl_id=setl_id)
    assert (accepted, "[stock.returned_more]" in why, "售出 3，尚可退 2，本次退 3" in why) == ("0", True, True)
    # All that is out comes back: no need to name each.
    assert shop.give_back(drugtracinfo=None, sel_retn_cnt="2", setl_id=setl_id)[0] == "1"
    assert [shop.state(code) for code in (ONE, THREE)] == ["returned", "returned"]


def test_a_return_is_uploaded_once(shop: Shop) -> None:
    shop.sell(ONE, TWO)
    shop.wait(minutes=1)
    shop.give_back(ONE, medins_prod_sel_no="S1")
    shop.wait(minutes=1)
    accepted, why = shop.give_back(ONE, medins_prod_sel_no="S1")
    assert (accepted, "此前已上传" in why) == ("1", True)
    assert len(shop.ask("3511")) == 2
    assert shop.state(ONE) == "returned"


def test_the_serial_that_3511_tells_names_the_sale(shop: Shop) -> None:
    shop.sell(drugtracinfo=None, sel_retn_cnt="4", mdtrt_sn="V-7")
    (sold,) = shop.ask("3511")
    assert shop.give_back(drugtracinfo=None, medins_prod_sel_no=sold["medinsProdSelNo"]) == ("1", "")
    shop.wait(minutes=1)
    assert shop.give_back(drugtracinfo=None, mdtrt_sn="V-7") == ("1", "")
    shop.wait(minutes=1)
    accepted, why = shop.give_back(drugtracinfo=None, sel_retn_cnt="3", medins_prod_sel_no="S1")
    assert (accepted, "尚可退 2" in why) == ("0", True)
    sale, first, second = shop.ask("3511")
    assert {one["medinsProdSelNo"] for one in (sale, first, second)} == {sale["rid"]}


UNSOLD: list[tuple[list[str], dict[str, object], str]] = [
    ([TWO], {}, "stock.no_such_sale"),
    ([ONE, TWO], {}, "stock.trace_code"),
    ([ONE], {"medins_prod_sel_no": "S9"}, "stock.no_such_sale"),
    ([ONE], {"fixmedins_bchno": "B-9"}, "stock.no_such_sale"),
    ([ONE], {"setl_id": "nowhere"}, "stock.no_such_sale"),
    ([ONE], {"trdn_flag": "1"}, "stock.count"),
    ([], {"drugtracinfo": None}, "stock.no_such_sale"),
]


@pytest.mark.req("T-24")
def test_what_was_not_sold_does_not_come_back(shop: Shop) -> None:
    shop.sell(ONE)
    shop.wait(minutes=1)
    for codes, said, code in UNSOLD:
        accepted, why = shop.give_back(*codes, **said)
        assert (accepted, why.startswith(f"[{code}]")) == ("0", True), why
    assert shop.state(ONE) == "sold"


def test_which_packs_come_back_is_not_guessed(shop: Shop) -> None:
    shop.sell(ONE, TWO)
    accepted, why = shop.give_back(drugtracinfo=None, medins_prod_sel_no="S1")
    assert (accepted, "须写明退的是哪几盒" in why) == ("0", True)
    accepted, why = shop.give_back(ONE, TWO, sel_retn_cnt="1", medins_prod_sel_no="S1")
    assert (accepted, "追溯码却有 2 个" in why) == ("0", True)


@pytest.mark.req("T-24")
def test_another_place_cannot_give_back_what_this_one_sold(shop: Shop) -> None:
    shop.sell(ONE)
    assert shop.give_back(ONE, **AT_HOSPITAL)[0] == "0"


def test_the_terminal_may_have_told_the_return_before(shop: Shop) -> None:
    shop.hear(dispensed(ONE, sale="S1"))
    shop.sell(ONE)
    shop.wait(minutes=1)
    shop.hear(came_back(ONE, sale="S1"))
    assert shop.give_back(ONE) == ("1", "")
    sold, back = shop.life(ONE).timeline
    assert (len(sold.evidence), len(back.evidence), shop.state(ONE)) == (2, 2, "returned")


def test_a_return_may_name_the_cancelling_settlement(shop: Shop) -> None:
    settled = shop.settle()
    shop.sell(ONE, setl_id=settled["setl_id"])
    shop.wait(minutes=1)
    shop.counter.cancel(settled)
    with shop.office.store.reading() as connection:
        cancelling = settlements.find_cancelling(connection, str(settled["setl_id"]))
    assert cancelling is not None
    assert shop.give_back(ONE, setl_id=cancelling.setl_id) == ("1", "")


# -- together ----------------------------------------------------------------------------------------------------------


@pytest.mark.req("T-05")
def test_many_at_once_upload_one_sale_once(shop: Shop) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: shop.sell(ONE, TWO), range(8)))
    assert {accepted for accepted, _ in answers} == {"1"}
    assert sum(not why for _, why in answers) == 1
    assert len(shop.ask("3511")) == 1


def test_of_many_at_once_one_is_paid_for_a_pack(shop: Shop) -> None:
    settled = [str(shop.settle(price=f"1{n}.00")["setl_id"]) for n in range(6)]

    def upload(pair: tuple[int, str]) -> str:
        return shop.sell(ONE, rtal_docno=f"S{pair[0]}", setl_id=pair[1])[0]

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(upload, enumerate(settled)))
    assert sorted(answers) == ["0"] * 5 + ["1"]
    assert shop.life(ONE).conflict_count == 5


def test_a_settlement_is_not_exceeded_by_uploads_at_once(shop: Shop) -> None:
    setl_id = str(shop.settle("2")["setl_id"])

    def upload(number: int) -> str:
        return shop.sell(code_of(number), rtal_docno=f"S{number}", setl_id=setl_id)[0]

    with ThreadPoolExecutor(5) as pool:
        assert sorted(pool.map(upload, range(5))) == ["0", "0", "0", "1", "1"]


@pytest.mark.req("T-49")
def test_names_and_certificates_are_kept_sealed(shop: Shop) -> None:
    shop.sell(ONE, psn_name="李一", certno="350203198001010011")
    (row,) = shop.ask("3511", certno="350203198001010011")
    assert (row["psnName"], row["pharName"]) == ("李一", "陈药师")
    with shop.office.store.reading() as connection:
        kept = str(connection.exec_driver_sql("SELECT * FROM stock_record").all())
    assert "350203198001010011" not in kept
    assert "李一" not in kept
    assert BATCH in kept


def test_sales_of_years_ago_are_taken(shop: Shop) -> None:
    long_ago = shop.office.clock.now - timedelta(days=900)
    accepted, told = shop.sell(ONE, sel_retn_time=f"{long_ago:%Y-%m-%d %H:%M:%S}")
    assert (accepted, told.startswith("[stock.time]")) == ("1", True)


def test_a_return_may_state_its_code_as_older_software_does(shop: Shop) -> None:
    shop.sell(ONE, TWO)
    shop.wait(minutes=1)
    assert shop.give_back(drugtracinfo=None, drug_trac_codg=TWO) == ("1", "")
    assert (shop.state(ONE), shop.state(TWO)) == ("sold", "returned")
