"""What is done to a terminal without a line is in its store after a restart, and an alarm at the centre afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pytest

from edge.senses import Senses
from edge.store.database import opened_store
from edge.store.outbox import Outbox, last_event_at
from edge.store.terminal import ensure_state
from edge.store.watched import Occupant
from edge.tamper import PULLED_S, Interface, Tamper
from edge.tamper_watch import TamperWatch
from rules.scan_judgement import Mode
from server.console.advice import ADVICE
from server.ingest import Ingest
from server.store.database import open_store
from tests.edge.scene import FakeClock, seeded_bytes
from tests.server.fake_terminal import NOW, FakeTerminal, new_key
from tests.server.ingest import looking
from web.live import LiveBus

_T = TypeVar("_T")

GUN = Occupant("pci0/1.2", "0c2e:0b61", "S1", "Honeywell Scanner")
OTHER = Occupant("pci0/1.2", "1eab:1d06", "", "Newland")


@dataclass
class Box:
    """A box that somebody does something to; its store is a file."""

    folder: Path
    boot_id: str = "boot-1"
    up: frozenset[Interface] = frozenset({Interface("eth0")})
    plugged: dict[Occupant, bool] = field(default_factory=lambda: {GUN: True})
    clock: FakeClock = field(default_factory=lambda: FakeClock(NOW))
    starts: int = 0

    @contextmanager
    def started(self, terminal: FakeTerminal) -> Iterator[tuple[Outbox, TamperWatch]]:
        """Start the terminal; it ends as if it were killed."""
        self.starts += 1
        with opened_store(self.folder) as connection:
            ensure_state(connection, terminal=terminal.name, new_epoch=terminal.epoch, mode=Mode.DISPENSE)
            with connection.begin():
                before = last_event_at(connection)
            outbox = Outbox(connection, random=seeded_bytes(self.starts))
            yield (
                outbox,
                TamperWatch(
                    connection,
                    outbox,
                    at_once,
                    LiveBus(),
                    senses=Senses("here", self.boot_id, lambda: self.up, lambda: self.plugged),
                    clock=self.clock,
                    last_event_at=before,
                    on_recorded=lambda: None,
                    elapsed_s=self.clock.monotonic_s,
                ),
            )

    def seconds(self, watch: TamperWatch, number: int) -> None:
        left = number

        async def sleep(passed_s: float) -> None:
            nonlocal left
            if left == 0:
                raise asyncio.CancelledError
            left -= 1
            self.clock.advance(passed_s)

        async def whole() -> None:
            await watch.run(sleep)

        with pytest.raises(asyncio.CancelledError):
            asyncio.run(whole())


async def at_once(work: Callable[[], _T]) -> _T:
    return work()


@pytest.mark.req("T-68")
def test_what_was_done_without_a_line_outlives_a_power_cut_and_is_an_alarm_afterwards(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/centre.db", new_epoch=lambda: "c1")
    terminal, box = FakeTerminal().registered(store), Box(tmp_path / "terminal")
    with box.started(terminal) as (_, watch):
        box.seconds(watch, 20)
        box.up, box.plugged = frozenset(), {OTHER: False}
        box.seconds(watch, int(PULLED_S) + 2)
    box.boot_id = "boot-2"
    with box.started(terminal) as (_, watch):
        box.seconds(watch, 5)
    with box.started(terminal) as (outbox, _):
        rows = outbox.pending(epoch=terminal.epoch, after_seq=0, up_to_seq=None, limit=100, now=box.clock.now())
    assert [row.seq for row in rows] == [1, 2, 3]

    Ingest(store, new_key()).take_many([terminal.frame(*(row.bytes for row in rows))], box.clock.now())

    alarms = {alarm.code: alarm.words for alarm in looking.alarms_of(store)}
    assert alarms.keys() == {f"terminal.{what}" for what in Tamper} <= ADVICE.keys()
    assert not [words for words in alarms.values() if "异常变动" in words.zh], "each kind has words of its own"
    store.close()
