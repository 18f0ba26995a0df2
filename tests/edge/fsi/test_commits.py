"""Many threads ask at once, and whoever finds things out leaves alone what somebody waits for."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from codes.words import Words
from edge.fsi.commits import LaneCommits
from edge.fsi.journal import Journal, Purpose, Told, nothing
from edge.fsi.numbering import Numbering
from edge.fsi.outcome import Agreed
from edge.fsi.resolving import Resolver
from edge.sealing import Sealer
from edge.store import sql
from edge.store.database import database_path, opened_store
from edge.store.errors import DiskFullError
from edge.store.lane import Lane
from tests.edge.fsi.centre import DISTRICT, LOSE_ANSWER, LOSE_REQUEST, SENDER, UNDO, Centre, Door, asker
from tests.edge.fsi.desk import KIND, SteppedLine, over_http
from tests.edge.scene import FakeClock

TELLERS = 4
SALES = 24


def with_lane(folder: Path, work: Callable[[LaneCommits], object]) -> object:
    async def whole() -> object:
        lane = Lane("store", database_path(folder), opened_store(folder))
        connection = await lane.open()
        try:
            return await asyncio.to_thread(work, LaneCommits(lane, connection))
        finally:
            await lane.close()

    return asyncio.run(whole())


def journal_of(commits: LaneCommits, line: SteppedLine, clock: FakeClock) -> Journal:
    journal = Journal(asker(), line, commits, sealer=Sealer(b"k" * 32), numbering=Numbering(0), clock=clock)
    journal.register(KIND, nothing)
    return journal


def settle(journal: Journal, sale: int) -> bool:
    told = journal.ask(SENDER, "2103", UNDO, Purpose(KIND, str(sale)), insured_district=DISTRICT)
    return isinstance(told.outcome, Agreed)


def test_threads_that_ask_at_once_are_each_answered_once(
    folder: Path, centre: Centre, door: Door, clock: FakeClock
) -> None:
    def day(commits: LaneCommits) -> None:
        journal = journal_of(commits, SteppedLine(over_http(door.url, clock), lambda _: None), clock)
        resolver = Resolver(journal, asker(), clock)
        with ThreadPoolExecutor(TELLERS) as tellers:
            asked = [tellers.submit(settle, journal, sale) for sale in range(SALES)]
            while not all(one.done() for one in asked):
                assert resolver.look() == 0
        assert all(one.result() for one in asked)
        assert commits(lambda tx: sql.rows(tx, "SELECT state, count(*) FROM fsi_message GROUP BY state")) == [
            ("answered", SALES)
        ]

    with_lane(folder, day)
    assert len(set(centre.done)) == len(centre.heard) == SALES


def test_message_that_somebody_waits_for_is_left_alone(
    folder: Path, centre: Centre, door: Door, clock: FakeClock
) -> None:
    sent, looked = threading.Event(), threading.Event()

    def step(when: str) -> None:
        if when == "before sending":
            sent.set()
            assert looked.wait(30)

    def day(commits: LaneCommits) -> None:
        journal = journal_of(commits, SteppedLine(over_http(door.url, clock, keeps_answers=False), step), clock)
        with ThreadPoolExecutor(1) as teller:
            asked = teller.submit(settle, journal, 1)
            assert sent.wait(30)
            resolver = Resolver(journal, asker(), clock)
            assert (resolver.take_up(), resolver.look()) == (0, 0)
            looked.set()
            assert asked.result()

    with_lane(folder, day)
    assert [infno for infno, _ in centre.heard] == ["2103"]


def test_line_that_comes_back_makes_everything_due(folder: Path, centre: Centre, door: Door, clock: FakeClock) -> None:
    """The clock stands still, so that without `wake` nothing would be due again."""
    centre.script = [LOSE_ANSWER, LOSE_REQUEST]
    lost_again, known = threading.Event(), threading.Event()

    def step(when: str) -> None:
        if when == "after sending" and len(centre.heard) > 1:
            lost_again.set()

    def hear(_: object, told: Told) -> None:
        if isinstance(told.outcome, Agreed):
            known.set()

    def day(commits: LaneCommits) -> None:
        journal = journal_of(commits, SteppedLine(over_http(door.url, clock), step), clock)
        journal.register(KIND, hear)
        settle(journal, 1)
        resolver = Resolver(journal, asker(), clock)
        with ThreadPoolExecutor(1) as own:
            running = own.submit(resolver.run)
            assert lost_again.wait(30)
            resolver.wake()
            assert known.wait(30)
            resolver.stop()
            running.result(5)

    with_lane(folder, day)
    assert len(centre.done) == 1


def test_store_that_refuses_does_not_end_the_finding_out(
    folder: Path, centre: Centre, door: Door, clock: FakeClock
) -> None:
    refused = threading.Event()

    class Full:
        def __call__(self, work: object, /) -> None:
            refused.set()
            raise DiskFullError(Words("满", "full"))

    journal = Journal(
        asker(), over_http(door.url, clock), Full(), sealer=Sealer(b"k" * 32), numbering=Numbering(0), clock=clock
    )
    resolver = Resolver(journal, asker(), clock)
    with ThreadPoolExecutor(1) as own:
        running = own.submit(resolver.run)
        assert refused.wait(30)
        resolver.stop()
        assert running.result(5) is None
