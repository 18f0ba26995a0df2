"""The JSON of the national voucher library: what goes in, and everything that may come out."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.errors import DriverError
from drivers.voucher.errors import VoucherAnswerError, VoucherFieldError, VoucherRefusedError
from drivers.voucher.messages import CHECK, DECODE_HERE, read_output, write_input

DATA = {
    "businessType": "01301",
    "operatorId": "1",
    "operatorName": "王",
    "officeId": "K1",
    "officeName": "药房",
}


def test_the_input_is_ascii_and_names_institution_and_kind():
    given_in = write_input("voucher:x", DECODE_HERE, "H1", DATA)
    assert given_in.isascii()
    told = json.loads(given_in)
    assert (told["orgId"], told["transType"], told["data"]["orgId"], told["data"]["officeName"]) == (
        "H1",
        DECODE_HERE,
        "H1",
        "药房",
    )


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"officeName": "药" * 31}, "officeName"),
        ({"operatorName": ""}, "operatorName"),
        ({"outBizNo": "1"}, "outBizNo"),
    ],
)
def test_a_field_that_does_not_fit_is_named(change, field):
    with pytest.raises(VoucherFieldError) as caught:
        write_input("voucher:x", DECODE_HERE, "H1", {**DATA, **change})
    assert caught.value.field == field


def test_a_check_needs_the_serial_of_the_request():
    with pytest.raises(VoucherFieldError, match="outBizNo"):
        write_input("voucher:x", CHECK, "H1", DATA)


@pytest.mark.parametrize(
    "output",
    [
        '{"code":0,"data":"{\\"userName\\":\\"陈安\\"}","message":"成功"}'.encode(),
        '{"code":"0","data":{"userName":"陈安"},"message":""}'.encode(),
        '{"code":"0000","data":{"userName":"陈安","email":"null"}}'.encode("gb18030"),
    ],
    ids=["text", "object", "gb18030"],
)
def test_data_is_read_as_text_or_object_in_either_encoding(output):
    assert read_output("voucher:x", output)["userName"] == "陈安"


def test_a_null_is_nothing():
    assert read_output("voucher:x", b'{"code":0,"data":{"email":"null","ecQrCode":null}}') == {
        "email": "",
        "ecQrCode": "",
    }
    assert read_output("voucher:x", b'{"code":0,"data":null}') == {}


@pytest.mark.parametrize("code", ["-2", "1001", "E01"])
def test_any_other_code_is_a_refusal(code):
    with pytest.raises(VoucherRefusedError) as caught:
        read_output("voucher:x", json.dumps({"code": code, "message": "已过期"}).encode())
    assert (caught.value.reason_code, caught.value.reason) == (code, "已过期")


def test_a_number_of_a_person_in_a_refusal_is_not_shown():
    with pytest.raises(VoucherRefusedError) as caught:
        read_output("voucher:x", '{"code":1,"message":"证件号350203197001011236无效"}'.encode())
    assert "350203" not in f"{caught.value.words.zh}{caught.value.words.en}{caught.value.reason}"


@pytest.mark.parametrize(
    "output",
    [
        b"",
        b"ok",
        b"[]",
        b"{}",
        b"\xff\xff",
        b'{"code":0,"data":[]}',
        b'{"code":0,"data":"x"}',
        b'{"code":0,"data":7}',
        b"[" * 9000,
    ],
)
def test_what_is_no_answer_is_said_to_be_none(output):
    with pytest.raises(VoucherAnswerError):
        read_output("voucher:x", output)


@given(st.binary(max_size=200))
def test_no_answer_is_worse_than_an_error_of_ours(output):
    with contextlib.suppress(DriverError):
        read_output("voucher:x", output)


def test_a_name_whose_gb18030_could_be_letters_of_another_script_is_chinese():
    output = '{"code":"0000","data":{"userName":"叶强"}}'.encode("gb18030")
    assert read_output("voucher:x", output) == {"userName": "叶强"}


def test_an_answer_that_cannot_be_read_is_not_carried_by_its_error():
    for output in (b'{"code":0,"data":{"idNo":"350203197001011236"', b'{"idNo":"350203197001011236\xff"}'):
        with pytest.raises(VoucherAnswerError) as caught:
            read_output("voucher:x", output)
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__
