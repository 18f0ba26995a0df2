"""P-06: how fast a terminal's backlog drains, receipts of the centre included.

Ours: the real outbox, uplink, link, receiver and ingest (signatures, schema, chain, ledger), centre in another process,
embedded broker in a third. Floor: the barest loop that is still safe (`floor_drain`), same broker, same rows.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import random
import secrets
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.clock import SystemClock
from edge.store.database import opened_store
from edge.store.outbox import Outbox
from edge.store.terminal import ensure_state
from edge.uplink import Answer, Uplink
from rules.scan_judgement import Mode
from server.ingest.take import Ingest
from server.receiver import Receiver
from server.store.database import open_store
from server.store.terminals import Trust
from tests.bench.floor_drain import drain
from tests.conftest import make_broker
from tests.server.fake_terminal import FakeTerminal
from wire.events import Scanned
from wire.keys import SigningKey
from wire.link import Link, LinkSettings, Session
from wire.topics import Channel, TerminalTopics

ROWS = 30_000
TERMINAL = "bench-1"
TOPICS = TerminalTopics("350200", TERMINAL)
ROUNDS = 3


class _NoFleet:
    def note_presence(self, topic: str, frame: bytes, now: datetime) -> None: ...

    def note_health(self, topic: str, frame: bytes, now: datetime) -> None: ...


def serve(port: int, folder: Path, terminal_key: bytes, centre_key: bytes, ready: Any) -> None:
    """Be the centre, until killed."""
    store = open_store(f"sqlite:///{folder / 'centre.db'}", new_epoch=lambda: "bench")
    key = SigningKey(Ed25519PrivateKey.from_private_bytes(terminal_key))
    FakeTerminal(name=TERMINAL, key=key).registered(store, Trust.APPROVED)
    receiver = Receiver(
        ingest=Ingest(store, SigningKey(Ed25519PrivateKey.from_private_bytes(centre_key))),
        fleet=_NoFleet(),
        settings=LinkSettings("bench-centre", port=port),
        now=lambda: datetime.now(UTC),
        on_fatal=lambda: None,
    )
    receiver.start()
    while not receiver.is_up:
        time.sleep(0.01)
    ready.set()
    threading.Event().wait()


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
            epoch="bench",
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

    def link_down(self, reason: str) -> None:
        assert self.uplink is not None
        self.uplink.link_changed(is_up=False)

    def message(self, topic: str, frame: bytes) -> None:
        assert self.uplink is not None
        self.uplink.receipt_arrived(frame)


def measure_ours(port: int, folder: Path, rows: int) -> float:
    """Fill a terminal, start a centre, drain."""
    key, centre_key = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    fill(folder / "edge", rows)
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    arguments = (port, folder, key.private_bytes_raw(), centre_key.private_bytes_raw(), ready)
    centre = context.Process(target=serve, args=arguments, daemon=True)
    centre.start()
    if not ready.wait(30):
        raise RuntimeError("the centre did not start")
    rate = asyncio.run(drain_ours(port, folder / "edge", SigningKey(key), SigningKey(centre_key), rows))
    centre.kill()
    centre.join(5)
    return rate


def run() -> list[dict[str, Any]]:
    """Measure ours and the floor in turns; report the medians."""
    ours, floor = [], []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            broker = make_broker("embedded", folder)
            broker.start()
            floor.append(drain(broker.port, folder, ROWS, "x" * 400))
            ours.append(measure_ours(broker.port, folder, ROWS))
            broker.kill()
    rate, base = sorted(ours)[ROUNDS // 2], sorted(floor)[ROUNDS // 2]
    return [
        {
            "id": "P-06",
            "what": "outbox drain with receipts, 100 rows a message",
            "value": round(rate),
            "unit": "rows/s",
            "floor": round(base),
            "ratio": rate / base,
            "note": "signed, chained, into the ledger; floor: neither",
        }
    ]
