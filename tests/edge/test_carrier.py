"""The terminal on the line, against a real broker: birth, health, delivery, and a clean goodbye."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection

from edge.carrier import Carrier, Identity, LinkEndedError, link_settings
from edge.clock import SystemClock
from edge.config import LinkSection
from edge.health import TerminalStatus
from edge.reporting import health_of
from edge.store.database import opened_store
from edge.store.lane import Lane
from edge.store.outbox import Applied, Outbox, OutboxCounts
from edge.store.terminal import ensure_state, find_state
from edge.sync_board import SyncBoard
from edge.uplink import Answer
from rules.scan_judgement import Mode
from sim.stage import free_port
from tests.conftest import BrokerProcess, wait_until
from tests.edge.api.conftest import STATUS
from tests.edge.scene import EPOCH, NOON, TERMINAL, seeded_bytes
from tests.hurried_broker import hurried_broker
from tests.web.certificates import written_pair
from web.live import LiveBus
from web.tls import CertificateError
from wire.backoff import Backoff
from wire.envelope import open_sealed, seal
from wire.events import ShiftOpened, thaw
from wire.keys import PublicKey, SigningKey
from wire.link import Link, LinkSettings, Session
from wire.link_loss import LinkLoss
from wire.presence import Health, Presence, PresenceState, decode_health, decode_presence
from wire.receipts import Held, Receipt, Trust, decode_batch, encode, ranges
from wire.topics import Channel, TerminalTopics

TOPICS = TerminalTopics("350200", TERMINAL)
LIVES = 3
KEY = SigningKey(Ed25519PrivateKey.generate())
CENTRE = SigningKey(Ed25519PrivateKey.generate())
_T = TypeVar("_T")
RECEIPT = Receipt(1, TERMINAL, EPOCH, "c1", NOON, "n" * 16, [(1, 1)])


async def glance() -> TerminalStatus:
    return STATUS


@dataclass
class Centre:
    """A centre of a few lines: believes one terminal, and takes or holds everything."""

    port: int
    is_approving: bool = True
    presences: list[Presence] = field(default_factory=list)
    reports: list[Health] = field(default_factory=list)
    taken: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        subscriptions = tuple(TOPICS.on(channel) for channel in (Channel.PRESENCE, Channel.HEALTH, Channel.EVENTS))
        settings = LinkSettings("centre", port=self.port)
        self.link = Link(settings, self, lambda: Session(subscriptions), rng=random.Random(1))
        self.link.start()

    def link_up(self) -> None:
        pass

    def link_down(self, loss: LinkLoss) -> None:
        pass

    def message(self, topic: str, frame: bytes) -> None:
        body = open_sealed(frame, topic, lambda _: KEY.public).body
        if topic.endswith(Channel.PRESENCE):
            self.presences.append(decode_presence(body))
        elif topic.endswith(Channel.HEALTH):
            self.reports.append(decode_health(body))
        else:
            self._answer(body)

    def _answer(self, body: bytes) -> None:
        batch = decode_batch(body)
        events = [thaw(raw) for raw in batch.events]
        now = SystemClock().now() + timedelta(seconds=90)
        answer = Receipt(1, TERMINAL, batch.epoch, "centre-1", now, batch.nonce)
        if self.is_approving:
            self.taken += [event.seq for event in events]
            answer = msgspec.structs.replace(answer, accepted=ranges(event.seq for event in events))
        else:
            held = [Held(event.seq, event.id, now, "terminal.pending") for event in events]
            answer = msgspec.structs.replace(answer, held=held, trust=Trust.PENDING)
        topic = TOPICS.on(Channel.RECEIPT)
        self.link.publish(topic, seal(encode(answer), topic, CENTRE))


@dataclass
class OnTheLine:
    """A carrier with a store and a broker."""

    lane: Lane
    outbox: Outbox
    carrier: Carrier
    board: SyncBoard
    centre: Centre

    async def record(self) -> None:
        def work() -> None:
            with self.outbox._connection.begin():
                self.outbox.append(self.outbox._connection, ShiftOpened("s"), operator="w", now=SystemClock().now())

        await self.lane.run(work)
        self.carrier.rows_added()

    async def until(self, is_so: Callable[[], bool | Awaitable[bool]]) -> None:
        async with asyncio.timeout(60):
            while True:
                found = is_so()
                if found if isinstance(found, bool) else await found:
                    return
                await asyncio.sleep(0.02)

    async def pending(self) -> int:
        return (await self.lane.run(self.outbox.counts)).pending


def on_the_line(
    folder: Path, port: int, scene: Callable[[OnTheLine], Awaitable[None]], *, is_approving: bool = True
) -> Centre:
    centre = Centre(port, is_approving)

    async def whole() -> None:
        lane = Lane("store", folder, opened_store(folder))
        connection = await lane.open()
        await lane.run(lambda: ensure_state(connection, terminal=TERMINAL, new_epoch=EPOCH, mode=Mode.DISPENSE))
        outbox, board = Outbox(connection, random=seeded_bytes()), SyncBoard()

        async def read(work: Callable[[Connection], _T]) -> _T:
            return await lane.run(lambda: outbox.within(work))

        identity = Identity(TOPICS, "P35020000001", "一号柜台", EPOCH, "0.1.0", KEY, CENTRE.public)
        carrier = Carrier(
            identity=identity,
            settings=link_settings(TERMINAL, LinkSection(port=port, backoff_most_s=1.0)),
            outbox=outbox,
            in_store=lane.run,
            read=read,
            glance=glance,
            board=board,
            bus=LiveBus(),
            clock=SystemClock(),
        )
        task = asyncio.create_task(carrier.run())
        try:
            await scene(OnTheLine(lane, outbox, carrier, board, centre))
        finally:
            task.cancel()
            await asyncio.wait([task])
            await lane.close()
        assert task.cancelled()

    try:
        asyncio.run(whole())
    except BaseException:
        # What is left open would fail another test, when it is collected.
        centre.link.stop()
        raise
    return centre


@pytest.mark.contract
@pytest.mark.req("T-61")
def test_life_on_the_line(broker: BrokerProcess, folder: Path) -> None:
    async def scene(line: OnTheLine) -> None:
        await line.until(lambda: bool(line.centre.presences))
        birth = line.centre.presences[0]
        assert (birth.state, birth.epoch, birth.label) == (PresenceState.ONLINE, EPOCH, "一号柜台")
        assert PublicKey.from_hex(birth.public_key) == KEY.public
        for _ in range(3):
            await line.record()
        # What was recorded before the uplink knew of the line is backlog, and goes after what is live.
        await line.until(lambda: sorted(line.centre.taken) == [1, 2, 3])
        await line.until(lambda: _is_empty(line))
        assert line.board.is_up
        assert line.board.is_approved is True
        assert line.board.last_receipt_at is not None
        await line.until(lambda: _knows_the_time(line))

    centre = on_the_line(folder, broker.port, scene)
    wait_until(lambda: centre.presences[-1].state is PresenceState.STOPPED)
    assert centre.presences[-1].session == centre.presences[0].session
    centre.link.stop()


@pytest.mark.contract
@pytest.mark.req("T-06", "T-67")
def test_a_broker_that_begins_anew_costs_no_record(tmp_path: Path, folder: Path) -> None:
    port, lives = free_port(), tmp_path / "lives"

    async def scene(line: OnTheLine) -> None:
        while len(lives.read_text()) < LIVES:
            await line.record()
            await asyncio.sleep(0.05)
        await line.until(lambda: _is_empty(line))

    with hurried_broker(port, most_memory_mb=1, lives=lives, most_lives=LIVES) as broker:
        centre = on_the_line(folder, port, scene)
        assert broker.poll() is None
        centre.link.stop()
    # What had no receipt was sent again: at the centre the same number twice is one record.
    assert sorted(set(centre.taken)) == list(range(1, max(centre.taken) + 1))
    assert len({presence.session for presence in centre.presences}) > 1


async def _is_empty(line: OnTheLine) -> bool:
    return await line.pending() == 0


async def _knows_the_time(line: OnTheLine) -> bool:
    """The centre's clock is a minute and a half ahead."""
    state = await line.lane.run(lambda: find_state(line.outbox._connection))
    return state is not None and state.clock_offset_ms is not None and abs(state.clock_offset_ms - 90_000) < 5_000


