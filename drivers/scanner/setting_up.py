"""Setting a scanner up by hand: opens it, goes through the sheet with whoever holds it, and returns what was learned.

For the command line. In a running terminal the scanners are open already (`edge.setup_desk`).
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import Callable

from codes.words import Words
from drivers.errors import DriverError
from drivers.scanner.factory import open_scanner
from drivers.scanner.port import Clock
from drivers.scanner.profile import Profile
from drivers.scanner.setup import SetUp, SetUpShown, Stage
from drivers.scanner.spec_line import parse_spec
from drivers.scanner.stream import StreamScanner
from drivers.scanner.trial import SilentScannerError

_OPENING_S = 0.05
Tell = Callable[[SetUpShown], None]
"""Called at the beginning and at each news."""


async def set_up(line: str, tell: Tell, *, timeout_s: float, clock: Clock = time.monotonic) -> Profile:
    """Go through the sheet with the scanner at `line`; a symbol that does not come for `timeout_s` is skipped.

    Raises:
        NoSetUpError: It is a camera.
        SilentScannerError: Nothing came at all.
        DriverError: The device cannot be opened, or went away.
    """
    setup = SetUp(line, clock(), idle_s=math.inf)
    scanner = open_scanner(parse_spec(line), clock=clock)
    assert isinstance(scanner, StreamScanner)  # noqa: S101 - every kind but the camera, which `SetUp` has refused
    news = asyncio.Event()
    scanner.divert(lambda chunk, now: _take(setup, chunk, now, news))
    reading = asyncio.create_task(_read(scanner))
    try:
        # Nobody is asked to scan with a device that cannot be opened.
        await asyncio.wait([reading], timeout=_OPENING_S)
        if reading.done():
            reading.result()
        while setup.stage is Stage.RUNNING:
            tell(setup.show())
            if not await _news(setup, reading, news, clock, clock() + timeout_s):
                if scanner.progress.bytes_seen == 0:
                    raise _silent(scanner.device, timeout_s)
                setup.skip(_next_name(setup), clock())
    finally:
        reading.cancel()
        with contextlib.suppress(asyncio.CancelledError, DriverError):
            await reading
    tell(setup.show())
    return setup.profile()


def _next_name(setup: SetUp) -> str:
    symbol = setup.next_symbol
    return "" if symbol is None else symbol.name


def _take(setup: SetUp, chunk: bytes, now: float, news: asyncio.Event) -> None:
    setup.feed(chunk, now)
    news.set()


async def _read(scanner: StreamScanner) -> None:
    async with contextlib.aclosing(scanner.scans()) as scans:
        async for _ in scans:
            pass


async def _news(
    setup: SetUp, reading: asyncio.Task[None], came: asyncio.Event, clock: Clock, give_up_at: float
) -> bool:
    """Wait until a burst has been understood, or not; return False if none came until `give_up_at`."""
    before = setup.news
    while True:
        setup.tick(clock())
        if setup.news > before:
            return True
        if reading.done():
            reading.result()
        ends = give_up_at if setup.is_quiet else setup.deadline
        if ends is None or (setup.is_quiet and clock() >= give_up_at):
            return False
        came.clear()
        waiting = asyncio.ensure_future(came.wait())
        await asyncio.wait([waiting, reading], timeout=max(0.0, ends - clock()), return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()


def _silent(device: str, waited_s: float) -> SilentScannerError:
    return SilentScannerError(
        device,
        Words(f"{device}：{waited_s:g} 秒内没有收到任何内容。", f"{device}: nothing came within {waited_s:g} seconds."),
    )
