"""What biip does by itself, and why the walk over GS1 text is ours: each claim of docs/codes.md, beside our answer."""

from __future__ import annotations

import biip
import pytest
from biip.gs1_messages import GS1Message

from codes.classify import read_text
from codes.reading import Kind

GTIN = "0106901234567892"


def elements(text):
    return [(element.ai.ai, element.value) for element in GS1Message.parse(text).element_strings]


@pytest.mark.parametrize(
    "text",
    [
        "",
        f" {GTIN} ",
        f"{GTIN}\x1d\x1d17280131",
        "10" + "A" * 20 + "21SN1",
        "0106901234567893",
        "00106141412345678900",
        "80030690123456789512",
        "70072601312112",
        "10A\x1d10B",
    ],
)
def test_biip_accepts_what_we_refuse(text):
    assert elements(text) or not text.strip()
    assert read_text(text, "]d2").kind is Kind.UNKNOWN


def test_biip_reads_the_overflow_of_a_field_as_another_field():
    assert elements("10" + "A" * 20 + "21SN1") == [("10", "A" * 20), ("21", "SN1")]


def test_biip_reports_a_wrong_check_digit_beside_a_value():
    assert GS1Message.parse("0106901234567893").element_strings[0].gtin_error


def test_biip_takes_twelve_digits_from_an_ean_symbol():
    assert biip.parse("]E0036000291452").gtin
    assert read_text("036000291452", "]E0").kind is Kind.UNKNOWN


@pytest.mark.parametrize("symbology", ["]J0", "]J1"])
def test_biip_does_not_know_dotcode(symbology):
    with pytest.raises(biip.ParseError):
        biip.parse(symbology + GTIN)
    assert read_text(GTIN, "]J1").kind is Kind.GS1
