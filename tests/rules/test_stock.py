"""How much of a batch there is, and when that cannot be known."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.stock import CHANGE_KINDS, Moved, Movement, quantity

TAKEN, IN, OUT, UNKNOWN = Movement.TAKEN, Movement.IN, Movement.OUT, Movement.UNKNOWN


def moved(*steps: tuple[Movement, int]) -> list[Moved]:
    return [Moved(kind, Decimal(count)) for kind, count in steps]


@pytest.mark.parametrize(
    ("steps", "there"),
    [
        ([], None),
        ([(TAKEN, 100)], 100),
        ([(TAKEN, 100), (OUT, 3), (IN, 1)], 98),
        ([(IN, 10), (OUT, 4)], 6),
        ([(OUT, 1)], None),
        ([(OUT, 1), (IN, 10)], None),
        ([(OUT, 1), (TAKEN, 7), (OUT, 2)], 5),
        ([(IN, 2), (OUT, 5)], -3),
        ([(IN, 10), (UNKNOWN, 2)], None),
        ([(IN, 10), (UNKNOWN, 2), (IN, 5)], None),
        ([(IN, 10), (UNKNOWN, 2), (TAKEN, 8)], 8),
        ([(TAKEN, 5), (TAKEN, 4)], 4),
    ],
)
def test_the_quantity_is_what_was_reported_or_unknown(steps: list[tuple[Movement, int]], there: int | None) -> None:
    assert quantity(moved(*steps)) == there


def test_units_of_an_opened_pack_leave_the_number_of_packs_unknown() -> None:
    assert quantity([*moved((TAKEN, 5)), Moved(OUT, Decimal(3), is_split=True)]) is None


@given(st.integers(0, 1000), st.lists(st.tuples(st.sampled_from([IN, OUT]), st.decimals(0, 99, places=4)), max_size=9))
def test_after_a_stock_taking_the_quantity_is_the_sum(counted: int, later: list[tuple[Movement, Decimal]]) -> None:
    records = [*moved((OUT, 1), (TAKEN, counted)), *(Moved(kind, count) for kind, count in later)]
    assert quantity(records) == counted + sum(count if kind is IN else -count for kind, count in later)


def test_each_known_kind_of_change_moves_stock() -> None:
    assert all(kind.movement in {IN, OUT} and kind.words.zh for kind in CHANGE_KINDS.values())
