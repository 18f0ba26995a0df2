"""P-06: how fast a terminal's backlog drains, receipts of the centre included.

Ours: the real outbox, uplink, link, receiver and ingest (signatures, schema, chain, ledger), centre in another process,
embedded broker in a third. Floor: the barest loop that is still safe (`floor_drain`), same broker, same rows. So that
it can be seen whose time it is, the terminal also drains into a centre as bare as the floor's: it proves the batch,
inserts the rows and signs the receipt, but keeps no ledger.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import queue
import random
import secrets
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.clock import SystemClock
from edge.store.database import opened_store
from edge.store.outbox import Outbox
from edge.store.terminal import ensure_state
from edge.uplink import Answer, Uplink
from rules.scan_judgement import Mode
from server.fleet import Noted
from server.ingest.take import Ingest
from server.receiver import Receiver
from server.store.database import open_store
from tests.bench.figure import Figure, at_least, figure, of_floor_at_least
from tests.bench.floor_drain import connect, drain, open_database
from tests.conftest import make_broker
from tests.server.fake_terminal import FakeTerminal
from wire.envelope import open_sealed, seal
from wire.events import Scanned, thaw_header
from wire.keys import SigningKey
from wire.link import Link, LinkSettings, Session
from wire.link_loss import LinkLoss
from wire.receipts import BATCH_VERSION, Receipt, Trust, decode_batch, encode, ranges
from wire.topics import Channel, TerminalTopics

ROWS = 30_000
TERMINAL = "bench-1"
TOPICS = TerminalTopics("350200", TERMINAL)
ROUNDS = 3


class _NoFleet:
    """The bench's terminal says nothing of itself."""

    def note_many(self, messages: Sequence[tuple[str, bytes, datetime]]) -> Sequence[Noted]:
        return [Noted() for _ in messages]

    def doubtful(self, reports: Sequence[object]) -> Sequence[object]:
        return reports

    def question(self, topics: TerminalTopics, said: object, now: datetime) -> None: ...


def serve(port: int, folder: Path, terminal_key: bytes, centre_key: bytes, ready: Any) -> None:
    """Be the centre, until killed."""
    store = open_store(f"sqlite:///{folder / 'centre.db'}", new_epoch=lambda: "bench")
    key = SigningKey(Ed25519PrivateKey.from_private_bytes(terminal_key))
    FakeTerminal(name=TERMINAL, key=key).registered(store, Trust.APPROVED)
    nobody = _NoFleet()
    receiver = Receiver(
        ingest=Ingest(store, SigningKey(Ed25519PrivateKey.from_private_bytes(centre_key))),
        fleet=nobody,
        asking=nobody,
        settings=LinkSettings("bench-centre", port=port),
        now=lambda: datetime.now(UTC),
        on_fatal=lambda: None,
    )
    receiver.start()
    while not receiver.takes_records:
        time.sleep(0.01)
    ready.set()
    threading.Event().wait()


def serve_barely(port: int, folder: Path, terminal_key: bytes, centre_key: bytes, ready: Any) -> None:
    """Be a centre that only keeps the rows, until killed."""
    terminal = SigningKey(Ed25519PrivateKey.from_private_bytes(terminal_key)).public
    key = SigningKey(Ed25519PrivateKey.from_private_bytes(centre_key))
    up, down = TOPICS.on(Channel.EVENTS), TOPICS.on(Channel.RECEIPT)
    arrived: queue.Queue[bytes] = queue.Queue()
    database = open_database(folder / "bare.db", "CREATE TABLE event (id TEXT PRIMARY KEY, seq INTEGER, body BLOB)")
    client = connect("bare-centre", port, up, arrived)
    ready.set()
    while True:
        batch = decode_batch(open_sealed(arrived.get(), up, lambda _key_id: terminal).body)
        headers = [thaw_header(raw) for raw in batch.events]
        rows = [(header.id, header.seq, bytes(raw)) for header, raw in zip(headers, batch.events, strict=True)]
        database.execute("BEGIN")
        database.executemany("INSERT OR IGNORE INTO event VALUES (?, ?, ?)", rows)
        database.execute("COMMIT")
        receipt = Receipt(
            v=BATCH_VERSION,
            terminal=batch.terminal,
            epoch=batch.epoch,
            centre="bare",
            at=datetime.now(UTC),
            nonce=batch.nonce,
            accepted=ranges(seq for _, seq, _ in rows),
        )
        client.publish(down, seal(encode(receipt), down, key), qos=1)


