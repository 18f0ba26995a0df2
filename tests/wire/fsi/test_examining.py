"""A whole message examined at once: envelope and input together."""

from __future__ import annotations

import json

import pytest

from tests.wire.fsi.test_checking import SALE
from tests.wire.fsi.test_envelope import body
from wire.fsi.areas import shipped_area
from wire.fsi.examining import examine
from wire.fsi.json_text import NotJsonError

BASE = shipped_area("base")


def places(found) -> list[tuple[str, str]]:
    return [(one.path, one.code) for one in found]


def test_a_good_message_has_no_faults():
    found = examine(body(), BASE)
    assert (found.infno, found.has_envelope, found.faults, found.warnings) == ("1101", True, (), ())
    assert found.name is not None
    assert found.name.zh == "人员信息获取"


def test_faults_of_envelope_and_input_are_named_together():
    found = examine(body(opter="", input={"data": {"mdtrt_cert_type": "03"}}), BASE)
    assert places(found.faults) == [
        ("opter", "fsi.missing"),
        ("data.mdtrt_cert_no", "fsi.missing"),
        ("data.card_sn", "fsi.condition"),
    ]


def test_a_bare_input_needs_no_envelope():
    found = examine(json.dumps({"infno": "9001", "input": {"signIn": {}}}).encode(), BASE)
    assert not found.has_envelope
    assert places(found.faults) == [(f"signIn.{name}", "fsi.missing") for name in ("opter_no", "mac", "ip")]


@pytest.mark.parametrize(
    ("given", "faults"),
    [
        (b"[]", [("", "fsi.wrong_shape")]),
        (b'{"input": {}}', [("infno", "fsi.missing")]),
        (b'{"infno": 5, "input": {}}', [("infno", "fsi.unknown_transaction")]),
        (b'{"infno": 2202, "input": {}}', [("data", "fsi.missing")]),
        (b'{"infno": true, "input": {}}', [("infno", "fsi.missing")]),
        (b'{"infno": "3550"}', [("infno", "fsi.unknown_transaction")]),
        (b'{"infno": "2202"}', [("data", "fsi.missing")]),
    ],
)
def test_what_cannot_be_examined_further_says_why(given, faults):
    assert places(examine(given, BASE).faults) == faults


@pytest.mark.parametrize(
    ("inner", "path", "label"),
    [
        ('"opter": "x", "input": {"data": {}}', "opter", "经办人"),
        ('"input": {"data": {"mdtrt_cert_no": "1", "mdtrt_cert_no": "1"}}', "data.mdtrt_cert_no", "就诊凭证编号"),
        ('"input": {"data": {"x": 1, "x": 2}}', "data.x", ""),
        ('"input": {"data": {}, "data": {}}', "data", ""),
        ('"input": "{\\"data\\": {\\"certno\\": 1, \\"certno\\": 2}}"', "data.certno", "证件号码"),
    ],
)
def test_a_name_that_stands_twice_is_named_with_its_place(inner, path, label):
    whole = json.loads(body())
    del whole["input"]
    text = f"{json.dumps(whole)[:-1]}, {inner}}}".encode()
    (found,) = (one for one in examine(text, BASE).faults if one.code == "fsi.said_twice")
    assert (found.path, found.label) == (path, label)
    assert "重复出现" in found.words.zh


def test_a_name_twice_in_a_row_of_a_short_message_is_named_by_its_row():
    short = b'{"infno": "2101", "input": {"drugdetail": [{}, {"cnt": 1, "cnt": 2}]}}'
    assert ("drugdetail[1].cnt", "fsi.said_twice") in places(examine(short, BASE).faults)


def test_what_is_no_message_at_all_is_said_in_whole_sentences():
    (one,) = examine(b"[]", BASE).faults
    assert (one.words.zh, one.words.en) == ("报文应为 JSON 对象", "The message must be a JSON object")
    with pytest.raises(NotJsonError, match="没有内容"):
        examine(b" \n", BASE)


def test_an_envelope_without_a_number_names_it_once():
    assert places(examine(body(infno=""), BASE).faults) == [("infno", "fsi.missing")]


def test_an_encrypted_input_is_said_to_be_unchecked():
    found = examine(body(input="c2Vj", enc_type="SM4"), BASE)
    assert found.faults == ()
    assert places(found.warnings) == [("input", "fsi.not_checked")]


@pytest.mark.parametrize("given", ["notobject", [1], 7])
def test_an_input_that_is_no_object_is_named_once(given):
    found = examine(body(input=given), BASE)
    assert places(found.faults) == [("input", "fsi.wrong_shape")]
    assert found.warnings == ()


def test_a_fault_of_the_envelope_hides_nothing_of_an_input_written_as_text():
    found = examine(body(opter="", zzz=1, input='{"data": {"mdtrt_cert_type": "02"}}'), BASE)
    assert places(found.faults) == [("opter", "fsi.missing"), ("data.mdtrt_cert_no", "fsi.missing")]
    assert places(found.warnings) == [("zzz", "fsi.unknown_field")]


def test_what_the_business_would_refuse_is_a_fault_here():
    row = {"infno": "3505", "input": {"selinfo": {**SALE, "sel_retn_cnt": 0, "finl_trns_pric": -1}}}
    found = examine(json.dumps(row).encode(), BASE)
    assert places(found.faults) == [
        ("selinfo.finl_trns_pric", "fsi.below_zero"),
        ("selinfo.sel_retn_cnt", "fsi.not_above_zero"),
    ]
    assert found.faults[1].words.zh == "selinfo.sel_retn_cnt（销售/退货数量）应大于 0"


def test_an_input_longer_than_the_interface_has_room_for_is_remarked():
    long = {"infno": "3505A", "input": {"selinfoDetail": [SALE] * 150}}
    assert ("input", "fsi.long_input") in places(examine(json.dumps(long).encode(), BASE).warnings)
    file = {"infno": "9101", "input": {"fsUploadIn": {"in": "QUJD" * 20_000, "filename": "a", "fixmedins_code": "P1"}}}
    assert examine(json.dumps(file).encode(), BASE).warnings == ()


def test_fields_that_contradict_each_other_are_remarked_whatever_is_wrong_besides():
    line = {"feedetl_sn": "1", "cnt": "1", "pric": "5", "det_item_fee_sumamt": "5"}
    row = {"infno": "2102", "input": {"druginfo": {"medfee_sumamt": "6"}, "drugdetail": [line]}}
    found = examine(json.dumps(row).encode(), BASE)
    assert ("druginfo.psn_no", "fsi.missing") in places(found.faults)
    assert places(found.warnings) == [("druginfo.medfee_sumamt", "fsi.sum_differs")]


def test_what_is_no_json_raises():
    with pytest.raises(NotJsonError):
        examine(b"{", BASE)


def test_another_version_of_the_interface_is_remarked_and_no_more():
    found = examine(body(infver="2"), shipped_area("hubei"))
    assert ("infver", "fsi.version") in places(found.warnings)
    assert all(one.path != "infver" for one in found.faults)
    assert "V1.2" in next(one.words.zh for one in found.warnings if one.path == "infver")
    right = examine(body(infver="V1.2"), shipped_area("hubei"))
    assert all(one.path != "infver" for one in right.warnings)
