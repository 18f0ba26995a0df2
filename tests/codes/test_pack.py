"""Keys of packs and products."""

from __future__ import annotations

import string

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from codes.check import mod43_character
from codes.classify import read_text
from codes.pack import PackKey, ProductKey, ProductSystem, keys_meant, pack_key, parse_pack_key, product_keys

UDI = "010690123456789217280131" + "10LOT1\x1d21SN1"


def test_equal_packs_have_equal_keys_however_they_were_read():
    other_order = "0106901234567892" + "21SN1\x1d10LOT1\x1d17280131"
    bracketed = "(01)06901234567892(17)280131(10)LOT1(21)SN1"
    keys = {
        pack_key(read_text(UDI, "]d2")),
        pack_key(read_text(UDI)),
        pack_key(read_text(other_order, "]d2")),
        pack_key(read_text(bracketed)),
        pack_key(read_text("https://id.gs1.org/01/06901234567892/21/SN1")),
    }

    assert keys == {"(01)06901234567892(21)SN1"}


def test_serials_differ_by_case():
    assert pack_key(read_text(UDI.replace("SN1", "sn1"), "]d2")) != pack_key(read_text(UDI, "]d2"))


@pytest.mark.parametrize(
    ("code", "symbology"),
    [
        ("6924561884074", "]E0"),
        ("010690123456789217280131", "]d2"),
        ("17280131" + "10LOT1\x1d21SN1", "]d2"),
        ("106141412345678908", None),
        ("MA.156.M0.100204.13351764.L1", None),
        ("+A123BJC5D6E71G", None),
        ("86900483000019", None),
        ("hello", None),
        ("22000000000000000000", None),
    ],
)
def test_a_code_without_a_serial_names_no_pack(code, symbology):
    assert pack_key(read_text(code, symbology)) is None


@pytest.mark.parametrize(
    ("code", "gtin"),
    [
        ("6924561884074", "06924561884074"),
        ("036000291452", "00036000291452"),
        ("96385074", "00000096385074"),
        ("16901234567899", "16901234567899"),
    ],
)
def test_retail_codes_of_every_length_have_one_gtin(code, gtin):
    assert product_keys(read_text(code)) == (ProductKey(ProductSystem.GTIN, gtin),)


@pytest.mark.parametrize("code", ["ab12345000000000000c", "AB12345000000000000C", "aB12345000000000000c"])
def test_a_product_is_looked_up_in_upper_case_however_its_trace_code_is_written(code):
    reading = read_text(code)

    assert product_keys(reading) == (ProductKey(ProductSystem.TRACE_PREFIX, "AB12345"),)
    assert pack_key(reading) == code


GTIN = "06901234567892"
GS1_SERIALS = st.text(string.ascii_letters + string.digits + "!\"%&'()*+,-./_:;<=>?", min_size=1, max_size=20)
HIBC_SERIALS = st.text(string.ascii_uppercase + string.digits + ".-", min_size=1, max_size=17)
MA_SERIALS = st.text(string.ascii_letters + string.digits + "-_/+*#$%@,!", min_size=1, max_size=20)


def hibc(serial):
    body = f"+A123BJC5D6E71/$+{serial}"
    return body + mod43_character(body)


PACK_CODES = st.one_of(
    st.tuples(st.from_regex(r"8[0-9]{19}", fullmatch=True), st.none()),
    st.tuples(st.from_regex(r"[A-Z0-9]{10}[0-9]{10}", fullmatch=True), st.none()),
    st.tuples(GS1_SERIALS.map(lambda serial: f"01{GTIN}10L1\x1d21{serial}"), st.just("]d2")),
    st.tuples(HIBC_SERIALS.map(hibc), st.none()),
    st.tuples(MA_SERIALS.map(lambda serial: f"MA.156.M0.100204.13351764.S{serial}"), st.none()),
)


@given(PACK_CODES)
def test_a_key_is_known_again_exactly(scanned):
    reading = read_text(*scanned)
    key = pack_key(reading)
    assume(key is not None)

    assert parse_pack_key(key) == PackKey(key, reading.kind, product_keys(reading))
    assert keys_meant(key, read_text(key))[0] == key


@pytest.mark.parametrize(
    ("code", "symbology"),
    [
        ("83857930000879766660", None),
        (UDI, "]d2"),
        (f"01{GTIN}21A(10)B", "]d2"),
        (hibc("77DAA1"), None),
        ("MA.156.M0.100204.13351764.SQ17", None),
    ],
)
def test_the_key_of_every_kind_of_pack_is_known_again(code, symbology):
    key = pack_key(read_text(code, symbology))

    assert parse_pack_key(key).text == key
    assert keys_meant(key, read_text(key))[0] == key


@pytest.mark.parametrize(
    "text",
    [
        "",
        "6924561884074",
        "ABCDEFGHIJKLMNOPQRST",
        "83857930000879766660 ",
        "８３８５７９３００００８７９７６６６６０",
        "(01)06901234567891(21)SN1",
        "(01)06901234567892(21)",
        "(01)06901234567892(17)280131(21)SN1",
        f"(01)06901234567892(21){'S' * 21}",
        "(01)06901234567892(21)SN1\n",
        "hibc:A123BJC5D6E71",
        "hibc:A123BJC5D6E71:",
        "hibc:a123bjc5d6e71:77DAA1",
        "hibc:A123BJC5D6E71:77:DAA1",
        "ma:MA.156.M0.100204.13351764:",
        "ma:hibc:A123BJC5D6E71:77DAA1",
        "isbt:A9999:1",
    ],
)
def test_what_is_no_key_is_not_taken_for_one(text):
    assert parse_pack_key(text) is None


def test_a_printed_code_that_looks_like_a_key_means_either():
    printed = f"(01){GTIN}(21)SN1(10)LOT1"

    assert keys_meant(printed, read_text(printed)) == (printed, f"(01){GTIN}(21)SN1")
    assert keys_meant("hello", read_text("hello")) == ()
