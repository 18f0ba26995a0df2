"""Keys of packs and products."""

from __future__ import annotations

import pytest

from codes.classify import read_text
from codes.pack import ProductKey, ProductSystem, pack_key, product_keys

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
