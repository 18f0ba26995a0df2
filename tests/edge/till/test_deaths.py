"""The terminal dies at the steps of a return and of turning a sale insured, and goes on where it was.

At every other one; at every one with `--whole`, as `make deaths` has it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from edge.till.insuring import Insured
from tests.edge.till.aisle import WANG, A, Aisle, B, C, Death, new_centre, opened, person
from tests.server.conftest import NewStore
from tests.server.fsi.shop import Shop as Centre

_ENOUGH = 60


class Dying:
    """Counts steps from a moment on, and dies at one of them."""

    def __init__(self) -> None:
        self.left = -1

    def __call__(self, step: str) -> None:
        if step.startswith("before"):
            # Nothing has changed since the step before it.
            return
        if self.left == 0:
            self.left = -1
            raise Death
        self.left -= self.left > 0


def die_everywhere(
    make: Callable[[int], Centre], folder: Path, begin: Callable[[Aisle], str], deed: Callable[[Aisle, str], object],
    prove: Callable[[Aisle, str], None], *, one_in: int,
) -> int:  # fmt: skip
    """Do a deed again and again, the process dying some steps later each time, until it lives; return the last step."""
    for death in itertools.count(0, one_in):
        assert death < _ENOUGH
        centre, dying = make(death), Dying()
        home = folder / str(death)
        with opened(centre, home, dying) as aisle:
            sale = begin(aisle)
            dying.left = death
            try:
                deed(aisle, sale)
                aisle.upload()
                is_alive = dying.left > 0
                dying.left = -1
            except Death:
                is_alive = False
        with opened(centre, home) as aisle:
            aisle.recover()
            prove(aisle, sale)
        if is_alive:
            return death
    raise AssertionError


def settled(aisle: Aisle) -> str:
    sale = aisle.settle(A, B, C)
    aisle.upload()
    return sale


def sold(aisle: Aisle) -> str:
    sale = aisle.sell(A, B)
    aisle.upload()
    return sale


def all_or_nothing_came_back(aisle: Aisle, sale: str) -> None:
    (row,) = aisle.standing(sale)
    assert row.paid is not None
    came = aisle.packs(sale)[C] == "returned"
    assert aisle.at_the_centre() == [(row.paid.setl_id, Decimal("600.00") if came else Decimal("900.00"))]
    assert aisle.states(A, B, C) == ["sold", "sold", "returned" if came else "sold"]
    assert aisle.paid_with(A, B) == [{row.paid.setl_id}] * 2
    assert {state for _, state in aisle.rows(sale)} <= {"taken", "dropped"}, aisle.words(sale)
    assert (
        aisle.look(lambda tx: tx.exec_driver_sql("SELECT count(*) FROM undertaking WHERE ended_at IS NULL").scalar())
        == 0
    )


def insured_once_or_not_at_all(aisle: Aisle, sale: str) -> None:
    standing = aisle.standing(sale)
    assert len(standing) == len(aisle.at_the_centre()) <= 1
    assert aisle.states(A, B) == ["sold", "sold"]
    paid = {row.paid.setl_id for row in standing if row.paid}
    assert aisle.paid_with(A, B) == [paid, paid]
    assert {state for _, state in aisle.rows(sale)} <= {"taken", "dropped"}, aisle.words(sale)


@pytest.fixture
def make(standing_store: NewStore) -> Callable[[int], Centre]:
    return lambda _: new_centre(standing_store("sqlite"))


def test_a_return_is_whole_wherever_the_terminal_dies(
    make: Callable[[int], Centre], tmp_path: Path, one_in: Callable[[int], int]
) -> None:
    deed: Callable[[Aisle, str], object] = lambda a, sale: a.take_back(sale, C)  # noqa: E731
    assert die_everywhere(make, tmp_path, settled, deed, all_or_nothing_came_back, one_in=one_in(2)) > 12


def test_a_sale_is_insured_once_wherever_the_terminal_dies(
    make: Callable[[int], Centre], tmp_path: Path, one_in: Callable[[int], int]
) -> None:
    deed: Callable[[Aisle, str], object] = lambda a, sale: a.insuring.turn_insured(sale, Insured(person()), WANG)  # noqa: E731
    assert die_everywhere(make, tmp_path, sold, deed, insured_once_or_not_at_all, one_in=one_in(2)) > 5
