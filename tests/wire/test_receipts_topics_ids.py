"""Receipts, topics, presence and identifiers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire import presence
from wire.errors import CorruptMessageError, NewerMessageError
from wire.ids import HybridClock, uuid7
from wire.presence import Health, Presence, PresenceState, decode_health, decode_presence
from wire.receipts import Batch, Held, Receipt, Rejected, decode_ask, decode_batch, decode_receipt, encode, ranges
from wire.topics import SHARDS, Channel, TerminalTopics, every_terminal, parse_topic

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def test_a_batch_carries_each_event_verbatim() -> None:
    frozen = b'{ "v":1,   "odd":"spacing" }'
    batch = Batch(1, "t1", "e1", NOW, "n" * 16, [msgspec.Raw(frozen)])
    assert bytes(decode_batch(encode(batch)).events[0]) == frozen


def test_a_receipt_survives_the_journey() -> None:
    receipt = Receipt(
        v=1,
        terminal="t1",
        epoch="e1",
        centre="c1",
        at=NOW,
        nonce="n" * 16,
        accepted=[(1, 5), (7, 7)],
        rejected=[Rejected(6, "id", "event.invalid")],
        held=[Held(8, "id", NOW, "terminal.pending")],
    )
    assert decode_receipt(encode(receipt)) == receipt


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"\xff", b'{"v":1,"events":[]}'])
def test_other_bodies_are_corrupt(body: bytes) -> None:
    for decode in (decode_batch, decode_receipt, presence.decode_presence, presence.decode_health):
        with pytest.raises(CorruptMessageError):
            decode(body)


def test_a_newer_message_is_not_taken_for_one_of_ours() -> None:
    receipt = Receipt(v=2, terminal="t1", epoch="e1", centre="c1", at=NOW, nonce="n" * 16, accepted=[(1, 5)])
    with pytest.raises(NewerMessageError):
        decode_receipt(encode(receipt))
    birth = Presence(2, "t1", "s1", PresenceState.ONLINE, NOW, "e1", "ab" * 32, "P1", "", "9.0.0")
    with pytest.raises(NewerMessageError):
        presence.decode_presence(presence.encode(birth))


@given(st.lists(st.integers(1, 60)))
def test_ranges_cover_exactly_what_was_given(seqs: list[int]) -> None:
    spans = ranges(seqs)
    covered = [seq for first, last in spans for seq in range(first, last + 1)]
    assert covered == sorted(set(seqs))
    assert all(later[0] > earlier[1] + 1 for earlier, later in pairwise(spans))


@given(st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True), st.sampled_from(list(Channel)))
def test_a_topic_names_its_terminal_and_nobody_else(terminal: str, channel: Channel) -> None:
    topics = TerminalTopics("350200", terminal)
    assert 0 <= topics.shard < SHARDS
    assert parse_topic(topics.on(channel)) == (topics, channel)


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "yima/1/350200/55/t1",
        "yima/1/350200/55/t1/nothing",
        "yima/2/350200/55/t1/events",
        "yima/1/350200/54/t1/events",
        "yima/1/xm/55/t1/events",
        "yima/1/350200/55/t+1/events",
        "yima/1/350200/55/t1/events/more",
    ],
)
def test_other_topics_are_refused(topic: str) -> None:
    with pytest.raises(CorruptMessageError):
        parse_topic(topic)


def test_subscriptions_cover_all_terminals_and_can_be_shared() -> None:
    assert every_terminal(Channel.EVENTS) == "yima/1/+/+/+/events"
    assert every_terminal(Channel.EVENTS, group="ingest") == "$share/ingest/yima/1/+/+/+/events"


def test_presence_and_health_survive_the_journey() -> None:
    birth = Presence(1, "t1", "s1", PresenceState.ONLINE, NOW, "e1", "ab" * 32, "P1", "一号柜台", "0.1.0")
    assert presence.decode_presence(presence.encode(birth)) == birth
    health = Health(1, "t1", "s1", NOW, 3, 0, NOW, [presence.DeviceHealth("serial:a", "ready", 9, 0)])
    assert presence.decode_health(presence.encode(health)) == health


@given(st.integers(0, (1 << 48) - 1), st.binary(min_size=10, max_size=10))
def test_uuid7_holds_time_version_and_variant(unix_ms: int, random: bytes) -> None:
    made = uuid7(unix_ms, random)
    assert made.int >> 80 == unix_ms
    assert made.version == 7
    assert made.variant == UUID("0192f0c0-7a5c-7def-8123-456789abcdef").variant


@pytest.mark.parametrize(("unix_ms", "random"), [(0, b"short"), (-1, b"0123456789"), (1 << 48, b"0123456789")])
def test_uuid7_refuses_what_does_not_fit(unix_ms: int, random: bytes) -> None:
    with pytest.raises(ValueError, match=r"uuid7|unix_ms"):
        uuid7(unix_ms, random)


@pytest.mark.req("T-12")
@given(st.lists(st.integers(0, 1 << 50), min_size=1), st.integers(0, 1 << 50))
def test_the_hybrid_clock_only_goes_forward(times: list[int], start: int) -> None:
    clock = HybridClock(start)
    ticks = [clock.tick(time) for time in times]
    assert all(later > earlier for earlier, later in zip([start, *ticks], ticks, strict=False))
    assert all(tick >= time for tick, time in zip(ticks, times, strict=True))


@pytest.mark.parametrize(
    "body",
    [b'{"v":1,"session":"\xff"}', b'{"v":1,"x":' + b"[" * 100_000, b"\xff", b"", b"{}"],
    ids=["no text", "nested too deep", "no JSON", "nothing", "empty"],
)
@pytest.mark.parametrize("decode", [decode_health, decode_presence, decode_batch, decode_receipt, decode_ask])
def test_bytes_that_are_no_message_are_refused_as_such(decode: Callable[[bytes], object], body: bytes) -> None:
    with pytest.raises(CorruptMessageError):
        decode(body)