def fill(folder: Path, rows: int) -> None:
    """Write a backlog of scans, many to a commit: how it came about is not what is measured."""
    clock = SystemClock()
    with opened_store(folder) as connection:
        ensure_state(connection, terminal=TERMINAL, new_epoch="bench", mode=Mode.DISPENSE)
        outbox = Outbox(connection, random=secrets.token_bytes)
        for start in range(0, rows, 1_000):
            with connection.begin():
                for number in range(start, min(start + 1_000, rows)):
                    code = f"8600011{number:013d}"
                    fact = Scanned(
                        sale=f"{TERMINAL}-{number // 4}",
                        reading="trace",
                        device="serial:counter",
                        verdict="added",
                        code=code,
                        product="D0001",
                        reserved_until=clock.now(),
                    )
                    outbox.append(connection, fact, operator="bench", now=clock.now())


async def drain_ours(port: int, folder: Path, key: SigningKey, centre_key: SigningKey, rows: int) -> float:
    """Drain the backlog; return rows per second."""
    done = 0
    finished = asyncio.Event()

    def on_answer(answer: Answer) -> None:
        nonlocal done
        done += answer.applied.delivered
        if done >= rows:
            finished.set()

    with opened_store(folder) as connection:
        outbox = Outbox(connection, random=secrets.token_bytes)

        # One thread owns the store in the terminal too; here it is the loop's own, which spares the hand-over.
        async def in_store(work: Any) -> Any:
            return work()

        ear = _Ear()
        settings = LinkSettings("bench-edge", port=port)
        link = Link(settings, ear, lambda: Session((TOPICS.on(Channel.RECEIPT),)), rng=random.Random(1))
        uplink = Uplink(
            outbox=outbox,
            in_store=in_store,
            link=link,
            topics=TOPICS,
            key=key,
            centre_key=centre_key.public,
            clock=SystemClock(),
            new_nonce=lambda: secrets.token_hex(8),
            on_answer=on_answer,
        )
        ear.uplink = uplink
        task = asyncio.create_task(uplink.run())
        await asyncio.sleep(0)
        started = time.perf_counter()
        link.start()
        async with asyncio.timeout(120):
            await finished.wait()
        elapsed = time.perf_counter() - started
        task.cancel()
        link.stop()
    return rows / elapsed


class _Ear:
    uplink: Uplink | None = None

    def link_up(self) -> None:
        assert self.uplink is not None
        self.uplink.link_changed(is_up=True)

    def link_down(self, loss: LinkLoss) -> None:
        assert self.uplink is not None
        self.uplink.link_changed(is_up=False)

    def message(self, topic: str, frame: bytes) -> None:
        assert self.uplink is not None
        self.uplink.receipt_arrived(frame)


def measure(serve_centre: Callable[..., None], port: int, folder: Path, rows: int) -> float:
    """Fill a terminal, start a centre, drain."""
    folder.mkdir()
    key, centre_key = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    fill(folder / "edge", rows)
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    arguments = (port, folder, key.private_bytes_raw(), centre_key.private_bytes_raw(), ready)
    centre = context.Process(target=serve_centre, args=arguments, daemon=True)
    centre.start()
    if not ready.wait(30):
        raise RuntimeError("the centre did not start")
    rate = asyncio.run(drain_ours(port, folder / "edge", SigningKey(key), SigningKey(centre_key), rows))
    centre.kill()
    centre.join(5)
    return rate


def run() -> list[Figure]:
    """Measure ours and the floor in turns; report the medians."""
    ours, terminal_only, floor = [], [], []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            broker = make_broker("embedded", folder)
            broker.start()
            floor.append(drain(broker.port, folder, ROWS, "x" * 400))
            ours.append(measure(serve, broker.port, folder / "ours", ROWS))
            terminal_only.append(measure(serve_barely, broker.port, folder / "terminal", ROWS))
            broker.kill()
    rate = "outbox drain with receipts, 100 rows a message"
    return [
        figure(
            "P-06",
            f"{rate}, by the terminal",
            median(terminal_only),
            "rows/s",
            floor=median(floor),
            target=of_floor_at_least(0.75),
            note="signed, into a centre as bare as the floor's; floor: neither signed nor chained",
        ),
        figure(
            "P-06",
            f"{rate}, into the ledger",
            median(ours),
            "rows/s",
            floor=median(floor),
            target=at_least(15_000),
            note="signed, chained, proved, folded: bound by the centre (P-07)",
        ),
    ]
