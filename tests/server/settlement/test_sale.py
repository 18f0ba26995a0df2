from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.settlement.sale import Caller, Sale, SaleLine, SoldCode, contents_of, differences, key_of, plain
from wire.fsi.values import BEIJING

AT = datetime(2026, 11, 20, 9, 30, tzinfo=BEIJING)
BY = Caller("P43010000001", "430100", "2102", "P4301000000120261120093000000", "op1", "收银员", AT)


def line(serial: str, item: str = "XA01", count: str = "2", price: str = "5.5") -> SaleLine:
    amount = (Decimal(count) * Decimal(price)).quantize(Decimal("0.01"))
    return SaleLine(serial, item, f"own-{item}", amount, Decimal(count), Decimal(price), AT)


SALE = Sale(
    by=BY,
    psn_no="PSN1",
    credential=None,
    insutype="310",
    insured_district="430100",
    med_type="41",
    begins=AT,
    lines=(line("1"), line("2", "XB02", "1", "20")),
    total=Decimal("31.00"),
    uses_account=True,
    codes=(SoldCode("81234567890123456789"),),
)
NUMBERED = replace(SALE, sale_number="CK-1")


@pytest.mark.parametrize(
    "same",
    [
        replace(SALE, by=replace(BY, msgid="another", at=AT + timedelta(minutes=1))),
        replace(SALE, lines=(replace(SALE.lines[1], serial="9"), replace(SALE.lines[0], serial="8"))),
        replace(SALE, lines=(replace(SALE.lines[0], count=Decimal("2.0000")), SALE.lines[1])),
        replace(SALE, begins=AT.astimezone()),
        replace(SALE, invoice="another"),
    ],
    ids=["new msgid", "lines numbered and ordered anew", "number written otherwise", "other zone", "other invoice"],
)
def test_a_lost_message_that_is_composed_anew_is_about_the_same_sale(same: Sale) -> None:
    assert key_of(same) == key_of(SALE)
    assert differences(contents_of(SALE), same) == ()


@pytest.mark.parametrize(
    "other",
    [
        replace(SALE, begins=AT + timedelta(seconds=1)),
        replace(SALE, codes=(SoldCode("81234567890123456780"),)),
        replace(SALE, codes=(*SALE.codes, *SALE.codes)),
        replace(SALE, lines=SALE.lines[:1]),
        replace(SALE, lines=(*SALE.lines, SALE.lines[0])),
        replace(SALE, psn_no="PSN2"),
        replace(SALE, by=replace(BY, institution="P43010000002")),
        NUMBERED,
        replace(NUMBERED, sale_number="CK-2"),
    ],
)
def test_an_honest_second_purchase_is_another_sale(other: Sale) -> None:
    assert key_of(other) != key_of(SALE)


def test_the_number_of_a_sale_is_its_key_whatever_else_is_said() -> None:
    again = replace(NUMBERED, begins=AT + timedelta(hours=1), psn_no="PSN2", lines=NUMBERED.lines[:1])
    assert key_of(again) == key_of(NUMBERED)


@pytest.mark.parametrize(
    ("changed", "names"),
    [
        (replace(NUMBERED, begins=AT + timedelta(hours=1)), []),
        (replace(NUMBERED, begins=AT + timedelta(days=1)), ["begntime"]),
        (replace(NUMBERED, psn_no="PSN2"), ["psn_no"]),
        (replace(NUMBERED, uses_account=False), ["acct_used_flag"]),
        (replace(NUMBERED, med_type="11", insutype="390", disease="M01"), ["insutype", "med_type", "dise_codg"]),
        (replace(NUMBERED, codes=()), ["drugtracinfo"]),
        (replace(NUMBERED, lines=NUMBERED.lines[:1], total=Decimal("11.00")), ["medfee_sumamt", "drugdetail"]),
    ],
)
def test_what_differs_under_one_number_is_named(changed: Sale, names: list[str]) -> None:
    found = differences(contents_of(NUMBERED), changed)
    assert [one.name for one in found] == names
    for one in found:
        assert f"{one.name}（" in one.words.zh
        assert one.name in one.words.en
        assert not set("空无、，（") & set(one.words.en)


def test_a_line_that_differs_is_told_and_not_the_whole_cart() -> None:
    dearer = replace(NUMBERED, lines=(NUMBERED.lines[0], line("2", "XB02", "1", "21")), total=Decimal("32.00"))
    (_, lines) = differences(contents_of(NUMBERED), dearer)
    assert "XB02" in lines.words.zh
    assert "XA01" not in lines.words.zh
    assert lines.standing == ("XB02 (own-XB02) 1×20=20",)
    assert lines.now == ("XB02 (own-XB02) 1×21=21",)


def test_of_many_lines_that_differ_some_are_told_and_how_many_more() -> None:
    many = replace(NUMBERED, lines=tuple(line(str(n), f"XC{n:02}") for n in range(9)), total=NUMBERED.total)
    (found,) = differences(contents_of(NUMBERED), many)
    assert len(found.now) == 9
    assert found.words.zh.endswith("XC04 (own-XC04) 2×5.5=11、… (+4)")
    assert found.words.en.endswith(", … (+4)")


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-1_000_000, max_value=1_000_000))
def test_equal_numbers_are_equal_text(number: Decimal) -> None:
    assert Decimal(plain(number)) == number
    assert plain(number) == plain(number.normalize()) == plain(number * Decimal("1.00"))
    assert "E" not in plain(number)


def test_the_day_is_beijings_and_a_stay_counts_when_it_ends() -> None:
    late = datetime.fromisoformat("2026-12-31T16:30:00+00:00")
    assert replace(SALE, begins=late).day.isoformat() == "2027-01-01"
    assert replace(SALE, begins=AT, ends=late).day.isoformat() == "2027-01-01"
