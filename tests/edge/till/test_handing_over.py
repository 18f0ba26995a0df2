"""The counter goes from one person to the next: by two names, whatever is unfinished."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from sqlalchemy import Connection

from edge.counter.counter import Request
from edge.store.day_ends import latest_hand_overs
from edge.store.rung_up import undo_by
from edge.store.settlements import settlements_of
from edge.store.shifts import OperatorRow, add_operator, find_operator, open_shift_now
from edge.till.handing_over import Drawer, NoShiftError, SamePersonError, count_drawer, hand_over, look_into_drawer
from rules.settling import Standing
from tests.edge.scene import OTHER_TRACE, TRACE_1, TRACE_2
from tests.edge.till.books import Till

NO_KEY = Request(None, "")


def give(till: Till, taker: str, counted: str) -> None:
    """Let somebody take over."""
    till.shop.clock.advance(60)
    if till.commits(lambda tx: find_operator(tx, taker)) is None:
        till.commits(lambda tx: add_operator(tx, OperatorRow(taker, taker.title(), "no-hash", till.shop.clock.now())))

    def also(tx: Connection) -> None:
        hand_over(tx, taker, Decimal(counted), "少一元零钱", till.shop.clock.now())

    till.shop.operators.admit(taker, f"token of {taker}", None, also)


def test_drawer_holds_what_was_paid_in_cash_less_what_went_back(till: Till) -> None:
    for code in (TRACE_1, TRACE_2, OTHER_TRACE):
        till.shop.scan(code)
    sale = till.shop.counter.close_sale(NO_KEY).sale
    till.shop.counter.return_packs(NO_KEY, sale, [OTHER_TRACE], "不需要")
    till.settle("S-insured", "500.00")
    till.settle("S-undone", "80.00")
    till.cancel("S-undone")
    till.shop.clock.advance(1)
    drawer = till.commits(lambda tx: look_into_drawer(tx, till.shop.clock.now()))
    assert drawer.self_paid == Decimal("19.61") == Decimal("9.805") * 2
    assert drawer.insured_cash > 0
    assert drawer.expected == drawer.self_paid + drawer.insured_cash


def test_two_names_the_count_and_what_is_open_are_kept_and_nothing_stands_in_the_way(till: Till) -> None:
    till.settle("S1")
    till.stands("S1", Standing.UNKNOWN)
    till.shop.scan(TRACE_1)
    give(till, "zhao", "250.00")
    (kept,) = till.commits(lambda tx: latest_hand_overs(tx, 5))
    assert (kept.giver, kept.taker, kept.cash_counted, kept.note) == ("wang", "zhao", Decimal("250.00"), "少一元零钱")
    assert json.loads(kept.unfinished)["unknown"] == ["S1"]
    assert json.loads(kept.unfinished)["unsent"] > 0
    shift = till.commits(open_shift_now)
    assert shift is not None
    assert shift.operator == "zhao"
    drawer = till.commits(lambda tx: look_into_drawer(tx, till.shop.clock.now()))
    assert (drawer.begun_with, drawer.expected) == (Decimal("250.00"), Decimal("250.00"))


def test_the_drawer_remembers_who_signs_in_and_out(till: Till) -> None:
    till.shop.scan(TRACE_1)
    till.shop.counter.close_sale(NO_KEY)
    till.shop.clock.advance(60)
    before = look(till)
    till.shop.operators.sign_out("token-1")
    till.shop.operators.admit("wang", "token of wang", None)
    till.shop.clock.advance(1)
    again = look(till)
    assert (again.expected, again.counted_at, again.uncounted) == (before.expected, None, ())
    # Somebody else signs in and nobody counts: it is told, and what is expected is carried on.
    till.shop.operators.sign_out("token of wang")
    till.commits(lambda tx: add_operator(tx, OperatorRow("zhao", "Zhao", "no-hash", till.shop.clock.now())))
    till.shop.operators.admit("zhao", "token of zhao", None)
    till.shop.clock.advance(1)
    after = look(till)
    assert [one.operator for one in after.uncounted] == ["zhao"]
    assert after.expected == before.expected == Decimal("9.81")


def test_a_float_is_stated_and_counts_from_then_on(till: Till) -> None:
    till.shop.scan(TRACE_1)
    till.shop.counter.close_sale(NO_KEY)
    till.shop.clock.advance(60)
    kept = till.commits(lambda tx: count_drawer(tx, Decimal("200.00"), "备用金", till.shop.clock.now()))
    assert (kept.giver, kept.taker, kept.cash_expected) == ("wang", "wang", Decimal("9.81"))
    till.shop.scan(TRACE_2)
    till.shop.counter.close_sale(NO_KEY)
    till.shop.clock.advance(60)
    drawer = look(till)
    assert (drawer.begun_with, drawer.expected, drawer.counted_at) == (
        Decimal("200.00"), Decimal("209.81"), kept.at,
    )  # fmt: skip
    assert drawer.uncounted == ()


def test_what_the_institutions_own_software_pays_back_lies_with_that_software(till: Till) -> None:
    till.settle("S1", "500.00")
    (row,) = till.commits(lambda tx: settlements_of(tx, "S1"))
    till.shop.clock.advance(60)
    before = look(till).expected
    assert before > 0
    till.commits(lambda tx: undo_by(tx, row, "a message of that software", till.shop.clock.now(), "撤销"))
    till.shop.clock.advance(60)
    assert look(till).expected == before


def look(till: Till) -> Drawer:
    return till.commits(lambda tx: look_into_drawer(tx, till.shop.clock.now()))


def test_nobody_hands_over_to_themselves(till: Till) -> None:
    with pytest.raises(SamePersonError):
        give(till, "wang", "0")


def test_without_a_shift_there_is_nothing_to_hand_over(till: Till) -> None:
    till.shop.operators.sign_out("token-1")
    with pytest.raises(NoShiftError):
        till.commits(lambda tx: look_into_drawer(tx, till.shop.clock.now()))
