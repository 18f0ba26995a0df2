"""A line that is half open: both ends believe in it, nothing passes. It is dead within 1.5 times the keep-alive."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable

import pytest

from sim.proxy import Proxy
from tests.conftest import BrokerProcess
from tests.wire.test_link import Ear, open_link
from wire.link import Link, LinkSettings, Retained, Session

KEEPALIVE_S = 2
LATE_S = 2.0
"""What the broker's own clock, the proxy and a busy test machine may add."""


async def until(claim: Callable[[], bool], *, within_s: float) -> float:
    """Return after how long `claim` came true."""
    began_s = time.monotonic()
    async with asyncio.timeout(within_s):
        while not claim():  # noqa: ASYNC110 - other threads make it true
            await asyncio.sleep(0.02)
    return time.monotonic() - began_s


@pytest.mark.contract
@pytest.mark.req("T-61")
def test_half_open_line_is_dead_within_one_and_a_half_keepalives_and_an_old_death_is_told_apart(
    broker: BrokerProcess,
) -> None:
    watcher, heard = open_link("watcher", broker.port, Session(("p/#",)))
    speaker_ear = Ear()
    sessions = iter(range(1, 1_000))

    def new_session() -> Session:
        number = next(sessions)
        return Session((), Retained("p/t", b"lost %d" % number), Retained("p/t", b"online %d" % number))

    async def scene() -> None:
        async with Proxy(broker.port) as line:
            settings = LinkSettings(
                "terminal", port=line.port, keepalive_s=KEEPALIVE_S, backoff_first_s=0.05, backoff_most_s=0.2
            )
            link = Link(settings, speaker_ear, new_session, rng=random.Random(1))
            link.start()
            await until(lambda: ("p/t", b"online 1") in heard.heard, within_s=10)
            line.half_open()
            took_s = await until(lambda: ("p/t", b"lost 1") in heard.heard, within_s=10)
            assert took_s <= 1.5 * KEEPALIVE_S + LATE_S
            await until(lambda: bool(speaker_ear.downs), within_s=10)
            line.resume()
            await until(lambda: any(frame.startswith(b"online") for _, frame in heard.heard[2:]), within_s=20)
            heard.heard.clear()
            await asyncio.to_thread(link.stop, Retained("p/t", b"stopped"))
            await until(lambda: ("p/t", b"stopped") in heard.heard, within_s=10)
            # Sessions that were cut off while they began may still be told of; the one that was stopped may not.
            assert ("p/t", b"lost %d" % (next(sessions) - 1)) not in heard.heard, "a clean stop is no crash"

    asyncio.run(scene())
    watcher.stop()
