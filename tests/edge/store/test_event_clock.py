"""The clock of events: it never stands still or goes back, and nobody can push it far ahead."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from edge.clock import MOST_CORRECTION, corrected_us, to_us
from edge.store.database import opened_store
from edge.store.outbox import Outbox
from edge.store.terminal import ensure_state
from rules.scan_judgement import Mode
from tests.edge.scene import EPOCH, NOON, TERMINAL, seeded_bytes
from wire.events import ShiftOpened

pytestmark = pytest.mark.req("T-12")

DECADE_MS = 10 * 365 * 86_400_000
STEPS = st.lists(
    st.tuples(
        st.datetimes(datetime(2026, 1, 1), datetime(2036, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - Hypothesis adds the zone
        st.none() | st.integers(-DECADE_MS, DECADE_MS),
    ),
    min_size=1,
    max_size=12,
)


def record(connection: Connection, outbox: Outbox, now: datetime) -> int:
    with connection.begin():
        return outbox.append(connection, ShiftOpened("s"), operator="w", now=now).hlc


@settings(max_examples=25, deadline=None)
@given(steps=STEPS)
def test_events_always_come_later_and_never_far_ahead_whatever_clock_and_centre_say(
    steps: list[tuple[datetime, int | None]],
) -> None:
    with TemporaryDirectory() as folder, opened_store(Path(folder)) as connection:
        ensure_state(connection, terminal=TERMINAL, new_epoch=EPOCH, mode=Mode.DISPENSE)
        outbox = Outbox(connection, random=seeded_bytes())
        last, latest = 0, NOON.min.replace(tzinfo=UTC)
        for number, (wall, offset_ms) in enumerate(steps):
            if offset_ms is not None:
                outbox.note_clock_offset(offset_ms)
            latest = max(latest, wall)
            hlc = record(connection, outbox, wall)
            assert last < hlc <= to_us(latest + MOST_CORRECTION) + number
            last = hlc


def test_centre_that_is_days_ahead_does_not_keep_us_ahead(connection: Connection, outbox: Outbox) -> None:
    outbox.note_clock_offset(9 * 86_400_000)
    assert record(connection, outbox, NOON) == to_us(NOON + MOST_CORRECTION)
    outbox.note_clock_offset(0)
    two_days_on = NOON + timedelta(days=2)
    assert record(connection, outbox, two_days_on) == to_us(two_days_on)


def test_box_whose_clock_was_never_set_believes_the_centre() -> None:
    boot = datetime(1970, 1, 1, 0, 0, 9, tzinfo=UTC)
    offset_ms = (NOON - boot) // timedelta(milliseconds=1)
    assert corrected_us(boot, offset_ms) == to_us(NOON)
    assert corrected_us(NOON, None) == to_us(NOON)
