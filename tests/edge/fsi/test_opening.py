"""From the configuration to answers: the till's facade over a true store, threads and HTTP; nobody is held up."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection

from edge.config import EdgeConfig
from edge.core import Core, opened_core
from edge.fsi.journal import Purpose, Told
from edge.fsi.outcome import Agreed, NotSent, Unknown
from edge.fsi_opening import OpenedInterface, headers_of, is_reachable, open_interface
from edge.health import LineHealth
from edge.operators.accounts import add_account
from edge.store.fsi_messages import count_open
from edge.store.shifts import close_shift, open_shift
from edge.supervisor import keep_up
from tests.conftest import wait_until
from tests.edge.fsi.centre import DISTRICT, GARBAGE, PERSON, SHOP, UNDO, Centre, Door
from tests.edge.scene import TERMINAL, FakeClock
from wire.keys import SigningKey
from wire.rpc import OutcomeUnknownError

KIND = "sale"
LI = ("li01", "李")
ASK = {"data": {"mdtrt_cert_type": "02", "mdtrt_cert_no": PERSON}}
SOON_S = 30


def configured(folder: Path, url: str, **fsi: object) -> EdgeConfig:
    return EdgeConfig(
        terminal={"id": TERMINAL, "area": "350200", "institution": SHOP},
        store={"folder": folder},
        link={"is_enabled": False},
        institution={"code": SHOP, "name": "虚构一心大药房"},
        fsi={"is_enabled": True, "desk": 4, "way": "http", "url": url, "keeps_answers": True, "ask_s": 2, **fsi},
    )


class Terminal:
    """A terminal without its edges."""

    def __init__(self, core: Core, opened: OpenedInterface, clock: FakeClock) -> None:
        self.core, self.opened, self.clock = core, opened, clock
        self.heard: list[Told] = []
        opened.interface.register(KIND, lambda _, told: self.heard.append(told))
        self._tasks: list[asyncio.Task[None]] = []

    def run(self) -> None:
        self._tasks = [asyncio.create_task(keep_up(name, work)) for name, work in self.opened.work().items()]

    async def stop(self) -> float:
        began_s = time.monotonic()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        return time.monotonic() - began_s

    async def in_store(self, work: Callable[[Connection], object]) -> None:
        def committed() -> None:
            with self.core.connection.begin():
                work(self.core.connection)

        await self.core.in_store(committed)

    async def settle(self, within_s: float | None = None) -> Told:
        return await self.opened.interface.ask(
            *LI, "2103", UNDO, Purpose(KIND, "S1"), insured_district=DISTRICT, within_s=within_s
        )


@asynccontextmanager
async def terminal(config: EdgeConfig, clock: FakeClock) -> AsyncIterator[Terminal]:
    async with opened_core(config, lambda _: None, clock) as core:
        opened = open_interface(core, SigningKey(Ed25519PrivateKey.generate()), clock)
        assert opened is not None
        made = Terminal(core, opened, clock)
        try:
            yield made
        finally:
            await made.stop()


def play(scene: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(30):
            await scene()

    asyncio.run(bounded())


async def until(claim: Callable[[], bool]) -> None:
    await asyncio.to_thread(wait_until, claim, timeout_s=SOON_S)


def test_a_terminal_without_it_has_none(folder: Path, clock: FakeClock) -> None:
    async def scene() -> None:
        config = configured(folder, "", is_enabled=False)
        async with opened_core(config, lambda _: None, clock) as core:
            assert open_interface(core, SigningKey(Ed25519PrivateKey.generate()), clock) is None

    play(scene)


def test_the_till_asks_signed_in_and_whoever_registered_is_told(
    folder: Path, centre: Centre, door: Door, clock: FakeClock
) -> None:
    async def scene() -> None:
        async with terminal(configured(folder, door.url), clock) as here:
            interface = here.opened.interface
            assert (await interface.read(*LI, "1101", ASK)).is_success
            told = await here.settle()
            assert isinstance(told.outcome, Agreed)
            assert here.heard == [told]
            answer = await interface.answer_to(told.msgid)
            assert answer is not None
            assert answer.clear == told.outcome.answer.clear
            assert interface.sign_no("li01") == centre.sign_ins[-1]
            assert [infno for infno, _ in centre.heard] == ["9001", "1101", "2103"]
            assert told.msgid[-4:-2] == "04", "of its own desk"
            status = here.opened.status(await here.core.read(count_open))
            assert (status.line, status.open, status.answered) == (LineHealth.UP, 0, 3)

    play(scene)


def test_a_wait_for_the_interface_holds_up_neither_the_loop_nor_the_store(
    folder: Path, centre: Centre, door: Door, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, was_asked, answer = threading.Event(), threading.Event(), centre.answer

    def slow(body: bytes) -> bytes | None:
        was_asked.set()
        gate.wait(SOON_S)
        return answer(body)

    async def scene() -> None:
        async with terminal(configured(folder, door.url), clock) as here:
            await here.opened.interface.sign_in(*LI)
            was_asked.clear()
            monkeypatch.setattr(centre, "answer", slow)
            asking = asyncio.create_task(here.settle())
            await until(was_asked.is_set)
            await here.in_store(lambda _: None)
            assert not asking.done()
            gate.set()
            assert isinstance((await asking).outcome, Agreed)

    play(scene)


def test_stopping_waits_for_no_answer_and_the_next_start_finds_it_out(
    folder: Path, centre: Centre, door: Door, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, was_asked, answer = threading.Event(), threading.Event(), centre.answer

    def late(body: bytes) -> bytes | None:
        said = answer(body)
        was_asked.set()
        gate.wait(SOON_S)
        return said

    async def scene() -> None:
        async with terminal(configured(folder, door.url), clock) as here:
            here.run()
            await here.opened.interface.sign_in(*LI)
            was_asked.clear()
            monkeypatch.setattr(centre, "answer", late)
            asking = asyncio.create_task(here.settle(within_s=60))
            await until(was_asked.is_set)
            assert await here.stop() < 3
            asking.cancel()
        monkeypatch.setattr(centre, "answer", answer)
        async with terminal(configured(folder, door.url), clock) as again:
            again.run()
            await until(lambda: any(isinstance(told.outcome, Agreed) for told in again.heard))
            assert isinstance(again.heard[0].outcome, Unknown)
            assert len(centre.done) == 1
        gate.set()

    play(scene)


def test_what_is_unknown_is_found_out_beside_the_counter(
    folder: Path, centre: Centre, door: Door, clock: FakeClock
) -> None:
    async def scene() -> None:
        async with terminal(configured(folder, door.url), clock) as here:
            await here.opened.interface.sign_in(*LI)
            centre.script = [GARBAGE]
            assert isinstance((await here.settle()).outcome, Unknown)
            assert not here.opened.interface.is_up()
            here.run()
            await until(lambda: isinstance(here.heard[-1].outcome, Agreed))
            assert here.opened.interface.is_up()

    play(scene)


def test_a_sign_in_makes_everything_due_at_once(folder: Path, centre: Centre, door: Door, clock: FakeClock) -> None:
    async def scene() -> None:
        async with terminal(configured(folder, door.url), clock) as here:
            here.run()
            await here.opened.interface.sign_in(*LI)
            centre.script = [GARBAGE]
            assert isinstance((await here.settle()).outcome, Unknown)
            await here.opened.interface.sign_in("wang", "王")
            await until(lambda: isinstance(here.heard[-1].outcome, Agreed))

    play(scene)


def test_nothing_leaves_while_nobody_listens_and_a_line_that_is_back_is_noticed(
    folder: Path, centre: Centre, door: Door, clock: FakeClock
) -> None:
    async def scene() -> None:
        async with terminal(configured(folder, door.url), clock) as here:
            url, here.opened.line._line._url = door.url, "http://127.0.0.1:1/x"
            assert isinstance((await here.settle()).outcome, NotSent)
            assert here.opened.line.health() is LineHealth.NO_LINE
            here.opened.line._line._url = url
            await here.opened.keeper.look()
            assert here.opened.line.health() is not LineHealth.NO_LINE
            assert is_reachable(url)
            assert not is_reachable("http://127.0.0.1:1/x")

    play(scene)


def test_the_operator_of_the_shift_is_signed_in_and_out_with_it(
    folder: Path, centre: Centre, door: Door, clock: FakeClock
) -> None:
    async def scene() -> None:
        async with terminal(configured(folder, door.url), clock) as here:
            keeper = here.opened.keeper
            await here.core.in_store(lambda: add_account(here.core.connection, "li01", "李", clock.now(), "a" * 12))
            await keeper.look()
            assert centre.heard == []
            await here.in_store(lambda tx: open_shift(tx, "shift-1", "li01", clock.now()))
            await keeper.look()
            await keeper.look()
            assert [infno for infno, _ in centre.heard] == ["9001"]
            assert here.opened.status(await here.core.read(count_open)).signed_in
            await here.in_store(lambda tx: close_shift(tx, "shift-1", clock.now()))
            await keeper.look()
            assert [infno for infno, _ in centre.heard] == ["9001", "9002"]
            assert centre.sign_ins == []

    play(scene)


def test_whoever_has_something_open_stays_signed_in_until_it_is_known(
    folder: Path, centre: Centre, door: Door, clock: FakeClock
) -> None:
    async def scene() -> None:
        async with terminal(configured(folder, door.url), clock) as here:
            await here.opened.interface.sign_in(*LI)
            centre.script = [GARBAGE]
            await here.settle()
            await here.opened.keeper.look()
            assert len(centre.sign_ins) == 1
            here.run()
            await until(lambda: isinstance(here.heard[-1].outcome, Agreed))
            # It is told inside the transaction; the next one is after it.
            await here.in_store(lambda _: None)
            await here.opened.keeper.look()
            # Its own round may be signing out just then; this look finds nothing to do.
            await until(lambda: centre.sign_ins == [])

    play(scene)


def test_an_answer_that_is_late_is_said_by_reading_too(
    folder: Path, centre: Centre, door: Door, clock: FakeClock
) -> None:
    async def scene() -> None:
        async with terminal(configured(folder, door.url), clock) as here:
            await here.opened.interface.sign_in(*LI)
            centre.script = [GARBAGE]
            with pytest.raises(OutcomeUnknownError):
                await here.opened.interface.read(*LI, "1101", ASK)
            assert (await here.core.read(count_open)).count == 0, "nobody has to find out what only tells"

    play(scene)


def test_token_and_headers_go_along(tmp_path: Path) -> None:
    for name, text in (("token", "abc\n"), ("headers", "X-App: 1\n")):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o600)
    section = configured(tmp_path, "https://x/", token_file=tmp_path / "token", headers_file=tmp_path / "headers").fsi
    assert headers_of(section) == {"X-App": "1", "Authorization": "Bearer abc"}
