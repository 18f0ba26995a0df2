"""The console's page of 医保码 and visits: how long three months of it take, and what it costs to keep them ready.

Floor of the page: to read each step once, in one statement of bare SQL. Floor of the keeping: the same rows put into
the same table and not counted. Some 675,000 steps of 180,000 visits at 20 hospitals, on SQLite.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from statistics import median

from sqlalchemy import func, select

from server.store import bulk
from server.store.database import Store, open_store
from server.store.tables import visit_step
from server.store.times import micros
from server.store.visit_steps import Months, VisitStepRow, add_visit_steps
from server.visits.folding import fold
from server.visits.report import load_report
from tests.bench.figure import Figure, at_most, figure
from tests.bench.place import folder_on_disk
from wire.fsi.values import BEIJING

HOSPITALS, VISITS = 20, 9_000
"""Visits of each."""
BEGAN = datetime(2026, 9, 1, tzinfo=UTC)
DAYS = 84
NOW = datetime(2026, 11, 30, tzinfo=UTC)
THREE_MONTHS = Months("2026-09", "2026-11")
COURSES = (
    ("01101", "01201"),
    ("01101", "01201", "01203", "01301", "01302"),
    ("01101", "01301", "01302"),
    ("01101", "01201", "01203", "01203", "01303"),
)
AT_ONCE = 1_000
"""Steps of one transaction: what some twenty frames bring."""
LOOKS = 5


def steps() -> Iterator[VisitStepRow]:
    """Yield the steps as terminals tell of them: the hospitals side by side, each visit's in its order."""
    rng, number = random.Random(5), 0
    for visit in range(VISITS):
        for hospital in range(HOSPITALS):
            at = BEGAN + timedelta(days=DAYS * visit / VISITS)
            for step in rng.choice(COURSES):
                at += timedelta(minutes=60 * rng.random())
                number += 1
                day, source = f"{at.astimezone(BEIJING):%Y-%m-%d}", number.to_bytes(16, "big")
                yield VisitStepRow(day, f"H{hospital}", f"V{visit}", source, step, "", "voucher", True, micros(at))


def run() -> list[Figure]:
    """Fill a store, look at it, and fill another without counting."""
    rows = list(steps())
    with folder_on_disk() as folder:
        counted = _store(folder / "counted.db")
        kept_s = _kept(counted, rows, add_visit_steps)
        fold(counted, NOW)
        page_ms = _median_ms(lambda: _look(counted))
        read_ms = _median_ms(lambda: _read_each(counted))
        counted.close()
        bare = _store(folder / "bare.db")
        bare_s = _kept(bare, rows, lambda connection, part: bulk.insert_all(connection, visit_step, part))
        bare.close()
    return [
        figure(
            "vouchers",
            f"three months of {len(rows):,} steps at the console, all institutions",
            page_ms,
            "ms",
            floor=read_ms,
            target=at_most(500),
            note="floor: one statement that reads each step once",
        ),
        figure(
            "vouchers",
            f"to keep a step and count it, {AT_ONCE:,} at once",
            kept_s / len(rows) * 1e6,
            "µs",
            floor=bare_s / len(rows) * 1e6,
            note="floor: to keep it; a step reaches the centre among many other events",
        ),
    ]


def _store(path: Path) -> Store:
    return open_store(f"sqlite:///{path}", new_epoch=lambda: "bench")


def _kept(store: Store, rows: Sequence[VisitStepRow], keep: Callable[..., None]) -> float:
    began, left = time.perf_counter(), iter(rows)
    while part := sorted(islice(left, AT_ONCE)):
        with store.writing() as connection:
            keep(connection, part)
    return time.perf_counter() - began


def _look(store: Store) -> None:
    with store.reading_steadily() as connection:
        report = load_report(connection, THREE_MONTHS, NOW)
    if report.whole.visits != HOSPITALS * VISITS:
        raise AssertionError(f"{report.whole.visits} visits are shown")


def _read_each(store: Store) -> None:
    asked = select(visit_step.c.institution, visit_step.c.step, func.count(), func.max(visit_step.c.at_us))
    with store.reading() as connection:
        connection.execute(asked.group_by(visit_step.c.institution, visit_step.c.step)).all()


def _median_ms(work: Callable[[], None]) -> float:
    def once() -> float:
        began = time.perf_counter()
        work()
        return (time.perf_counter() - began) * 1e3

    return median(once() for _ in range(LOOKS))
