"""The health report: every half minute, soon after a change, and whole."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codes.words import Words
from edge.health import (
    CertificateStatus,
    ConfigRevision,
    DeviceState,
    DeviceStatus,
    Lamp,
    Lamps,
    LampState,
    Machine,
    QuotaStatus,
    TerminalStatus,
    Trouble,
)
from edge.reporting import HEALTH_S, SPACING_S, Reporting, health_of, named_in_turn
from edge.store.asked import Kept
from edge.store.errors import DiskFullError
from edge.store.outbox import OutboxCounts
from edge.store.quota import QuotaState
from tests.edge.api.conftest import STATUS
from tests.edge.scene import EPOCH, NOON, FakeClock
from wire.presence import (
    LONGEST_SENTENCE,
    MOST_EPOCHS,
    MOST_TROUBLES,
    Health,
    KeptEpoch,
    MachineReport,
    decode_health,
    encode,
)

WORDS = Words("坏", "bad")
TROUBLE = Trouble("disk.low", WORDS, WORDS)
BUSY = replace(STATUS, troubles=(TROUBLE,))


class TickingClock(FakeClock):
    """A clock that goes by half a second whenever it is asked how long it runs."""

    def monotonic_s(self) -> float:
        self.advance(0.5)
        return self.seconds


@dataclass
class Reports:
    """A terminal that reports."""

    status: TerminalStatus = STATUS
    clock: TickingClock = field(default_factory=TickingClock)
    sent: list[tuple[float, Health]] = field(default_factory=list)
    kept: Sequence[Kept] = (Kept(EPOCH, 1, 9),)
    is_disk_bad: bool = False
    has_failed: asyncio.Event = field(default_factory=asyncio.Event)
    has_sent: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.reporting = Reporting(
            glance=self._glance,
            stock=self._stock,
            session=lambda: "s1",
            send=self._send,
            clock=self.clock,
            look_s=0.001,
        )

    async def _glance(self) -> TerminalStatus:
        if self.is_disk_bad:
            self.has_failed.set()
            raise DiskFullError(WORDS)
        return self.status

    def _send(self, health: Health) -> None:
        self.sent.append((self.clock.seconds, health))
        self.has_sent.set()

    async def _stock(self) -> tuple[OutboxCounts, Sequence[Kept]]:
        return OutboxCounts(4, 1, 2, NOON), self.kept

    async def until(self, reports: int) -> None:
        async with asyncio.timeout(30):
            while len(self.sent) < reports:
                self.has_sent.clear()
                await self.has_sent.wait()

    def play(self, reports: int, *, change: TerminalStatus | None = None, is_due: bool = False) -> None:
        async def whole() -> None:
            task = asyncio.create_task(self.reporting.run())
            await self.until(1)
            self.status = change or self.status
            if is_due:
                self.reporting.report_now()
            await self.until(reports)
            task.cancel()

        asyncio.run(whole())


def test_nothing_new_is_reported_every_half_minute() -> None:
    reports = Reports()
    reports.play(3)
    (first, _), (second, _), (third, _) = reports.sent
    assert HEALTH_S <= second - first < HEALTH_S + 3
    assert HEALTH_S <= third - second < HEALTH_S + 3


def test_change_is_reported_soon_but_not_at_once() -> None:
    reports = Reports()
    reports.play(2, change=BUSY)
    (first, _), (second, health) = reports.sent
    assert SPACING_S <= second - first < SPACING_S + 3
    assert [trouble.code for trouble in health.troubles] == ["disk.low"]


@pytest.mark.req("T-07")
@given(lives=st.integers(1, 4 * MOST_EPOCHS))
def test_every_life_is_named_in_turn_and_the_present_one_always(lives: int) -> None:
    kept = [Kept(f"e{number:03}", 1, 9) for number in range(lives)]
    turns = 2 + lives // (MOST_EPOCHS - 1)
    reports = [named_in_turn(kept, turn) for turn in range(turns)]
    assert all(len(report) == len(set(report)) == min(lives, MOST_EPOCHS) for report in reports)
    assert all(report[-1] == kept[-1] for report in reports)
    assert {one for report in reports for one in report} == set(kept)


def test_each_report_goes_on_where_the_last_one_ended() -> None:
    reports = Reports(kept=[Kept(f"e{number:03}", 1, 9) for number in range(MOST_EPOCHS + 9)])
    reports.play(2)
    first, second = ({one.epoch for one in health.kept} for _, health in reports.sent)
    assert len(first | second) == MOST_EPOCHS + 9


def test_counts_alone_are_no_change() -> None:
    reports = Reports()
    reports.play(2, change=replace(STATUS, credentials_seen=9, operator=None))
    assert reports.sent[1][0] - reports.sent[0][0] >= HEALTH_S


def test_line_that_came_up_is_reported_at_once() -> None:
    reports = Reports()
    reports.play(2, is_due=True)
    assert reports.sent[1][0] - reports.sent[0][0] < SPACING_S


def test_disk_that_cannot_be_read_is_no_reason_to_drop_the_line() -> None:
    reports = Reports(is_disk_bad=True)

    async def whole() -> None:
        task = asyncio.create_task(reports.reporting.run())
        async with asyncio.timeout(30):
            await reports.has_failed.wait()
        assert (reports.sent, task.done()) == ([], False)
        reports.is_disk_bad = False
        await reports.until(1)
        task.cancel()

    asyncio.run(whole())


def test_report_says_everything_and_survives_the_wire() -> None:
    device = DeviceStatus("serial:left", DeviceState.LOST, 3, 1, "driver.lost", WORDS, WORDS, gs_ok=False)
    status = replace(
        STATUS,
        devices=(device,),
        lamps=Lamps(sync=Lamp(LampState.DOWN, "link.cannot_connect.name", WORDS)),
        machine=Machine(1, 2, 3, 4, 5, 61.5, 0.5, 2),
        certificates=(CertificateStatus("link.certificate_file", NOON + timedelta(days=9)),),
        config=ConfigRevision("aa", "bb"),
        clock_offset_ms=7_000,
        quota=QuotaStatus(QuotaState.LOW, 86, 86, 100),
        troubles=(TROUBLE,),
    )
    said = health_of(status, OutboxCounts(4, 1, 2, NOON), [Kept(EPOCH, 1, 9)], session="s1", at=NOON)
    health = decode_health(encode(said))
    assert health == said
    assert (health.pending, health.held, health.dead_letters, health.oldest_pending_at) == (4, 1, 2, NOON)
    assert health.kept == [KeptEpoch(EPOCH, 1, 9)]
    (told,) = health.devices
    assert (told.device, told.state, told.problem, told.gs_ok) == ("serial:left", "lost", "driver.lost", False)
    assert health.sync is not None
    assert (health.sync.state, health.sync.code) == ("down", "link.cannot_connect.name")
    assert health.settlement is not None
    assert (health.settlement.state, health.settlement.code) == ("off", "settlement.not_configured")
    assert health.machine is not None
    assert (health.machine.pss_bytes, health.machine.temperature_c) == (3, 61.5)
    assert health.certificates[0].expires_at == NOON + timedelta(days=9)
    assert (health.quota_state, health.quota_percent) == ("low", 86)
    assert (health.config_applied, health.config_wanted, health.clock_offset_ms) == ("aa", "bb", 7_000)


def test_report_stays_within_what_the_centre_takes() -> None:
    long = Trouble("x", Words("长" * 2_000, "l" * 2_000), WORDS)
    said = health_of(replace(STATUS, troubles=(long,) * 100), OutboxCounts(0, 0, 0, None), [], session="s1", at=NOON)
    health = decode_health(encode(said))
    assert len(health.troubles) == MOST_TROUBLES
    assert len(health.troubles[0].zh) == LONGEST_SENTENCE


def test_disk_without_end_is_no_reason_for_silence() -> None:
    box = Machine(disk_free_bytes=2**63, disk_total_bytes=2**64, pss_bytes=-1, memory_available_bytes=2**53)
    said = health_of(replace(STATUS, machine=box), OutboxCounts(0, 0, 0, None), [], session="s1", at=NOON)
    health = decode_health(encode(said))
    assert health.machine == MachineReport(
        disk_free_bytes=2**53, disk_total_bytes=2**53, pss_bytes=0, memory_available_bytes=2**53
    )


@pytest.mark.parametrize("field_name", ["sync", "troubles", "machine", "held", "started_at"])
def test_report_of_an_older_terminal_is_read(field_name: str) -> None:
    said = health_of(STATUS, OutboxCounts(0, 0, 0, None), [], session="s1", at=NOON)
    record = msgspec.json.decode(encode(said))
    del record[field_name]
    decode_health(msgspec.json.encode(record))
