"""The live bus: complete or told so, from any thread, and gone at once when it closes."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Callable
from contextlib import aclosing

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import StreamingResponse

from web.live import RECHECK_S, LiveBus, LiveEvent, sse_response

SILENT = 3_600.0


async def take(bus: LiveBus, count: int, last_id: int | None = None) -> list[LiveEvent]:
    async with asyncio.timeout(30), aclosing(bus.follow(last_id)) as events:
        return [await anext(events) for _ in range(count)]


def kinds(events: list[LiveEvent]) -> list[str]:
    return [live.event for live in events]


def test_publish_numbers_events_in_order() -> None:
    bus = LiveBus(first_id=100)
    assert [bus.publish("scan", "{}") for _ in range(3)] == [101, 102, 103]
    assert bus.newest_id == 103


def test_stream_opens_with_its_position() -> None:
    bus = LiveBus()
    bus.publish("scan", "1")
    assert asyncio.run(take(bus, 1)) == [LiveEvent(1, "ping", "{}")]


def test_follower_gets_what_is_published_after_it_came() -> None:
    async def scene() -> list[LiveEvent]:
        bus = LiveBus()
        bus.publish("scan", "before")
        async with aclosing(bus.follow()) as events:
            await anext(events)
            bus.publish("scan", "after")
            return [await anext(events)]

    assert asyncio.run(scene()) == [LiveEvent(2, "scan", "after")]


def test_reconnecting_follower_gets_exactly_what_it_missed() -> None:
    bus = LiveBus()
    for number in range(5):
        bus.publish("scan", str(number))
    greeting, *missed = asyncio.run(take(bus, 4, last_id=2))
    assert greeting == LiveEvent(2, "ping", "{}")
    assert [live.id for live in missed] == [3, 4, 5]


@pytest.mark.parametrize(
    ("last_id", "why"),
    [(3, "fell out of the ring"), (99, "belongs to a later life"), (-1, "is no number"), (0, "is from an older life")],
)
def test_position_that_cannot_be_replayed_gives_reset(last_id: int, why: str) -> None:
    bus = LiveBus(capacity=2, first_id=4)
    for number in range(4):
        bus.publish("scan", str(number))
    assert asyncio.run(take(bus, 1, last_id=last_id)) == [LiveEvent(8, "reset", "{}")], why


def test_nothing_published_yet_is_no_reason_for_a_reset() -> None:
    bus = LiveBus(first_id=7)
    assert kinds(asyncio.run(take(bus, 1, last_id=7))) == ["ping"]
    assert kinds(asyncio.run(take(bus, 1, last_id=6))) == ["reset"]


def test_slow_follower_gets_one_reset_and_then_goes_on() -> None:
    async def scene() -> list[LiveEvent]:
        bus = LiveBus(capacity=3)
        async with aclosing(bus.follow()) as events:
            await anext(events)
            for number in range(10):
                bus.publish("scan", str(number))
            reset = await anext(events)
            bus.publish("scan", "next")
            return [reset, await anext(events)]

    assert asyncio.run(scene()) == [LiveEvent(10, "reset", "{}"), LiveEvent(11, "scan", "next")]


def test_silence_is_broken_by_a_ping_that_keeps_the_position() -> None:
    async def scene() -> list[LiveEvent]:
        bus = LiveBus(heartbeat_s=0.001, first_id=5)
        return await take(bus, 3)

    assert asyncio.run(scene()) == [LiveEvent(5, "ping", "{}")] * 3


def test_close_ends_every_stream_at_once() -> None:
    async def scene() -> tuple[int, int]:
        bus = LiveBus(heartbeat_s=SILENT)

        async def read_to_the_end() -> int:
            return len([live async for live in bus.follow()])

        readers = [asyncio.create_task(read_to_the_end()) for _ in range(3)]
        await asyncio.sleep(0)
        assert bus.follower_count == len(readers)
        bus.close()
        async with asyncio.timeout(30):
            return sum(await asyncio.gather(*readers)), bus.follower_count

    assert asyncio.run(scene()) == (3, 0)


def test_bus_that_is_closed_only_greets() -> None:
    bus = LiveBus()
    bus.close()
    bus.publish("scan", "{}")

    async def scene() -> list[LiveEvent]:
        return [live async for live in bus.follow()]

    assert kinds(asyncio.run(scene())) == ["ping"]


def test_many_threads_publish_and_every_follower_sees_all_in_order() -> None:
    threads, each = 4, 200

    async def scene() -> list[list[LiveEvent]]:
        bus = LiveBus(heartbeat_s=SILENT)
        readers = [asyncio.create_task(take(bus, threads * each + 1)) for _ in range(2)]
        await asyncio.sleep(0)
        assert bus.follower_count == len(readers)
        publishers = [
            threading.Thread(target=lambda: [bus.publish("scan", "{}") for _ in range(each)]) for _ in range(threads)
        ]
        for thread in publishers:
            thread.start()
        seen = await asyncio.gather(*readers)
        for thread in publishers:
            thread.join()
        return seen

    for events in asyncio.run(scene()):
        assert [live.id for live in events] == list(range(threads * each + 1))


def test_publishing_to_a_follower_whose_loop_is_gone_does_no_harm() -> None:
    bus = LiveBus()
    left_open = bus.follow()
    loop = asyncio.new_event_loop()
    loop.run_until_complete(anext(left_open))
    loop.close()
    assert bus.publish("scan", "{}") == 1


@given(st.lists(st.integers(1, 30), max_size=30), st.integers(1, 8), st.integers(0, 40))
def test_ids_never_skip_without_a_reset(bursts: list[int], capacity: int, last_id: int) -> None:
    async def scene() -> None:
        bus = LiveBus(capacity=capacity, heartbeat_s=SILENT)
        for _ in range(sum(bursts) // 2):
            bus.publish("scan", "{}")
        async with aclosing(bus.follow(last_id)) as events:
            position = (await anext(events)).id
            for burst in bursts:
                for _ in range(burst):
                    bus.publish("scan", "{}")
                while position < bus.newest_id:
                    live = await anext(events)
                    assert live.event == "reset" or live.id == position + 1
                    position = live.id

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        ('{"a":1}', b'data: {"a":1}\n'),
        ("", b"data: \n"),
        ("a\nb\r\nc\rd", b"data: a\ndata: b\ndata: c\ndata: d\n"),
        ("a\x1db\u2028c", "data: a\x1db\u2028c\n".encode()),
    ],
)
def test_event_stream_form(data: str, lines: bytes) -> None:
    assert LiveEvent(7, "scan", data).encode() == b"id: 7\nevent: scan\n" + lines + b"\n"


@pytest.mark.parametrize(
    ("headers", "query", "expected"),
    [
        ({"last-event-id": "1"}, "", [b"id: 1\nevent: ping", b"id: 2\nevent: scan"]),
        ({}, "after=1", [b"id: 1\nevent: ping", b"id: 2\nevent: scan"]),
        ({"last-event-id": "1"}, "after=0", [b"id: 1\nevent: ping", b"id: 2\nevent: scan"]),
        ({}, "", [b"id: 2\nevent: ping"]),
        ({"last-event-id": "drop table"}, "", [b"id: 2\nevent: reset"]),
        ({}, "after=" + "9" * 5_000, [b"id: 2\nevent: reset"]),
    ],
)
def test_sse_response_replays_from_where_the_browser_was(
    headers: dict[str, str], query: str, expected: list[bytes]
) -> None:
    bus = LiveBus()
    bus.publish("scan", "1")
    bus.publish("scan", "2")
    raw_headers = [(name.encode(), value.encode()) for name, value in headers.items()]
    answer = sse_response(bus, Request({"type": "http", "headers": raw_headers, "query_string": query.encode()}))

    async def read() -> list[str | bytes | memoryview]:
        return [await anext(answer.body_iterator) for _ in range(len(expected) + 1)]

    first, *frames = asyncio.run(read())
    assert answer.media_type == "text/event-stream"
    assert answer.headers["cache-control"] == "no-store"
    assert first == b"retry: 1000\n\n"
    assert [bytes(frame).rsplit(b"\n", 3)[0] for frame in frames] == expected


class Door:
    """Says whether a reader may follow, and counts how often it was asked."""

    def __init__(self) -> None:
        self.is_open = True
        self.asked = 0

    def __call__(self) -> bool:
        self.asked += 1
        return self.is_open


async def heard_until_the_end(answer: StreamingResponse) -> list[bytes]:
    async with asyncio.timeout(30):
        return [bytes(chunk) async for chunk in answer.body_iterator if isinstance(chunk, bytes)]


def followed(bus: LiveBus, door: Door, clock: Callable[[], float]) -> StreamingResponse:
    request = Request({"type": "http", "headers": [], "query_string": b""})
    return sse_response(bus, request, may_follow=door, clock=clock)


def test_stream_ends_at_once_when_its_reader_has_lost_the_right() -> None:
    async def scene() -> None:
        bus, door = LiveBus(heartbeat_s=SILENT), Door()
        stream = followed(bus, door, clock=lambda: 0.0)
        reading = asyncio.create_task(heard_until_the_end(stream))
        await until(lambda: bus.follower_count == 1)
        bus.recheck()
        bus.publish("scan", "1")
        await until(lambda: door.asked == 1)
        door.is_open = False
        bus.recheck()
        bus.publish("scan", "2")
        heard = await reading
        assert b"event: scan\ndata: 1" in b"".join(heard)
        assert b"data: 2" not in b"".join(heard)
        assert b"recheck" not in b"".join(heard)
        assert bus.follower_count == 0

    asyncio.run(scene())


def test_nothing_is_sent_on_an_answer_that_is_too_old() -> None:
    async def scene() -> None:
        now = 0.0
        bus, door = LiveBus(heartbeat_s=SILENT), Door()
        reading = asyncio.create_task(heard_until_the_end(followed(bus, door, clock=lambda: now)))
        await until(lambda: bus.follower_count == 1)
        door.is_open = False
        now = RECHECK_S
        bus.publish("scan", "secret")
        assert b"secret" not in b"".join(await reading)

    asyncio.run(scene())


def test_silent_stream_ends_with_its_next_heartbeat() -> None:
    async def scene() -> None:
        times = itertools.count(0, RECHECK_S)
        bus, door = LiveBus(heartbeat_s=0.01), Door()
        door.is_open = False
        await heard_until_the_end(followed(bus, door, clock=lambda: next(times)))
        assert door.asked == 1

    asyncio.run(scene())


async def until(is_true: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not is_true():  # noqa: ASYNC110 - what is waited for has no event of its own
            await asyncio.sleep(0)
