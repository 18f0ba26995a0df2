"""Two boxes went on from copies of one store, and the centre knows any part of either: in the end it knows all of both.

The real ingest and asking on SQLite, with small windows; the boxes answer as terminals do. Either may keep only the
newest rows, and put away what was delivered. Events may be rejected, with their predecessor legible or not; rows may be
damaged at one box or at both; requests may get lost; the centre restarts.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import Phase, example, given, note, settings
from hypothesis import strategies as st

from server.ingest import Ingest, branches
from server.ingest.asking import Asking
from server.ingest.seeking import AGAIN, PATIENCE
from server.store import events
from server.store.database import Store, open_store
from server.store.tables import event, lost_span, rejected_event
from tests.server.fake_terminal import NOW, FakeTerminal, new_key, opened, scanned
from tests.server.ingest import looking
from tests.server.ingest.branching import question_after
from wire.envelope import open_sealed
from wire.events import EventsLost, Span, StoreRebuilt, sm3_hex
from wire.presence import Health, KeptEpoch
from wire.receipts import Wanted, decode_ask, ranges

BOX_KEY, CENTRE_KEY = new_key(), new_key()
WINDOW = 3
MOST_READ = 7
BETWEEN_REPORTS = timedelta(minutes=4)


SOUND, REJECTED, ILLEGIBLE = "sr?"
"""What becomes of an event; of an illegible one the predecessor cannot be read either."""
KINDS = st.sampled_from([SOUND] * 6 + [REJECTED, ILLEGIBLE])


class History(NamedTuple):
    """What was before; a failure prints it, and as an `example` of the test it is played again."""

    trunk: str
    """Kinds of the events that both boxes have."""
    own: dict[str, str]
    """Kinds of the events of each box after that."""
    told: list[tuple[str, list[int]]]
    """Numbers of a box that the centre was told, message by message."""
    damaged: dict[str, list[int]]
    """Numbers that a box cannot read any more."""
    first: dict[str, int] = {"A": 1, "B": 1}  # noqa: RUF012 - nobody changes it
    """The oldest number that a box has: it may have adopted only the newest rows of another."""
    is_copy: bool = False
    """B has the very events of A: it was a copy, and recorded nothing of its own yet."""


def altered(frozen: bytes, kind: str) -> bytes:
    if kind == SOUND:
        return frozen
    said = msgspec.json.decode(frozen) | {"fact": {"kind": "teleported"}}
    return msgspec.json.encode(said | ({"prev": "?"} if kind == ILLEGIBLE else {}))


@dataclass
class Box:
    """A terminal with its rows; what is damaged is not among them."""

    name: str
    terminal: FakeTerminal
    rows: dict[int, bytes] = field(default_factory=dict)
    recorded: dict[int, bytes] = field(default_factory=dict)
    """Everything that it ever recorded in the first life."""
    pending: list[bytes] = field(default_factory=list)
    said_lost: set[tuple[str, Span]] = field(default_factory=set)
    first: int = 1
    later: FakeTerminal | None = None
    """Its next life, after it was told that the first one forked."""

    def record(self, kind: str) -> None:
        frozen = self.terminal.skip(altered(self.terminal.say(scanned(None, sale=self.name)), kind))
        # `say` has counted it already.
        self.terminal.seq -= 1
        self.rows[self.terminal.seq] = self.recorded[self.terminal.seq] = frozen

    def report(self, now: datetime) -> Health:
        last = max(self.recorded)
        digest = sm3_hex(self.rows[last]) if last in self.rows else None
        # A damaged row is a row.
        kept = [KeptEpoch("e1", self.first, last, digest)]
        return Health(1, self.terminal.name, f"s-{self.name}", now, 0, 0, None, [], kept)

    def answer(self, wanted: list[Wanted]) -> None:
        lost: list[int] = []
        for first, last in (span for one in wanted if one.epoch == "e1" for span in one.spans):
            asked = range(first, min(last, max(self.recorded)) + 1)
            self.pending += [self.rows[seq] for seq in asked if seq in self.rows]
            lost += [seq for seq in asked if seq not in self.rows]
        fresh = {("e1", span) for span in ranges(lost)} - self.said_lost
        if fresh:
            self.said_lost |= fresh
            self.tell(EventsLost("e1", sorted(span for _, span in fresh)))

    def tell(self, fact: EventsLost) -> None:
        if self.later is None:
            frozen = self.terminal.say(fact)
            self.rows[self.terminal.seq] = self.recorded[self.terminal.seq] = frozen
            self.pending.append(frozen)
        else:
            self.own.append(self.later.say(fact))

    own: list[bytes] = field(default_factory=list)
    """Pending events of the next life."""

    def drop_below(self, first: int) -> None:
        """Keep nothing any more of what is older."""
        self.first = first
        for seq in [seq for seq in self.recorded if seq < first]:
            self.rows.pop(seq, None)
            del self.recorded[seq]

    def leave(self) -> None:
        if self.later is None:
            self.later = FakeTerminal(key=BOX_KEY, epoch=f"e2-{self.name}")
            self.own.append(self.later.say(StoreRebuilt("e1", "forked", len(self.rows), [])))


@dataclass
class World:
    path: Path
    boxes: dict[str, Box]
    now: datetime = NOW
    is_lossy: bool = False
    """A request got lost: what was told to be lost is asked of another box only twice."""

    def __post_init__(self) -> None:
        self.open()
        FakeTerminal(key=BOX_KEY).registered(self.store)

    def open(self) -> None:
        self.store: Store = open_store(f"sqlite:///{self.path}", new_epoch=lambda: "c1")
        self.ingest = Ingest(self.store, CENTRE_KEY)
        self.asking = Asking(self.store, CENTRE_KEY)

    def restart(self) -> None:
        self.store.close()
        self.open()

    def deliver(self, box: Box, frames: list[tuple[str, bytes]]) -> None:
        for reply in self.ingest.take_many(frames, self.now):
            receipt = opened(reply.topic, reply.frame, CENTRE_KEY.public)
            if receipt.is_forked and receipt.epoch == "e1":
                box.leave()

    def tell(self, history: History) -> None:
        """Let the boxes say what they are said to have told, and then lose what is damaged."""
        for name, seqs in history.told:
            box = self.boxes[name]
            self.deliver(box, [box.terminal.frame(*(box.rows[seq] for seq in seqs))])
        for name, box in self.boxes.items():
            for seq in history.damaged[name]:
                del box.rows[seq]
            box.drop_below(history.first[name])
            self.send(box)

    def purge(self, box: Box) -> None:
        """Let a box put away its oldest rows as far as they are here, some at a time, and keep its last."""
        here, seq = self.here(), box.first
        while seq < min(box.first + WINDOW, max(box.recorded)) and box.rows.get(seq) in here:
            seq += 1
        box.drop_below(seq)

    def send(self, box: Box) -> None:
        while box.pending or box.own:
            frames = []
            # What is live goes first.
            if box.later is not None and box.own:
                frames.append(box.later.frame(*box.own))
            if box.pending:
                frames.append(box.terminal.frame(*box.pending))
            box.own, box.pending = [], []
            self.deliver(box, frames)

    def report(self, box: Box, *, is_heard: bool = True) -> bool:
        """Let a box report and answer; tell whether it was asked for something."""
        self.now += BETWEEN_REPORTS
        self.is_lossy = self.is_lossy or not is_heard
        topics = box.terminal.topics
        question = question_after(self.asking, topics, box.report(self.now), self.now)
        if question is None:
            return False
        self.asking.note_asked(topics, self.now)
        if is_heard:
            ask = decode_ask(open_sealed(question.frame, question.topic, lambda _: CENTRE_KEY.public).body)
            box.answer(ask.wanted)
            self.send(box)
        return True

    def here(self) -> set[bytes]:
        with self.store.reading() as connection:
            found = {bytes(one) for one in connection.scalars(event.select().with_only_columns(event.c.frozen))}
            refused = rejected_event.select().with_only_columns(rejected_event.c.frozen)
            return found | {bytes(one) for one in connection.scalars(refused)}

    def closed(self) -> set[int]:
        with self.store.reading() as connection:
            tables = (event, rejected_event)
            return {int(seq) for one in tables for seq in connection.scalars(one.select().with_only_columns(one.c.seq))}

    def told_lost(self) -> set[int]:
        with self.store.reading() as connection:
            asked = lost_span.select().with_only_columns(lost_span.c.first, lost_span.c.last)
            return {seq for first, last in connection.execute(asked) for seq in range(first, last + 1)}


def boxes_of(history: History) -> dict[str, Box]:
    """Return the boxes before anything was damaged."""
    trunk = FakeTerminal(key=BOX_KEY)
    common = Box("both", trunk)
    for kind in history.trunk:
        common.record(kind)
    boxes = {}
    for name, kinds in history.own.items():
        terminal = FakeTerminal(key=BOX_KEY, seq=trunk.seq, prev=trunk.prev, hlc=trunk.hlc)
        boxes[name] = Box(name, terminal, dict(common.rows), dict(common.recorded))
        for kind in kinds:
            boxes[name].record(kind)
    if history.is_copy:
        one = boxes["A"]
        terminal = FakeTerminal(key=BOX_KEY, seq=one.terminal.seq, prev=one.terminal.prev, hlc=one.terminal.hlc)
        boxes["B"] = Box("B", terminal, dict(one.rows), dict(one.recorded))
    return boxes


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Two boxes, and what the centre was told before: any events of either, in any order."""
    trunk = draw(st.text(KINDS, max_size=8))
    own: dict[str, str] = {}
    damaged, first = {}, {}
    is_copy = draw(st.booleans())
    told: list[tuple[str, list[int]]] = []
    for name in "AB":
        own[name] = own["A"] if is_copy and own else draw(st.text(KINDS, min_size=1, max_size=14))
        numbers = range(1, len(trunk + own[name]) + 1)
        much = draw(st.sampled_from(["all", "nothing", "any"]))
        seqs = list(numbers) if much == "all" else []
        if much == "any":
            seqs = sorted(draw(st.sets(st.sampled_from(numbers))))
        middle = draw(st.integers(0, len(seqs)))
        told += [(name, part) for part in draw(st.permutations([seqs[:middle], seqs[middle:]])) if part]
        damaged[name] = sorted(draw(st.sets(st.sampled_from(numbers), max_size=4)))
        first[name] = draw(st.one_of(st.just(1), st.sampled_from(numbers)))
    return History(trunk, own, draw(st.permutations(told)), damaged, first, is_copy)


