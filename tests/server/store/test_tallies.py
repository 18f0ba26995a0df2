"""Tallies are what the rows come to: whatever comes, in whatever order, however late, and whenever it is added up."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text

from server.store import settlements, tallies
from server.store.database import Connection, Store, open_store
from server.store.settlements import SettlementState
from server.store.shown_at_settling import load_shown_at_settling
from server.store.tables import tally, tally_change, visit_step
from server.store.tallies import COURSE, REFUSAL, SHOWN, WAIT, Cell, Months
from server.store.times import micros
from server.store.visit_counting import hour_of, on_grid
from server.store.visit_steps import VisitStepRow, add_visit_steps, load_courses
from tests.server.conftest import EPOCH, NewStore
from tests.server.store.settlement_rows import furnish, negative, settle, settlement
from wire.fsi.values import BEIJING

ALL = Months("1970-01", "9999-12")
BEGAN = datetime(2026, 1, 30, tzinfo=UTC)
EXACT = {(0, 0), (6, 6), (8, 6), (594, 594), (600, 600), (3_600, 3_600), (86_400, 86_400), (90 * 86_400, 90 * 86_400)}
STATES = {
    "cancel": (SettlementState.ACTIVE, SettlementState.CANCELLED),
    "restore": (SettlementState.CANCELLED, SettlementState.ACTIVE),
    "reverse": (SettlementState.ACTIVE, SettlementState.REVERSED),
}


@st.composite
def steps(draw: st.DrawFn) -> VisitStepRow:
    """Of few visits, so that they meet; months long, so that numbers come again; some told twice or otherwise."""
    at = BEGAN + timedelta(minutes=draw(st.integers(0, 100 * 24 * 60)))
    return VisitStepRow(
        f"{at.astimezone(BEIJING):%Y-%m-%d}",
        draw(st.sampled_from(["H1", "H2"])),
        draw(st.sampled_from(["V1", "V2"])),
        bytes([draw(st.integers(0, 30))]),
        draw(st.sampled_from(["01101", "01201", "01302"])),
        "",
        "voucher",
        draw(st.booleans()),
        micros(at),
    )


ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("steps"), st.lists(steps(), max_size=6)),
        st.tuples(st.just("settle"), st.tuples(st.integers(0, 4), st.sampled_from(["01", "03"]), st.integers(1, 3))),
        st.tuples(st.sampled_from(sorted(STATES)), st.integers(0, 4)),
        st.tuples(st.just("fold"), st.integers(0, 120)),
    ),
    max_size=25,
)


def perform(connection: Connection, act: tuple[str, object]) -> None:
    match act:
        case ("steps", list(rows)):
            add_visit_steps(connection, rows)
        case ("settle", (int(number), str(kind), int(month))):
            sale = settlement(f"S{number}", sale_key=f"{number}", credential_kind=kind)
            sale = replace(sale, day=sale.day.replace(month=month))
            if settlements.load_settlement(connection, sale.setl_id) is None:
                settle(connection, sale)
                if number == 4:
                    settle(connection, negative(sale, "C4", credential_kind=kind))
        case ("fold", int(days)):
            tallies.fold(connection, long_ago=hour_of(micros(BEGAN + timedelta(days=days))), most=3)
        case (str(name), int(number)):
            before, after = STATES[name]
            settlements.change_state(connection, f"S{number}", before=before, after=after)


def counted(connection: Connection) -> dict[Cell, int]:
    """Return the tallies, hours left out."""
    found: Counter[Cell] = Counter()
    for what in (COURSE, REFUSAL, WAIT, SHOWN):
        for month, institution, name, number, times in connection.execute(select(tallies.totals(what, ALL))):
            found[Cell(what, month, institution, name, 0 if what == COURSE else number)] += times
    return {cell: times for cell, times in found.items() if times}


def reckoned(connection: Connection) -> dict[Cell, int]:
    """Return what the rows come to, reckoned without any of what counts them."""
    found: Counter[Cell] = Counter()
    for one in connection.execute(select(settlements.settlement)):
        if one.state == "active" and one.cancels is None:
            found[Cell(SHOWN, one.day[:7], one.institution, one.credential_kind, 0)] += 1
    visits: dict[tuple[str, str], list[list[object]]] = {}
    for row in connection.execute(select(visit_step).order_by(visit_step.c.at_us, visit_step.c.source)):
        if not row.is_done:
            found[Cell(REFUSAL, row.day[:7], row.institution, row.step, 0)] += 1
            continue
        of_number = visits.setdefault((row.institution, row.visit), [])
        if not of_number or row.at_us - of_number[-1][-1].at_us > 31 * 86_400_000_000:
            of_number.append([])
        of_number[-1].append(row)
    for visit in (visit for of_number in visits.values() for visit in of_number):
        month, where = visit[0].day[:7], visit[0].institution
        found[Cell(COURSE, month, where, " ".join(sorted({row.step for row in visit})), 0)] += 1
        for before, row in pairwise(visit):
            found[Cell(WAIT, month, where, row.step, on_grid((row.at_us - before.at_us) // 1_000_000))] += 1
    return dict(found)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_tallies_are_what_the_rows_come_to_whatever_happened(standing_store: NewStore, kind: str) -> None:
    @settings(max_examples=25 if kind == "sqlite" else 8, deadline=None)
    @given(acts=ACTS)
    def check(acts: list[tuple[str, object]]) -> None:
        store = standing_store(kind)
        with store.writing() as connection:
            furnish(connection)
            for act in acts:
                perform(connection, act)
            assert counted(connection) == reckoned(connection)
            while tallies.fold(connection, long_ago=0, most=5):
                pass
            assert counted(connection) == reckoned(connection)

    check()


def step(
    visit: str = "V1", code: str = "01101", *, hours: float = 0, source: int = 0, where: str = "H1"
) -> VisitStepRow:
    at = BEGAN + timedelta(hours=hours)
    return VisitStepRow(f"{at:%Y-%m-%d}", where, visit, bytes([source]), code, "", "voucher", True, micros(at))


def rows_of(connection: Connection) -> tuple[int, int]:
    """Return how many rows wait, and how many were added up."""
    waiting, added = (connection.scalar(select(func.count()).select_from(one)) for one in (tally_change, tally))
    return waiting or 0, added or 0


def test_hours_of_long_ago_become_one_and_who_broke_off_stays_the_same(store: Store) -> None:
    with store.writing() as connection:
        add_visit_steps(connection, [step(f"V{number}", hours=number, source=number) for number in range(48)])
        since = BEGAN + timedelta(hours=30)
        before = load_courses(connection, ALL, ["01101"], since)
        assert {(one.is_quiet, one.visits) for one in before} == {(True, 30), (False, 18)}
        for long_ago in (0, 20, 30):
            tallies.fold(connection, long_ago=hour_of(micros(BEGAN + timedelta(hours=long_ago))), most=100)
            assert sorted(map(repr, load_courses(connection, ALL, ["01101"], since))) == sorted(map(repr, before))
        assert rows_of(connection) == (0, 19)


def test_a_visit_that_goes_on_after_its_hour_was_long_ago_is_counted_once(store: Store) -> None:
    with store.writing() as connection:
        add_visit_steps(connection, [step()])
        tallies.fold(connection, long_ago=hour_of(micros(BEGAN)) + 100, most=9)
        add_visit_steps(connection, [step(code="01201", hours=200, source=1)])
        for _ in range(2):
            (one,) = load_courses(connection, ALL, ["01101", "01201"], BEGAN + timedelta(hours=150))
            assert (one.steps, one.is_quiet, one.visits) == (frozenset({"01101", "01201"}), False, 1)
            tallies.fold(connection, long_ago=hour_of(micros(BEGAN)) + 100, most=9)


def test_a_number_that_comes_again_after_a_month_is_another_visit_and_a_late_step_may_join_them(store: Store) -> None:
    days = 24.0
    with store.writing() as connection:
        add_visit_steps(connection, [step(), step(hours=40 * days, source=1)])
        assert [(one.month, one.visits) for one in courses_by_month(connection)] == [("2026-01", 1), ("2026-03", 1)]
        add_visit_steps(connection, [step(hours=20 * days, source=2)])
        assert [(one.month, one.visits) for one in courses_by_month(connection)] == [("2026-01", 1)]


def courses_by_month(connection: Connection) -> list[object]:
    return sorted(load_courses(connection, ALL, ["01101"], BEGAN), key=lambda one: one.month)


@pytest.mark.parametrize(("seconds", "as_counted"), sorted(EXACT))
def test_waits_are_counted_to_what_a_page_shows(seconds: int, as_counted: int) -> None:
    assert on_grid(seconds) == as_counted


@given(seconds=st.integers(0, 40 * 86_400))
def test_a_wait_is_counted_as_exactly_as_a_page_can_tell(seconds: int) -> None:
    assert abs(on_grid(seconds) - seconds) <= max(3, seconds / 40)


# -- several at a time -------------------------------------------------------------------------------------------------


@pytest.fixture
def impatient(migrated_database: Callable[[], str]) -> Iterator[Store]:
    """A store that refuses to wait for a lock."""
    url = migrated_database()
    with closing(open_store(f"{url}?options=-c%20lock_timeout%3D300ms", new_epoch=lambda: EPOCH)) as made:
        yield made


def test_nobody_who_settles_waits_for_another_or_for_who_adds_up(impatient: Store) -> None:
    with impatient.writing() as first:
        furnish(first, "P1", "P2", "P3")
        settle(first, settlement("S0", sale_key="0"))
    with impatient.writing() as one, impatient.writing() as other, impatient.writing() as folding:
        settle(one, settlement("S1", sale_key="1", psn_no="P2"))
        assert tallies.fold(folding, long_ago=0, most=9) == 1
        settle(other, settlement("S2", sale_key="2", psn_no="P3"))
        with impatient.writing() as second:
            assert tallies.fold(second, long_ago=0, most=9) == 0
    with impatient.writing() as last:
        assert tallies.fold(last, long_ago=0, most=9) == 2
        (found,) = load_shown_at_settling(last, ALL)
    assert found.settled == 3


def test_steps_of_one_visit_that_come_at_once_from_two_terminals_are_one_visit(
    migrated_database: Callable[[], str],
) -> None:
    with closing(open_store(migrated_database(), new_epoch=lambda: EPOCH)) as store:
        asked = threading.Event()

        def add_the_second() -> None:
            with store.writing() as connection:
                asked.set()
                add_visit_steps(connection, [step(code="01201", hours=1, source=1)])

        second = threading.Thread(target=add_the_second)
        with store.writing() as connection:
            add_visit_steps(connection, [step()])
            second.start()
            assert asked.wait(30)
            # Of another house: nobody waits for it.
            add_visit_steps(connection, [step(where="H2")])
            _until_somebody_waits(connection)
        second.join(10)
        with store.reading() as connection:
            assert counted(connection) == reckoned(connection)
            assert {(one.institution, len(one.steps), one.visits) for one in courses_of_all(connection)} == {
                ("H1", 2, 1),
                ("H2", 1, 1),
            }


def courses_of_all(connection: Connection) -> list[object]:
    return list(load_courses(connection, ALL, ["01101", "01201"], BEGAN))


def _until_somebody_waits(connection: Connection) -> None:
    asked = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    for _ in range(10_000):
        if connection.scalar(asked):
            return
    raise AssertionError("nobody waits")
