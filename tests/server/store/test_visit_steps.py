"""Steps of visits as the centre counts them, on both databases."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from statistics import median

import pytest

from server.store.database import Connection, Store
from server.store.settlements import SettlementState
from server.store.shown_at_settling import ShownAtSettling, load_shown_at_settling
from server.store.times import micros
from server.store.visit_steps import (
    Course,
    Months,
    OfStep,
    VisitStepRow,
    add_visit_steps,
    load_courses,
    load_medians,
    load_refusals,
)
from tests.server.store.settlement_rows import furnish, negative, settle, settlement
from wire.fsi.values import BEIJING

STEPS = ("01101", "01201", "01203", "01302")
MARCH = Months("2026-03", "2026-03")
SPRING = Months("2026-03", "2026-05")
MORNING = datetime(2026, 3, 10, 1, 0, tzinfo=UTC)
LATER = MORNING + timedelta(days=200)
_numbers: Iterator[int] = iter(range(1, 10_000))


def step(code: str, visit: str = "V1", *, minutes: float = 0, at: datetime = MORNING, **values: object) -> VisitStepRow:
    when = at + timedelta(minutes=minutes)
    day = f"{when.astimezone(BEIJING):%Y-%m-%d}"
    source = next(_numbers).to_bytes(16, "big")
    row = VisitStepRow(day, "H1", visit, source, code, "", "voucher", True, micros(when))
    return row._replace(**values)


def courses(connection: Connection, chosen: Months = SPRING) -> set[tuple[str, str, frozenset[str], bool, int]]:
    found: Sequence[Course] = load_courses(connection, chosen, STEPS, MORNING + timedelta(days=1))
    return {(one.institution, one.month, one.steps, one.is_quiet, one.visits) for one in found}


def test_visits_that_came_equally_far_are_counted_together_in_the_month_in_which_they_began(store: Store) -> None:
    end_of_march = datetime(2026, 3, 31, 15, 0, tzinfo=UTC)
    with store.writing() as connection:
        add_visit_steps(
            connection,
            [
                step("01101"), step("01201", minutes=5), step("01203", minutes=9), step("01203", minutes=19, item="2"),
                step("01101", "V2"), step("01203", "V2", minutes=1), step("01201", "V2", minutes=2),
                step("01101", "V3"), step("01201", "V3", is_done=False),
                # It is April in Beijing already when this one goes on.
                step("01101", "V4", at=end_of_march), step("01302", "V4", at=end_of_march, minutes=90),
                step("01101", "V1", institution="H2"),
                step("09999", "V5"),
            ],
        )  # fmt: skip
        assert courses(connection) == {
            ("H1", "2026-03", frozenset({"01101", "01201", "01203"}), True, 2),
            ("H1", "2026-03", frozenset({"01101"}), True, 1),
            ("H1", "2026-03", frozenset({"01101", "01302"}), False, 1),
            ("H1", "2026-03", frozenset(), True, 1),
            ("H2", "2026-03", frozenset({"01101"}), True, 1),
        }
        assert courses(connection, Months("2026-04", "2026-05")) == set()
        assert len(courses(connection, replace(MARCH, institution="H2"))) == 1


def test_a_step_that_comes_again_is_kept_once(store: Store) -> None:
    row = step("01101", is_done=False)
    with store.writing() as connection:
        add_visit_steps(connection, [row, row])
        add_visit_steps(connection, [row])
        assert load_refusals(connection, MARCH) == [OfStep("H1", "2026-03", "01101", 1)]


def test_refusals_are_counted_in_their_own_month(store: Store) -> None:
    with store.writing() as connection:
        add_visit_steps(
            connection,
            [
                *(step("01101", f"V{number}", is_done=False) for number in range(3)),
                step("01201", is_done=False, at=MORNING + timedelta(days=30)),
                step("01101"),
            ],
        )
        assert sorted(map(repr, load_refusals(connection, SPRING))) == sorted(
            map(repr, [OfStep("H1", "2026-03", "01101", 3), OfStep("H1", "2026-04", "01201", 1)])
        )


@pytest.mark.parametrize("waits", [(7,), (7, 4), (30, 1, 2), (5, 5, 1, 100), (3, 9, 4, 1, 2)])
def test_the_time_between_steps_is_a_true_median(store: Store, waits: tuple[int, ...]) -> None:
    with store.writing() as connection:
        for number, minutes in enumerate(waits):
            add_visit_steps(
                connection,
                [
                    step("01101", f"V{number}"),
                    step("01201", f"V{number}", minutes=minutes / 2, is_done=False),
                    step("01201", f"V{number}", minutes=minutes),
                    step("01302", f"V{number}", minutes=minutes + 60),
                ],
            )
        found = load_medians(connection, MARCH, is_whole=True)
        each = load_medians(connection, MARCH, is_whole=False)
        none = load_medians(connection, replace(MARCH, institution="H9"), is_whole=True)
    expected = {("01201", round(median(waits) * 60)), ("01302", 3600)}
    assert {(one.step, one.value) for one in found} == expected
    assert {(one.institution, one.month, one.step, one.value) for one in each} == {
        ("H1", "2026-03", *one) for one in expected
    }
    assert none == []


def test_only_insured_settlements_that_stand_count_and_by_what_was_shown(store: Store) -> None:
    sale = settlement("S1", credential_kind="01")
    with store.writing() as connection:
        furnish(connection)
        settle(connection, sale)
        for number, kind in enumerate(("01", "02", "03", "", "03"), 2):
            settle(connection, replace(sale, setl_id=f"S{number}", sale_key=f"{number}", credential_kind=kind))
        settle(connection, replace(sale, setl_id="S9", sale_key="9", state=SettlementState.CANCELLED))
        settle(connection, negative(replace(sale, setl_id="S9"), "C9"))
        settle(connection, replace(sale, setl_id="S8", sale_key="8", day=date(2026, 4, 1)))
        found = load_shown_at_settling(connection, SPRING)
        assert load_shown_at_settling(connection, replace(SPRING, institution="I2")) == []
    assert sorted(found, key=lambda one: one.month) == [
        ShownAtSettling("I1", "2026-03", 6, 2, 1, 2),
        ShownAtSettling("I1", "2026-04", 1, 1, 0, 0),
    ]
