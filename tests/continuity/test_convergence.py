"""A terminal's outbox and a centre's store, with everything lost between them that can be lost.

The real outbox and the real ingest; the line between them loses, repeats and reorders as Hypothesis wants, the centre
falls back to a backup, the terminal's store is copied back to an older state. When the line is good again, everything
that was ever recorded is at the centre, once.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from edge.store import sql
from edge.store.database import database_path, opened_store
from edge.store.life import home_of, is_at_home, move_home
from edge.store.outbox import Outbox, read_stock
from edge.store.terminal import ensure_state
from rules.scan_judgement import Mode
from server.ingest import Ingest
from server.ingest.asking import Asking
from server.store import tables
from server.store.database import Store, open_store, renew_epoch
from tests.edge.scene import seeded_bytes
from tests.server.fake_terminal import NOW, FakeTerminal, new_key
from tests.server.ingest.branching import question_after
from wire.envelope import open_sealed, seal
from wire.events import ShiftOpened
from wire.presence import Health, KeptEpoch
from wire.receipts import Batch, Receipt, decode_ask, decode_receipt, encode
from wire.topics import Channel

KEY, CENTRE_KEY = new_key(), new_key()
TERMINAL = FakeTerminal(key=KEY)
STEPS = (
    "record", "record", "record", "send", "send", "lose the batch", "lose the receipt", "report",
    "back up the centre", "restore the centre", "back up the terminal", "restore the terminal",
    "rewind the terminal",
)  # fmt: skip


@dataclass
class Box:
    """One terminal's store; it can be put back to an older copy."""

    folder: Path
    seed: int = 0
    recorded: set[str] = field(default_factory=set)
    numbered: int = 0

    def __post_init__(self) -> None:
        self.open()

    def open(self) -> None:
        self.closing = ExitStack()
        self.seed += 1
        self.connection = self.closing.enter_context(opened_store(self.folder))
        self.outbox = Outbox(self.connection, random=seeded_bytes(self.seed))
        ensure_state(self.connection, terminal=TERMINAL.name, new_epoch="e1", mode=Mode.DISPENSE)
        home = home_of(database_path(self.folder))
        with self.connection.begin():
            if not is_at_home(self.connection, home):
                self.outbox.begin_epoch(self.connection, "copied", NOW)
                move_home(self.connection, home)

    def record(self) -> None:
        self.numbered += 1
        with self.connection.begin():
            recorded = self.outbox.append(self.connection, ShiftOpened(f"s{self.numbered}"), operator="w", now=NOW)
        self.recorded.add(recorded.id)

    def batches(self) -> Iterator[tuple[str, bytes]]:
        topic = TERMINAL.topics.on(Channel.EVENTS)
        for epoch in self.outbox.epochs_with_pending():
            rows = self.outbox.pending(epoch=epoch, after_seq=0, up_to_seq=None, limit=100, now=NOW)
            events = [msgspec.Raw(row.bytes) for row in rows]
            yield topic, seal(encode(Batch(1, TERMINAL.name, epoch, NOW, "n" * 16, events)), topic, KEY)

    def take(self, receipts: list[Receipt]) -> None:
        self.outbox.apply_receipts(receipts, NOW)
        for receipt in receipts:
            self.outbox.note_centre(receipt.centre)
            if receipt.is_forked:
                self.outbox.leave_epoch(receipt.epoch, "forked", NOW)

    def health(self, now: datetime) -> Health:
        counts, kept = self.outbox.within(read_stock)
        named = [KeptEpoch(one.epoch, one.first, one.last, one.last_hash) for one in kept]
        return Health(1, TERMINAL.name, "s1", now, counts.pending, 0, None, [], named)


@dataclass
class Centre:
    """The centre's store; it can be put back to an older copy."""

    folder: Path
    lives: int = 1

    def __post_init__(self) -> None:
        self.open()
        TERMINAL.registered(self.store)

    def open(self) -> None:
        self.store: Store = open_store(f"sqlite:///{self.folder}/centre.db", new_epoch=lambda: "c1")
        self.ingest = Ingest(self.store, CENTRE_KEY)
        self.asking = Asking(self.store, CENTRE_KEY)

    def begin_another_life(self) -> None:
        self.lives += 1
        with self.store.writing() as connection:
            renew_epoch(connection, f"c{self.lives}")
        self.store.close()
        self.open()

    def ids(self) -> list[str]:
        with self.store.reading() as connection:
            return [bytes(one).hex() for one in connection.scalars(select(tables.event.c.id))]


