"""What may be taken back of fee lines."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.visits import Charge, net_counts, overdrawn


def charge(serial: str, count: int, amount: str = "", *, what: str = "a", of: str = "") -> Charge:
    return Charge(serial, what, Decimal(count), Decimal(amount) if amount else Decimal(count * 10), of)


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
