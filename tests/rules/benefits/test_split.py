"""A line in its four parts."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from rules.benefits import CaseError, Line, Settlement, StepKind, YearTotals, settle
from tests.rules.benefits.scene import basic, line, person, told, visit

FREE = basic("[[layer.rate]]\nrate = 1\n")


def parts(one: Line) -> tuple[str, ...]:
    split = settle(FREE, person(), visit(), [one], YearTotals()).lines[0]
    return tuple(str(part) for part in (split.over_limit, split.outside, split.pays_first, split.in_scope))


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (line("100.00"), ("0.00", "0.00", "0.00", "100.00")),
        (line("100.00", charge_class="02", pays_first=Decimal("0.1")), ("0.00", "0.00", "10.00", "90.00")),
        (line("100.00", charge_class="03", pays_first=Decimal("0.1")), ("0.00", "100.00", "0.00", "0.00")),
        (line("100.00", price_limit=Decimal(80)), ("20.00", "0.00", "0.00", "80.00")),
        (line("100.00", price_limit=Decimal(100)), ("0.00", "0.00", "0.00", "100.00")),
        (line("100.00", price_limit=Decimal(0)), ("100.00", "0.00", "0.00", "0.00")),
        # First the ceiling, of the rest what is outside, of that what is paid first.
        (line("100.00", charge_class="03", price_limit=Decimal(80)), ("20.00", "80.00", "0.00", "0.00")),
        (
            line("100.00", charge_class="02", price_limit=Decimal(80), pays_first=Decimal("0.155")),
            ("20.00", "0.00", "12.40", "67.60"),
        ),
        # Half a fen goes to the part that is paid first.
        (line("0.05", charge_class="02", pays_first=Decimal("0.1")), ("0.00", "0.00", "0.01", "0.04")),
        # 3 for 3.3333 each: the ceiling is reckoned from the amount, and no fen is left over.
        (
            line("10.00", quantity=Decimal(3), price=Decimal("3.3333"), price_limit=Decimal("3.3333")),
            ("0.00", "0.00", "0.00", "10.00"),
        ),
        (
            line("10.00", quantity=Decimal(3), price=Decimal("3.3333"), price_limit=Decimal(3)),
            ("1.00", "0.00", "0.00", "9.00"),
        ),
        # A ceiling a hair below the price is not one that gives money back.
        (
            line("0.99", quantity=Decimal(1), price=Decimal("0.9999"), price_limit=Decimal("0.9998")),
            ("0.00", "0.00", "0.00", "0.99"),
        ),
    ],
)
def test_a_line_is_split_in_order(one: Line, expected: tuple[str, ...]) -> None:
    assert parts(one) == expected
    assert sum(map(Decimal, expected)) == one.amount


def settle_lines(*lines: Line) -> Settlement:
    return settle(FREE, person(), visit(), lines, YearTotals())


def test_a_line_that_takes_back_mirrors_the_line_it_takes_back() -> None:
    terms = {"charge_class": "02", "price_limit": Decimal(80), "pays_first": Decimal("0.155")}
    settled = settle_lines(line("100.00", "1", **terms), line("-100.00", "2", **terms), line("7.00", "3"))
    bought, returned, _ = settled.lines
    assert (returned.over_limit, returned.pays_first, returned.in_scope) == (
        -bought.over_limit,
        -bought.pays_first,
        -bought.in_scope,
    )
    assert (settled.medfee_sumamt, settled.hifp_pay) == (Decimal("7.00"), Decimal("7.00"))


def test_lines_that_take_back_more_than_there_is_are_refused() -> None:
    with pytest.raises(CaseError) as caught:
        settle_lines(line("5.00", "1"), line("-7.00", "2"))
    assert caught.value.field == "lines"
    with pytest.raises(CaseError):  # as a whole there is something left, but not of what is outside the catalogue
        settle_lines(line("50.00", "1"), line("-7.00", "2", charge_class="03"))


AREA_RULES = """
[[pays_first]]
id = "implants"
TITLE
when = { med_type = ["21"] }
lines = { kind = ["14"], class = ["02"], item = ["C1"], negotiated = false }
instead = 0.30
[[pays_first]]
id = "away"
TITLE
when = { place = ["outside"] }
further = 0.10
[[pays_first]]
id = "away-again"
TITLE
when = { place = ["outside"] }
further = 0.99
"""


def test_an_area_may_replace_the_share_of_an_item_and_take_a_further_one() -> None:
    rules = basic("[[layer.rate]]\nrate = 1\n", AREA_RULES.replace("TITLE", 'title = { zh = "先", en = "First" }'))
    implant = line("100.00", charge_class="02", kind="14", item="C1", pays_first=Decimal("0.05"), quantity=Decimal(1))
    other = line("100.00", "2", charge_class="02", kind="09", pays_first=Decimal("0.05"))
    home = settle(rules, person(), visit(), [implant, other], YearTotals())
    assert [str(one.pays_first) for one in home.lines] == ["30.00", "5.00"]
    away = settle(rules, person(), visit(district="440100"), [implant, other], YearTotals())
    assert [str(one.pays_first) for one in away.lines] == ["37.00", "14.50"]
    assert [(one["way"], one["lines"], str(one["moved"])) for one in told(away, StepKind.FIRST_PAY)] == [
        ("instead", 1, "30.00"),
        ("further", 2, "16.50"),
    ]
    assert [rule.id for rule in away.rules] == ["town", "implants", "away", "basic"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount": Decimal("1.001"), "price": Decimal("1.001")}, "line 1 amount"),
        ({"amount": Decimal("1.02")}, "line 1 amount"),
        ({"amount": Decimal("NaN")}, "line 1 amount"),
        ({"quantity": Decimal("Infinity")}, "line 1 quantity"),
        ({"charge_class": "04"}, "line 1 charge_class"),
        ({"pays_first": Decimal("1.1")}, "line 1 pays_first"),
        ({"pays_first": Decimal("-0.1")}, "line 1 pays_first"),
        ({"price_limit": Decimal(-1)}, "line 1 price"),
        ({"price_limit": Decimal("NaN")}, "line 1 price_limit"),
        ({"price": Decimal(-1), "quantity": Decimal(-1)}, "line 1 price"),
    ],
)
def test_a_line_that_contradicts_itself_is_named(change: dict[str, object], field: str) -> None:
    with pytest.raises(CaseError) as caught:
        settle_lines(replace(line("1.00"), **change))
    assert caught.value.field == field
    assert caught.value.words.zh
    assert caught.value.words.en


def test_a_fen_of_rounding_between_amount_and_quantity_times_price_is_let_pass() -> None:
    assert settle_lines(line("1.01", price=Decimal("1.00"))).medfee_sumamt == Decimal("1.01")


@pytest.mark.parametrize(
    ("who", "where", "field"),
    [
        ({"age": -1}, {}, "person age"),
        ({}, {"level": "4"}, "visit level"),
        ({}, {"institution_kind": "shop"}, "visit institution_kind"),
        ({}, {"stay_number": 0}, "visit stay_number"),
        ({}, {"ends": visit().begins.replace(day=1)}, "visit ends"),
        ({}, {"dual_channel": frozenset({"9"})}, "visit dual_channel"),
    ],
)
def test_a_case_that_contradicts_itself_is_refused(
    who: dict[str, object], where: dict[str, object], field: str
) -> None:
    with pytest.raises(CaseError) as caught:
        settle(FREE, person(**who), visit(**where), [line(1)], YearTotals())
    assert caught.value.field == field


def test_a_visit_without_lines_or_with_a_serial_twice_is_refused() -> None:
    with pytest.raises(CaseError):
        settle_lines()
    with pytest.raises(CaseError):
        settle_lines(line(1), line(2))


def test_a_line_that_takes_back_has_no_negative_nought() -> None:
    cart = [line(300, "1"), line(-100, "2"), line(-100, "3", pays_first=Decimal(1))]
    back = settle(
        basic("[[layer.rate]]\nrate = 1\n"),
        person(),
        visit(),
        [line(900, "0", pays_first=Decimal(1)), *cart],
        YearTotals(),
    )
    parts = [str(part) for one in back.lines for part in (one.over_limit, one.outside, one.pays_first, one.in_scope)]
    assert "-0.00" not in parts
