"""A scan that was decoded is handed over, and once: wherever the bytes are cut, whatever becomes of the driver."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codes.reading import Scan
from drivers.scanner import parse_spec
from drivers.scanner.decoder import Decoder
from drivers.scanner.framing import LineDecoder
from drivers.scanner.keystrokes import KeyDecoder
from drivers.scanner.layouts import LAYOUTS
from drivers.scanner.pos_report import REPORT_BYTES, ReportDecoder
from drivers.scanner.simulated.keyboard import SimulatedKeyboardScanner
from drivers.scanner.simulated.pos import SimulatedPosScanner
from drivers.scanner.simulated.twin import SimulatedScanner
from drivers.scanner.stream import Stream, StreamScanner
from edge.clock import SystemClock
from edge.supervisor import Patience, Supervisor
from web.live import LiveBus

QUICK = Patience(first_s=0.0, breaker_s=0.0, watch_s=0.005, last_s=2.0)
CODES = [b"8385793000087976%04d" % number for number in range(6)]


def serial_decoder() -> Decoder:
    return LineDecoder(parse_spec("serial:/dev/x;name=x;suffix=cr"))


def key_decoder() -> Decoder:
    return KeyDecoder(parse_spec("keyboard:/dev/x;name=x;suffix=enter"), LAYOUTS["us"])


def pos_decoder() -> Decoder:
    return ReportDecoder(parse_spec("pos:/dev/x;name=x"), REPORT_BYTES)


def sent_by(gun: SimulatedScanner, path: Path) -> list[bytes]:
    """Return what a twin sends for each code."""
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    pieces = []
    for code in CODES:
        asyncio.run(gun.scan(code))
        pieces.append(os.read(reader, 1 << 16))
    os.close(reader)
    gun.close()
    return pieces


async def at_once(_seconds: float) -> None:
    await asyncio.sleep(0)


@pytest.fixture(scope="module")
def streams(tmp_path_factory):
    """What each kind sends for the codes, one piece a code, and how it is read."""
    folder = tmp_path_factory.mktemp("streams")
    typist = SimulatedKeyboardScanner(folder / "typist", random=Random(1), wait=at_once)
    reporter = SimulatedPosScanner(folder / "reporter", random=Random(1), wait=at_once)
    return {
        "serial": (serial_decoder, [code + b"\r" for code in CODES]),
        "keyboard": (key_decoder, sent_by(typist, folder / "typist")),
        "pos": (pos_decoder, sent_by(reporter, folder / "reporter")),
    }


class FailingDecoder:
    """A decoder that gives up at the `crash_at`th chunk, before it has looked at it."""

    def __init__(self, inner: Decoder, crash_at: int | None) -> None:
        self._inner = inner
        self._left = crash_at

    deadline = property(lambda self: self._inner.deadline)
    unfinished_bytes = property(lambda self: self._inner.unfinished_bytes)
    unterminated = property(lambda self: self._inner.unterminated)

    def feed(self, chunk: bytes, now: float) -> list[Scan]:
        if self._left is not None:
            self._left -= 1
            if self._left < 0:
                raise RuntimeError("a bug")
        return self._inner.feed(chunk, now)

    def silence(self, now: float) -> list[Scan]:
        return self._inner.silence(now)


@dataclass
class Device:
    """A pipe that a driver reads: what was written before an opening is there when it opens."""

    make_decoder: Callable[[], Decoder]
    crash_at: int | None = None
    reader: int = -1
    writer: int = -1
    openings: int = 0
    read: list[bytes] = field(default_factory=list)

    @contextlib.contextmanager
    def opened(self) -> Iterator[Stream]:
        self.openings += 1
        decoder = FailingDecoder(self.make_decoder(), self.crash_at if self.openings == 1 else None)
        yield Stream("/dev/x", self.reader, decoder)


async def deliver(device: Device, chunks: list[bytes], *, queue_size: int, stop_after: int | None) -> list[bytes]:
    """Feed chunks one after the other, take scans slowly, and stop in the middle if asked to; return what came."""
    queue: asyncio.Queue[Scan] = asyncio.Queue(queue_size)
    scanner = StreamScanner("serial:x", device.opened, time.monotonic)
    supervisor = Supervisor(
        {"serial:x": lambda: scanner}, queue, LiveBus(), clock=SystemClock(), rng=random.Random(1), patience=QUICK
    )
    caring = asyncio.create_task(supervisor.run())
    for number, chunk in enumerate(chunks):
        seen = scanner.progress.bytes_seen
        os.write(device.writer, chunk)
        async with asyncio.timeout(30):
            while scanner.progress.bytes_seen == seen:
                if queue.full():
                    device.read.append(queue.get_nowait().raw)
                await asyncio.sleep(0)
        if number == stop_after:
            break
    caring.cancel()
    while not caring.done():
        while not queue.empty():
            device.read.append(queue.get_nowait().raw)
        await asyncio.sleep(0)
    while not queue.empty():
        device.read.append(queue.get_nowait().raw)
    return device.read


def play(make_decoder, chunks, *, queue_size=1, stop_after=None, crash_at=None) -> list[bytes]:
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    device = Device(make_decoder, crash_at, reader, writer)
    try:
        return asyncio.run(deliver(device, chunks, queue_size=queue_size, stop_after=stop_after))
    finally:
        os.close(reader)
        os.close(writer)


def cut(whole: bytes, at: list[int]) -> list[bytes]:
    edges = sorted({0, len(whole), *(min(place, len(whole)) for place in at)})
    return [whole[start:end] for start, end in itertools.pairwise(edges)]


def whole_within(pieces: list[bytes], size: int) -> list[bytes]:
    """Return the codes whose bytes lie wholly in the first `size`."""
    ends = [sum(map(len, pieces[: number + 1])) for number in range(len(pieces))]
    return [code for code, end in zip(CODES, ends, strict=True) if end <= size]


@pytest.mark.req("T-60")
@pytest.mark.parametrize("kind", ["serial", "keyboard", "pos"])
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_whatever_was_wholly_read_when_the_driver_is_cancelled_is_handed_over_once(streams, kind, data):
    make_decoder, pieces = streams[kind]
    whole = b"".join(pieces)
    chunks = cut(whole, data.draw(st.lists(st.integers(0, len(whole)), max_size=5)))
    stop_after = data.draw(st.integers(0, len(chunks) - 1))
    queue_size = data.draw(st.integers(1, 3))
    read = play(make_decoder, chunks, queue_size=queue_size, stop_after=stop_after)
    expected = whole_within(pieces, sum(map(len, chunks[: stop_after + 1])))
    # A typed code counts at the press of Enter, before the records of its release.
    assert read[: len(expected)] == expected
    assert read in (expected, CODES[: len(expected) + 1])


@pytest.mark.req("T-60")
@pytest.mark.parametrize("kind", ["serial", "keyboard", "pos"])
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_whatever_was_decoded_before_a_crash_is_handed_over_once_and_what_comes_after_too(streams, kind, data):
    make_decoder, pieces = streams[kind]
    chunks = [b"".join(pieces[:2]), pieces[2], b"".join(pieces[3:5]), pieces[5]]
    crash_at = data.draw(st.integers(0, len(chunks) - 1))
    read = play(make_decoder, chunks, queue_size=data.draw(st.integers(1, 3)), crash_at=crash_at)
    crashed = chunks[crash_at]
    assert read == [code for code, piece in zip(CODES, pieces, strict=True) if piece not in crashed]
