"""What the terminal says of its way to the centre, and that asking for it disturbs nobody."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from codes.words import Words
from edge.config import EdgeConfig
from edge.core import Core, opened_core
from edge.status import StatusReader
from edge.store.outbox import Applied
from edge.sync_board import FORGED_RECEIPT, NO_CENTRE_KEY, WRONG_CENTRE_KEY, SyncBoard
from tests.edge.scene import NOON, TERMINAL, FakeClock
from wire.errors import CorruptMessageError, ForgedMessageError, UnknownKeyError
from wire.keys import SigningKey
from wire.receipts import Receipt

KEY = SigningKey(Ed25519PrivateKey.generate())
CENTRE_KEY = SigningKey(Ed25519PrivateKey.generate()).public.raw.hex()
WORDS = Words("坏", "bad")


class NoDevices:
    """A supervisor without scanners."""

    def statuses(self) -> tuple[()]:
        return ()


def play(folder: Path, scene: Callable[[StatusReader, Core], Awaitable[None]], **tables: dict[str, object]) -> None:
    terminal = {"id": TERMINAL, "area": "350200", "institution": "P35020000001"}
    config = EdgeConfig(terminal=terminal, store={"folder": folder}, **tables)

    async def whole() -> None:
        async with opened_core(config, lambda _: None, FakeClock()) as core:
            reader = StatusReader(config.terminal, core, SyncBoard(), NoDevices(), KEY.public, started_at=NOON)
            await scene(reader, core)

    asyncio.run(whole())


def test_line_is_told_while_the_writer_is_busy(folder: Path) -> None:
    async def scene(reader: StatusReader, core: Core) -> None:
        may_end = threading.Event()
        busy = asyncio.ensure_future(core.in_store(may_end.wait))
        async with asyncio.timeout(10):
            assert (await reader.sync()).pending == 0
        assert not busy.done()
        may_end.set()
        await busy

    play(folder, scene)


def test_delivered_rows_are_counted_only_for_who_asks_for_everything(folder: Path) -> None:
    async def scene(reader: StatusReader, core: Core) -> None:
        receipt = Receipt(1, TERMINAL, core.state.epoch, "c", NOON, None, [])
        await core.in_store(lambda: core.outbox.apply_receipts([receipt], NOON))
        assert (await reader.sync()).delivered is None
        assert (await reader.read()).sync.delivered == 0

    play(folder, scene)


@pytest.mark.parametrize(
    ("tables", "is_enabled", "problem"),
    [
        ({"link": {"is_enabled": False}}, False, None),
        ({}, True, NO_CENTRE_KEY),
        ({"centre": {"public_key": CENTRE_KEY}}, True, None),
    ],
)
def test_switched_off_without_a_key_and_offline_are_three_things(
    folder: Path, tables: dict[str, dict[str, object]], is_enabled: bool, problem: object
) -> None:
    async def scene(reader: StatusReader, _: Core) -> None:
        sync = await reader.sync()
        assert (sync.is_up, sync.is_enabled, sync.problem) == (False, is_enabled, problem)

    play(folder, scene, **tables)


@pytest.mark.req("T-45")
def test_problem_of_the_link_stays_until_a_good_receipt(folder: Path) -> None:
    async def scene(reader: StatusReader, _: Core) -> None:
        reader.board.note_refused_receipt(UnknownKeyError(WORDS))
        assert (await reader.sync()).problem == WRONG_CENTRE_KEY
        reader.board.note_refused_receipt(ForgedMessageError(WORDS))
        assert (await reader.read()).sync.problem == FORGED_RECEIPT
        reader.board.note_receipt(Applied(0, 0, 0, 0), NOON)
        assert (await reader.sync()).problem is None

    play(folder, scene, centre={"public_key": CENTRE_KEY})


def test_damaged_receipt_is_told_by_its_own_code() -> None:
    board = SyncBoard()
    board.note_refused_receipt(CorruptMessageError(WORDS))
    assert board.problem is not None
    assert (board.problem.code, board.problem.words) == ("wire.corrupt", WORDS)
