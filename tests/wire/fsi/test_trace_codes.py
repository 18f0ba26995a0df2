"""Trace codes in every spelling that is met, and as each area writes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.fsi.test_checking import check_sale, sale
from wire.fsi.areas import area_names, shipped_area
from wire.fsi.checking import check
from wire.fsi.tables import transaction
from wire.fsi.trace_codes import SettledCode, read_codes, read_settled_codes, write_codes

ONE, TWO = "83857930000879766660", "8" * 100


@pytest.mark.parametrize(
    ("given", "codes"),
    [
        ({}, ()),
        ({"drugtracinfo": []}, ()),
        ({"drugtracinfo": [{"drug_trac_codg": ONE}, {"drug_trac_code": TWO}]}, (ONE, TWO)),
        ({"drugtracinfo": [{"drug_trac_codg": ONE}, {"drug_trac_codg": ONE}]}, (ONE, ONE)),
        ({"drugtracinfo": [{"drug_trac_codg": "", "drug_trac_code": ONE}, {}]}, (ONE,)),
        ({"drugtracinfo": [ONE, f" {TWO} "]}, (ONE, TWO)),
        ({"drug_trac_codg": ONE}, (ONE,)),
        ({"drug_trac_code": ONE}, (ONE,)),
        ({"drug_trac_codg": int(ONE)}, (ONE,)),
        ({"drugtracinfo": [{"drug_trac_codg": ONE}], "drug_trac_codg": ONE}, (ONE,)),
        ({"drugtracinfo": [{"drug_trac_codg": ONE}], "drug_trac_codg": TWO}, (ONE, TWO)),
        ({"drug_trac_info": [{"drug_trac_codg": ONE, "trdn_flag": "0"}]}, (ONE,)),
        ({"drugtracinfo": "x", "drug_trac_codg": None}, ()),
        ({"drugtracinfo": [5, None, {"drug_trac_codg": [1]}]}, ()),
        ({"drug_trac_codg": "01069\x1d21A\x1d"}, ("01069\x1d21A\x1d",)),
    ],
)
def test_every_spelling_is_read(given, codes):
    assert read_codes(given) == codes


@pytest.mark.parametrize("area", area_names())
@pytest.mark.parametrize("codes", [(), (ONE,), (ONE, TWO), (TWO, TWO, ONE)])
def test_what_an_area_writes_is_read_back_from_its_checked_message(area, codes):
    here = shipped_area(area)
    own = {
        "hi_feesetl_type": "0",
        "psn_cert_type": "01",
        "expy_end": "2028-01-01",
        "rx_circ_flag": "0",
        "mdtrt_setl_type": "2",
    }
    found = check(sale(**own, **write_codes(codes, here)), transaction("3505", here))
    assert found.message is not None
    assert read_codes(found.message.one("selinfo")) == codes


@pytest.mark.parametrize(
    ("area", "names"),
    [("base", {"drugtracinfo"}), ("hunan", {"drug_trac_codg"}), ("neimenggu", {"drugtracinfo", "drug_trac_codg"})],
)
def test_an_area_writes_its_own_form(area, names):
    assert set(write_codes((ONE,), shipped_area(area))) == names
    assert set(write_codes((ONE, TWO), shipped_area(area))) == {"drugtracinfo"}


def test_a_code_of_101_characters_is_too_long():
    (one,) = check_sale(drugtracinfo=[{"drug_trac_codg": "8" * 101}]).faults
    assert (one.path, one.code, one.label) == ("selinfo.drugtracinfo[0].drug_trac_codg", "fsi.too_long", "药品追溯码")


@given(st.lists(st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=100), max_size=4))
def test_codes_keep_their_order_and_number(codes):
    assert read_codes({"drugtracinfo": [{"drug_trac_codg": code} for code in codes]}) == tuple(codes)


def test_a_settlement_carries_codes_with_their_fee_lines():
    druginfo = {
        "psn_no": "1", "mdtrt_cert_type": "02", "mdtrt_cert_no": "1", "begntime": "2026-11-01 08:00:00",
        "medfee_sumamt": "1", "insutype": "310", "acct_used_flag": "0", "med_type": "41",
    }  # fmt: skip
    line = {
        "feedetl_sn": "L1", "rx_circ_flag": "0", "fee_ocur_time": "2026-11-01 08:00:00", "med_list_codg": "X",
        "medins_list_codg": "1", "det_item_fee_sumamt": 1, "cnt": 1, "pric": 1,
    }  # fmt: skip
    code = {"feedetl_sn": "L1", "drug_trac_codg": ONE, "trdn_flag": "1", "min_prcunt_type": "1"}
    table = transaction("2102", shipped_area("hubei"))

    found = check({"druginfo": druginfo, "drugdetail": [line], "drug_trac_info": [code]}, table)
    assert found.message is not None
    assert read_settled_codes(found.message) == (SettledCode("L1", ONE, is_split=True, unit="1"),)

    lacking = {name: value for name, value in code.items() if name != "min_prcunt_type"}
    (fault,) = check({"druginfo": druginfo, "drugdetail": [line], "drug_trac_info": [lacking]}, table).faults
    assert fault.path == "drug_trac_info[0].min_prcunt_type"
