"""Steps of visits as they arrive at the centre from terminals."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations

import pytest
from msgspec.structs import replace
from sqlalchemy import select

from server.store.database import Store
from server.store.tables import visit_step
from server.store.times import micros
from server.visits.stepping import step_of
from tests.server.fake_terminal import NOW, FakeTerminal, dispensed
from tests.server.ingest.conftest import Centre
from wire.events import VisitStepped


def stepped(step: str = "01101", *, minutes: float = 0, is_done: bool = True) -> VisitStepped:
    return VisitStepped("M20261121-7", step, "voucher", is_done, NOW + timedelta(minutes=minutes - 60), "X1")


def rows(store: Store) -> list[tuple[object, ...]]:
    with store.reading() as connection:
        asked = select(visit_step).order_by(visit_step.c.at_us)
        return [(row.institution, row.visit, row.step, row.item, row.shown, row.is_done, row.at_us, row.day)
                for row in connection.execute(asked)]  # fmt: skip


def test_steps_are_kept_once_for_the_terminals_institution_in_whatever_order_they_come(store: Store) -> None:
    for number, order in enumerate(permutations(range(3))):
        terminal = FakeTerminal(name=f"T-{number}", institution=f"H{number}").registered(store)
        centre = Centre(store)
        said = [stepped(), stepped("01201", minutes=4, is_done=False), stepped("01201", minutes=9)]
        frames = [terminal.frame(terminal.say(fact)) for fact in said]
        for index in (*order, *order):
            centre.take(frames[index])
    began = micros(NOW - timedelta(hours=1))
    first = [row for row in rows(store) if row[0] == "H0"]
    assert first == [
        ("H0", "M20261121-7", "01101", "X1", "voucher", True, began, "2026-11-21"),
        ("H0", "M20261121-7", "01201", "X1", "voucher", False, began + 240_000_000, "2026-11-21"),
        ("H0", "M20261121-7", "01201", "X1", "voucher", True, began + 540_000_000, "2026-11-21"),
    ]
    assert [row[1:] for row in rows(store) if row[0] == "H5"] == [row[1:] for row in first]
    assert len(rows(store)) == 18


@pytest.mark.parametrize(
    ("offset_ms", "minutes", "at"),
    [
        (None, 0, NOW - timedelta(hours=1)),
        (-60_000, 0, NOW - timedelta(hours=1, minutes=1)),
        (60_000, 0, NOW - timedelta(minutes=59)),
        # A clock that is ahead: it cannot have been after it was told of.
        (None, 600, NOW),
        (2**53, 0, NOW),
    ],
)
def test_the_time_of_a_step_is_the_centres(offset_ms: int | None, minutes: float, at: object) -> None:
    event = replace(FakeTerminal().event(stepped(minutes=minutes)), clock_offset_ms=offset_ms)
    row = step_of(event, b"1", "H1", micros(NOW))
    assert row is not None
    assert row.at_us == micros(at)


def test_the_oldest_time_that_can_be_said_is_kept() -> None:
    event = replace(FakeTerminal().event(stepped()), clock_offset_ms=-(2**53))
    row = step_of(event, b"1", "H1", micros(NOW))
    assert row is not None
    assert (row.at_us, row.day) == (0, "1970-01-01")


def test_other_facts_are_no_steps() -> None:
    assert step_of(FakeTerminal().event(dispensed("1")), b"1", "H1", micros(NOW)) is None
