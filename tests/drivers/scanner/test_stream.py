"""The loop that all wired scanners share, on descriptors that behave badly."""

from __future__ import annotations

import asyncio
import contextlib
import os

import pytest

from drivers.errors import DeviceLostError
from drivers.scanner import parse_spec, stream
from drivers.scanner.framing import LineDecoder
from drivers.scanner.stream import Stream, StreamScanner

SPEC = parse_spec("serial:/dev/ttyACM0;name=left;silence_ms=5")


def scanner_on(descriptor: int, clock) -> StreamScanner:
    stream = Stream("/dev/ttyACM0", descriptor, LineDecoder(SPEC))
    return StreamScanner(SPEC.device, lambda: contextlib.nullcontext(stream), clock)


def test_an_error_on_reading_means_that_the_device_is_gone(clock):
    # The near end of a pseudo-terminal answers EIO once the far end is closed, as an unplugged node does.
    near, far = os.openpty()
    os.set_blocking(near, False)
    os.write(far, b"83857")

    async def play():
        async with contextlib.aclosing(scanner_on(near, clock).scans()) as scans:
            asyncio.get_running_loop().call_soon(os.close, far)
            await anext(scans)

    with pytest.raises(DeviceLostError) as lost:
        asyncio.run(play())
    os.close(near)
    assert lost.value.unfinished_bytes == 5
    assert "5" in lost.value.words.zh
    assert lost.value.code == "driver.lost"


def test_a_wait_that_ends_too_early_ends_no_scan(clock):
    reader, writer = os.pipe()
    os.set_blocking(reader, False)

    async def play():
        scanner = scanner_on(reader, clock)
        async with contextlib.aclosing(scanner.scans()) as scans:
            os.write(writer, b"83857")
            # This clock stands still, so the wait of 5 ms is over again and again before the deadline.
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(anext(scans), 0.05)
            return scanner.progress

    progress = asyncio.run(play())
    os.close(reader)
    os.close(writer)
    assert (progress.bytes_seen, progress.scans, progress.is_open) == (5, 0, False)


def test_cancelling_while_it_waits_closes_the_device_at_once(clock):
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    closed = []

    @contextlib.contextmanager
    def opening():
        try:
            yield Stream("/dev/ttyACM0", reader, LineDecoder(SPEC))
        finally:
            closed.append(True)

    async def play():
        scanner = StreamScanner(SPEC.device, opening, clock)
        task = asyncio.ensure_future(anext(scanner.scans()))
        async with asyncio.timeout(30):
            while not scanner.progress.is_open:  # noqa: ASYNC110 - a scanner tells this by its counts only
                await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not asyncio.get_running_loop().remove_reader(reader)
        return scanner.progress.is_open

    assert asyncio.run(play()) is False
    os.close(reader)
    os.close(writer)
    assert closed == [True]


@pytest.mark.req("T-60")
def test_a_driver_turns_although_nothing_is_scanned(clock, monkeypatch):
    monkeypatch.setattr(stream, "_TURN_S", 0.001)
    near, far = os.openpty()
    os.set_blocking(near, False)

    async def play():
        scanner = scanner_on(near, clock)
        task = asyncio.ensure_future(anext(scanner.scans()))
        async with asyncio.timeout(30):
            while scanner.progress.turns < 5:  # noqa: ASYNC110 - a scanner tells this by its counts only
                await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return scanner.progress

    progress = asyncio.run(play())
    os.close(near)
    os.close(far)
    assert (progress.bytes_seen, progress.last_progress) == (0, None)
