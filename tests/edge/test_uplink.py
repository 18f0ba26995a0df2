"""The uplink: window, live before backlog, resend, hold, and receipts that it must not believe."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TypeVar

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import edge.uplink
from codes.words import Words
from edge.asks import TIMELY_S
from edge.carrier import SLOW_ROUND_TRIP_S
from edge.on_the_way import RESEND_S
from edge.store.errors import DiskFullError
from edge.store.outbox import Applied, OutboxRow, SentAgain
from edge.uplink import QUESTION_S, REASSURED_S, ROWS_PER_BATCH, WINDOW, Answer, Uplink
from wire.envelope import open_sealed, seal
from wire.keys import SigningKey
from wire.receipts import Ask, Batch, Held, Receipt, Trust, Wanted, decode_batch, encode, ranges
from wire.topics import Channel, TerminalTopics

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TOPICS = TerminalTopics("350200", "t1")
T = TypeVar("T")
KEY = SigningKey(Ed25519PrivateKey.generate())
CENTRE = SigningKey(Ed25519PrivateKey.generate())


@dataclass
class FakeClock:
    elapsed_s: float = 0.0

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.elapsed_s)

    def monotonic_s(self) -> float:
        return self.elapsed_s


@dataclass
class FakeOutbox:
    rows: dict[tuple[str, int], bytes] = field(default_factory=dict)
    delivered: set[tuple[str, int]] = field(default_factory=set)
    held: dict[tuple[str, int], datetime] = field(default_factory=dict)
    is_full: bool = False
    """The disk takes nothing, and does not even let the rows be looked at from the first."""

    def add(self, *seqs: int, epoch: str = "e1") -> None:
        for seq in seqs:
            self.rows[epoch, seq] = b'{"v":1,"seq":%d}' % seq

    def left(self) -> list[tuple[str, int]]:
        return sorted(set(self.rows) - self.delivered)

    def epochs_with_pending(self) -> list[str]:
        self._refuse_if_full()
        return sorted({epoch for epoch, _ in self.left()})

    epoch: str = "e1"
    asked: list[Ask] = field(default_factory=list)

    def newest(self) -> tuple[str, int]:
        return self.epoch, max((seq for epoch, seq in self.rows if epoch == self.epoch), default=0)

    def send_again(self, ask: Ask, now: datetime) -> SentAgain:
        """Answer one span at a time."""
        self._refuse_if_full()
        self.asked.append(ask)
        one, *others = [Wanted(one.epoch, [span]) for one in ask.wanted for span in one.spans]
        ((first, last),) = one.spans
        again = {(one.epoch, seq) for seq in range(first, last + 1)} & self.delivered
        self.delivered -= again
        return SentAgain(len(again), msgspec.structs.replace(ask, wanted=others) if others else None)

    def pending(
        self, *, epoch: str, after_seq: int, up_to_seq: int | None, limit: int, now: datetime
    ) -> list[OutboxRow]:
        due = [
            OutboxRow(epoch, seq, f"id-{seq}", self.rows[epoch, seq])
            for of_epoch, seq in self.left()
            if of_epoch == epoch and after_seq < seq <= (up_to_seq or seq) and self.held.get((epoch, seq), now) <= now
        ]
        return due[:limit]

    def _refuse_if_full(self) -> None:
        if self.is_full:
            raise DiskFullError(Words("磁盘已满", "the disk is full"))

    def apply_receipts(self, receipts: Sequence[Receipt], now: datetime) -> list[Applied]:
        self._refuse_if_full()
        return [self._apply(receipt) for receipt in receipts]

    def _apply(self, receipt: Receipt) -> Applied:
        taken = {(receipt.epoch, seq) for first, last in receipt.accepted for seq in range(first, last + 1)}
        new = taken & set(self.left())
        self.delivered |= new
        for put_off in receipt.held:
            self.held[receipt.epoch, put_off.seq] = put_off.until
        return Applied(len(new), 0, len(receipt.held), 0)


@dataclass
class FakeLink:
    batches: list[Batch] = field(default_factory=list)
    questions: list[Batch] = field(default_factory=list)
    """Batches without events."""
    frames: list[bytes] = field(default_factory=list)
    """Of `batches`, as they were sealed."""
    accepts: bool = True

    def publish(self, topic: str, frame: bytes) -> bool:
        if self.accepts:
            batch = decode_batch(open_sealed(frame, topic, lambda _: KEY.public).body)
            (self.batches if batch.events else self.questions).append(batch)
            self.frames += [frame] if batch.events else []
        return self.accepts

    def seqs(self) -> list[list[int]]:
        return [[int(bytes(event).split(b":")[-1][:-1]) for event in batch.events] for batch in self.batches]


@dataclass
class Bench:
    uplink: Uplink
    outbox: FakeOutbox
    link: FakeLink
    clock: FakeClock
    answers: list[Answer]
    refused: list[str]

    async def settle(self) -> None:
        """Let the uplink do all that it can do now."""
        for _ in range(400):
            await asyncio.sleep(0)

    async def come_up(self) -> None:
        self.uplink.link_changed(is_up=True)
        await self.settle()

    async def answer(
        self,
        batch: Batch,
        *,
        held: Iterable[Held] = (),
        key: SigningKey | None = None,
        trust: Trust = Trust.APPROVED,
    ) -> None:
        held = list(held)
        put_off = {one.seq for one in held}
        seqs = [int(bytes(event).split(b":")[-1][:-1]) for event in batch.events]
        accepted = ranges(seq for seq in seqs if seq not in put_off)
        receipt = Receipt(1, "t1", batch.epoch, "c1", self.clock.now(), batch.nonce, accepted, [], held, trust)
        topic = TOPICS.on(Channel.RECEIPT)
        self.uplink.receipt_arrived(seal(encode(receipt), topic, key or CENTRE))
        await self.settle()

    async def ask(
        self,
        *wanted: Wanted,
        key: SigningKey | None = None,
        at: datetime | None = None,
        report_at: datetime | None = None,
    ) -> None:
        topic = TOPICS.on(Channel.ASK)
        ask = Ask(1, "t1", "c1", at or self.clock.now(), list(wanted), report_at)
        self.uplink.ask_arrived(seal(encode(ask), topic, key or CENTRE))
        await self.settle()


@asynccontextmanager
async def bench(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    monkeypatch.setattr(edge.uplink, "IDLE_CHECK_S", 0.0)
    outbox, link, clock = FakeOutbox(), FakeLink(), FakeClock()
    answers: list[Answer] = []
    refused: list[str] = []
    nonces = iter(range(1_000_000))

    async def in_store(work: Callable[[], T]) -> T:
        return work()

    uplink = Uplink(
        outbox=outbox,
        in_store=in_store,
        link=link,
        topics=TOPICS,
        key=KEY,
        centre_key=CENTRE.public,
        clock=clock,
        new_nonce=lambda: f"nonce-{next(nonces):016d}",
        on_answer=answers.append,
        on_refused=lambda error: refused.append(error.code),
    )
    task = asyncio.create_task(uplink.run())
    made = Bench(uplink, outbox, link, clock, answers, refused)
    await made.settle()
    yield made
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def run(test: Callable[[Bench], Awaitable[None]], monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        async with bench(monkeypatch) as made:
            await test(made)

    asyncio.run(story())


def test_nothing_is_sent_while_the_line_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(made: Bench) -> None:
        made.outbox.add(1)
        made.uplink.rows_added()
        await made.settle()
        assert made.link.batches == []
        await made.come_up()
        assert made.link.seqs() == [[1]]

    run(story, monkeypatch)


def test_who_has_nothing_to_send_asks_how_it_stands_until_it_is_approved(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(made: Bench) -> None:
        await made.come_up()
        assert [(question.epoch, question.events) for question in made.link.questions] == [("e1", [])]
        made.clock.elapsed_s += QUESTION_S
        await made.settle()
        assert len(made.link.questions) == 2, "the first was lost"
        await made.answer(made.link.questions[1], trust=Trust.PENDING)
        made.clock.elapsed_s += QUESTION_S
        await made.settle()
        await made.answer(made.link.questions[2])
        made.clock.elapsed_s += REASSURED_S - 1
        await made.settle()
        assert len(made.link.questions) == 3
        made.clock.elapsed_s += 1
        await made.settle()
        assert len(made.link.questions) == 4, "it may be revoked meanwhile, or the centre gone"
        assert [answer.receipt.trust for answer in made.answers] == [Trust.PENDING, Trust.APPROVED]

    run(story, monkeypatch)


@pytest.mark.req("T-09")
def test_request_that_a_full_disk_cannot_answer_does_not_stop_what_is_new(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(made: Bench) -> None:
        made.outbox.add(1)
        await made.come_up()
        await made.answer(made.link.batches[0])
        refuse = made.outbox.send_again
        monkeypatch.setattr(made.outbox, "send_again", disk_full)
        made.uplink.report_sent(made.clock.now())
        await made.ask(Wanted("e1", [(1, 1)]), report_at=made.clock.now())
        made.outbox.add(2)
        made.uplink.rows_added()
        await made.settle()
        assert made.link.seqs() == [[1], [2]]
        await made.answer(made.link.batches[1])
        monkeypatch.setattr(made.outbox, "send_again", refuse)
        made.uplink.rows_added()
        await made.settle()
        assert made.link.seqs() == [[1], [2], [1]], "the request is answered when the disk is mended"

    run(story, monkeypatch)


def disk_full(*_: object) -> SentAgain:
    raise DiskFullError(Words("磁盘已满", "the disk is full"))


def test_who_has_records_to_send_asks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(made: Bench) -> None:
        made.outbox.add(1)
        await made.come_up()
        await made.answer(made.link.batches[0])
        made.clock.elapsed_s += QUESTION_S
        await made.settle()
        assert (len(made.link.batches), made.link.questions) == (1, [])

    run(story, monkeypatch)


def test_question_that_the_line_does_not_take_is_asked_when_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(made: Bench) -> None:
        made.link.accepts = False
        await made.come_up()
        made.link.accepts = True
        await made.settle()
        assert len(made.link.questions) == 1

    run(story, monkeypatch)


@pytest.mark.req("T-09")
def test_receipt_that_a_full_disk_cannot_keep_is_as_if_it_had_never_come(
    monkeypatch: pytest.MonkeyPatch, logged: list[dict[str, object]]
) -> None:
    async def story(made: Bench) -> None:
        made.outbox.add(1, 2)
        await made.come_up()
        made.outbox.is_full = True
        await made.answer(made.link.batches[0])
        assert (len(made.answers), made.outbox.left()) == (0, [("e1", 1), ("e1", 2)])
        await made.answer(made.link.batches[0])
        assert made.link.seqs() == [[1, 2]], "no storm of repetitions"
        made.clock.elapsed_s = 10.0
        await made.settle()
        assert made.link.seqs() == [[1, 2], [1, 2]]
        made.outbox.is_full = False
        await made.answer(made.link.batches[1])
        assert (len(made.answers), made.outbox.left()) == (1, [])

    run(story, monkeypatch)
    assert [line["code"] for line in logged if line["event"] == "uplink.hindered"] == ["store.disk_full"]


def test_line_that_comes_back_while_the_disk_is_full_is_used_once_it_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(made: Bench) -> None:
        made.outbox.add(1)
        made.outbox.is_full = True
        await made.come_up()
        assert made.link.batches == []
        made.outbox.is_full = False
        await made.settle()
        assert made.link.seqs() == [[1]]

    run(story, monkeypatch)


def test_a_row_is_delivered_by_its_receipt_only(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(made: Bench) -> None:
        made.outbox.add(1, 2)
        await made.come_up()
        assert made.outbox.left() == [("e1", 1), ("e1", 2)]
        made.clock.elapsed_s = 0.5
        await made.answer(made.link.batches[0])
        assert made.outbox.left() == []
        assert made.answers[-1].round_trip_s == 0.5
        assert made.answers[-1].offset_ms == 250

    run(story, monkeypatch)


@pytest.mark.req("T-13")
def test_what_is_scanned_now_goes_before_the_backlog(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(made: Bench) -> None:
        backlog = ROWS_PER_BATCH * WINDOW * 2
        made.outbox.add(*range(1, backlog + 1))
        await made.come_up()
        assert len(made.link.batches) == WINDOW
        made.outbox.add(backlog + 1)
        made.uplink.rows_added()
        await made.answer(made.link.batches[0])
        assert made.link.seqs()[WINDOW] == [backlog + 1]

    run(story, monkeypatch)


def test_the_window_bounds_what_is_on_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(made: Bench) -> None:
        made.outbox.add(*range(1, ROWS_PER_BATCH * (WINDOW + 5)))
        await made.come_up()
        assert len(made.link.batches) == WINDOW
        assert all(len(seqs) == ROWS_PER_BATCH for seqs in made.link.seqs())

    run(story, monkeypatch)


@pytest.mark.req("T-02")
@pytest.mark.req("T-14")
def test_a_batch_without_an_answer_is_sent_again_byte_for_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(made: Bench) -> None:
        made.outbox.add(1, 2, 3)
        await made.come_up()
        # A receipt to a batch of the session before, say: that it is confirmed twice does no harm.
        made.outbox.delivered.add(("e1", 2))
        made.clock.elapsed_s = 6.0
        await made.settle()
        assert made.link.seqs() == [[1, 2, 3], [1, 2, 3]]
        assert made.link.frames[0] == made.link.frames[1], "the centre can tell it from news only so"
        assert made.uplink.resent == 1
        await made.answer(made.link.batches[0])
        made.clock.elapsed_s = 600.0
        await made.settle()
        assert (made.outbox.left(), len(made.link.frames)) == ([], 2), "one receipt is enough for both"

    run(story, monkeypatch)


@pytest.mark.req("T-14")
def test_a_centre_that_stays_silent_hears_the_same_less_and_less(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(made: Bench) -> None:
        made.outbox.add(1)
        await made.come_up()
        sent_at = [0.0]
        for second in range(1, 400):
            made.clock.elapsed_s = float(second)
            await made.settle()
            if len(made.link.batches) > len(sent_at):
                sent_at.append(float(second))
        assert [later - before for before, later in pairwise(sent_at)] == [5, 10, 20, 40, 60, 60, 60, 60, 60]
        assert len(set(made.link.frames)) == 1

    run(story, monkeypatch)


def test_what_the_line_does_not_take_a_second_time_is_sent_unchanged_when_it_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def story(made: Bench) -> None:
        made.outbox.add(1)
        await made.come_up()
        made.link.accepts = False
        made.clock.elapsed_s = 6.0
        await made.settle()
        assert made.uplink.resent == 0
        made.link.accepts = True
        await made.settle()
        made.clock.elapsed_s = 15.0
        await made.settle()
        assert (made.uplink.resent, len(made.link.frames)) == (1, 2), "ten seconds after it was really sent"
        made.clock.elapsed_s = 16.0
        await made.settle()
        assert (len(made.link.frames), len(set(made.link.frames))) == (3, 1)

    run(story, monkeypatch)


def test_a_batch_that_was_sent_twice_measures_no_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(made: Bench) -> None:
        made.outbox.add(1)
        await made.come_up()
        made.clock.elapsed_s = 6.0
        await made.settle()
        made.clock.elapsed_s = 6.5
        await made.answer(made.link.batches[1])
        (answer,) = made.answers
        assert answer.round_trip_s == 6.5, "it may answer the first"
        assert answer.round_trip_s > SLOW_ROUND_TRIP_S

    assert RESEND_S >= SLOW_ROUND_TRIP_S, "what was sent twice took too long to be measured by"
    run(story, monkeypatch)


def test_second_receipt_to_a_batch_that_was_sent_twice_is_ignored_and_not_strange(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def story(made: Bench) -> None:
        made.outbox.add(1)
        await made.come_up()
        made.clock.elapsed_s = 6.0
        await made.settle()
        await made.answer(made.link.batches[0])
        # Asked for again meanwhile: an answer of before must not pass for one to the new batch.
        made.outbox.delivered.clear()
        await made.answer(made.link.batches[1])
        assert (len(made.answers), made.uplink.strange_receipts, made.outbox.left()) == (1, 0, [("e1", 1)])

    run(story, monkeypatch)


def test_after_a_new_session_everything_unanswered_is_sent_in_new_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(made: Bench) -> None:
        made.outbox.add(1, 2)
        await made.come_up()
        made.clock.elapsed_s = 6.0
        await made.settle()
        made.uplink.link_changed(is_up=False)
        await made.settle()
        await made.come_up()
        made.clock.elapsed_s = 11.0
        await made.settle()
        assert made.link.seqs() == [[1, 2]] * 4
        before, again, new, new_again = made.link.frames
        assert before == again, "within a session it is the same"
        assert new == new_again, "in the next too, and the first wait is short once more"
        assert before != new
        made.clock.elapsed_s = 20.0
        await made.settle()
        assert len(made.link.frames) == 4, "what the last session sent is not sent any more"

    run(story, monkeypatch)


def test_held_rows_wait_and_are_then_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(made: Bench) -> None:
        made.outbox.add(1, 2)
        await made.come_up()
        until = made.clock.now() + timedelta(seconds=30)
        await made.answer(made.link.batches[0], held=[Held(1, "id-1", until, "terminal.pending")])
        made.clock.elapsed_s = 29.0
        await made.settle()
        assert made.link.seqs() == [[1, 2]]
        made.clock.elapsed_s = 31.0
        await made.settle()
        assert made.link.seqs() == [[1, 2], [1]]

    run(story, monkeypatch)


def test_an_older_life_of_the_store_is_drained_too(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(made: Bench) -> None:
        made.outbox.add(1, 2, epoch="e0")
        made.outbox.add(1)
        await made.come_up()
        assert [(batch.epoch, seqs) for batch, seqs in zip(made.link.batches, made.link.seqs(), strict=True)] == [
            ("e0", [1, 2]),
            ("e1", [1]),
        ]

    run(story, monkeypatch)


@pytest.mark.req("T-45")
def test_a_forged_or_damaged_receipt_delivers_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(made: Bench) -> None:
        made.outbox.add(1)
        await made.come_up()
        await made.answer(made.link.batches[0], key=KEY)
        made.uplink.receipt_arrived(b"noise")
        elsewhere = TerminalTopics("350200", "t2").on(Channel.RECEIPT)
        receipt = Receipt(1, "t1", "e1", "c1", NOON, "n" * 16, [(1, 1)])
        made.uplink.receipt_arrived(seal(encode(receipt), elsewhere, CENTRE))
        await made.settle()
        assert made.outbox.left() == [("e1", 1)]
        assert made.uplink.refused_receipts == 3
        assert made.refused == ["wire.unknown_key", "wire.corrupt", "wire.forged"]
        await made.answer(made.link.batches[0])
        assert made.outbox.left() == []

    run(story, monkeypatch)


def test_a_link_that_takes_nothing_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(made: Bench) -> None:
        made.link.accepts = False
        made.outbox.add(1)
        await made.come_up()
        made.link.accepts = True
        await made.settle()
        assert made.link.seqs()[-1] == [1]

    run(story, monkeypatch)


def test_a_late_receipt_to_a_batch_of_the_session_before_still_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(made: Bench) -> None:
        made.outbox.add(1)
        await made.come_up()
        await made.come_up()
        made.clock.elapsed_s = 4.0
        await made.answer(made.link.batches[0])
        assert (made.outbox.left(), made.answers[-1].round_trip_s) == ([], 4.0)
        made.clock.elapsed_s = 5.0
        await made.settle()
        assert made.link.frames[1:] == [made.link.frames[1]] * 2, "what has no receipt of its own is sent again"
        await made.answer(made.link.batches[2])
        made.clock.elapsed_s = 600.0
        await made.settle()
        assert (len(made.link.frames), made.uplink.strange_receipts) == (3, 0)

    run(story, monkeypatch)


@pytest.mark.req("T-71")
def test_a_receipt_to_a_batch_that_another_box_sent_delivers_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(made: Bench) -> None:
        made.outbox.add(1)
        await made.come_up()
        twin = msgspec.structs.replace(made.link.batches[0], nonce="f" * 16)
        await made.answer(twin)
        assert made.outbox.left() == [("e1", 1)]
        assert (made.uplink.strange_receipts, made.uplink.refused_receipts) == (1, 0)
        await made.answer(made.link.batches[0])
        assert made.outbox.left() == []

    run(story, monkeypatch)


def test_receipt_that_comes_twice_in_one_breath_is_one_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(made: Bench) -> None:
        made.outbox.add(1)
        await made.come_up()
        receipt = Receipt(1, "t1", "e1", "c1", made.clock.now(), made.link.batches[0].nonce, [(1, 1)])
        topic = TOPICS.on(Channel.RECEIPT)
        frame = seal(encode(receipt), topic, CENTRE)
        made.uplink.receipt_arrived(frame)
        made.uplink.receipt_arrived(frame)
        await made.settle()
        assert (len(made.answers), made.outbox.left()) == (1, [])

    run(story, monkeypatch)


def test_receipt_to_a_batch_of_long_ago_is_ignored_and_its_rows_are_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge.uplink, "MOST_REMEMBERED", 1)

    async def story(made: Bench) -> None:
        made.outbox.add(1)
        await made.come_up()
        made.outbox.add(2)
        made.uplink.rows_added()
        await made.settle()
        await made.answer(made.link.batches[0])
        assert (made.uplink.strange_receipts, made.outbox.left()) == (1, [("e1", 1), ("e1", 2)])
        made.clock.elapsed_s += RESEND_S
        await made.settle()
        await made.answer(made.link.batches[-1])
        assert (made.uplink.resent, made.outbox.left()) == (2, [("e1", 1)])

    run(story, monkeypatch)


@pytest.mark.req("T-07")
def test_what_the_centre_asks_for_is_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(made: Bench) -> None:
        made.outbox.add(1, 2, 3)
        await made.come_up()
        await made.answer(made.link.batches[0])
        assert made.outbox.left() == []
        await made.ask(Wanted("e1", [(2, 3)]))
        assert made.link.seqs() == [[1, 2, 3], [2, 3]]

    run(story, monkeypatch)


@pytest.mark.req("T-07")
def test_request_counts_once_and_only_for_a_report_of_this_session(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(made: Bench) -> None:
        made.outbox.add(1, 2, 3)
        await made.come_up()
        await made.answer(made.link.batches[0])
        said, wanted = made.clock.now(), Wanted("e1", [(2, 3)])
        await made.ask(wanted, report_at=said)
        assert (made.outbox.asked, made.uplink.ignored_asks) == ([], 1), "nothing was reported yet"
        made.uplink.report_sent(said)
        await made.ask(wanted, report_at=said)
        assert made.link.seqs() == [[1, 2, 3], [2, 3]]
        await made.answer(made.link.batches[1])
        await made.ask(wanted, report_at=said)
        assert (len(made.link.batches), made.uplink.ignored_asks) == (2, 2), "played back"
        made.uplink.report_sent(said + timedelta(seconds=30))
        await made.come_up()
        await made.ask(wanted, report_at=said + timedelta(seconds=30))
        assert (len(made.link.batches), made.uplink.ignored_asks) == (2, 3), "for the session before"
        made.uplink.report_sent(said + timedelta(seconds=60))
        await made.settle()
        made.clock.elapsed_s += TIMELY_S + 1
        await made.ask(wanted, report_at=said + timedelta(seconds=60))
        assert (len(made.link.batches), made.uplink.ignored_asks) == (2, 4), "too late"

    run(story, monkeypatch)


def test_old_request_of_an_older_centre_is_ignored_once_it_was_heard_since(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(made: Bench) -> None:
        long_ago, wanted = made.clock.now() - timedelta(minutes=10), Wanted("e1", [(1, 1)])
        made.outbox.add(1)
        await made.come_up()
        await made.answer(made.link.batches[0])
        await made.ask(wanted, at=long_ago)
        assert (len(made.link.batches), made.uplink.ignored_asks) == (1, 1)
        await made.ask(wanted, at=made.clock.now() - timedelta(seconds=90))
        assert (len(made.link.batches), made.uplink.ignored_asks) == (2, 1)

    run(story, monkeypatch)


def test_live_rows_go_between_the_pieces_of_a_long_request(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(made: Bench) -> None:
        made.outbox.add(*range(1, 10))
        await made.come_up()
        await made.answer(made.link.batches[0])
        pieces, scans = made.outbox.send_again, iter((10, 11))

        def and_a_scan(ask: Ask, now: datetime) -> SentAgain:
            made.outbox.add(*[number for number in [next(scans, None)] if number])
            return pieces(ask, now)

        monkeypatch.setattr(made.outbox, "send_again", and_a_scan)
        await made.ask(Wanted("e1", [(1, 3), (5, 6), (8, 8)]))
        assert made.link.seqs()[1:3] == [[10], [11]]
        assert sorted({seq for seqs in made.link.seqs()[3:] for seq in seqs} - {10, 11}) == [1, 2, 3, 5, 6, 8]
        assert [len(ask.wanted) for ask in made.outbox.asked] == [1, 2, 1]

    run(story, monkeypatch)


def test_request_that_the_disk_refused_is_answered_when_it_works_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(made: Bench) -> None:
        made.outbox.add(1)
        await made.come_up()
        await made.answer(made.link.batches[0])
        made.outbox.is_full = True
        await made.ask(Wanted("e1", [(1, 1)]))
        assert made.outbox.asked == []
        made.outbox.is_full = False
        await made.settle()
        assert made.link.seqs() == [[1], [1]]

    run(story, monkeypatch)


def test_what_somebody_else_asks_for_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(made: Bench) -> None:
        made.outbox.add(1)
        await made.come_up()
        await made.answer(made.link.batches[0])
        await made.ask(Wanted("e1", [(1, 1)]), key=KEY)
        assert (made.outbox.asked, made.refused) == ([], ["wire.unknown_key"])

    run(story, monkeypatch)


@pytest.mark.req("T-71")
def test_events_of_a_new_life_are_live_and_those_of_the_old_one_backlog(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(made: Bench) -> None:
        made.outbox.add(1, 2)
        await made.come_up()
        made.outbox.epoch = "e2"
        made.outbox.add(1, epoch="e2")
        made.uplink.backlog_added()
        await made.settle()
        made.outbox.add(2, epoch="e2")
        made.uplink.rows_added()
        await made.settle()
        assert [batch.epoch for batch in made.link.batches] == ["e1", "e1", "e2", "e2"]
        assert made.link.seqs() == [[1, 2], [1, 2], [1], [2]]

    run(story, monkeypatch)