TURNS = st.tuples(st.sampled_from("AB"), st.sampled_from(["heard", "heard", "lost", "restart", "purge"]))


def record_more(world: World) -> None:
    """Let each box that cannot name its end record one event more."""
    for box in world.boxes.values():
        if box.later is None and nameless(box):
            box.record(SOUND)


def settle(world: World) -> None:
    """Let both report until neither is asked for anything, also not an hour later."""
    quiet_since = world.now
    for number in range(1_000):
        if world.report(world.boxes["AB"[number % 2]]):
            quiet_since = world.now
        elif world.now - quiet_since > 2 * PATIENCE:
            world.now += PATIENCE
        if world.now - quiet_since > AGAIN + PATIENCE:
            return
    raise AssertionError("it never ends")


def nameless(box: Box) -> set[int]:
    """Return the damaged numbers at the end of a box.

    Nothing that is left there names them. If another box said that it lost the same numbers, and the centre has events
    under them, nobody can tell that these were others, until the box records something more.
    """
    last_read = max(box.rows, default=0)
    return {seq for seq in box.recorded if seq > last_read}


def check(world: World) -> None:
    here, lost, closed = world.here(), world.told_lost(), world.closed()
    codes = looking.alarm_codes(world.store)
    is_alarmed = "chain.events_lost" in codes
    is_broken = looking.stream(world.store).is_broken
    for box in world.boxes.values():
        absent = {seq for seq, frozen in box.rows.items() if frozen not in here}
        gone = {seq for seq, frozen in box.recorded.items() if seq not in box.rows and frozen not in here}
        # What one box lost and the other keeps is asked of that one as well, but where the centre has another event and
        # does not know that the chain forked.
        excused = set() if is_broken else lost if world.is_lossy else lost & closed
        assert absent <= excused, f"{box.name} keeps what never came: {absent}"
        assert gone <= lost, f"{box.name} lost what nobody was told of: {gone}"
        unknown = set() if is_broken else nameless(box)
        assert is_alarmed or not gone - unknown | absent, f"{box.name}: a person was told of no loss"
        # It records nothing more in this life, because it heard that the life forked; so did a person.
        assert box.later is None or "chain.fork" in codes
    with world.store.reading() as connection:
        for row in events.load_streams(connection, "T-001"):
            assert events.load_gaps(connection, row, 9) == []


