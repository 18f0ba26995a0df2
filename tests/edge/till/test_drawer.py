"""What went through the drawer, when, and that a month of facts is not read through for one day of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from edge.counter.counter import UNNAMED
from edge.store.drawer import SELECT_CASH_FACTS, SELECT_RESTS, Cash, cash_between
from tests.edge.till.aisle import WANG, A, Aisle, B, new_centre, opened
from tests.server.conftest import NewStore

LONG = timedelta(days=1)


@pytest.fixture
def aisle(standing_store: NewStore, tmp_path: Path) -> Iterator[Aisle]:
    with opened(new_centre(standing_store("sqlite")), tmp_path / "till") as aisle:
        yield aisle


def cash(aisle: Aisle, start: datetime) -> Cash:
    aisle.wait(seconds=5)
    return aisle.look(lambda tx: cash_between(tx, start, aisle.shop.clock.now()))


def test_a_settlement_that_is_told_once_more_was_paid_when_it_was_made(aisle: Aisle) -> None:
    sale = aisle.settle(A, B)
    first = cash(aisle, aisle.shop.clock.now() - LONG)
    aisle.wait(hours=3)
    with aisle.centre.office.store.writing() as tx:
        tx.exec_driver_sql("UPDATE settlement SET institution = 'H00000000000', sale_key = 'lost-' || setl_id")
    counted_at = aisle.shop.clock.now()
    aisle.wait(seconds=5)
    plan = aisle.plan(aisle.undertaking(aisle.retelling.tell_again(sale, WANG)))
    assert plan.after is not None
    # By now the year's threshold is used up: the person gets something back.
    more = plan.after.cash - plan.before.cash
    assert (first.insured, more < 0) == (plan.before.cash, True)
    assert cash(aisle, counted_at).insured == more
    assert cash(aisle, counted_at - LONG).insured == plan.after.cash


@pytest.mark.parametrize("ahead_s", [-600, 600])
def test_a_refund_counts_on_the_centres_day_and_leaves_the_drawer_by_the_devices_clock(
    aisle: Aisle, ahead_s: float
) -> None:
    sale = aisle.settle(A)
    aisle.shop.clock.wall += timedelta(seconds=ahead_s)
    before, there = aisle.shop.clock.now(), aisle.centre.office.clock.now
    aisle.take_back(sale, A)
    (row,) = aisle.settlements(sale)
    assert (row.undone_at, row.paid is not None) == (there, True)
    assert row.paid is not None
    assert cash(aisle, before).insured == -row.paid.cash


def test_what_comes_back_whole_leaves_nothing(aisle: Aisle) -> None:
    begun = aisle.shop.clock.now()
    insured, in_cash = aisle.settle(A), aisle.sell(B)
    assert cash(aisle, begun).self_paid == Decimal("300.00")
    aisle.take_back(insured, A)
    aisle.shop.counter.return_packs(UNNAMED, in_cash, [B], "不合适")
    assert cash(aisle, begun) == Cash(Decimal("0.00"), Decimal("0.00"), 0)


@pytest.mark.parametrize(
    ("statement", "index"),
    [(SELECT_CASH_FACTS, "outbox_cash"), (SELECT_RESTS, "undertaking_ended")],
    ids=["facts", "rests"],
)
def test_a_time_is_found_by_an_index(aisle: Aisle, statement: str, index: str) -> None:
    plan = aisle.look(lambda tx: tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", (0, 1)).all())
    assert [index in row[3] for row in plan] == [True]
