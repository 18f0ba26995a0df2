"""What the terminal says of its way to the centre, and that asking for it disturbs nobody."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from codes.words import Words
from drivers.scanner.unlisted import Unlisted
from edge.catalogue_file import import_catalogue
from edge.config import EdgeConfig
from edge.config_revision import ConfigFile
from edge.core import Core, opened_core
from edge.health import DeviceState, DeviceStatus, LampState
from edge.status import LOOK_S, StatusReader
from edge.store.database import visited_store
from edge.store.life import acknowledge_damage
from edge.sync_board import FORGED_RECEIPT, NO_CENTRE_KEY, WRONG_CENTRE_KEY, SyncBoard
from rules.catalogue import CatalogueError
from tests.edge.scene import NOON, TERMINAL, FakeClock
from wire.errors import CorruptMessageError, ForgedMessageError, UnknownKeyError
from wire.events import ShiftOpened
from wire.keys import SigningKey
from wire.link_loss import Cause, LinkLoss
from wire.receipts import Receipt, Trust

SEED = Path(__file__).parents[2] / "config" / "seed" / "catalogue.csv"
KEY = SigningKey(Ed25519PrivateKey.generate())
CENTRE_KEY = SigningKey(Ed25519PrivateKey.generate()).public.raw.hex()
WORDS = Words("坏", "bad")


class NoDevices:
    """A supervisor without scanners."""

    def statuses(self) -> tuple[()]:
        return ()


class OneDevice:
    """A supervisor with one scanner, which is as the test says."""

    def __init__(self) -> None:
        self.device = DeviceStatus("serial:left", DeviceState.READY, 1, 0, None, WORDS, WORDS)

    def statuses(self) -> tuple[DeviceStatus]:
        return (self.device,)


def play(
    folder: Path,
    scene: Callable[[StatusReader, Core], Awaitable[None]],
    started_at: datetime = NOON,
    *,
    clock: FakeClock | None = None,
    supervisor: NoDevices | OneDevice | None = None,
    **tables: dict[str, object],
) -> None:
    terminal = {"id": TERMINAL, "area": "350200", "institution": "P35020000001"}
    config = EdgeConfig(terminal=terminal, store={"folder": folder}, **tables)

    clock, supervisor = clock or FakeClock(), supervisor or NoDevices()

    async def whole() -> None:
        async with opened_core(config, lambda _: None, clock) as core:
            reader = StatusReader(
                config.terminal, core, SyncBoard(), supervisor, KEY.public, started_at=started_at, clock=clock
            )
            await scene(reader, core)

    asyncio.run(whole())


@pytest.mark.req("T-10")
def test_damage_that_somebody_acknowledges_beside_the_terminal_is_told_no_more(folder: Path) -> None:
    async def scene(reader: StatusReader, core: Core) -> None:
        def damage() -> None:
            with core.connection.begin():
                core.outbox.begin_epoch(core.connection, "damaged", NOON, folder="damaged/1")

        def acknowledge() -> int:
            with visited_store(folder) as connection, connection.begin():
                return acknowledge_damage(connection, "root", NOON)

        await core.in_store(damage)
        for told in (await reader.read(), await reader.glance()):
            assert [one.code for one in told.troubles if one.is_alarm] == ["store.salvaged"]
        assert await asyncio.to_thread(acknowledge) == 1
        for told in (await reader.read(), await reader.glance()):
            assert [one.code for one in told.troubles if one.is_alarm] == []

    play(folder, scene, link={"is_enabled": False})


def test_line_is_told_while_the_writer_is_busy(folder: Path) -> None:
    async def scene(reader: StatusReader, core: Core) -> None:
        may_end = threading.Event()
        busy = asyncio.ensure_future(core.in_store(may_end.wait))
        async with asyncio.timeout(30):
            assert (await reader.sync()).pending == 0
        assert not busy.done()
        may_end.set()
        await busy

    play(folder, scene)


@pytest.mark.req("T-20")
def test_a_driver_that_hangs_holds_up_no_status(folder: Path) -> None:
    clock, may_end = FakeClock(), threading.Event()
    may_end.set()

    def looked_for() -> tuple[()]:
        may_end.wait()
        return ()

    async def scene(reader: StatusReader, _: Core) -> None:
        reader = replace(reader, unlisted=looked_for)
        before = (await reader.read()).machine
        assert before.rss_bytes
        may_end.clear()
        clock.advance(LOOK_S)
        async with asyncio.timeout(30):
            for _ in range(50):
                assert (await reader.read()).machine == before
            # Passwords are checked in the same few threads.
            await asyncio.to_thread(int)
        may_end.set()

    play(folder, scene, clock=clock)


def test_delivered_rows_are_counted_only_for_who_asks_for_everything(folder: Path) -> None:
    async def scene(reader: StatusReader, core: Core) -> None:
        receipt = Receipt(1, TERMINAL, core.state.epoch, "c", NOON, "n" * 16, [])
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
        reader.board.note_receipt(Trust.APPROVED, NOON)
        assert (await reader.sync()).problem is None

    play(folder, scene, centre={"public_key": CENTRE_KEY})


def test_damaged_receipt_is_told_by_its_own_code() -> None:
    board = SyncBoard()
    board.note_refused_receipt(CorruptMessageError(WORDS))
    assert board.problem is not None
    assert (board.problem.code, board.problem.words) == ("wire.corrupt", WORDS)


async def nothing(_reader: StatusReader, _core: Core) -> None:
    """The start is all."""


def test_refused_catalogue_file_keeps_the_library_from_before_and_is_said(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "catalogue.csv"
    file.write_bytes(SEED.read_bytes())
    play(folder, nothing, catalogue={"file": file})
    file.write_text("wrong;columns\n")

    async def scene(reader: StatusReader, core: Core) -> None:
        status = await reader.read()
        assert status.catalogue is not None
        assert status.catalogue.products > 60
        assert status.catalogue_problem is not None
        assert status.catalogue_problem.code == "catalogue.columns"
        # The corrected file is imported while the terminal runs.
        file.write_bytes(SEED.read_bytes() + b"\n")
        await core.in_store(lambda: import_catalogue(core.connection, file, NOON + timedelta(hours=2)))
        assert (await reader.read()).catalogue_problem is None

    play(folder, scene, started_at=NOON + timedelta(hours=1), catalogue={"file": file})


def test_first_catalogue_file_must_be_right(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "catalogue.csv"
    file.write_text("wrong;columns\n")
    with pytest.raises(CatalogueError):
        play(folder, nothing, catalogue={"file": file})


def test_lines_that_were_left_out_are_said(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "catalogue.csv"
    header, first, *_ = SEED.read_text(encoding="utf-8").splitlines()
    file.write_text(
        "\n".join([header, first, first.replace("9.80", "cheap").replace("D0001", "D9999")]), encoding="utf-8"
    )

    async def scene(reader: StatusReader, _core: Core) -> None:
        status = await reader.read()
        assert status.catalogue_problem is not None
        assert status.catalogue_problem.code == "catalogue.lines_left_out"
        assert "1 行" in status.catalogue_problem.words.zh

    play(folder, scene, catalogue={"file": file})


@pytest.mark.req("T-66")
def test_a_day_without_the_wan_is_shown_and_needs_nobody(folder: Path) -> None:
    """The line is lost at noon; a day later everything still waits, and only a local fault turns the terminal red."""
    clock, supervisor = FakeClock(), OneDevice()

    async def scene(reader: StatusReader, core: Core) -> None:
        reader.board.line_up()
        assert (await reader.read()).lamps.sync.code == "sync.no_answer_yet"
        reader.board.note_receipt(Trust.APPROVED, clock.now())
        assert (await reader.read()).lamps.sync.state is LampState.OK
        reader.board.line_down(LinkLoss(Cause.UNREACHABLE, "no route"))
        for _ in range(24):
            clock.advance(3_600)
            await core.in_store(lambda: record(core, clock))
            status = await reader.read()
            assert status.is_well
            assert (status.lamps.sync.state, status.lamps.sync.code) == (
                LampState.DOWN,
                "link.cannot_connect.unreachable",
            )
        assert (status.sync.pending, status.sync.oldest_pending_at) == (24, NOON + timedelta(hours=1))
        supervisor.device = replace(supervisor.device, state=DeviceState.FAILED, problem="driver.x")
        status = await reader.read()
        assert (status.is_well, status.troubles[0].code) == (False, "driver.x")

    play(folder, scene, centre={"public_key": CENTRE_KEY}, clock=clock, supervisor=supervisor)


@pytest.mark.req("T-12")
def test_events_that_are_dated_ahead_are_told_until_time_has_caught_up(folder: Path) -> None:
    clock = FakeClock()

    async def scene(reader: StatusReader, core: Core) -> None:
        await core.in_store(lambda: core.outbox.note_clock_offset(3 * 3_600_000))
        await core.in_store(lambda: record(core, clock))
        await core.in_store(lambda: core.outbox.note_clock_offset(0))
        assert [one.code for one in (await reader.read()).troubles] == ["clock.events_ahead"]
        clock.advance(3 * 3_600)
        assert (await reader.read()).troubles == ()

    play(folder, scene, centre={"public_key": CENTRE_KEY}, clock=clock)


@pytest.mark.req("T-66")
def test_settlement_is_off_and_says_so_whatever_the_line_does(folder: Path) -> None:
    async def scene(reader: StatusReader, _: Core) -> None:
        for change in (reader.board.line_up, lambda: reader.board.line_down(LinkLoss(Cause.NAME, "x"))):
            change()
            lamp = (await reader.glance()).lamps.settlement
            assert (lamp.state, lamp.code) == (LampState.OFF, "settlement.not_configured")

    play(folder, scene)


def test_changed_configuration_is_seen_within_ten_seconds(folder: Path, tmp_path: Path) -> None:
    path, clock = tmp_path / "edge.toml", FakeClock()
    path.write_text("a")

    async def scene(reader: StatusReader, _: Core) -> None:
        reader = replace(reader, config_file=ConfigFile.seen(path))
        assert (await reader.read()).config is not None
        path.write_text("b")
        clock.advance(LOOK_S)
        status = await reader.read()
        assert [trouble.code for trouble in status.troubles if trouble.code.startswith("config")] == [
            "config.not_applied"
        ]
        assert status.machine.disk_free_bytes is not None

    play(folder, scene, clock=clock)


def test_what_is_plugged_in_and_not_read_is_told(folder: Path) -> None:
    stranger = Unlisted(
        "/dev/ttyACM3", "Gun", "scanner.not_configured", Words("未配置", "not named"), Words("加", "add")
    )

    async def scene(reader: StatusReader, _: Core) -> None:
        reader = replace(reader, unlisted=lambda: (stranger,))
        assert (await reader.read()).unlisted_devices == (stranger,)

    play(folder, scene)


def record(core: Core, clock: FakeClock) -> None:
    with core.connection.begin():
        core.outbox.append(core.connection, ShiftOpened("s"), operator="w", now=clock.now())
