"""医保码结算率 and where visits broke off."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from rules.visit_flow import VisitStep, broke_off_after
from server.store.database import Store
from server.store.visit_steps import Months, add_visit_steps
from server.visits.report import Figures, load_report, load_steps
from tests.server.store.settlement_rows import furnish, settle, settlement
from tests.server.store.test_visit_steps import MORNING, step

S = VisitStep
MARCH = Months("2026-03", "2026-03")
NEXT_MONTH = datetime(2026, 4, 10, tzinfo=UTC)


def test_without_anything_there_is_no_rate_and_no_step(store: Store) -> None:
    with store.reading() as connection:
        report = load_report(connection, MARCH, NEXT_MONTH)
        assert load_steps(connection, MARCH, NEXT_MONTH) == ()
    assert (report.rows, report.whole.rate, report.has_steps) == ((), None, False)
    assert [one.reached for one in report.steps] == [0] * len(VisitStep)


def test_the_rate_is_by_institution_and_month(store: Store) -> None:
    with store.writing() as connection:
        furnish(connection)
        for number, kind in enumerate(("01", "01", "03")):
            settle(connection, settlement(f"S{number}", sale_key=f"{number}", credential_kind=kind))
        add_visit_steps(connection, [step("01101", institution="I1"), step("01101")])
        report = load_report(connection, MARCH, NEXT_MONTH)
    assert report.rows == (Figures("H1", "2026-03", 0, 0, 0, 0, 1, 1), Figures("I1", "2026-03", 3, 2, 0, 1, 1, 1))
    assert [one.rate for one in report.rows] == [None, Decimal("0.6667")]
    assert (report.whole.rate, report.whole.visits, report.whole.otherwise) == (Decimal("0.6667"), 2, 0)


@pytest.mark.parametrize("hours", [23, 25])
def test_a_visit_is_broken_off_once_nothing_followed_for_a_day(store: Store, hours: int) -> None:
    with store.writing() as connection:
        add_visit_steps(connection, [step("01101"), step("01201", minutes=10)])
        report = load_report(connection, MARCH, MORNING + timedelta(hours=hours, minutes=10))
    assert [(one.step, one.reached, one.broke_off) for one in report.steps if one.reached] == [
        (S.REGISTER, 1, 0),
        (S.CHECK_IN, 1, int(hours > 24)),
    ]
    assert report.whole.broke_off == int(hours > 24)


def test_each_visit_ends_where_the_rule_says(store: Store) -> None:
    """Every set of steps that can be: the store tells them apart, the rule says where they ended."""
    steps = list(VisitStep)
    sets = [[one for number, one in enumerate(steps) if mask >> number & 1] for mask in range(1, 1 << len(steps))]
    with store.writing() as connection:
        add_visit_steps(
            connection,
            [step(one.value, f"V{number}", minutes=5) for number, done in enumerate(sets) for one in done],
        )
        report = load_report(connection, MARCH, NEXT_MONTH)
        (of_hospital,) = load_steps(connection, MARCH, NEXT_MONTH)
    ends = [broke_off_after(done) for done in sets]
    assert {one.step: one.broke_off for one in report.steps} == {one: ends.count(one) for one in steps}
    assert {one.step: one.reached for one in report.steps} == dict.fromkeys(steps, 256)
    assert of_hospital.steps == report.steps
    assert report.whole.broke_off == len(ends) - ends.count(None)
