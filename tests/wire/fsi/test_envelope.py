"""The frame: a request is read or every fault of it named, an answer says what happened in the area's way."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codes.words import Words
from wire.fsi.areas import area_names, load_area, shipped_area
from wire.fsi.checking import check_output
from wire.fsi.envelope import EnvelopeError, district_fault, error_text, read_request, write_answer
from wire.fsi.faults import Fault
from wire.fsi.tables import envelope, transaction
from wire.fsi.values import BEIJING

BASE = shipped_area("base")
AT = datetime(2026, 11, 1, 8, 30, 5, 123456, tzinfo=BEIJING)
GOOD = {
    "infno": "1101",
    "msgid": "P35020000001202611010830050001",
    "mdtrtarea_admvs": "350200",
    "recer_sys_code": "YBXT",
    "infver": "V1.0",
    "opter_type": "1",
    "opter": "01",
    "opter_name": "王",
    "inf_time": "2026-11-01 08:30:05",
    "fixmedins_code": "P35020000001",
    "fixmedins_name": "一码大药房",
    "input": {"data": {"mdtrt_cert_type": "02", "mdtrt_cert_no": "1"}},
}


def body(**changes: object) -> bytes:
    return json.dumps({name: value for name, value in {**GOOD, **changes}.items() if value is not ...}).encode()


def refused(area=BASE, **changes: object) -> list[tuple[str, str]]:
    with pytest.raises(EnvelopeError) as error:
        read_request(body(**changes), area)
    return [(one.path, one.code) for one in error.value.faults]


@pytest.mark.parametrize("area", area_names())
def test_a_request_is_read_in_every_area(area):
    request = read_request(body(sign_no="S1", insuplc_admdvs="350200", zzz=1), shipped_area(area))

    assert (request.infno, request.msgid, request.institution) == ("1101", GOOD["msgid"], "P35020000001")
    assert (request.district, request.insured_district, request.sign_no) == ("350200", "350200", "S1")
    assert request.sent_at == datetime(2026, 11, 1, 0, 30, 5, tzinfo=UTC)
    assert request.input == GOOD["input"]
    assert request.exact == body(sign_no="S1", insuplc_admdvs="350200", zzz=1)
    assert [one.path for one in request.warnings] == ["zzz"]
    assert (request.encryption, request.signature, request.device) == ("", "", "")


def test_a_request_tells_a_log_nothing_about_people():
    assert "mdtrt_cert_no" not in repr(read_request(body(), BASE))


def test_every_fault_of_the_envelope_is_named():
    assert refused(infno="", opter_type="9", inf_time="now", fixmedins_name="长" * 21, msgid=...) == [
        ("infno", "fsi.missing"),
        ("msgid", "fsi.missing"),
        ("opter_type", "fsi.not_in_dictionary"),
        ("inf_time", "fsi.not_a_date"),
        ("fixmedins_name", "fsi.too_long"),
    ]


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"mdtrtarea_admvs": "35020x"}, "mdtrtarea_admvs"),
        ({"mdtrtarea_admvs": "3502"}, "mdtrtarea_admvs"),
        ({"insuplc_admdvs": "厦门"}, "insuplc_admdvs"),
        ({"recer_sys_code": "YB XT"}, "recer_sys_code"),
        ({"infver": "new"}, "infver"),
        ({"fixmedins_code": "P3502000000;"}, "fixmedins_code"),
    ],
)
@pytest.mark.parametrize("area", area_names())
def test_what_does_not_look_like_its_field_is_named(area, changes, path):
    assert refused(shipped_area(area), **changes) == [(path, "fsi.wrong_form")]


@pytest.mark.parametrize(("changes", "path"), [({"signtype": "RSA"}, "signtype"), ({"enc_type": "AES"}, "enc_type")])
def test_an_unusual_signature_or_encryption_is_remarked(changes, path):
    assert [(one.path, one.code) for one in read_request(body(**changes), BASE).warnings] == [
        (path, "fsi.unlisted_value")
    ]


@pytest.mark.parametrize(
    "changes", [{"fixmedins_code": "P350200000011"}, {"fixmedins_code": ""}, {"fixmedins_code": "店"}]
)
@pytest.mark.parametrize(("msgid", "is_sound"), [("123", False), (GOOD["msgid"], True), ("P" * 30, False)])
def test_a_wrong_institution_code_does_not_hide_a_wrong_message_id(changes, msgid, is_sound):
    found = dict(refused(msgid=msgid, **changes))
    assert found.keys() == {"fixmedins_code"} | (set() if is_sound else {"msgid"})


def test_where_codes_may_be_long_a_message_id_is_still_looked_at():
    area = shipped_area("neimenggu")
    assert ("msgid", "fsi.msgid") in refused(area, fixmedins_code="", msgid="123")
    assert ("msgid", "fsi.msgid") not in refused(area, fixmedins_code="", msgid="P1" + "20261101083005" + "1")


def test_a_refusal_carries_what_is_strange_besides_and_the_input():
    with pytest.raises(EnvelopeError) as error:
        read_request(body(opter="", zzz=1, input='{"data": {}}'), BASE)
    assert [one.path for one in error.value.warnings] == ["zzz"]
    assert error.value.input == {"data": {}}


def test_a_refused_request_keeps_its_identity():
    with pytest.raises(EnvelopeError) as error:
        read_request(body(opter=""), BASE)
    assert (error.value.msgid, error.value.infno) == (GOOD["msgid"], "1101")
    assert error.value.words.zh == "opter（经办人）必填"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "fsi.not_json"),
        (b"{", "fsi.not_json"),
        (b"\xff", "fsi.not_json"),
        (b"[]", "fsi.wrong_shape"),
        (b"7", "fsi.wrong_shape"),
    ],
)
def test_what_is_no_object_is_refused(raw, code):
    with pytest.raises(EnvelopeError) as error:
        read_request(raw, BASE)
    assert [one.code for one in error.value.faults] == [code]
    assert error.value.msgid == ""


def test_an_area_has_its_own_envelope():
    long = {
        "fixmedins_name": "长" * 200,
        "fixmedins_code": "P350200000011",
        "msgid": "P350200000011202611010830050001"[:30],
    }
    assert read_request(body(**long), shipped_area("neimenggu")).institution_name == "长" * 200
    assert ("fixmedins_code", "fsi.too_long") in refused(**long)
    assert refused(shipped_area("jilin"), input=...) == [("input", "fsi.missing")]
    assert read_request(body(input=...), BASE).input == {}
    assert read_request(body(mdtrtarea_admvs=..., mdtrtarea_admdvs="350200"), BASE).district == "350200"


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ({}, {}),
        ("", {}),
        ('{"data": {"a": 1.50}}', {"data": {"a": Decimal("1.50")}}),
    ],
)
def test_an_input_may_be_empty_or_a_text_in_the_text(given, read):
    assert read_request(body(input=given), BASE).input == read


@pytest.mark.parametrize("given", [[1], 5, "abc", "[1]", True])
def test_another_input_is_refused(given):
    assert refused(input=given) == [("input", "fsi.wrong_shape")]


def test_an_encrypted_input_stays_a_text():
    request = read_request(body(input="c2VjcmV0", enc_type="SM4"), BASE)
    assert (request.input, request.encryption) == ("c2VjcmV0", "SM4")


@pytest.mark.parametrize(
    ("business", "is_needed"),
    [
        ({"data": {"psn_no": "1"}}, True),
        ({"feedetail": [{"a": 1}, {"psn_no": "1"}]}, True),
        ({"data": {"psn_no": ""}}, False),
        ({"data": {"name": "1"}, "list": [1], "x": 5}, False),
        ({}, False),
        ("secret", False),
    ],
)
def test_a_person_number_needs_the_district_of_insurance(business, is_needed):
    assert (district_fault("", business) is not None) == is_needed
    assert district_fault("350200", business) is None


def test_the_district_of_insurance_is_asked_for_with_the_other_faults():
    assert refused(input={"data": {"psn_no": "1"}}, opter="") == [
        ("opter", "fsi.missing"),
        ("insuplc_admdvs", "fsi.condition"),
    ]


def test_a_message_id_is_held_against_the_institution():
    assert refused(msgid="P35020000002202611010830050001") == [("msgid", "fsi.msgid")]


def answer(area=BASE, **given) -> dict[str, object]:
    text = write_answer(area, refmsgid="R" * 30, received_at=AT, answered_at=AT.astimezone(UTC), **given)
    read = msgspec.json.decode(text)
    assert isinstance(read, dict)
    return read


def test_an_answer_says_success():
    said = answer(output={"result": {"retRslt": "1"}})
    assert said == {
        "infcode": 0, "inf_refmsgid": "R" * 30, "refmsg_time": "20261101083005123",
        "respond_time": "20261101083005123", "err_msg": "", "output": {"result": {"retRslt": "1"}}, "warn_msg": "",
    }  # fmt: skip
    assert check_output(said, envelope(BASE)) == ()


def test_an_answer_says_what_went_wrong_in_the_areas_way():
    given = {"error": Words("没有", "none"), "code": "x.y"}
    assert answer(**given)["infcode"] == -1
    assert answer(shipped_area("hubei"), **given)["infcode"] == 1
    as_text = load_area('name = "x"\nzh = "甲"\nen = "x"\nsends_infcode_as_text = true')
    assert (answer(as_text)["infcode"], answer(as_text, **given)["infcode"]) == ("0", "-1")
    assert answer(**given)["err_msg"] == "[x.y] 没有 / none"


def test_all_faults_stand_in_the_warning():
    faults = [Fault(f"f{n}", "fsi.missing", Words(f"f{n} 必填", f"f{n} is required"), "") for n in range(3)]
    said = answer(error=faults[0].words, code="fsi.missing", faults=faults, warning="另外")
    assert said["err_msg"] == "[fsi.missing] f0 必填 / f0 is required（另有 2 处，见 warn_msg）"
    assert said["warn_msg"] == "f0 必填；f1 必填；f2 必填；另外"
    one = answer(error=faults[0].words, code="fsi.missing", faults=faults[:1])
    assert (one["err_msg"], one["warn_msg"]) == ("[fsi.missing] f0 必填 / f0 is required", "")


@given(zh=st.text(max_size=400), en=st.text(max_size=400), more=st.integers(0, 9999))
def test_an_error_text_always_fits_and_keeps_its_code(zh, en, more):
    text = error_text("settlement.sum_differs", Words(zh, en), more=more)
    assert len(text) <= 200
    assert text.startswith("[settlement.sum_differs] ")
    assert (f"另有 {more} 处" in text) == (more > 0)
    assert (en in text) or len(f"{zh} / {en}") > 140


def test_an_answer_is_spelt_as_the_area_spells_it():
    area = shipped_area("shenzhen")
    output = {"setlinfo": {"setl_id": "S", "psn_cash_pay": Decimal("1.50")}, "setldetail": []}
    said = answer(area, output=output, of=transaction("2208", area))
    assert said["output"] == {"setlinfo": {"setl_id": "S", "pdn_cash_pay": 1.5}, "setldetail": []}
    assert answer(BASE, output=output, of=transaction("2208", BASE))["output"]["setlinfo"]["psn_cash_pay"] == 1.5  # type: ignore[index]


def test_money_is_written_as_it_is():
    text = write_answer(BASE, refmsgid="R", received_at=AT, answered_at=AT, output={"a": Decimal("0.10")})
    assert b'"a":0.10' in text


def test_a_signed_or_encrypted_output_is_carried_unchanged():
    exact = msgspec.Raw(b'{ "a" : 1.10 }')
    text = write_answer(
        BASE, refmsgid="R", received_at=AT, answered_at=AT, output=exact, signature="C", sign_type="SM2"
    )
    assert b'{ "a" : 1.10 }' in text
    assert answer(output="c2Vj", signature="C", sign_type="SM2") | {
        "output": "c2Vj",
        "cainfo": "C",
        "signtype": "SM2",
    } == answer(output="c2Vj", signature="C", sign_type="SM2")


def outcome(raw: bytes) -> bytes | tuple[Fault, ...]:
    """Return what was read, or what is wrong with it; anything else is a fault of ours and raises."""
    try:
        return read_request(raw, BASE).exact
    except EnvelopeError as exc:
        return exc.faults


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_no_message_breaks_the_reader(data):
    whole = body()
    at = data.draw(st.integers(0, len(whole)))
    raw = whole[:at] + data.draw(st.binary(max_size=4)) + whole[data.draw(st.integers(at, len(whole))) :]
    found = outcome(raw)
    assert found == raw or (found and all(one.words.zh for one in found))


@settings(max_examples=100, deadline=None)
@given(
    name=st.sampled_from(list(GOOD)),
    value=st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.integers()),
)
def test_a_wrong_value_names_its_field(name, value):
    sent = body(**{name: value})
    found = outcome(sent)
    assert found == sent or {one.path for one in found} <= {name, "msgid"}
