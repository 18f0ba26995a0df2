"""What runs for the interface comes back when it dies, and holds up no stop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from codes.words import Words
from edge.fsi.mqtt_way import LinkThreadEndedError, MqttWay
from edge.fsi.running import END_S, Resolving
from tests.conftest import wait_until
from wire.rpc import NotSentError, OutcomeUnknownError


@dataclass
class Connection:
    """A connection whose thread dies when a test says so."""

    die: Callable[[], None]
    is_up: bool = False
    waiting: threading.Event = field(default_factory=threading.Event)
    stopped: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        self.is_up = True

    def stop(self) -> None:
        self.is_up = False
        self.stopped.set()

    def call(self, body: bytes, timeout_s: float) -> bytes:
        self.waiting.set()
        if self.stopped.wait(timeout_s):
            raise OutcomeUnknownError(Words("停", "stopped"))
        return body


def play(scene: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(30):
            await scene()

    asyncio.run(bounded())


def test_a_connection_that_dies_is_told_and_made_anew() -> None:
    made: list[Connection] = []

    def new(die: Callable[[], None]) -> Connection:
        made.append(Connection(die))
        return made[-1]

    async def scene() -> None:
        way = MqttWay(new)
        with pytest.raises(NotSentError):
            way.call(b"", 1)
        for number in range(2):
            running = asyncio.create_task(way.run())
            await asyncio.to_thread(wait_until, lambda: way.is_up)
            await asyncio.to_thread(made[number].die)
            with pytest.raises(LinkThreadEndedError):
                await running
            assert made[number].stopped.is_set()
            assert not way.is_up

    play(scene)
    assert len(made) == 2


def test_whoever_waits_for_an_answer_is_let_go_when_the_connection_is_stopped() -> None:
    made: list[Connection] = []

    def new(die: Callable[[], None]) -> Connection:
        made.append(Connection(die))
        return made[-1]

    async def scene() -> None:
        way = MqttWay(new)
        running = asyncio.create_task(way.run())
        await asyncio.to_thread(wait_until, lambda: way.is_up)
        asking = asyncio.create_task(asyncio.to_thread(way.call, b"", 600))
        await asyncio.to_thread(made[0].waiting.wait, 30)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        with pytest.raises(OutcomeUnknownError):
            await asking

    play(scene)


class Hanging:
    """A resolver in the middle of a try, or one that crashes."""

    def __init__(self, gate: threading.Event | None) -> None:
        self._gate = gate
        self.stuck: frozenset[str] = frozenset({"B", "A"})
        self.woken = self.stopped = False

    def run(self) -> None:
        if self._gate is None:
            raise LookupError("crashed")
        self._gate.wait(END_S * 4)

    def wake(self) -> None:
        self.woken = True

    def stop(self) -> None:
        self.stopped = True


def test_a_try_that_hangs_holds_up_no_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.fsi.running.END_S", 0.1)
    gate, made = threading.Event(), []

    def new() -> Hanging:
        made.append(Hanging(gate))
        return made[-1]

    async def scene() -> None:
        resolving = Resolving(new)
        resolving.wake()
        assert resolving.stuck == ()
        running = asyncio.create_task(resolving.run())
        await asyncio.sleep(0)
        resolving.wake()
        assert resolving.stuck == ("A", "B")
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        assert loop.time() - began_s < 2 * END_S
        gate.set()

    play(scene)
    assert (made[0].woken, made[0].stopped) == (True, True)


def test_one_that_crashes_says_so_to_whoever_starts_it_again() -> None:
    async def scene() -> None:
        resolving = Resolving(lambda: Hanging(None))
        for _ in range(2):
            with pytest.raises(LookupError):
                await resolving.run()

    play(scene)
