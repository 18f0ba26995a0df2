"""医保码 and identity numbers: recognised, masked, and hidden even where they are only suspected."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from codes.as_json import encode_reading
from codes.check import has_mod10, mod11_2_character
from codes.classify import read, read_text
from codes.credential import PROVINCES
from codes.pack import pack_key, product_keys
from codes.reading import Confidence, Flag, Kind, Scan

VOUCHER = "424" + "12345678901234567" + "89" + "35" + "0000"
ID_NUMBER = "11010519491231002X"
TRACE = "83857930000879766660"
WIDE = ID_NUMBER.translate({code: code + 0xFEE0 for code in range(0x30, 0x5B)})


def runs_of_six(secret):
    return {secret[at : at + 6] for at in range(len(secret) - 5)}


def shown(reading):
    return repr(reading) + encode_reading(reading).decode()


def leaks(reading, secret):
    return {run for run in runs_of_six(secret) if run in shown(reading)}


@pytest.mark.req("C-04")
@pytest.mark.parametrize(
    ("text", "kind", "value", "fields"),
    [
        (VOUCHER, Kind.VOUCHER, "424…0000", {"form": "ec_code", "province": "35"}),
        ("opc" + VOUCHER[3:], Kind.VOUCHER, "opc…", {"form": "open_platform", "province": "35"}),
        ("opcAbCdEfGhIjK123456" + "78" + "35" + "9999", Kind.VOUCHER, "opc…", {"form": "open_platform"}),
        (ID_NUMBER, Kind.ID_NUMBER, "11…X", {"province": "11"}),
        ("440524188001010014", Kind.ID_NUMBER, "44…4", {"province": "44"}),
    ],
)
def test_recognises_and_masks(text, kind, value, fields):
    reading = read_text(text)

    assert (reading.kind, reading.value) == (kind, value)
    assert fields.items() <= dict(reading.fields).items()
    assert Flag.MASKED in reading.flags
    assert reading.raw == b""
    assert not leaks(reading, text)
    assert pack_key(reading) is None
    assert product_keys(reading) == ()


@pytest.mark.req("C-04")
def test_a_number_with_lower_case_x_is_the_same_person():
    reading = read_text(ID_NUMBER.lower())

    assert reading.kind is Kind.ID_NUMBER
    assert reading.flags == (Flag.MASKED, Flag.CASE_FOLDED)


def test_open_platform_code_by_a_scanner_with_caps_lock_on():
    reading = read_text("OPC" + VOUCHER[3:])

    assert reading.kind is Kind.VOUCHER
    assert Flag.CASE_FOLDED in reading.flags


def id_number_that_is_also_an_sscc():
    for serial in range(1000):
        body = f"11010519900101{serial:03}"
        number = body + mod11_2_character(body)
        if number[-1] != "X" and has_mod10(number):
            return number
    raise AssertionError


@pytest.mark.req("C-04")
def test_identity_number_comes_before_sscc():
    number = id_number_that_is_also_an_sscc()
    reading = read_text(number)

    assert (reading.kind, reading.confidence) == (Kind.ID_NUMBER, Confidence.LIKELY)
    assert [found.kind for found in reading.candidates] == [Kind.SSCC]
    assert not leaks(reading, number)


@pytest.mark.req("C-04")
@pytest.mark.parametrize(
    ("number", "kind"),
    [
        ("830000199001010019"[:17] + mod11_2_character("83000019900101001"), Kind.ID_NUMBER),
        ("911124198108030024"[:17] + mod11_2_character("91112419810803002"), Kind.ID_NUMBER),
    ],
    ids=["resident of Taiwan", "permanent resident from abroad"],
)
def test_knows_residence_permits(number, kind):
    assert read_text(number).kind is kind


@pytest.mark.req("C-04")
@pytest.mark.parametrize(
    "text",
    [
        "110105194912310021",
        "1101051949123100X",
        "1101051949123100 2X",
        "身份证号：11010519491231002X，请核对",
        "11010519491231002X11010519491231002X",
        "11010519491231002X12",
        VOUCHER[:-4] + "1234",
        VOUCHER[:22] + "99" + VOUCHER[24:],
        VOUCHER[:-1],
        VOUCHER[1:],
        "opc" + VOUCHER[3:-2],
        VOUCHER + TRACE,
        TRACE + VOUCHER,
        TRACE + ID_NUMBER,
        "https://q.example.cn/?id=11010519491231002X",
        VOUCHER + "\x00",
        WIDE + "\x00",
        "x" * 5000 + WIDE,
        WIDE + "x" * 5000,
        "x" * 5000 + ID_NUMBER + "x" * 5000,
        "\ufffe" + ID_NUMBER,
    ],
)
def test_hides_what_may_hold_a_credential(text):
    reading = read_text(text)
    secret = max(re.findall(r"[0-9Xx]{12,}", text), key=len, default=ID_NUMBER)

    assert reading.kind in {Kind.UNKNOWN, Kind.ID_NUMBER}
    assert reading.raw == b""
    assert Flag.MASKED in reading.flags
    parts = [part for part in (ID_NUMBER, VOUCHER, WIDE, secret) if part in text]
    for part in parts:
        assert not leaks(reading, part.replace(TRACE, ""))


@pytest.mark.req("C-04")
def test_a_credential_glued_to_a_trace_code_shows_the_trace_code_only():
    reading = read_text(VOUCHER + TRACE)

    assert Flag.GLUED in reading.flags
    assert [(found.kind, found.value) for found in reading.candidates] == [
        (Kind.VOUCHER, "424…0000"),
        (Kind.TRACE, TRACE),
    ]


@pytest.mark.req("C-04")
def test_undecodable_bytes_around_a_number_do_not_keep_it():
    reading = read(Scan(b"\xff" + ID_NUMBER.encode() + b"\xff"))

    assert reading.raw == b""
    assert not leaks(reading, ID_NUMBER)


@pytest.mark.parametrize("text", ["20260115", "4006123456", "4007630000116", "105100000000000000000", "SN20260115"])
def test_hides_nothing_that_is_no_credential(text):
    reading = read_text(text)

    assert Flag.MASKED not in reading.flags
    assert reading.raw == text.encode()


BIRTHS = st.dates(dt.date(1900, 1, 1), dt.date(2099, 12, 31))


@pytest.mark.req("C-04")
@given(
    st.tuples(st.sampled_from(sorted(PROVINCES)), st.from_regex("[0-9]{4}", fullmatch=True)),
    BIRTHS,
    st.from_regex("[0-9]{3}", fullmatch=True),
    st.sampled_from(["", "\r\n", "\t", "\x1d", "]Q1", "\ufeff"]),
    st.booleans(),
)
def test_every_identity_number_is_masked(region, birth, serial, affix, is_wide):
    body = "".join(region) + birth.strftime("%Y%m%d") + serial
    number = body + mod11_2_character(body)
    sent = number.translate({code: code + 0xFEE0 for code in range(0x30, 0x5B)}) if is_wide else number
    reading = read_text(affix + sent)

    assert reading.kind is Kind.ID_NUMBER
    assert not leaks(reading, number)
    assert not leaks(reading, sent)


@pytest.mark.req("C-04")
@given(
    st.sampled_from(["424", "opc"]),
    st.from_regex("[0-9]{19}", fullmatch=True),
    st.sampled_from(sorted(PROVINCES)),
    st.sampled_from([None, "]Q1", "]d2"]),
)
def test_every_voucher_is_masked_whatever_the_symbol(head, random_part, province, symbology):
    assume(len(set(random_part)) > 1)
    code = f"{head}{random_part}{province}0000"
    reading = read_text(code, symbology)

    assert reading.kind is Kind.VOUCHER
    assert not leaks(reading, random_part + province)
