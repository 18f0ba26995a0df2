"""A message against its table: what fits passes, and each single fault is found and named."""

from __future__ import annotations

import random
import re
from datetime import date
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codes.words import Words
from tests.wire.fsi.samples import faults_of, valid_input
from wire.fsi.areas import area_names, shipped_area
from wire.fsi.checking import check, check_output
from wire.fsi.fields import Field, Kind, Node, Transaction
from wire.fsi.json_text import decode_json, encode_json
from wire.fsi.table_files import base_table
from wire.fsi.tables import transaction, transactions

BASE = shipped_area("base")
SAME_FORM = {
    infno for infno in transactions() if infno != "1301" and base_table(infno).input == base_table("1301").input
}
SAME_FORM |= {"3102"}
SALE = {
    "med_list_codg": "XA01ABD075A002010100483",
    "fixmedins_hilist_id": "1",
    "fixmedins_hilist_name": "甲硝唑片",
    "fixmedins_bchno": "B1",
    "prsc_dr_name": "王",
    "phar_name": "李",
    "phar_prac_cert_no": "P1",
    "mdtrt_sn": "M1",
    "manu_lotnum": "L1",
    "manu_date": "2026-01-01",
    "rx_flag": "0",
    "trdn_flag": "0",
    "rtal_docno": "R1",
    "sel_retn_cnt": 1,
    "sel_retn_time": "2026-11-01 10:00:00",
    "sel_retn_opter_name": "赵",
}
HERE = {
    "hi_feesetl_type": "0",
    "psn_cert_type": "01",
    "expy_end": "2028-01-01",
    "rx_circ_flag": "0",
    "mdtrt_setl_type": "2",
}


def sale(**changes: object) -> dict[str, object]:
    return {"selinfo": {name: value for name, value in {**SALE, **changes}.items() if value is not ...}}


def check_sale(area: str = "base", **changes: object):
    return check(sale(**changes), transaction("3505", shipped_area(area)))


def codes(found) -> list[tuple[str, str]]:
    return [(one.path, one.code) for one in found]


@pytest.mark.parametrize("area", area_names())
def test_a_valid_message_of_every_transaction_passes_in_every_area(area):
    chance = random.Random(area)
    for infno in transactions():
        table = transaction(infno, shipped_area(area))
        for is_full in (True, False):
            # As it travels: what is checked came out of JSON.
            found = check(decode_json(encode_json(valid_input(table, chance, is_full=is_full))), table)
            assert found.faults == (), infno
            assert [one for one in found.warnings if one.code == "fsi.unknown_field"] == [], infno
            assert found.message is not None


@pytest.mark.parametrize(
    "infno", [infno for infno in transactions() if base_table(infno).input and infno not in SAME_FORM]
)
def test_each_single_fault_is_found_and_named_with_its_chinese_label(infno):
    table = transaction(infno, BASE)
    for planted in faults_of(table, random.Random(infno)):
        found = check(planted.message, table)
        assert found.message is None
        assert (planted.path, planted.code) in codes(found.faults), planted.path
        # Rows of a list are named each; nothing else is.
        assert {re.sub(r"\[\d+\]$", "", one.path) for one in found.faults} == {planted.path}
        (named, *_) = [one for one in found.faults if one.code == planted.code]
        assert named.label == planted.label
        assert f"（{planted.label}）" in named.words.zh or not planted.label
        assert named.words.zh.startswith(named.path)
        assert named.words.en.startswith(named.path)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), infno=st.sampled_from(transactions()), area=st.sampled_from(area_names()))
