"""What may be taken back of fee lines."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.visits import Charge, net_counts, overdrawn, taken_from


def charge(serial: str, count: int, amount: str = "", *, what: str = "a", of: str = "", day: int = 1) -> Charge:
    money = Decimal(amount) if amount else Decimal(count * 10)
    return Charge(serial, what, Decimal(count), money, of, date(2026, 1, day))


@pytest.mark.parametrize(
    ("charges", "refused"),
    [
        ([charge("1", 3), charge("2", -3)], []),
        ([charge("2", 3), charge("1", -3)], []),
        ([charge("1", 3), charge("2", -4)], ["2"]),
        ([charge("1", 3), charge("2", 2), charge("3", -5)], []),
        ([charge("1", 3), charge("2", -2), charge("3", -2)], ["3"]),
        ([charge("1", 3), charge("2", -1, what="b")], ["2"]),
        ([charge("1", 3), charge("2", 3), charge("3", -4, of="1")], ["3"]),
        ([charge("1", 3), charge("2", -1, of="9")], ["2"]),
        # Who names a line is served first, so that nobody else takes it away.
        ([charge("1", 1), charge("2", 1), charge("3", -1), charge("4", -1, of="1")], []),
        # Not more money than was charged, though as many units.
        ([charge("1", 3, "29.99"), charge("2", -3, "-30.00")], ["2"]),
        ([charge("1", 3), charge("2", -1, of="2")], ["2"]),
        ([], []),
    ],
)
def test_no_more_is_taken_back_than_was_charged(charges: list[Charge], refused: list[str]) -> None:
    assert [one.charge.serial for one in overdrawn(charges)] == refused


def test_it_is_told_how_much_could_be_taken_back() -> None:
    (found,) = overdrawn([charge("1", 3), charge("2", -1), charge("3", -3)])
    assert (found.count, found.amount) == (Decimal(2), Decimal(20))


_CHARGES = st.lists(
    st.tuples(st.integers(-5, 5), st.sampled_from("ab"), st.sampled_from(["", "0", "1", "2"])), max_size=8
)


@given(_CHARGES, st.randoms(use_true_random=False))
def test_the_order_of_lines_does_not_matter_and_nothing_falls_below_nothing(rows: list, random: object) -> None:
    charges = [charge(str(n), count, what=what, of=of if count < 0 else "") for n, (count, what, of) in enumerate(rows)]
    found = overdrawn(charges)
    mixed = list(charges)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert overdrawn(mixed) == found
    taken = [one for one in charges if one not in [row.charge for row in found]]
    assert all(count >= 0 for count in net_counts(taken).values())


@pytest.mark.parametrize(
    ("charges", "taken"),
    [
        ([charge("1", 3), charge("2", 2, day=2), charge("3", -2, day=3)], {"3": {"2": 2}}),
        ([charge("1", 3), charge("2", 2, day=2), charge("3", -2, day=3, of="1")], {"3": {"1": 2}}),
        ([charge("1", 3), charge("2", 2, day=2), charge("3", -4, day=3)], {"3": {"2": 2, "1": 2}}),
        # Not what had not arisen yet, unless nothing else is there.
        ([charge("1", 3), charge("2", -2, day=2), charge("3", 2, day=3)], {"2": {"1": 2}}),
        ([charge("1", 1), charge("2", -2, day=2), charge("3", 2, day=3)], {"2": {"1": 1, "3": 1}}),
        # Who names a line is served first, then who came first.
        ([charge("1", 1), charge("2", 1, day=2), charge("3", -1, day=2), charge("4", -1, day=3, of="2")],
         {"3": {"1": 1}, "4": {"2": 1}}),
        ([charge("1", 1), charge("4", -1, day=2), charge("2", 1, day=3), charge("3", -1, day=4)],
         {"4": {"1": 1}, "3": {"2": 1}}),
        ([charge("1", 1), charge("2", -1, what="b")], {"2": {}}),
        ([charge("1", 1)], {}),
    ],
)  # fmt: skip
def test_the_newest_is_taken_back_first(charges: list[Charge], taken: dict[str, dict[str, int]]) -> None:
    assert taken_from(charges) == taken


@given(st.lists(st.tuples(st.integers(-4, 5), st.sampled_from("ab"), st.integers(0, 9), st.integers(1, 9)), max_size=9))
def test_what_may_be_taken_back_is_taken_from_lines_that_have_it(rows: list[tuple[int, str, int, int]]) -> None:
    charges = [
        charge(str(n), count, what=what, of=str(of) if count < 0 and of < len(rows) else "", day=day)
        for n, (count, what, of, day) in enumerate(rows)
    ]
    gone = {row.charge.serial for row in overdrawn(charges)}
    allowed = [one for one in charges if one.serial not in gone]
    taken = taken_from(allowed)
    by_serial = {one.serial: one for one in allowed}
    for taker, sources in taken.items():
        assert sum(sources.values()) == -by_serial[taker].count
        assert {by_serial[source].what for source in sources} == {by_serial[taker].what}
    for one in allowed:
        assert sum(sources.get(one.serial, 0) for sources in taken.values()) <= max(one.count, 0)
