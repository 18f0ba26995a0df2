"""Fields that should agree: what contradicts itself is remarked, and honest messages are not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.wire.fsi.test_checking import SALE
from wire.fsi.agreement import contradictions
from wire.fsi.areas import shipped_area
from wire.fsi.checking import check
from wire.fsi.tables import transaction

BASE = shipped_area("base")
LINE = {"feedetl_sn": "1", "cnt": "3", "pric": "3.333333", "det_item_fee_sumamt": "10.00"}


def read(infno: str, business: dict[str, Any]):
    return check(business, transaction(infno, BASE)).readable


def purchase(*lines: dict[str, object], total: object = "10.00"):
    rows = [{**LINE, **one} for one in lines or ({},)]
    return read("2102", {"druginfo": {"medfee_sumamt": total}, "drugdetail": rows})


@pytest.mark.parametrize(
    ("lines", "total", "remarks"),
    [
        ([{}], "10.00", []),
        # A till may round a line in its own way.
        ([{"det_item_fee_sumamt": "9.99"}], "9.99", []),
        ([{"det_item_fee_sumamt": "9.98"}], "9.98", [("drugdetail[0].det_item_fee_sumamt", "fsi.line_amount")]),
        ([{}, {"feedetl_sn": "2"}], 20, []),
        ([{}, {"feedetl_sn": "2"}], "20.01", [("druginfo.medfee_sumamt", "fsi.sum_differs")]),
        ([{}, {}], 20, [("drugdetail[1].feedetl_sn", "fsi.line_repeated")]),
        ([{"cnt": "1e3"}], "10.00", []),
        ([{"det_item_fee_sumamt": "x"}], "7", []),
        ([{"cnt": "9" * 12, "pric": "9" * 10, "det_item_fee_sumamt": 1}], 1, "drugdetail[0].det_item_fee_sumamt"),
    ],
)
def test_lines_agree_with_their_prices_and_with_the_total(lines, total, remarks):
    found = [(one.path, one.code) for one in contradictions(purchase(*lines, total=total))]
    assert found == (remarks if isinstance(remarks, list) else [(remarks, "fsi.line_amount")])


def test_the_words_name_the_figures_in_both_languages():
    (one,) = contradictions(purchase({"cnt": 2}, total=10))
    assert one.words.zh == "drugdetail[0].det_item_fee_sumamt（明细项目费用总额）为 10，数量 2 × 单价 3.333333 = 6.67"
    assert one.words.en.endswith("(line amount) is 10; quantity 2 × unit price 3.333333 = 6.67")


def test_a_line_taken_back_is_negative_on_both_sides():
    assert contradictions(read("2301", {"feedetail": [{**LINE, "cnt": "-3", "det_item_fee_sumamt": "-10"}]})) == ()
    assert contradictions(read("2301", {"feedetail": [{**LINE, "cnt": "-3"}]}))


@pytest.mark.parametrize(
    ("infno", "business", "path"),
    [
        ("3505", {"selinfo": {**SALE, "expy_end": "2025-12-31"}}, "selinfo.expy_end"),
        ("3505", {"selinfo": {**SALE, "expy_end": "2026-01-01"}}, None),
        ("3201", {"data": {"stmt_begndate": "2026-02-02", "stmt_enddate": "2026-02-01"}}, "data.stmt_enddate"),
        ("2001", {"data": {"begntime": "2026-02-01 08:00:01", "endtime": "2026-02-01 08:00:00"}}, "data.endtime"),
        ("2001", {"data": {"begntime": "2026-02-01 08:00:01"}}, None),
    ],
)
def test_a_date_before_the_one_that_it_follows_is_remarked(infno, business, path):
    assert [(one.path, one.code) for one in contradictions(read(infno, business))] == (
        [(path, "fsi.dates_reversed")] if path else []
    )


@pytest.mark.parametrize(("total", "is_odd"), [("10", False), ("10.01", True)])
def test_four_parts_that_do_not_make_the_fee_are_remarked(total, is_odd):
    parts = {"fulamt_ownpay_amt": 1, "overlmt_selfpay": 2, "preselfpay_amt": 3, "inscp_scp_amt": 4}
    found = contradictions(read("2207", {"data": {"medfee_sumamt": total, **parts}}))
    assert [one.path for one in found] == (["data.medfee_sumamt"] if is_odd else [])
