"""A simulated terminal: it connects, says who it is, sends what waits, and comes back when the line is lost.

It does what `wire.link` and the uplink of a terminal do, by the same rule for the waits between attempts
(`wire.backoff`), but as a task among ten thousand in one process.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from random import Random
from typing import NamedTuple

from sim.proxy import HOST
from sim.storm import mqtt
from sim.storm.book import Book
from sim.storm.mqtt import Kind, Packet, PacketReader, ProtocolError
from wire.backoff import Backoff
from wire.presence import PresenceState
from wire.topics import Channel

KEEPALIVE_S = 20
CONNECT_S = 5.0
HANDSHAKE_S = 15.0
RESEND_S = 5.0
HEALTH_S = 30.0
"""As terminals do."""
HANDSHAKES_AT_ONCE = 400
"""More than one process can shake would time out by its own fault; who waits for a turn is late, and that is told."""
_PING_S = 15.0
_MOST_NUMBERS = 65_535


class Outcome(StrEnum):
    """How an attempt to connect ended."""

    OPENED = "opened"
    REFUSED = "refused"
    """Nobody listens, or no way there."""
    TIMED_OUT = "timed_out"
    BROKEN = "broken"
    """The connection was taken, and ended before the session was open."""


class Attempt(NamedTuple):
    """One attempt to connect; times are monotonic."""

    terminal: str
    due_s: float
    """When the wait before it was to end."""
    began_s: float
    ended_s: float
    outcome: Outcome


class _Greeting(NamedTuple):
    """What a session begins with."""

    will: bytes
    birth: bytes


@dataclass(slots=True)
class Network:
    """What all terminals share: the way to the broker, and the diary of who tried it when."""

    port: int
    attempts: list[Attempt] = field(default_factory=list)
    is_cut: bool = False
    """No way to the broker, though it runs."""
    lines: set[Line] = field(default_factory=set)
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(HANDSHAKES_AT_ONCE))

    def cut(self) -> None:
        """Break every connection; new ones are refused until `mend`."""
        self.is_cut = True
        for line in list(self.lines):
            line.abort()

    def mend(self) -> None:
        """Let connections through again."""
        self.is_cut = False


class Line(asyncio.Protocol):
    """One connection to the broker."""

    def __init__(self, network: Network, heard: Callable[[mqtt.Message], None], ended: Callable[[], None]) -> None:
        self._network = network
        self._heard = heard
        self._ended = ended
        self._reader = PacketReader()
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[Packet] | None = None
        self._number = 0
        self.is_closed = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what `create_connection` gives
        self._transport = transport
        self._network.lines.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_closed = True
        self._network.lines.discard(self)
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ProtocolError(f"the connection ended: {exc}"))
        self._ended()

    def data_received(self, data: bytes) -> None:
        try:
            for packet in self._reader.feed(data):
                self._take(packet)
        except ProtocolError:
            self.abort()

    async def ask(self, request: bytes) -> None:
        """Send a CONNECT or a SUBSCRIBE and wait for its answer.

        Raises:
            ProtocolError: The broker says no, or the connection ended.
        """
        self._answer = asyncio.get_running_loop().create_future()
        self.send(request)
        mqtt.check_taken(await self._answer)

    def publish(self, topic: str, frame: bytes, *, retain: bool = False) -> None:
        """Say something at QoS 1. That the broker has it says nothing, so nobody waits for it."""
        self.send(mqtt.publish(self.next_number(), topic, frame, retain=retain))

    def next_number(self) -> int:
        """Return a number for a packet."""
        self._number = self._number % _MOST_NUMBERS + 1
        return self._number

    def send(self, packet: bytes) -> None:
        """Send a packet, if the connection is still there."""
        if self._transport is not None and not self.is_closed:
            self._transport.write(packet)

    def abort(self) -> None:
        """End the connection without a word, as a cable that is pulled."""
        if self._transport is not None:
            self._transport.abort()

    def _take(self, packet: Packet) -> None:
        if packet.kind == Kind.PUBLISH:
            message = mqtt.message_in(packet)
            if message.number is not None:
                self.send(mqtt.acknowledge(message.number))
            self._heard(message)
        elif packet.kind in {Kind.CONNACK, Kind.SUBACK} and self._answer is not None and not self._answer.done():
            self._answer.set_result(packet)
        elif packet.kind == Kind.DISCONNECT:
            self.abort()


@dataclass(slots=True)
class Twin:
    """One terminal."""

    book: Book
    network: Network
    rng: Random
    backoff: Backoff
    opened_s: float | None = None
    """When the present session was open; None without one."""
    _greeting: _Greeting | None = None
    """Of the next session, made before there is a line, as a terminal does."""
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_open(self) -> bool:
        """It has a session with the broker."""
        return self.opened_s is not None

    def record(self) -> None:
        """Scan a pack."""
        self.book.record(datetime.now(UTC), time.monotonic(), is_live=self.is_open)
        self._news.set()

    async def run(self, first_wait_s: float) -> None:
        """Keep the line up until cancelled."""
        failures, wait_s = 0, first_wait_s
        while True:
            due_s = time.monotonic() + wait_s
            await asyncio.sleep(wait_s)
            failures = 0 if await self._session(due_s) else failures + 1
            wait_s = self.backoff.wait_s(failures, self.rng)

    async def _session(self, due_s: float) -> bool:
        """Connect and serve until the session ends; tell whether it was ever open."""
        line: Line | None = None
        greeting = self._greeting = self._greeting or self._new_greeting()
        async with self.network.slots:
            began_s = time.monotonic()
            try:
                line = await self._connected()
                async with asyncio.timeout(HANDSHAKE_S):
                    await self._greet(line, greeting)
                self._greeting = None
                outcome = Outcome.OPENED
            except TimeoutError:
                outcome = Outcome.TIMED_OUT
            except ProtocolError:
                outcome = Outcome.BROKEN
            except OSError:
                outcome = Outcome.REFUSED
        now_s = time.monotonic()
        self.network.attempts.append(Attempt(self.book.topics.terminal, due_s, began_s, now_s, outcome))
        try:
            if line is not None and outcome is Outcome.OPENED:
                self.opened_s = now_s
                await self._serve(line)
        finally:
            self.opened_s = None
            if line is not None:
                line.abort()
        return outcome is Outcome.OPENED

    async def _connected(self) -> Line:
        if self.network.is_cut:
            raise ConnectionRefusedError
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(CONNECT_S):
            _, line = await loop.create_connection(
                lambda: Line(self.network, self._hear, self._news.set), HOST, self.network.port
            )
        return line

    def _new_greeting(self) -> _Greeting:
        at = datetime.now(UTC)
        self.book.begin_session()
        return _Greeting(self.book.presence(PresenceState.LOST, at), self.book.presence(PresenceState.ONLINE, at))

    async def _greet(self, line: Line, greeting: _Greeting) -> None:
        topics = self.book.topics
        await line.ask(mqtt.connect(topics.terminal, KEEPALIVE_S, topics.on(Channel.PRESENCE), greeting.will))
        wanted = [topics.on(channel) for channel in (Channel.RECEIPT, Channel.ASK)]
        await line.ask(mqtt.subscribe(line.next_number(), wanted))
        line.publish(topics.on(Channel.PRESENCE), greeting.birth, retain=True)

    async def _serve(self, line: Line) -> None:
        self.book.forget_sent()
        reported_s = float("-inf")
        while not line.is_closed:
            self._news.clear()
            now, now_s = datetime.now(UTC), time.monotonic()
            if now_s - reported_s >= HEALTH_S:
                reported_s = now_s
                line.publish(self.book.topics.on(Channel.HEALTH), self.book.health(now))
            while (frame := self.book.batch(now, now_s, RESEND_S)) is not None:
                line.publish(self.book.topics.on(Channel.EVENTS), frame)
            await self._rest(line)

    async def _rest(self, line: Line) -> None:
        """Wait for news, or until something must be said anyway."""
        with suppress(TimeoutError):
            async with asyncio.timeout(RESEND_S if self.book.pending else _PING_S):
                await self._news.wait()
            return
        line.send(mqtt.ping())

    def _hear(self, message: mqtt.Message) -> None:
        # What the centre asks for again after a report waits here anyway: the rest it has confirmed.
        if message.topic.endswith(Channel.RECEIPT):
            self.book.take_receipt(message.payload, time.monotonic())
