"""3501 to 3504, 3507 and the queries: stock as it was reported, taken back, and asked for."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import pytest

from server.store.database import Store
from server.store.standings import Standing
from tests.server.fake_terminal import code_of, dispensed
from tests.server.fsi.counter import PLAIN, refused
from tests.server.fsi.office import HOSPITAL, PHARMACY
from tests.server.fsi.shop import BATCH, CARTON_PREFIX, Shop, know_cartons, open_shop, result

ONE, TWO, THREE = (code_of(number) for number in (1, 2, 3))


@pytest.fixture
def shop(store: Store) -> Shop:
    return open_shop(store)


def there(shop: Shop, **said: object) -> object:
    """Return the quantity that 3508 tells of the one batch; None if it tells none."""
    (row,) = shop.ask("3508", **said)
    return row.get("invCnt")


def change(shop: Shop, kind: str, count: str, *codes: str, **said: object) -> dict[str, object]:
    listed = [{"drug_trac_codg": code} for code in codes]
    row = shop.item(inv_chg_type=kind, pric="8.00", cnt=count, inv_chg_time=shop.now, drugtracinfo=listed) | said
    return shop.say("3502", {"invinfo": row})


def send_back(shop: Shop, count: str, **said: object) -> dict[str, object]:
    row = shop.item(
        spler_name="示例批发",
        purc_retn_cnt=count,
        purc_invo_no="F-1",
        purc_retn_stoin_time=shop.now,
        purc_retn_opter_name="李",
    )
    return shop.say("3504", {"purcinfo": row | said})


def delete(shop: Shop, kind: str, batch: str = BATCH, **envelope: object) -> dict[str, object]:
    return shop.say("3507", {"data": {"fixmedins_bchno": batch, "inv_data_type": kind}}, **envelope)


def ok(answer: dict[str, object]) -> str:
    """Return the warning of an answer that was given."""
    assert answer["infcode"] == 0, answer["err_msg"]
    return str(answer.get("warn_msg") or "")


# -- quantities --------------------------------------------------------------------------------------------------------


def test_the_quantity_of_a_batch_follows_what_was_reported(shop: Shop) -> None:
    steps: list[tuple[object, object]] = [
        (lambda: shop.purchase(count="10"), 10),
        (lambda: shop.sell(ONE, TWO), 8),
        (lambda: shop.give_back(TWO), 9),
        (lambda: send_back(shop, "4"), 5),
        (lambda: change(shop, "104", "1"), 4),
        (lambda: change(shop, "103", "2"), 6),
        (lambda: shop.take_stock(count="7"), 7),
        (lambda: shop.sell(THREE, rtal_docno="S2"), 6),
        (lambda: change(shop, "999", "1"), None),
        (lambda: shop.purchase(count="5", dynt_no="D-2"), None),
        (lambda: shop.take_stock(count="11"), 11),
    ]
    for number, (step, quantity) in enumerate(steps):
        step()  # type: ignore[operator]
        shop.wait(minutes=1)
        assert there(shop) == quantity, number


def test_without_a_beginning_the_quantity_is_unknown_and_said_so(shop: Shop) -> None:
    shop.sell(ONE)
    (row,) = shop.ask("3508")
    assert "invCnt" not in row
    assert "数量未知" in str(row["memo"])


def test_a_stock_taking_of_an_earlier_day_counts_from_the_end_of_that_day(shop: Shop) -> None:
    shop.take_stock(count="20", invdate="2026-03-08")
    shop.sell(ONE, sel_retn_time="2026-03-08 09:00:00")
    shop.sell(TWO, rtal_docno="S2", sel_retn_time="2026-03-09 09:00:00")
    assert there(shop) == 19
    (row,) = shop.ask("3508")
    assert (row["invdate"], row["medListCodg"], row["fixmedinsCode"]) == ("2026-03-08", PLAIN, PHARMACY)


def test_no_more_goes_back_to_the_supplier_than_is_there(shop: Shop) -> None:
    ok(send_back(shop, "3"))
    shop.wait(minutes=1)
    ok(shop.take_stock(count="5"))
    shop.wait(minutes=1)
    answer = send_back(shop, "6")
    assert (refused(answer), "现有 5，本次退货 6" in str(answer["err_msg"])) == ("stock.returned_more", True)
    ok(send_back(shop, "5"))
    assert there(shop) == 0


@pytest.mark.parametrize(
    ("infno", "node", "said", "field"),
    [
        ("3501", "invinfo", {"inv_cnt": "-1"}, "invinfo.inv_cnt（库存数量）"),
        ("3501", "invinfo", {"invdate": "2026-03-11"}, "invinfo.invdate（盘存日期）：晚于今天"),
        ("3502", "invinfo", {"cnt": "0"}, "invinfo.cnt（数量）"),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(
    shop: Shop, infno: str, node: str, said: dict[str, object], field: str
) -> None:
    row = shop.item(invdate="2026-03-10", inv_cnt="1", inv_chg_type="101", cnt="1", pric="1", inv_chg_time=shop.now)
    answer = shop.say(infno, {node: row | said})
    assert (answer["infcode"], field in str(answer["err_msg"])) == (-1, True), answer


@pytest.mark.req("T-05")
def test_a_record_is_kept_once_whatever_the_number_of_messages(shop: Shop) -> None:
    for _ in range(2):
        shop.purchase(ONE, count="10", purc_retn_stoin_time="2026-03-10 11:00:00")
        shop.take_stock(count="10")
        change(shop, "101", "3", inv_chg_time="2026-03-10 11:30:00")
    assert "此前已上传" in ok(shop.purchase(ONE, count="10", purc_retn_stoin_time="2026-03-10 11:00:00"))
    assert (len(shop.ask("3510")), len(shop.ask("3509"))) == (1, 1)


def test_many_stock_takings_are_kept_or_none(shop: Shop) -> None:
    rows = [shop.item(invdate="2026-03-10", inv_cnt="4", fixmedins_bchno=f"B-{n}") for n in range(3)]
    wrong = [*rows, rows[0] | {"inv_cnt": "-1"}, rows[1] | {"drugtracinfo": [{"drug_trac_codg": "6901234567892"}]}]
    answer = shop.say("3501A", {"invinfoDetail": wrong})
    assert answer["infcode"] == -1
    assert "invinfoDetail[3].inv_cnt" in str(answer["err_msg"])
    assert shop.ask("3508", fixmedins_bchno=None) == []
    ok(shop.say("3501A", {"invinfoDetail": rows}))
    assert [row["invCnt"] for row in shop.ask("3508", fixmedins_bchno=None)] == [4, 4, 4]


# -- packs -------------------------------------------------------------------------------------------------------------


def test_a_purchase_and_a_stock_taking_put_packs_into_stock(shop: Shop) -> None:
    ok(shop.purchase(ONE))
    ok(shop.take_stock(TWO, count="1"))
    assert (shop.state(ONE), shop.life(ONE).holder) == ("in_stock", PHARMACY)
    assert shop.state(TWO) == "in_stock"
    shop.wait(minutes=1)
    assert "pack.sold_elsewhere" in shop.sell(TWO, envelope={"fixmedins_code": HOSPITAL})[1]


def test_a_stock_taking_contradicts_no_sale_of_the_day(shop: Shop) -> None:
    shop.hear(dispensed(ONE, sale="S1"))
    shop.wait(minutes=1)
    ok(shop.take_stock(ONE, count="1"))
    assert (shop.state(ONE), shop.life(ONE).conflict_count) == ("sold", 0)


def test_changes_move_packs_as_their_kind_says(shop: Shop) -> None:
    for number, (kind, state) in enumerate(
        [("101", "in_stock"), ("102", "transferred"), ("105", "destroyed"), ("107", "unseen"), ("999", "unseen")]
    ):
        code = code_of(100 + number)
        ok(change(shop, kind, "1", code))
        assert shop.state(code) == state, kind


def test_a_purchase_of_what_was_sold_is_kept_and_named_as_a_conflict(shop: Shop) -> None:
    shop.sell(ONE, envelope={"fixmedins_code": HOSPITAL})
    shop.wait(minutes=1)
    assert "售出后又入库" in ok(shop.purchase(ONE))
    assert shop.state(ONE) == "conflict"


@pytest.mark.req("C-05")
def test_a_carton_is_received_and_is_no_pack(shop: Shop) -> None:
    know_cartons(shop.office.store)
    carton = f"{CARTON_PREFIX}0000000000001"
    assert "大包装码" in ok(shop.purchase(carton, ONE))
    assert (shop.life(carton).is_known, shop.state(ONE)) == (False, "in_stock")
    assert {row["drugTracCodg"] for row in shop.ask("3512")} == {carton, ONE}


# -- taking a record back ----------------------------------------------------------------------------------------------


def test_a_deleted_sale_is_undone_once_with_what_it_told_the_ledger(shop: Shop) -> None:
    shop.purchase(ONE, count="5")
    shop.wait(minutes=1)
    shop.sell(ONE)
    assert (shop.state(ONE), there(shop)) == ("sold", 4)
    ok(delete(shop, "4"))
    assert (shop.state(ONE), there(shop)) == ("in_stock", 5)
    assert refused(delete(shop, "4")) == "stock.nothing_to_delete"
    assert shop.ask("3511") == []
    # Put right and uploaded again it is a record of its own.
    assert shop.sell(ONE) == ("1", "")
    assert shop.state(ONE) == "sold"
    ok(delete(shop, "3"))
    assert (shop.state(ONE), there(shop)) == ("sold", None)


def test_deleting_a_wrong_sale_heals_its_conflict_and_frees_the_payment(shop: Shop) -> None:
    first, second = (str(shop.settle(price=price)["setl_id"]) for price in ("10.00", "11.00"))
    shop.sell(ONE, setl_id=first)
    shop.wait(minutes=1)
    assert shop.sell(ONE, rtal_docno="S2", fixmedins_bchno="B-2", setl_id=second)[0] == "0"
    assert shop.state(ONE) == "conflict"
    ok(delete(shop, "4"))
    assert (shop.state(ONE), shop.life(ONE).conflict_count) == ("sold", 0)
    ok(delete(shop, "4", "B-2"))
    assert (shop.state(ONE), shop.life(ONE).timeline) == ("unseen", [])
    assert shop.sell(ONE, rtal_docno="S2", fixmedins_bchno="B-2", setl_id=second) == ("1", "")


def test_evidence_of_others_stays_when_a_record_is_deleted(shop: Shop) -> None:
    shop.hear(dispensed(ONE, sale="S1"))
    shop.sell(ONE)
    ok(delete(shop, "4"))
    (entry,) = shop.life(ONE).timeline
    assert (shop.state(ONE), [said.infno for said in entry.evidence]) == ("sold", [None])


def test_which_of_several_records_is_meant_is_not_guessed(shop: Shop) -> None:
    shop.sell(ONE)
    shop.sell(TWO, rtal_docno="S2")
    answer = delete(shop, "4")
    assert refused(answer) == "stock.not_deletable"
    assert (shop.state(ONE), shop.state(TWO)) == ("sold", "sold")


def test_nobody_deletes_what_another_reported(shop: Shop) -> None:
    shop.sell(ONE)
    assert refused(delete(shop, "4", fixmedins_code=HOSPITAL)) == "stock.nothing_to_delete"
    assert shop.state(ONE) == "sold"


# -- questions ---------------------------------------------------------------------------------------------------------


def test_queries_answer_with_the_fields_of_their_tables(shop: Shop) -> None:
    shop.purchase(ONE, count="5", dynt_no="D-1", purc_invo_no="F-7")
    shop.wait(minutes=1)
    change(shop, "101", "1.5", trdn_flag="1")
    shop.sell(ONE, memo="加急")
    (bought,) = shop.ask("3510", dynt_no="D-1")
    assert (bought["purcRetnCnt"], bought["splerName"], bought["prodRetnFlag"]) == (5, "示例批发", "0")
    (changed,) = shop.ask("3509", inv_chg_type="101")
    assert (changed["cnt"], changed["invChgTime"]) == (Decimal("1.5"), shop.now)
    (sold,) = shop.ask("3511", medins_prod_sel_no="S1", trdn_flag="0")
    assert (sold["selRetnCnt"], sold["selRetnTime"], sold["memo"], sold["pharPracCertNo"]) == (
        1,
        shop.now,
        "加急",
        "YS0001",
    )
    assert (sold["opterId"], sold["opterName"], sold["manuDate"]) == ("li01", "李", "2025-06-01")
    for infno, said in (("3510", {"dynt_no": "D-9"}), ("3509", {"inv_chg_type": "102"}), ("3511", {"rx_flag": "1"})):
        assert shop.ask(infno, **said) == []


def test_codes_in_and_codes_out(shop: Shop) -> None:
    gs1 = "(01)06901234567892(21)SN1(10)L1"
    shop.purchase(ONE, TWO, gs1)
    shop.wait(minutes=1)
    settled = shop.settle()
    shop.sell(ONE, setl_id=settled["setl_id"])
    shop.sell(gs1, rtal_docno="S2")
    shop.wait(minutes=1)
    shop.give_back(gs1)
    assert [row["drugTracCodg"] for row in shop.ask("3512")] == [ONE, TWO, gs1]
    assert [row["drugTracCodg"] for row in shop.ask("3512", drug_trac_codg="(01)06901234567892(21)SN1")] == [gs1]
    insured, paid = shop.ask("3513")
    assert {insured["drugTracCodg"], paid["drugTracCodg"]} == {ONE, gs1}
    (insured,) = shop.ask("3513", drug_trac_codg=ONE, begndate=None, enddate=None)
    assert (insured["mdtrtSetlType"], insured["mdtrtId"], insured["bkkpSn"]) == ("1", settled["mdtrt_id"], "S1")
    (paid,) = shop.ask("3513", mdtrt_id=None, drug_trac_codg=gs1)
    assert (paid["mdtrtSetlType"], paid["memo"]) == ("2", "已退货")


def test_an_opened_pack_of_which_units_came_back_says_how_many(shop: Shop) -> None:
    shop.sell(ONE, trdn_flag="1", sel_retn_cnt="5")
    for units, memo in (("2", "部分退货 2/5"), ("3", "已退货")):
        shop.wait(minutes=1)
        assert shop.give_back(ONE, trdn_flag="1", sel_retn_cnt=units)[0] == "1"
        (row,) = shop.ask("3513")
        assert row["memo"] == memo


def test_a_return_that_was_deleted_leaves_its_pack_sold(shop: Shop) -> None:
    shop.sell(ONE, memo="加急")
    shop.wait(minutes=1)
    shop.give_back(ONE)
    assert [row["memo"] for row in shop.ask("3513")] == ["已退货"]
    ok(delete(shop, "4"))
    assert [row["memo"] for row in shop.ask("3513")] == ["加急"]


def test_answers_come_in_pages(shop: Shop) -> None:
    shop.purchase(*(code_of(number) for number in range(200, 205)), count="5")
    first = shop.query("3512", page_num=1, page_size=2)
    assert [row["drugTracCodg"] for row in rows(first)] == [code_of(200), code_of(201)]
    assert "共 5 条，本次为第 1 页 2 条" in str(first["warn_msg"])
    last = shop.query("3512", page_num=3, page_size=2)
    assert [row["drugTracCodg"] for row in rows(last)] == [code_of(204)]
    assert "共 5 条" not in str(last.get("warn_msg"))
    assert rows(shop.query("3512", page_num=9, page_size=2)) == []
    assert refused(shop.query("3512", page_num="x")) == "stock.query"


def test_a_period_ends_with_its_last_day(shop: Shop) -> None:
    for day in ("08", "09", "10"):
        shop.purchase(count="1", dynt_no=f"D-{day}", purc_retn_stoin_time=f"2026-03-{day} 23:59:59")
    found = shop.ask("3510", begndate="2026-03-08", enddate="2026-03-09")
    assert [row["dyntNo"] for row in found] == ["D-08", "D-09"]
    assert refused(shop.query("3510", begndate="2026-03-09", enddate="2026-03-08")) == "stock.query"


def test_what_is_dated_at_the_end_of_all_time_is_kept_and_found(shop: Shop) -> None:
    ok(shop.purchase(ONE, purc_retn_stoin_time="9999-12-31 23:59:59"))
    for infno in ("3508", "3510", "3512"):
        assert len(shop.ask(infno, begndate="1800-01-01", enddate="9999-12-31")) == 1


def test_an_institution_sees_only_its_own(shop: Shop) -> None:
    shop.purchase(ONE, TWO)
    change(shop, "101", "1", THREE)
    shop.take_stock(count="2")
    shop.wait(minutes=1)
    shop.sell(ONE)
    data = {"fixmedins_code": HOSPITAL, "begndate": "2026-03-01", "enddate": "2026-03-31", "fixmedins_bchno": BATCH}
    for infno in ("3508", "3509", "3510", "3511", "3512", "3513"):
        assert shop.ask(infno), infno
        assert refused(shop.query(infno, fixmedins_code=HOSPITAL)) == "fsi.not_your_institution"
        assert rows(shop.say(infno, {"data": data}, fixmedins_code=HOSPITAL)) == []
        assert rows(shop.say(infno, {"data": data | {"fixmedins_code": PHARMACY}}))


def test_a_suspended_place_still_reports_what_happened(shop: Shop) -> None:
    shop.office.stand(Standing.SUSPENDED)
    assert shop.sell(ONE) == ("1", "")
    assert len(shop.ask("3511")) == 1


@pytest.mark.parametrize("area", ["shenzhen", "hunan", "neimenggu", "hubei"])
def test_each_area_writes_and_reads_its_own_form(store: Store, area: str) -> None:
    shop = open_shop(store, area)
    said: dict[str, object] = {
        "mdtrt_setl_type": "2",
        "hi_feesetl_type": "0",
        "psn_cert_type": "01",
        "rx_circ_flag": "0",
    }
    row = shop.row(ONE, **said)
    answer = shop.say("3505", {"selinfo": row})
    assert result(answer)[0] == "1", answer
    assert shop.state(ONE) == "sold"


def rows(answer: dict[str, object]) -> list[dict[str, object]]:
    found: Iterable[dict[str, object]] = answer["output"]["output"]  # type: ignore[index,call-overload]
    return list(found)