@pytest.mark.contract
def test_terminal_that_nobody_approved_keeps_everything_and_knows_why(broker: BrokerProcess, folder: Path) -> None:
    async def scene(line: OnTheLine) -> None:
        await line.until(lambda: line.board.is_up)
        await line.record()
        await line.until(lambda: line.board.is_approved is False)
        assert await line.pending() == 1

    on_the_line(folder, broker.port, scene, is_approving=False).link.stop()


@pytest.mark.contract
@pytest.mark.req("T-66")
def test_without_a_broker_the_terminal_only_waits(folder: Path) -> None:
    async def scene(line: OnTheLine) -> None:
        await line.record()
        assert await line.pending() == 1
        assert not line.board.is_up
        await line.until(lambda: line.board.trouble() is not None)
        trouble = line.board.trouble()
        assert trouble is not None
        assert (trouble.code, trouble.is_alarm) == ("link.cannot_connect.refused", False)

    on_the_line(folder, 1, scene).link.stop()


def test_link_that_ends_unasked_fails_the_carrier_so_that_it_is_started_again(
    monkeypatch: pytest.MonkeyPatch, logged: list[MutableMapping[str, Any]]
) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    carrier, _ = _idle_carrier()

    def fail() -> Session:
        raise RuntimeError("a bug")

    monkeypatch.setattr(carrier._link, "_new_session", fail)

    async def scene() -> None:
        async with asyncio.timeout(30):
            await carrier.run()

    with pytest.raises(ExceptionGroup) as caught:
        asyncio.run(scene())
    assert caught.group_contains(LinkEndedError)
    trouble = carrier._board.trouble()
    assert trouble is not None
    assert trouble.code == "link.cannot_connect.failed"
    assert [line["cause"] for line in logged if line["event"] == "link.down"] == ["failed"]