@dataclass
class World:
    """Both ends, and the copies somebody made of them."""

    root: Path

    def __post_init__(self) -> None:
        for name in ("box", "centre"):
            (self.root / name).mkdir()
        self.box = Box(self.root / "box")
        self.centre = Centre(self.root / "centre")
        self.copies: dict[str, Path] = {}

    def play(self, step: str) -> None:
        match step.split():
            case ["record"]:
                self.box.record()
            case ["send"]:
                self.send()
            case ["lose", "the", "batch"]:
                for _ in self.box.batches():
                    break
            case ["lose", "the", "receipt"]:
                self.centre.ingest.take_many(list(self.box.batches()), NOW)
            case ["report"]:
                self.report(NOW)
            case ["back", "up", "the", name]:
                self.keep(name)
            case ["restore", "the", name]:
                self.restore(name)
            case ["rewind", "the", "terminal"]:
                self.rewind()

    def send(self) -> None:
        replies = self.centre.ingest.take_many(list(self.box.batches()), NOW)
        self.box.take(
            [decode_receipt(open_sealed(one.frame, one.topic, lambda _: CENTRE_KEY.public).body) for one in replies]
        )

    def report(self, now: datetime) -> None:
        question = question_after(self.centre.asking, TERMINAL.topics, self.box.health(now), now)
        if question is not None:
            body = open_sealed(question.frame, question.topic, lambda _: CENTRE_KEY.public).body
            self.centre.asking.note_asked(TERMINAL.topics, now)
            self.box.outbox.send_again(decode_ask(body), now)

    def keep(self, name: str) -> None:
        place = self.root / ("box" if name == "terminal" else "centre")
        copy = self.root / f"copy of {name}"
        shutil.rmtree(copy, ignore_errors=True)
        self.stopped(name)
        shutil.copytree(place, copy)
        self.started(name)
        self.copies[name] = copy

    def restore(self, name: str) -> None:
        """Put a copy in place of the store, in files of its own."""
        if name not in self.copies:
            return
        place = self.root / ("box" if name == "terminal" else "centre")
        self.stopped(name)
        # The old files are there while the new ones are written, so that these have inodes of their own.
        place.rename(self.root / "old")
        shutil.copytree(self.copies[name], place)
        shutil.rmtree(self.root / "old")
        self.started(name)
        if name == "centre":
            self.centre.begin_another_life()
        self.forget_what_is_nowhere()

    def rewind(self) -> None:
        """Put the terminal's disk back as a snapshot does: nothing about the file tells of it."""
        if "terminal" not in self.copies:
            return
        self.stopped("terminal")
        for file in (self.root / "box").iterdir():
            copy = self.copies["terminal"] / file.name
            file.write_bytes(copy.read_bytes() if copy.exists() else b"")
        self.started("terminal")
        self.forget_what_is_nowhere()

    def forget_what_is_nowhere(self) -> None:
        """What neither store holds any more went with a disk: nobody can bring it back."""
        with self.box.connection.begin():
            here = {id_ for (id_,) in sql.rows(self.box.connection, "SELECT id FROM outbox")}
        self.box.recorded &= here | set(self.centre_ids())

    def centre_ids(self) -> list[str]:
        return [f"{one[:8]}-{one[8:12]}-{one[12:16]}-{one[16:20]}-{one[20:]}" for one in self.centre.ids()]

    def waiting(self) -> list[msgspec.Raw]:
        return [
            row
            for epoch in self.box.outbox.epochs_with_pending()
            for row in self.box.outbox.pending(epoch=epoch, after_seq=0, up_to_seq=None, limit=999, now=NOW)
        ]

    def stopped(self, name: str) -> None:
        if name == "terminal":
            self.box.closing.close()
        else:
            self.centre.store.close()

    def started(self, name: str) -> None:
        (self.box if name == "terminal" else self.centre).open()


def converge(world: World) -> None:
    """Let the line be good, and see that everything is there, once."""
    for again in range(4):
        world.send()
        world.report(NOW + timedelta(seconds=30 * again))
    world.send()
    held = world.centre_ids()
    assert world.box.recorded <= set(held)
    assert len(held) == len(set(held))
    assert world.waiting() == []
    world.stopped("terminal")
    world.stopped("centre")


@pytest.mark.req("T-05", "T-07", "T-70", "T-71")
@settings(max_examples=25, deadline=None)
@given(steps=st.lists(st.sampled_from(STEPS), min_size=4, max_size=30))
def test_everything_recorded_is_at_the_centre_once_in_the_end(steps: list[str]) -> None:
    with TemporaryDirectory() as folder:
        world = World(Path(folder))
        for step in steps:
            world.play(step)
        converge(world)


@pytest.mark.req("T-70", "T-71")
def test_a_branch_whose_numbers_the_restored_centre_has_from_the_other_branch_is_sent_again(tmp_path: Path) -> None:
    world = World(tmp_path)
    for step in (
        "back up the terminal", "record", "send", "back up the centre",
        "rewind the terminal", "record", "send", "restore the centre",
    ):  # fmt: skip
        world.play(step)
    assert len(world.box.recorded) == 2
    converge(world)