def test_what_was_read_is_what_was_sent(seed, infno, area):
    table = transaction(infno, shipped_area(area))
    sent = valid_input(table, random.Random(seed))
    message = check(sent, table).message

    assert message is not None
    for node in table.input:
        given_rows = sent.get(node.name, [])
        rows = given_rows if isinstance(given_rows, list) else [given_rows]
        read = message.many(node.name)
        assert len(read) == len(rows)
        for raw, record in zip(rows, read, strict=True):
            assert record.as_json().keys() == {
                field.name for field in node.fields if any(name in raw for name in field.spellings)
            }


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.decimals(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@settings(max_examples=80, deadline=None)
@given(data=st.data(), infno=st.sampled_from(["1101", "2204", "3505", "3101", "9101"]))
def test_nothing_that_can_be_sent_breaks_the_check(data, infno):
    table = transaction(infno, BASE)
    node = table.input[0]
    names = st.sampled_from([field.name for field in node.fields] + ["stranger"])
    row = st.dictionaries(names, JSON, max_size=6) | JSON
    sent = data.draw(st.dictionaries(st.sampled_from([node.name, "x"]), row | st.lists(row, max_size=3)) | JSON)

    found = check(sent, table)

    assert (found.message is None) == bool(found.faults)
    for one in (*found.faults, *found.warnings):
        msgspec.json.encode([one.path, one.words.zh, one.words.en])


def test_every_fault_is_named_not_only_the_first():
    found = check_sale(med_list_codg="", sel_retn_cnt="x", trdn_flag="9", manu_date="2026-1-1")

    assert codes(found.faults) == [
        ("selinfo.med_list_codg", "fsi.missing"),
        ("selinfo.manu_date", "fsi.not_a_date"),
        ("selinfo.trdn_flag", "fsi.not_in_dictionary"),
        ("selinfo.sel_retn_cnt", "fsi.not_a_number"),
    ]
    assert found.faults[0].words.zh == "selinfo.med_list_codg（医疗目录编码）必填"
    assert "可取：0 整盒、1 拆零" in found.faults[2].words.zh


@pytest.mark.parametrize(
    ("area", "required"),
    [
        ("base", set()),
        ("shenzhen", set()),
        ("hunan", set()),
        ("guangdong", set()),
        ("neimenggu", set()),
        ("jilin", {"hi_feesetl_type", "psn_cert_type", "expy_end", "rx_circ_flag"}),
        ("hubei", {"hi_feesetl_type", "psn_cert_type", "mdtrt_setl_type"}),
    ],
)
def test_a_sale_lacks_what_its_area_requires(area, required):
    assert {one.label for one in check_sale(area).faults} == {
        field.label.zh for field in transaction("3505", BASE).input[0].fields if field.name in required
    }
    assert check_sale(area, **HERE).faults == ()


def test_hubei_does_without_the_pharmacist():
    sold = {**HERE, "phar_name": ..., "phar_prac_cert_no": ..., "med_list_codg": ...}
    assert check_sale("hubei", **sold).faults == ()
    assert {one.label for one in check_sale("base", **sold).faults} == {"药师姓名", "药师执业资格证号", "医疗目录编码"}


CODES = [{"drug_trac_codg": "83857930000879766660"}]


@pytest.mark.parametrize(
    ("changes", "faults", "remarks"),
    [
        ({"mdtrt_setl_type": "2"}, [], []),
        ({}, [], []),
        ({"mdtrt_setl_type": "1", "setl_id": "S", "drugtracinfo": CODES}, [], []),
        ({"mdtrt_setl_type": "1", "setl_id": "S", "drug_trac_codg": "8" * 100}, [], []),
        ({"mdtrt_setl_type": "1", "drugtracinfo": CODES}, ["setl_id"], []),
        ({"mdtrt_setl_type": "1", "setl_id": "S"}, ["drugtracinfo"], []),
        ({"mdtrt_setl_type": "1", "setl_id": "S", "drugtracinfo": []}, ["drugtracinfo"], []),
        # A pack made before codes were demanded may be in the no-code library; herbal pieces have no code.
        ({"mdtrt_setl_type": "1", "setl_id": "S", "manu_date": "2025-06-30"}, [], ["drugtracinfo"]),
        ({"mdtrt_setl_type": "1", "setl_id": "S", "med_list_codg": "T001700100"}, [], ["drugtracinfo"]),
    ],
)
def test_an_insured_sale_needs_its_settlement_and_its_codes(changes, faults, remarks):
    found = check_sale(**changes)
    assert codes(found.faults) == [(f"selinfo.{name}", "fsi.condition") for name in faults]
    assert codes(found.warnings) == [(f"selinfo.{name}", "fsi.condition") for name in remarks]


@pytest.mark.parametrize(
    ("kind", "card", "is_faulty"), [("03", "", True), ("03", "C1", False), ("02", "", False), ("01", "", False)]
)
def test_a_social_security_card_needs_its_chip_id(kind, card, is_faulty):
    person = {"mdtrt_cert_type": kind, "mdtrt_cert_no": "1", "card_sn": card}
    found = check({"data": person}, transaction("1101", BASE))
    assert codes(found.faults) == ([("data.card_sn", "fsi.condition")] if is_faulty else [])


def test_a_rule_that_is_only_local_practice_warns():
    person = {"mdtrt_cert_type": "02", "mdtrt_cert_no": "1", "certno": "1"}
    found = check({"data": person}, transaction("1101", BASE))
    assert found.faults == ()
    assert [one.path for one in found.warnings] == ["data.psn_cert_type", "data.psn_name"]


def test_a_query_needs_a_scope_and_names_both_ways_to_give_one():
    query = {"fixmedins_code": "P1", "begndate": "2026-01-01", "enddate": "2026-01-31"}
    (one,) = check({"data": query}, transaction("3508", BASE)).faults
    assert (one.path, one.code) == ("data.medins_list_codg", "fsi.condition")
    assert "fixmedins_bchno（定点医药机构批次流水号）至少给一个" in one.words.zh
    assert check({"data": {**query, "fixmedins_bchno": "B"}}, transaction("3508", BASE)).faults == ()
    # The national code alone is no scope there, but it is for codes taken in.
    assert check({"data": {**query, "med_list_codg": "X"}}, transaction("3508", BASE)).faults
    assert check({"data": {**query, "med_list_codg": "X"}}, transaction("3512", BASE)).faults == ()


def test_unknown_fields_are_named_and_not_refused():
    found = check({**sale(psn_cert_typ="01", zzz=1), "more": {}}, transaction("3505", BASE))

    assert found.message is not None
    assert codes(found.warnings) == [
        ("selinfo.psn_cert_typ", "fsi.unknown_field"),
        ("selinfo.zzz", "fsi.unknown_field"),
        ("more", "fsi.unknown_field"),
    ]
    assert "是否为 psn_cert_type？" in found.warnings[0].words.zh


def test_thousands_of_unknown_fields_are_not_all_listed():
    found = check(sale(**{f"{'x' * 99}{n}": n for n in range(5000)}), transaction("3505", BASE))
    assert len(found.warnings) == 50
    assert len(found.warnings[0].path) < 80


def test_a_value_outside_an_incomplete_list_is_only_remarked():
    found = check_sale(rx_flag="7")
    assert found.faults == ()
    assert codes(found.warnings) == [("selinfo.rx_flag", "fsi.unlisted_value")]


@pytest.mark.parametrize(
    ("spelt", "read"),
    [
        ({"MDTRT_SETL_TYPE": "2"}, "2"),
        ({"mdtrt_setl_type": "2"}, "2"),
        ({"mdtrt_setl_type": "", "MDTRT_SETL_TYPE": "2"}, "2"),
        ({"mdtrt_setl_type": "2", "MDTRT_SETL_TYPE": "2"}, "2"),
    ],
)
def test_every_spelling_is_read_in_every_area(spelt, read):
    for area in area_names():
        message = check(
            sale(**{**HERE, "mdtrt_setl_type": ..., **spelt}), transaction("3505", shipped_area(area))
        ).message
        assert message is not None
        assert message.one("selinfo").text("mdtrt_setl_type") == read


def test_two_spellings_that_differ_are_a_fault():
    found = check_sale(mdtrt_setl_type="2", MDTRT_SETL_TYPE="1")
    assert codes(found.faults) == [("selinfo.mdtrt_setl_type", "fsi.said_twice")]


def test_an_input_that_is_no_object_is_named():
    assert codes(check([], transaction("3505", BASE)).faults) == [("input", "fsi.wrong_shape")]
    assert codes(check(None, transaction("3505", BASE)).faults) == [("selinfo", "fsi.missing")]
    assert len(check({"selinfo": {}}, transaction("3505", BASE)).faults) == len(SALE)
    rows = check({"selinfoDetail": [1, sale()["selinfo"]]}, transaction("3505A", BASE))
    assert codes(rows.faults) == [("selinfoDetail[0]", "fsi.wrong_shape")]


def test_a_nested_object_is_a_record_and_one_that_no_table_describes_stays_as_it_came():
    label = Words("字段", "field")
    inner = Field("inner", Kind.OBJECT, label, children=(Field("a", Kind.NUMBER, label, is_required=True),))
    table = Transaction("9999", label, (Node("data", False, True, (inner, Field("loose", Kind.OBJECT, label))),), ())

    message = check({"data": {"inner": {"a": "1"}, "loose": {"b": [1]}}}, table).message
    assert message is not None
    assert message.one("data").as_json() == {"inner": {"a": "1"}, "loose": {"b": [1]}}
    assert message.one("data").loose("loose") == {"b": [1]}
    assert codes(check({"data": {"inner": {"b": 1}, "loose": 5}}, table).faults) == [
        ("data.inner.a", "fsi.missing"),
        ("data.loose", "fsi.wrong_shape"),
    ]


def test_our_own_answers_are_held_to_the_table_strictly():
    table = transaction("3505", BASE)
    assert check_output({"result": {"retRslt": "1"}}, table) == ()
    assert codes(check_output({"result": {"retRslt": "3"}}, table)) == [("result.retRslt", "fsi.not_in_dictionary")]
    assert codes(check_output({"result": {"retRslt": "1", "reason": ""}}, table)) == [
        ("result.reason", "fsi.unknown_field")
    ]
    assert codes(check_output(None, table)) == [("result", "fsi.missing")]


def test_an_answer_may_hold_python_values_and_empty_lists():
    person = {
        "psn_no": "1", "psn_cert_type": "01", "certno": "1", "psn_name": "张", "gend": "1",
        "brdy": date(1990, 1, 1), "age": Decimal("36.0"),
    }  # fmt: skip
    answer = {"baseinfo": person, "insuinfo": [], "idetinfo": ()}
    assert check_output(answer, transaction("1101", BASE)) == ()
    file = {"file_qury_no": "F", "filename": "plc", "dld_end_time": date(2026, 1, 1), "data_cnt": 3}
    assert check_output(file, transaction("1301", BASE)) == ()


@pytest.mark.parametrize(
    ("infno", "message", "path", "label"),
    [
        ("3505", {"selinfo": 5}, "selinfo", "销售信息"),
        ("3505", {}, "selinfo", "销售信息"),
        ("3505", [1], "input", "交易输入"),
        ("2204", {"feedetail": {"x": 1}}, "feedetail", "费用明细"),
        ("2204", {"feedetail": ["x"]}, "feedetail[0]", "费用明细"),
        ("3505", sale(drugtracinfo=[*CODES, "x"]), "selinfo.drugtracinfo[1]", "药品追溯码信息"),
    ],
)
def test_a_wrong_shape_is_named_with_what_people_call_the_node(infno, message, path, label):
    (one,) = check(message, transaction(infno, BASE)).faults
    assert (one.path, one.label) == (path, label)
    assert one.words.zh.startswith(f"{path}（{label}）")


def test_every_node_has_a_name_in_both_languages():
    for infno in transactions():
        for node in (*transaction(infno, BASE).input, *transaction(infno, BASE).output):
            assert re.search("[\u4e00-\u9fff]", node.label.zh), (infno, node.name)
            assert node.label.en.isascii()


@pytest.mark.parametrize(
    ("changes", "remarks"),
    [
        ({"trdn_flag": 0}, [("selinfo.trdn_flag", "fsi.number_for_text")]),
        ({"finl_trns_pric": Decimal("1E+2")}, [("selinfo.finl_trns_pric", "fsi.exponent")]),
        ({"manu_lotnum": " L1"}, [("selinfo.manu_lotnum", "fsi.blanks")]),
    ],
)
def test_what_we_read_and_others_may_not_is_remarked(changes, remarks):
    found = check_sale(**changes)
    assert found.faults == ()
    assert codes(found.warnings) == remarks


def test_a_program_that_writes_everything_oddly_does_not_drown_the_rest():
    row = {name: f" {value}" for name, value in SALE.items()}
    found = check({"selinfoDetail": [row] * 20}, transaction("3505A", BASE))
    assert len(found.warnings) == 50


def test_a_price_below_zero_is_refused_and_a_quantity_is_left_to_the_business():
    assert codes(check_sale(finl_trns_pric="-0.01").faults) == [("selinfo.finl_trns_pric", "fsi.below_zero")]
    found = check_sale(sel_retn_cnt="-1")
    assert found.faults == ()
    assert codes(found.doubts) == [("selinfo.sel_retn_cnt", "fsi.not_above_zero")]


def test_a_refund_line_should_name_the_line_that_it_refunds():
    table = transaction("2301", BASE)
    line = valid_input(table, random.Random(1), is_full=True)["feedetail"][0]
    for count, original, remarks in (("-1", "", ["feedetail[0].init_feedetl_sn"]), ("-1", "F1", []), ("1", "", [])):
        found = check({"feedetail": [{**line, "cnt": count, "init_feedetl_sn": original}]}, table)
        assert [one.path for one in found.warnings if one.code == "fsi.condition"] == remarks
