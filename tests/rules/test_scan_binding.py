"""Which scanned code belongs to which line of a sale."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.scan_binding import Basis, SaleLine, ScannedPack, bind, in_part

A, B, C = "XA01", "XB02", "XC03"


def line(serial: str, item: str, count: str = "1", **more: object) -> SaleLine:
    return SaleLine(serial, item, Decimal(count), **more)


def pack(code: str, *items: str) -> ScannedPack:
    return ScannedPack(code, frozenset(items))


def codes(binding: object) -> dict[str, list[str]]:
    return {one.line.serial: [code for code, _ in one.codes] for one in binding.lines}


@pytest.mark.parametrize(
    ("count", "more", "needs"),
    [
        ("2", {}, 2),
        ("0", {}, 0),
        ("0.5", {}, 1),
        ("2.5", {}, 3),
        ("6", {"is_split": True, "units_per_pack": 24}, 1),
        ("24", {"is_split": True, "units_per_pack": 24}, 1),
        ("25", {"is_split": True, "units_per_pack": 24}, 2),
        ("6", {"is_split": True}, 1),
        ("0", {"is_split": True}, 0),
        ("-1", {}, 0),
    ],
)
def test_a_line_needs_a_code_for_each_pack_that_leaves_or_is_opened(count, more, needs):
    assert line("1", A, count, **more).needs == needs


@pytest.mark.parametrize(
    ("count", "more", "units"),
    [
        ("2", {"units_per_pack": 24}, None),
        ("6", {"is_split": True, "units_per_pack": 24}, 6),
        ("6", {"is_split": True}, 6),
        ("0.5", {"units_per_pack": 24}, 12),
        ("0.3", {"units_per_pack": 24}, None),
        ("0.5", {}, None),
        ("1.5", {"is_split": True, "units_per_pack": 24}, None),
    ],
)
def test_units_are_counted_where_a_line_is_sold_in_part_and_they_are_whole_ones(count, more, units):
    assert line("1", A, count, **more).units == units


@pytest.mark.parametrize(
    ("count", "left", "is_in_part"),
    [
        ("10", [14], True),
        ("14", [14], True),
        ("15", [14], False),
        ("15", [14, 24], True),
        ("1", [14], True),
        ("1", [14, None], False),
        ("1", [], False),
        ("0.5", [14], False),
    ],
)
def test_a_line_counts_units_where_all_of_its_packs_are_opened_and_hold_them(count, left, is_in_part):
    scans = [ScannedPack(str(n), frozenset({A}), units) for n, units in enumerate(left)]
    (told,) = in_part([line("1", A, count, units_per_pack=24)], scans)
    assert told.is_split is is_in_part


def test_an_opened_pack_goes_before_another_is_opened_and_is_not_sold_whole():
    split = line("1", A, "6", is_split=True, units_per_pack=24)
    whole, opened = pack("w", A), ScannedPack("o", frozenset({A}), 14)
    assert codes(bind([split], [whole, opened])) == {"1": ["o"]}
    assert codes(bind([line("2", A), split], [opened, whole])) == {"1": ["o"], "2": ["w"]}
    assert codes(bind([split], [whole])) == {"1": ["w"]}
    assert codes(bind([line("2", A)], [opened])) == {"2": ["o"]}


def test_codes_go_to_lines_of_their_product_in_order():
    lines = [line("1", A, "2"), line("2", B), line("3", A)]
    scans = [pack("b", B), pack("a1", A), pack("a2", A, C), pack("a3", A)]
    binding = bind(lines, scans)
    assert codes(binding) == {"1": ["a1", "a2"], "2": ["b"], "3": ["a3"]}
    assert binding.is_whole
    assert binding.remarks() == ()


def test_short_and_extra_are_named():
    binding = bind([line("1", A, "2")], [pack("a1", A), pack("c", C)])
    assert (binding.lines[0].short, [one.code for one in binding.extra]) == (1, ["c"])
    assert [one.zh for one in binding.remarks()] == [
        "明细 1（XA01）还差 1 个追溯码",
        "追溯码 c 不属于本单任何明细",
    ]


def test_a_code_of_another_drug_never_fills_a_gap():
    binding = bind([line("1", A)], [pack("c", C)])
    assert codes(binding) == {"1": []}


def test_codes_of_no_known_product_are_presumed_for_the_one_line_that_is_short():
    binding = bind([line("1", A, "2"), line("2", B)], [pack("b", B), pack("x"), pack("a", A), pack("y")])
    assert codes(binding) == {"1": ["a", "x"], "2": ["b"]}
    assert binding.presumed == ("x",)
    assert [one.code for one in binding.extra] == ["y"]
    assert not binding.is_whole


def test_nothing_is_presumed_where_two_lines_are_short():
    binding = bind([line("1", A), line("2", B)], [pack("x"), pack("y")])
    assert codes(binding) == {"1": [], "2": []}
    assert len(binding.extra) == 2


def test_codes_that_came_with_a_line_count_and_are_not_bound_again():
    binding = bind([line("1", A, "2", has=("a1",)), line("2", A)], [pack("a1", A), pack("a2", A), pack("a3", A)])
    assert codes(binding) == {"1": ["a1", "a2"], "2": ["a3"]}
    assert binding.lines[0].codes[0] == ("a1", Basis.BROUGHT)
    assert binding.lines[0].added == ("a2",)


def test_a_code_scanned_twice_is_bound_once():
    binding = bind([line("1", A, "2")], [pack("a1", A), pack("a1", A)])
    assert codes(binding) == {"1": ["a1"]}


@given(
    st.lists(st.tuples(st.sampled_from([A, B, C]), st.integers(0, 3)), max_size=5),
    st.lists(st.tuples(st.integers(0, 9), st.sampled_from([(A,), (B,), (C,), (A, B), ()])), max_size=12),
)
def test_no_code_is_lost_doubled_or_bound_to_what_it_is_not(wanted, scanned):
    lines = [line(str(place), item, str(count)) for place, (item, count) in enumerate(wanted)]
    known = dict(reversed([(f"c{number}", items) for number, items in scanned]))
    binding = bind(lines, [pack(f"c{number}", *items) for number, items in scanned])
    bound = [code for one in binding.lines for code, _ in one.codes]
    assert sorted(bound + [one.code for one in binding.extra]) == sorted(known)
    for one in binding.lines:
        assert len(one.codes) <= one.line.needs
        for code, basis in one.codes:
            assert one.line.item in known[code] or basis is Basis.PRESUMED
