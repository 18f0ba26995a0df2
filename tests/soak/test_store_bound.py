"""A terminal's outbox does not grow for ever: what a month has delivered makes room for the next month."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from edge.store import sql
from edge.store.database import FILE_NAME, opened_store
from edge.store.outbox import KEEP_DELIVERED, Outbox
from edge.store.terminal import ensure_state
from rules.scan_judgement import Mode
from tests.edge.scene import EPOCH, TERMINAL, FakeClock, seeded_bytes
from wire.events import Scanned
from wire.receipts import BATCH_VERSION, Receipt

EVENTS = 1_500
MONTHS = 4
MONTH = KEEP_DELIVERED + timedelta(days=1)
PAGES = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"


def work_a_month(connection: Connection, outbox: Outbox, clock: FakeClock) -> None:
    with connection.begin():
        for number in range(EVENTS):
            fact = Scanned(
                sale="s1", reading="trace", device="serial:gun", verdict="added", code=f"8600011{number:013d}"
            )
            newest = outbox.append(connection, fact, operator="w", now=clock.now())
    receipt = Receipt(
        v=BATCH_VERSION,
        terminal=TERMINAL,
        epoch=EPOCH,
        centre="centre-1",
        at=clock.now(),
        nonce="0" * 32,
        accepted=[(1, newest.seq)],
    )
    outbox.apply_receipts([receipt], clock.now())


@pytest.mark.req("T-67")
def test_a_month_that_was_delivered_makes_room_for_the_next(tmp_path: Path) -> None:
    clock = FakeClock()
    sizes = []
    with opened_store(tmp_path) as connection:
        ensure_state(connection, terminal=TERMINAL, new_epoch=EPOCH, mode=Mode.DISPENSE)
        outbox = Outbox(connection, random=seeded_bytes())
        for month in range(MONTHS):
            work_a_month(connection, outbox, clock)
            purged = outbox.purge_delivered(clock.now() - KEEP_DELIVERED)
            assert purged == (EVENTS if month else 0)
            with connection.begin():
                sizes.append(int(sql.one(connection, PAGES)[0]))
            clock.advance(MONTH.total_seconds())
    # Two months are there at once, the last one and this one; never more.
    assert sizes[-1] <= 1.05 * sizes[1]
    assert (tmp_path / FILE_NAME).stat().st_size <= 1.05 * sizes[1]
