"""A small storm against a real broker and a real centre, and the parts that a large one is made of."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.chaos.brokers import BrokerKind
from sim.storm import mqtt
from sim.storm.book import Book, Record, new_book
from sim.storm.mqtt import Kind, Packet, PacketReader, ProtocolError
from sim.storm.report import busiest_share, judge, per_second, spread_of
from sim.storm.storm import LineChange, NotBackError, Plan, new_fleet, play_storm
from sim.storm.twin import Attempt, Outcome
from tests.conftest import free_port
from tests.server.fake_terminal import new_key
from tests.storm.stand import Cause, Stand, open_stand, run_storm
from wire.backoff import Backoff
from wire.envelope import open_sealed, seal
from wire.events import sm3_hex
from wire.keys import SigningKey
from wire.presence import KeptEpoch, decode_health
from wire.receipts import BATCH_VERSION, Batch, Receipt, Rejected, decode_batch, encode
from wire.topics import Channel

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
TERMINALS = 150
WINDOW_S = 0.25


@pytest.mark.contract
@pytest.mark.req("T-14")
def test_terminals_that_lose_the_line_at_once_come_back_spread_and_lose_nothing(tmp_path: Path) -> None:
    pytest.importorskip("iotcore", reason="the embedded broker needs yima[server]")
    plan = Plan(TERMINALS, controls=3, outage_s=2.0, calm_s=0.5, backoff_most_s=2.0, patience_s=60.0)

    async def play() -> tuple[dict[str, object], Stand]:
        async with open_stand(plan, BrokerKind.EMBEDDED, tmp_path) as stand:
            return await run_storm(plan, stand, Cause.NETWORK, lambda _: None), stand

    figures, stand = asyncio.run(play())

    books = [twin.book for twin in stand.fleet.twins]
    assert all(len(book.records) >= plan.events for book in books)
    assert (figures["lost"], figures["doubled"], figures["strange"], figures["refused"]) == (0, 0, 0, 0)
    assert figures["recorded"] == sum(len(book.confirmed) for book in books)

    opened = [one for one in stand.fleet.network.attempts if one.outcome is Outcome.OPENED]
    comings = Counter(one.terminal for one in opened)
    assert len(comings) == TERMINALS
    assert min(comings.values()) >= 2, "each came once at first and once again"
    failed = Counter(one.terminal for one in stand.fleet.network.attempts if one.outcome is not Outcome.OPENED)
    assert len(failed) > TERMINALS * 0.9, "the line was really away"
    # Without jitter, all of them would come in one window; spread over two seconds, an eighth is due in each.
    last = {one.terminal: one.due_s for one in opened}
    assert busiest_share(list(last.values()), WINDOW_S) < 0.5


def test_a_report_names_the_end_of_the_chain_as_terminals_do() -> None:
    book = new_book(0, "350200", new_key().public, Random(1))
    book.begin_session()
    for _ in range(3):
        book.record(NOW, 0.0, is_live=False)
    batch = book.batch(NOW, 0.0, 5.0)
    assert batch is not None

    def body(frame: bytes, channel: Channel) -> bytes:
        return open_sealed(frame, book.topics.on(channel), lambda _: book.key.public).body

    last = decode_batch(body(batch, Channel.EVENTS)).events[-1]
    assert decode_health(body(book.health(NOW), Channel.HEALTH)).kept == [
        KeptEpoch("storm", 1, 3, sm3_hex(bytes(last)))
    ]


def test_without_jitter_the_busiest_moment_has_them_all_and_with_it_a_small_part() -> None:
    backoff, rng = Backoff(), Random(1)
    bound_s = backoff.bound_s(5)
    assert busiest_share([bound_s] * 1_000, WINDOW_S) == 1.0
    assert busiest_share([backoff.wait_s(5, rng) for _ in range(1_000)], WINDOW_S) < 0.1
    assert busiest_share([], WINDOW_S) == 0.0


def test_terminals_that_are_left_behind_are_said_and_not_waited_for_without_end() -> None:
    plan = Plan(2, controls=1, patience_s=0.2, arrive_per_s=100.0)
    nobody = new_key().public
    fleet = new_fleet(plan, [new_book(number, "350200", nobody, Random(1)) for number in range(2)], free_port())

    async def nothing() -> None: ...

    with pytest.raises(NotBackError, match="0 of 2 terminals are connected") as told:
        asyncio.run(play_storm(plan, fleet, LineChange(nothing, nothing), lambda _: None))
    assert "refused" in str(told.value)


def test_lost_doubled_and_strange_events_are_each_seen() -> None:
    one, two, three = (Record(f"id-{number}", "storm-1", "storm", number) for number in (1, 2, 3))
    verdict = judge([one, two], [two, two, three])
    assert (verdict.recorded, verdict.lost, verdict.doubled, verdict.strange) == (2, 1, 1, 1)


def test_attempts_are_counted_by_the_second_and_times_by_their_rank() -> None:
    attempts = [Attempt("t", at, at, at, Outcome.REFUSED) for at in (9.5, 10.0, 10.9, 12.0)]
    assert per_second(attempts, 10.0) == [2, 0, 1]
    assert per_second([], 10.0) == []
    spread = spread_of([3.0, 1.0, 2.0])
    assert (spread.count, spread.p50, spread.p95, spread.most) == (3, 2.0, 3.0, 3.0)
    assert spread_of([]).count == 0


@given(payload=st.binary(max_size=20_000), cuts=st.lists(st.integers(0, 40_000)))
def test_packets_are_put_together_however_the_stream_cuts_them(payload: bytes, cuts: list[int]) -> None:
    stream = mqtt.publish(7, "yima/1/x", payload, retain=True) + mqtt.ping() + mqtt.acknowledge(300)
    places = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    reader = PacketReader()
    packets = [packet for start, end in pairwise(places) for packet in reader.feed(stream[start:end])]
    assert [packet.kind for packet in packets] == [Kind.PUBLISH, Kind.PINGREQ, Kind.PUBACK]
    assert mqtt.message_in(packets[0]) == ("yima/1/x", 7, payload)


@pytest.mark.parametrize(
    "answer",
    [
        Packet(Kind.CONNACK, 0, bytes.fromhex("008700")),
        Packet(Kind.SUBACK, 0, bytes.fromhex("0001000187")),
        Packet(Kind.SUBACK, 0, bytes.fromhex("000100")),
    ],
)
def test_a_broker_that_says_no_is_heard(answer: Packet) -> None:
    with pytest.raises(ProtocolError):
        mqtt.check_taken(answer)


def test_bytes_that_are_no_packet_end_the_line() -> None:
    with pytest.raises(ProtocolError):
        list(PacketReader().feed(b"\x30\xff\xff\xff\xff\xff"))


@pytest.fixture
def centre_key() -> SigningKey:
    return new_key()


@pytest.fixture
def book(centre_key: SigningKey) -> Book:
    made = new_book(1, "350200", centre_key.public, Random(1))
    for _ in range(3):
        made.record(NOW, 100.0, is_live=False)
    return made


def test_what_is_on_the_way_is_sent_again_only_when_its_time_is_over_or_the_line_is_new(book: Book) -> None:
    first = book.batch(NOW, 100.0, 5.0)
    assert first is not None
    assert book.batch(NOW, 104.0, 5.0) is None
    assert book.batch(NOW, 105.0, 5.0) == first, "byte for byte, as a terminal does"
    assert book.resent == 3
    book.forget_sent()
    new = book.batch(NOW, 105.1, 5.0)
    assert new is not None
    assert (_batch(new, book).events, new == first) == (_batch(first, book).events, False)
    assert book.resent == 3
    assert book.batch(NOW, 110.1, 5.0) == new, "on a new line the first wait is short once more"
    assert book.batch(NOW, 119.0, 5.0) is None, "and the batch of the last one is forgotten"


def test_a_book_without_an_answer_says_the_same_less_and_less(book: Book) -> None:
    said = {second: frame for second in range(300) if (frame := book.batch(NOW, float(second), 5.0)) is not None}
    assert [later - before for before, later in pairwise(said)] == [5, 10, 20, 40, 60, 60, 60]
    assert len(set(said.values())) == 1
    assert book.resent == 3 * 7


def test_what_is_new_goes_in_a_batch_of_its_own_beside_what_is_overdue(book: Book, centre_key: SigningKey) -> None:
    first = book.batch(NOW, 100.0, 5.0)
    assert first is not None
    book.record(NOW, 104.0, is_live=True)
    assert book.batch(NOW, 105.0, 5.0) == first
    second = book.batch(NOW, 105.0, 5.0)
    assert second is not None
    assert (len(_batch(second, book).events), book.resent) == (1, 3)
    assert book.batch(NOW, 105.0, 5.0) is None
    for frame, span in ((first, (1, 3)), (second, (4, 4))):
        book.take_receipt(_receipt(book, frame, span, centre_key), 106.0)
    assert (book.pending, book.refused, len(book.confirmed)) == (0, 0, 4)
    # A centre that had taken the first one out of its queue answers the second too.
    book.take_receipt(_receipt(book, first, (1, 3), centre_key), 106.5)
    assert (book.batch(NOW, 600.0, 5.0), book.refused, len(book.confirmed)) == (None, 0, 4)


def test_what_a_late_receipt_of_the_last_line_confirms_is_not_sent_on_the_new_one(
    book: Book, centre_key: SigningKey
) -> None:
    first = book.batch(NOW, 100.0, 5.0)
    assert first is not None
    book.forget_sent()
    book.take_receipt(_receipt(book, first, (1, 2), centre_key), 101.0)
    new = book.batch(NOW, 102.0, 5.0)
    assert new is not None
    assert _batch(new, book).events == _batch(first, book).events[2:]
    assert book.batch(NOW, 107.0, 5.0) == new


def test_only_a_receipt_of_the_centre_to_a_batch_of_ours_strikes_events_out(book: Book, centre_key: SigningKey) -> None:
    frame = book.batch(NOW, 100.0, 5.0)
    assert frame is not None
    batch = _batch(frame, book)
    topic = book.topics.on(Channel.RECEIPT)
    rejected = [Rejected(3, book.records[2].id, "event.invalid")]
    receipt = Receipt(BATCH_VERSION, book.topics.terminal, book.epoch, "c", NOW, batch.nonce, [(1, 2)], rejected)
    other = Receipt(BATCH_VERSION, book.topics.terminal, book.epoch, "c", NOW, "another-nonce-16", [(1, 2)])

    book.take_receipt(seal(encode(receipt), topic, new_key()), 101.0)
    book.take_receipt(seal(encode(other), topic, centre_key), 101.0)
    assert (book.pending, book.refused, book.confirmed) == (3, 2, [])

    book.take_receipt(seal(encode(receipt), topic, centre_key), 101.0)
    assert (book.pending, book.refused) == (1, 3)
    assert [(one.waited_s, one.is_live) for one in book.confirmed] == [(1.0, False)] * 2


def _batch(frame: bytes, book: Book) -> Batch:
    return decode_batch(open_sealed(frame, book.topics.on(Channel.EVENTS), lambda _: book.key.public).body)


def _receipt(book: Book, frame: bytes, taken: tuple[int, int], key: SigningKey) -> bytes:
    nonce = _batch(frame, book).nonce
    receipt = Receipt(BATCH_VERSION, book.topics.terminal, book.epoch, "c", NOW, nonce, [taken])
    return seal(encode(receipt), book.topics.on(Channel.RECEIPT), key)