def test_only_what_left_is_waited_for() -> None:
    carrier, _ = _idle_carrier()
    assert not carrier.publish("t", b"x")
    assert carrier._board._asked_since_s is None


def test_birth_is_said_again_until_the_centre_takes_records(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who was revoked meanwhile, or whom a rebuilt centre has forgotten, applies anew without a restart."""
    carrier, _ = _idle_carrier()
    said: list[tuple[str, bytes]] = []
    monkeypatch.setattr(carrier._link, "publish", lambda topic, frame: said.append((topic, frame)))
    report = health_of(STATUS, OutboxCounts(0, 0, 0, None), [], session="s1", at=NOON)
    carrier._send_health(report)
    assert [topic for topic, _ in said] == [TOPICS.on(Channel.HEALTH)], "there was no session yet"
    session = carrier._new_session()
    assert session.greeting is not None
    said.clear()
    carrier._send_health(report)
    # Word for word, so that the last will of the session is still believed; before the report, which needs it.
    assert said[0] == (session.greeting.topic, session.greeting.frame)
    assert [topic for topic, _ in said[1:]] == [TOPICS.on(Channel.HEALTH)]
    carrier._board.note_receipt(Trust.APPROVED, NOON)
    said.clear()
    carrier._send_health(report)
    assert [topic for topic, _ in said] == [TOPICS.on(Channel.HEALTH)]


def test_offset_is_written_down_only_when_it_has_moved() -> None:
    carrier, noted = _idle_carrier()

    async def scene() -> None:
        for offset, trip in ((500, 0.1), (540, 0.1), (9_000, 60.0), (700, 0.1)):
            carrier._note_answer(Answer(RECEIPT, Applied(1, 0, 0, 0), trip, offset))
            await asyncio.sleep(0)
        await asyncio.gather(*carrier._notes)

    asyncio.run(scene())
    assert noted == [500, 700]


@pytest.mark.parametrize("trust", Trust)
def test_receipt_tells_whether_we_are_approved(trust: Trust) -> None:
    carrier, _ = _idle_carrier()
    assert carrier._board.is_approved is None

    async def scene() -> None:
        carrier._note_answer(Answer(msgspec.structs.replace(RECEIPT, trust=trust), Applied(1, 0, 0, 0), 0.1, 0))
        await asyncio.gather(*carrier._notes)

    asyncio.run(scene())
    assert carrier._board.is_approved is (trust is Trust.APPROVED)


def test_link_settings_take_the_secret_from_its_file(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("k7mwq\n")
    secret.chmod(0o600)
    authority, _ = written_pair(tmp_path, "ca")
    section = LinkSection(host="mq", port=8883, ca_file=authority, username="t", password_file=secret)
    settings = link_settings(TERMINAL, section)
    assert (settings.client_id, settings.host, settings.port) == (TERMINAL, "mq", 8883)
    assert settings.backoff_first_s == Backoff().first_s, "a terminal is one among many"
    assert (settings.ca_file, settings.key_file) == (str(authority), None)
    assert (settings.username, settings.password) == ("t", "k7mwq")
    assert "k7mwq" not in repr(settings)


def test_authority_that_cannot_be_used_is_refused_unless_the_line_is_switched_off(tmp_path: Path) -> None:
    with pytest.raises(CertificateError, match="ca_file"):
        link_settings(TERMINAL, LinkSection(host="mq", ca_file=tmp_path / "ca.pem"))
    link_settings(TERMINAL, LinkSection(is_enabled=False, host="mq", ca_file=tmp_path / "ca.pem"))


def _idle_carrier() -> tuple[Carrier, list[int]]:
    """Return a carrier that was never started, and the offsets it wants to keep."""
    noted: list[int] = []

    class Notebook:
        def note_clock_offset(self, offset_ms: int) -> None:
            noted.append(offset_ms)

        def note_centre(self, centre: str) -> str | None:
            return None

    async def in_store(work: Callable[[], object]) -> object:
        return work()

    async def read(work: Callable[[Connection], object]) -> object:
        raise AssertionError

    carrier = Carrier(
        identity=Identity(TOPICS, "P35020000001", "", EPOCH, "0.1.0", KEY, CENTRE.public),
        settings=LinkSettings(TERMINAL),
        outbox=Notebook(),
        in_store=in_store,
        read=read,
        glance=glance,
        board=SyncBoard(),
        bus=LiveBus(),
        clock=SystemClock(),
    )
    return carrier, noted
