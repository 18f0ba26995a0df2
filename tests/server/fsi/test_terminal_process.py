"""A terminal's process at the true centre, killed in the middle: it settles once, and knows it after the next start."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI
from sqlalchemy import func, select

from codes.errors import YimaError
from edge.clock import Clock, SystemClock
from edge.config import EdgeConfig
from edge.core import opened_core
from edge.fsi.journal import Purpose, Told
from edge.fsi.outcome import Agreed
from edge.fsi_opening import open_interface
from edge.supervisor import keep_up
from server.fsi.figures import Outcome
from server.fsi.http import fsi_routes
from server.fsi.post import Post, Reply
from server.fsi.rpc import FsiLine
from server.store.database import Store
from server.store.fsi_tables import fsi_message
from server.store.settlement_tables import settlement
from tests.conftest import make_broker, wait_until
from tests.server.fake_terminal import FakeTerminal, new_key
from tests.server.fsi.counter import CARD, LI, Counter, open_counter
from tests.server.fsi.office import NOON, PHARMACY, VOICE
from wire.fsi.signing import PATH
from wire.fsi.tables import envelope
from wire.keys import SigningKey
from wire.link import LinkSettings

SALE = "sale"
NAME = "counter-1"
CENTRE = new_key()
OPERATOR = ("li01", "李")
PERSON = {"data": {"mdtrt_cert_type": "02", "mdtrt_cert_no": CARD[LI]}}
OUTCOME = "outcome.json"


class AtNoon(SystemClock):
    """The clock of a day at the centre."""

    def now(self):
        return NOON


class Deadly:
    """The centre, and what happens to the terminal after it has done one kind of message and before it says so."""

    def __init__(self, counter: Counter) -> None:
        self.counter = counter
        self.path = counter.office.answering.path
        self.kills = ""
        self.victim = 0

    def answer(self, post: Post) -> Reply:
        reply = self.counter.office.answering.answer(post)
        if self.kills and f'"infno":"{self.kills}"'.encode() in post.body:
            self.kills = ""
            os.kill(self.victim, signal.SIGKILL)
        return reply

    def refuse(self, error: YimaError, arrived_at: object, outcome: Outcome = Outcome.REFUSED) -> Reply:
        return self.counter.office.answering.refuse(error, arrived_at, outcome)


@contextmanager
def over_mqtt(deadly: Deadly, folder: Path, key: SigningKey) -> Iterator[dict[str, object]]:
    """Answer over a broker; give what the terminal is configured with."""
    store = deadly.counter.office.store
    FakeTerminal(name=NAME, institution=PHARMACY, key=key).registered(store)
    broker = make_broker("embedded", folder)
    broker.start()
    settings = LinkSettings("yima-centre", port=broker.port, backoff_first_s=0.05, backoff_most_s=0.2)
    line = FsiLine(
        answers=deadly, store=store, key=CENTRE, settings=settings, now=deadly.counter.office.clock,
        on_fatal=lambda: None, workers=2,
    )  # fmt: skip
    line.start()
    try:
        wait_until(lambda: line.is_up)
        yield {
            "link": {"port": broker.port, "backoff_most_s": 0.5},
            "centre": {"public_key": CENTRE.public.raw.hex()},
            "fsi": {"way": "mqtt"},
        }
    finally:
        line.stop()
        broker.kill()


@contextmanager
def over_http(deadly: Deadly, folder: Path, key: SigningKey) -> Iterator[dict[str, object]]:
    """Answer over HTTP."""
    del key
    app = FastAPI()
    office = deadly.counter.office
    routes = fsi_routes(
        deadly, know_voice=lambda *_: VOICE, envelope=envelope(office.area), now=office.clock, workers=2
    )  # fmt: skip
    app.include_router(routes)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        wait_until(lambda: server.started)
        port = server.servers[0].sockets[0].getsockname()[1]
        token = folder / "token"
        token.write_text("right\n")
        token.chmod(0o600)
        url = f"http://127.0.0.1:{port}{PATH}"
        yield {
            "link": {"is_enabled": False},
            "fsi": {"way": "http", "url": url, "keeps_answers": True, "token_file": token},
        }
    finally:
        server.should_exit = True
        thread.join(5)


def work(folder: Path, key: SigningKey, tables: dict[str, dict[str, object]], sale: dict[str, object] | None) -> None:
    """Run a terminal's interface: settle a sale, or wait for the outcome of one that was left open."""
    asyncio.run(_work(folder, key, tables, sale))


async def _work(
    folder: Path, key: SigningKey, tables: dict[str, dict[str, object]], sale: dict[str, object] | None
) -> None:
    clock: Clock = AtNoon()
    fsi = {"is_enabled": True, "desk": 3, **tables["fsi"]}
    config = EdgeConfig(
        terminal={"id": NAME, "area": "350200", "institution": PHARMACY},
        store={"folder": folder},
        institution={"code": PHARMACY, "name": "示例药店"},
        **{**tables, "fsi": fsi},
    )
    async with opened_core(config, lambda _: None, clock) as core, asyncio.timeout(60):
        opened = open_interface(core, key, clock)
        assert opened is not None
        told: asyncio.Queue[Told] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        opened.interface.register(SALE, lambda _, one: loop.call_soon_threadsafe(told.put_nowait, one))
        tasks = [asyncio.create_task(keep_up(name, one)) for name, one in opened.work().items()]
        if sale is not None:
            await asyncio.to_thread(wait_until, opened.interface.is_up)
            assert (await opened.interface.read(*OPERATOR, "1101", PERSON)).is_success
            await opened.interface.ask(*OPERATOR, "2102", sale, Purpose(SALE, "S1"), insured_district="350200")
        last = await told.get()
        while not isinstance(last.outcome, Agreed):
            last = await told.get()
        assert last.outcome.answer.output is not None
        setl_id = last.outcome.answer.output.one("setlinfo").text("setl_id")
        (folder / OUTCOME).write_text(json.dumps({"msgid": last.msgid, "setl_id": setl_id}))
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def ran(deadly: Deadly, *given: object) -> int:
    """Run the terminal in a process of its own and return how it ended."""
    child = multiprocessing.get_context("fork").Process(target=work, args=given)
    child.start()
    deadly.victim = child.pid or 0
    child.join(30)
    assert child.exitcode is not None
    return child.exitcode


@pytest.mark.parametrize("way", [over_mqtt, over_http], ids=["mqtt", "http"])
@pytest.mark.parametrize("at", ["1101", "2102"])
def test_a_terminal_that_dies_before_the_answer_settles_once_and_knows_it_afterwards(
    lone_store: Store, tmp_path: Path, way, at: str
) -> None:
    deadly = Deadly(open_counter(lone_store))
    sale = deadly.counter.sale(deadly.counter.line(price="500.00"))
    folder, key = tmp_path / "terminal", new_key()
    with ExitStack() as undo:
        tables = undo.enter_context(way(deadly, tmp_path, key))
        deadly.kills = at
        assert ran(deadly, folder, key, tables, sale) == -signal.SIGKILL
        # What was only looked up is begun anew by the till; what was to be settled is found out by itself.
        assert ran(deadly, folder, key, tables, sale if at == "1101" else None) == 0
    known = json.loads((folder / OUTCOME).read_text())
    with lone_store.reading() as connection:
        rows = connection.execute(select(settlement.c.state, settlement.c.setl_id)).all()
        asked = select(func.count()).where(fsi_message.c.infno == "2102")
        assert connection.scalar(asked) == 1
    assert [tuple(row) for row in rows] == [("active", known["setl_id"])]
