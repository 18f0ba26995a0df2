"""A record that comes once more: the same is kept once, other contents are refused with both values."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from server.store.database import Store
from tests.server.fake_terminal import code_of
from tests.server.fsi.counter import refused
from tests.server.fsi.shop import Shop, open_shop, result

ONE, TWO, THREE = (code_of(number) for number in (1, 2, 3))
AT = "2026-03-10 11:00:00"


@pytest.fixture
def shop(store: Store) -> Shop:
    return open_shop(store)


def change(shop: Shop, *codes: str, **said: object) -> dict[str, object]:
    listed = [{"drug_trac_codg": code} for code in codes]
    row = shop.item(inv_chg_type="101", pric="8.00", cnt="3", inv_chg_time=AT, drugtracinfo=listed) | said
    return shop.say("3502", {"invinfo": row})


def send_back(shop: Shop, *codes: str, **said: object) -> dict[str, object]:
    row = shop.item(
        spler_name="示例批发",
        purc_retn_cnt="3",
        purc_invo_no="F-1",
        purc_retn_stoin_time=AT,
        purc_retn_opter_name="李",
        drugtracinfo=[{"drug_trac_codg": code} for code in codes],
    )
    return shop.say("3504", {"purcinfo": row | said})


def purchase(shop: Shop, *codes: str, **said: object) -> dict[str, object]:
    return shop.purchase(*codes, **{"purc_retn_stoin_time": AT, "dynt_no": "D-1", **said})  # type: ignore[arg-type]


Upload = Callable[..., dict[str, object]]
OF_STOCK: list[tuple[Upload, str, dict[str, object], str]] = [
    (change, "3509", {"cnt": "4"}, "cnt（数量）原为 3，现为 4"),
    (change, "3509", {"pric": "9.10"}, "pric（单价）原为 8，现为 9.1"),
    (change, "3509", {"memo": "盘点"}, "memo（备注）原为 无，现为 盘点"),
    (purchase, "3510", {"count": "12"}, "purc_retn_cnt（采购/退货数量）原为 10，现为 12"),
    (purchase, "3510", {"finl_trns_pric": "1.5"}, "finl_trns_pric（最终成交单价）原为 无，现为 1.5"),
    (purchase, "3510", {"manu_lotnum": "L2"}, "manu_lotnum（生产批号）原为 L1，现为 L2"),
    (send_back, "3510", {"purc_retn_cnt": "1"}, "purc_retn_cnt（采购/退货数量）原为 3，现为 1"),
    (send_back, "3510", {"spler_name": "别家"}, "spler_name（供应商名称）原为 示例批发，现为 别家"),
]


@pytest.mark.parametrize("upload", [change, purchase, send_back])
def test_stock_with_other_contents_is_refused_and_the_same_is_kept_once(shop: Shop, upload: Upload) -> None:
    cases = [one for one in OF_STOCK if one[0] is upload]
    assert upload(shop)["infcode"] == 0
    shop.wait(minutes=1)
    for _, infno, said, why in cases:
        answer = upload(shop, **said)
        assert (refused(answer), why in str(answer["err_msg"])) == ("stock.record_differs", True), answer["err_msg"]
        assert len(shop.ask(infno)) == 1
    assert "此前已上传" in str(upload(shop).get("warn_msg"))
    assert len(shop.ask(cases[0][1])) == 1


@pytest.mark.parametrize("upload", [change, purchase, send_back])
def test_packs_that_were_left_out_are_no_second_record_but_further_packs_are(shop: Shop, upload: Upload) -> None:
    assert upload(shop, ONE)["infcode"] == 0
    for codes in ((), (ONE, TWO)):
        answer = upload(shop, *codes)
        assert (refused(answer), f"原有 1 个，现有 {len(codes)} 个" in str(answer["err_msg"])) == (
            "stock.record_differs",
            True,
        )
    # Who uploads pack by pack has rows that differ by nothing else.
    assert upload(shop, TWO)["infcode"] == 0


def test_what_is_given_with_a_purchase_is_a_record_of_its_own(shop: Shop) -> None:
    purchase(shop, count="10", prod_geay_flag="0")
    assert purchase(shop, count="1", prod_geay_flag="1")["infcode"] == 0
    assert [row["purcRetnCnt"] for row in shop.ask("3510")] in ([10, 1], [1, 10])


def test_counting_again_on_the_same_day_is_another_count_also_of_the_first_figure(shop: Shop) -> None:
    for count in ("7", "7", "11", "7"):
        shop.wait(minutes=1)
        assert shop.take_stock(count=count)["infcode"] == 0
        (row,) = shop.ask("3508")
        assert row["invCnt"] == int(count)
    assert "此前已上传" in str(shop.take_stock(count="7").get("warn_msg"))


def test_two_quantities_of_one_batch_in_one_message_are_refused(shop: Shop) -> None:
    rows = [shop.item(invdate="2026-03-10", inv_cnt=count) for count in ("4", "5")]
    answer = shop.say("3501A", {"invinfoDetail": rows})
    assert refused(answer) == "stock.record_differs"
    assert "invinfoDetail[1].inv_cnt（库存数量）5" in str(answer["err_msg"])
    assert shop.ask("3508") == []


OF_SALES: list[tuple[dict[str, object], str]] = [
    ({"sel_retn_cnt": "3"}, "sel_retn_cnt（销售/退货数量）原为 2，现为 3"),
    ({"finl_trns_pric": "9.90"}, "finl_trns_pric（最终成交单价）原为 无，现为 9.9"),
    ({"memo": "质量问题"}, "memo（备注）原为 无，现为 质量问题"),
    ({"sel_retn_opter_name": "赵"}, "sel_retn_opter_name（销售/退货经办人姓名）原为 李，现为 赵"),
    ({"sel_retn_time": "2026-03-08 12:00:00"}, "sel_retn_time（销售/退货时间）原为 2026-03-10"),
    ({"sel_retn_cnt": "3", "memo": "多"}, "现为 3；memo（备注）"),
]


def test_a_sale_with_other_contents_is_refused_naming_the_field_with_both_values(shop: Shop) -> None:
    shop.sell(ONE, TWO, psn_name="李一")
    more: list[tuple[dict[str, object], str]] = [
        ({"setl_id": "any"}, "setl_id（结算ID）原为 无，现为 any"),
        ({"trdn_flag": "1"}, "trdn_flag（拆零标志）原为 0，现为 1"),
    ]
    for said, why in OF_SALES + more:
        accepted, told = shop.sell(ONE, TWO, **{"psn_name": "李一", **said})
        assert (accepted, told.startswith("[stock.record_differs]"), why in told) == ("0", True, True), told
    told = shop.sell(ONE, TWO, psn_name="王二")[1]
    assert "psn_name（人员姓名）原为 李*，现为 王*" in told
    assert "李一" not in told
    assert len(shop.ask("3511")) == 1


@pytest.mark.parametrize("codes", [(ONE, TWO), ()], ids=["by code", "by number"])
def test_a_return_with_other_contents_is_refused_naming_the_field_with_both_values(
    shop: Shop, codes: tuple[str, ...]
) -> None:
    listed: dict[str, object] = {} if codes else {"drugtracinfo": None}
    said: dict[str, object] = {"sel_retn_cnt": "2", "sel_retn_time": shop.now, "medins_prod_sel_no": "S1", **listed}
    shop.sell(*codes, sel_retn_cnt="4", **listed)
    assert shop.give_back(*codes, **said)[0] == "1"
    for other, why in OF_SALES:
        if codes or "sel_retn_time" not in other:
            accepted, told = shop.give_back(*codes, **said | other)
            assert (accepted, told.startswith("[stock.record_differs]"), why in told) == ("0", True, True), told
    assert shop.give_back(*codes, **said)[0] == "1"
    assert len(shop.ask("3511")) == 2


def test_another_hour_of_the_same_day_is_told_and_not_taken(shop: Shop) -> None:
    shop.sell(ONE)
    shop.wait(minutes=3)
    accepted, why = shop.sell(ONE)
    assert accepted == "1"
    assert "sel_retn_time（销售/退货时间）原为 2026-03-10 12:00:00，现为 2026-03-10 12:03:00，仍按原记录" in why
    (row,) = shop.ask("3511")
    assert row["selRetnTime"] == "2026-03-10 12:00:00"


def test_a_sale_whose_settlement_was_cancelled_since_is_still_the_same_sale(shop: Shop) -> None:
    settled = shop.settle()
    shop.sell(ONE, setl_id=settled["setl_id"])
    shop.wait(minutes=1)
    shop.counter.cancel(settled)
    accepted, why = shop.sell(ONE, setl_id=settled["setl_id"])
    assert (accepted, "[stock.repeated]" in why, "[stock.settlement_cancelled]" in why) == ("1", True, True)
    assert len(shop.ask("3511")) == 1
    assert shop.give_back(ONE, setl_id=settled["setl_id"]) == ("1", "")


def test_codes_added_to_a_sale_that_had_none_are_not_taken_silently(shop: Shop) -> None:
    assert shop.sell(drugtracinfo=None, sel_retn_cnt="2") == ("1", "")
    accepted, why = shop.sell(ONE, TWO)
    assert (accepted, "[stock.beside]" in why) == ("1", True)
    # Who uploads pack by pack hears nothing of it.
    assert shop.sell(THREE, rtal_docno="S2") == ("1", "")
    assert shop.sell(code_of(4), rtal_docno="S2") == ("1", "")


def test_a_return_without_codes_is_the_same_whichever_row_it_was_taken_for(shop: Shop) -> None:
    none: dict[str, object] = {"drugtracinfo": None, "sel_retn_cnt": "2"}
    for number in ("S1", "S2"):
        shop.sell(rtal_docno=number, **none)
    said: dict[str, object] = {"mdtrt_sn": "V-1", "sel_retn_time": shop.now, **none}
    for _ in range(3):
        assert shop.give_back(**said)[0] == "1"
        shop.wait(minutes=1)
    assert len(shop.ask("3511")) == 3


def test_units_of_an_opened_pack_come_back_of_the_sale_that_has_them_out(shop: Shop) -> None:
    for number, units in (("S1", "5"), ("S2", "1")):
        shop.sell(ONE, rtal_docno=number, trdn_flag="1", sel_retn_cnt=units)
        shop.wait(minutes=1)
    said: dict[str, object] = {"trdn_flag": "1", "sel_retn_cnt": "3", "sel_retn_time": shop.now}
    for _ in range(2):
        assert shop.give_back(ONE, **said)[0] == "1"
    assert len(shop.ask("3511")) == 3
    assert "此前已上传" in shop.give_back(ONE, **said)[1]


WRONG: list[tuple[dict[str, object], str]] = [
    ({"med_list_codg": "XC03CC0003"}, "selinfo.med_list_codg（医疗目录编码）XC03CC0003：与销售时不一致"),
    ({"psn_no": "PSN0002"}, "selinfo.psn_no（人员编号）PSN0002：与销售时不一致"),
]


def test_a_return_is_about_the_item_and_the_person_of_the_sale(shop: Shop) -> None:
    shop.sell(ONE, psn_no="PSN0001")
    for said, why in WRONG:
        accepted, told = shop.give_back(ONE, **said)
        assert (accepted, why in told) == ("0", True), told
    assert shop.state(ONE) == "sold"


def test_many_at_once_upload_one_return_once(shop: Shop) -> None:
    shop.sell(ONE, TWO)
    shop.wait(minutes=1)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: shop.give_back(ONE), range(8)))
    assert {accepted for accepted, _ in answers} == {"1"}
    assert sum(not why for _, why in answers) == 1
    assert len(shop.ask("3511")) == 2


# -- putting a record right --------------------------------------------------------------------------------------------


def delete(shop: Shop, kind: str = "4", **said: object) -> dict[str, object]:
    return shop.say("3507", {"data": {"fixmedins_bchno": "B-1", "inv_data_type": kind, **said}})


def test_a_return_is_deleted_before_its_sale_and_can_be_uploaded_rightly(shop: Shop) -> None:
    shop.sell(ONE, TWO)
    shop.wait(minutes=1)
    shop.give_back(ONE, memo="误")
    sale, _ = shop.ask("3511")
    answer = delete(shop, rid=sale["rid"])
    assert (refused(answer), "请先删除退货记录" in str(answer["err_msg"])) == ("stock.not_deletable", True)
    assert delete(shop)["infcode"] == 0
    assert (shop.state(ONE), len(shop.ask("3511"))) == ("sold", 1)
    assert shop.give_back(ONE, memo="质量问题")[0] == "1"
    assert delete(shop)["infcode"] == delete(shop)["infcode"] == 0
    assert (shop.state(ONE), shop.ask("3511")) == ("unseen", [])


def test_many_at_once_delete_a_record_once(shop: Shop) -> None:
    shop.sell(ONE)
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: delete(shop), range(6)))
    assert sorted(answer["infcode"] for answer in answers) == [-1] * 5 + [0]  # type: ignore[type-var]
    assert (shop.state(ONE), shop.ask("3511")) == ("unseen", [])


def test_counting_at_once_keeps_one_count(shop: Shop) -> None:
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: shop.take_stock(count="7"), range(6)))
    assert sum("此前已上传" not in str(answer.get("warn_msg")) for answer in answers) == 1


def test_which_of_several_records_is_meant_may_be_said(shop: Shop) -> None:
    shop.sell(ONE)
    shop.sell(TWO, rtal_docno="S2")
    (first,) = (row for row in shop.ask("3511") if row["medinsProdSelNo"] and row["selRetnCnt"] and _of(shop, row, ONE))
    answer = delete(shop)
    assert (refused(answer), str(first["rid"]) in str(answer["err_msg"])) == ("stock.not_deletable", True)
    assert refused(delete(shop, rid="nowhere")) == "stock.nothing_to_delete"
    assert refused(delete(shop, "1", rid=first["rid"])) == "stock.nothing_to_delete"
    assert delete(shop, rid=first["rid"])["infcode"] == 0
    assert (shop.state(ONE), shop.state(TWO)) == ("unseen", "sold")


def _of(shop: Shop, row: dict[str, object], code: str) -> bool:
    return any(one["rid"] == row["rid"] for one in shop.ask("3513", drug_trac_codg=code))


def test_a_sale_put_right_is_taken_after_the_first_was_deleted(shop: Shop) -> None:
    shop.sell(ONE, finl_trns_pric="9.00")
    assert shop.sell(ONE, finl_trns_pric="9.90")[0] == "0"
    assert delete(shop)["infcode"] == 0
    assert result(shop.say("3505", {"selinfo": shop.row(ONE, finl_trns_pric="9.90")})) == ("1", "")