@pytest.fixture(scope="module", autouse=True)
def small_steps() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(branches, "WINDOW", WINDOW)
        patch.setattr(branches, "MOST_READ", MOST_READ)
        yield


@pytest.mark.req("T-07", "T-71")
# To make an example small takes minutes: as it was found it says more than a test that ran out of time.
@settings(max_examples=5, deadline=None, phases=[Phase.explicit, Phase.generate])
@example(History("", {"A": "s?s?r", "B": "sss"}, [("B", [1, 2, 3])], {"A": [2, 3, 4, 5], "B": [3]}), [])
@example(History("", {"A": "sss", "B": "sss"}, [("B", [1, 2, 3])], {"A": [3], "B": []}), [])
@example(History("?sr?r?rr", {"A": "?", "B": "?"}, [], {"A": [], "B": [4]}), [])
@example(History("", {"A": "s", "B": "?"}, [("A", [1])], {"A": [1], "B": [1]}), [])
@example(
    History("", {"A": "s" * 20, "B": "s" * 20}, [("A", [*range(1, 10), *range(15, 21)])], {"A": [], "B": []},
    {"A": 1, "B": 15}, is_copy=True), [("B", "heard"), ("B", "heard")]
)  # fmt: skip
@given(history=histories(), turns=st.lists(TURNS, max_size=12))
def test_all_of_both_branches_arrives_or_is_said_to_be_lost(
    migrated_file: Path, history: History, turns: list[tuple[str, str]]
) -> None:
    note(f"To play it again: @example({history}, {turns})")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "centre.db"
        shutil.copy(migrated_file, path)
        world = World(path, boxes_of(history))
        world.tell(history)
        for name, what in turns:
            if what == "restart":
                world.restart()
            if what == "purge":
                world.purge(world.boxes[name])
            world.report(world.boxes[name], is_heard=what != "lost")
        settle(world)
        check(world)
        record_more(world)
        settle(world)
        check(world)
        world.store.close()
