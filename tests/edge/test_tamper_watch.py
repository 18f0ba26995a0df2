"""What is done to the box is on record, once, with or without a line, and over a restart."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

import pytest
from sqlalchemy import Connection

from codes.errors import TransientError
from codes.words import Words
from edge.look import LATE_S
from edge.senses import Senses
from edge.store.errors import DiskFullError
from edge.store.outbox import last_event_at
from edge.store.watched import Occupant, last_run
from edge.tamper import PULLED_S, Interface
from edge.tamper_watch import ALIVE_S, SHOWN_S, TamperWatch
from tests.edge.scene import NOON, FakeClock, Shop
from wire.events import TamperSeen

_T = TypeVar("_T")

GUN = Occupant("pci0/1.2", "0c2e:0b61", "S1", "Honeywell Scanner")
OTHER = Occupant("pci0/1.2", "1eab:1d06", "", "Newland")
LONG = int(PULLED_S) + 1


@dataclass
class Box:
    """A terminal's box as its watch sees it; starting it again makes a new watch over the same store."""

    connection: Connection
    boot_id: str = "boot-1"
    up: frozenset[Interface] = frozenset({Interface("eth0")})
    plugged: dict[Occupant, bool] = field(default_factory=lambda: {GUN: True})
    is_disk_full: bool = False
    slept_s: float = 0.0
    told: int = 0
    hangs_in: Callable[[], object] = lambda: None
    """Called before the box tells of its network."""

    def __post_init__(self) -> None:
        self.clock = FakeClock()
        self.shop = Shop(self.connection, self.clock)
        self.start()

    def start(self) -> None:
        with self.connection.begin():
            before = last_event_at(self.connection)
        self.watch = TamperWatch(
            self.connection,
            self.shop.outbox,
            self._in_store,
            self.shop.bus,
            senses=Senses("here", self.boot_id, self._carriers, lambda: self.plugged),
            clock=self.clock,
            last_event_at=before,
            on_recorded=self._note,
            elapsed_s=lambda: self.clock.monotonic_s() + self.slept_s,
        )

    def _carriers(self) -> frozenset[Interface]:
        self.hangs_in()
        return self.up

    def _note(self) -> None:
        self.told += 1

    async def _in_store(self, work: Callable[[], _T]) -> _T:
        if self.is_disk_full:
            raise DiskFullError(Words("满", "full"))
        return work()

    def seconds(self, number: int) -> None:
        """Let time go by; the last look is at its end."""
        left = number

        async def sleep(passed_s: float) -> None:
            nonlocal left
            if left == 0:
                raise asyncio.CancelledError
            left -= 1
            self.clock.advance(passed_s)

        async def whole() -> None:
            await self.watch.run(sleep)

        with pytest.raises(asyncio.CancelledError):
            asyncio.run(whole())

    def stop(self) -> None:
        asyncio.run(self.watch.stopped())

    def facts(self) -> list[str]:
        return [fact.what for fact in self.shop.facts() if isinstance(fact, TamperSeen)]


@pytest.fixture
def box(connection: Connection) -> Box:
    return Box(connection)


@pytest.mark.req("T-68")
def test_swapped_scanner_is_one_fact_with_both_names(box: Box) -> None:
    box.seconds(20)
    assert box.facts() == [], "first sight is none"
    box.plugged = {OTHER: False}
    box.seconds(30)
    assert box.facts() == ["scanner_swapped"]
    (fact,) = [fact for fact in box.shop.facts() if isinstance(fact, TamperSeen)]
    assert fact.detail == "pci0/1.2: 0c2e:0b61 Honeywell Scanner #S1 -> 1eab:1d06 Newland"
    assert [said["code"] for _, said in box.shop.heard("alert")] == ["scanner.swapped"]
    assert box.told == 1


@pytest.mark.req("T-68")
def test_scanner_plugged_in_again_is_no_fact(box: Box) -> None:
    for plugged in ({GUN: True}, {}, {GUN: True}):
        box.plugged = plugged
        box.seconds(20)
    assert box.facts() == []


@pytest.mark.req("T-68")
def test_scanner_that_was_swapped_while_the_terminal_was_off_counts(box: Box) -> None:
    box.seconds(20)
    box.stop()
    box.plugged = {OTHER: True}
    for _ in range(2):
        box.start()
        box.seconds(20)
    assert box.facts() == ["scanner_swapped"], "the start after that sees nothing new"


LEFT, RIGHT = GUN, replace(GUN, socket="pci0/1.3", usb_serial="S2")
KEYBOARD = Occupant(GUN.socket, "046d:c31c", "", "Logitech")
STRANGER = replace(GUN, usb_serial="X")


def at(socket: str, occupant: Occupant) -> Occupant:
    return replace(occupant, socket=socket)


@pytest.mark.req("T-68")
def test_scanners_of_ours_may_change_sockets_and_strangers_may_not(box: Box) -> None:
    box.plugged = {LEFT: True, RIGHT: True}
    box.seconds(20)
    for plugged in ({at(RIGHT.socket, LEFT): True}, {at(RIGHT.socket, LEFT): True, at(LEFT.socket, RIGHT): True}):
        box.plugged = plugged
        box.seconds(20)
    box.plugged = {LEFT: True, RIGHT: True}
    box.start()
    box.seconds(20)
    assert box.facts() == []
    box.plugged = {STRANGER: True, RIGHT: True}
    box.seconds(20)
    assert box.facts() == ["scanner_swapped"]


@pytest.mark.req("T-68")
@pytest.mark.parametrize(
    ("newcomer", "is_read", "moved", "facts"),
    [
        (KEYBOARD, False, {at("pci0/1.4", GUN): True}, []),
        (STRANGER, True, {at("pci0/1.4", GUN): True}, ["scanner_swapped"]),
        (KEYBOARD, False, {}, ["scanner_swapped"]),
        (KEYBOARD, False, {at("pci0/1.4", STRANGER): True}, ["scanner_swapped"]),
    ],
    ids=["nobody reads it", "it is read instead", "scanner is gone", "another scanner is there"],
)
def test_socket_that_a_scanner_left_for_another_one_may_be_used_for_what_is_not_read(
    box: Box, newcomer: Occupant, moved: dict[Occupant, bool], facts: list[str], *, is_read: bool
) -> None:
    box.seconds(20)
    box.plugged = moved
    box.seconds(20)
    box.plugged = {newcomer: is_read, **moved}
    box.seconds(20)
    box.plugged = {newcomer: is_read}
    box.seconds(20)
    assert box.facts() == facts, "also once the scanner is away to be cleaned"


@pytest.mark.req("T-68")
def test_scanner_without_a_serial_number_is_not_known_in_another_socket(box: Box) -> None:
    twin = replace(GUN, usb_serial="")
    box.plugged = {twin: True, at(RIGHT.socket, RIGHT): True, at("pci0/1.4", twin): True}
    box.seconds(20)
    box.plugged = {KEYBOARD: False, at(RIGHT.socket, twin): True, at("pci0/1.4", twin): True}
    box.seconds(20)
    assert box.facts() == ["scanner_swapped"] * 2, "another one like it may stand there as well"


def test_what_never_was_a_scanner_of_ours_is_not_remembered(box: Box) -> None:
    box.plugged = {GUN: False}
    box.seconds(20)
    box.plugged = {OTHER: False}
    box.seconds(20)
    assert box.facts() == []


def test_device_that_calls_itself_something_else_while_it_starts_is_not_taken_for_another(box: Box) -> None:
    box.seconds(20)
    box.plugged = {replace(GUN, usb_id="0c2e:0001", usb_serial=""): False}
    box.seconds(4)
    box.plugged = {GUN: True}
    box.seconds(20)
    assert box.facts() == []


@pytest.mark.req("T-68")
@pytest.mark.parametrize(
    ("is_stopped", "boot_id", "facts"),
    [(False, "boot-2", ["power_lost"]), (False, "boot-1", []), (True, "boot-2", [])],
    ids=["power cut", "crash", "shut down"],
)
def test_power_cut_is_told_from_a_crash_and_a_shut_down(
    box: Box, boot_id: str, facts: list[str], *, is_stopped: bool
) -> None:
    box.seconds(5)
    if is_stopped:
        box.stop()
    box.boot_id = boot_id
    box.start()
    box.seconds(5)
    assert [trouble.code for trouble in box.watch.troubles()] == ["power.lost"] * len(facts)
    box.start()
    box.seconds(5)
    assert box.facts() == facts, "the start after that sees nothing new"


@pytest.mark.req("T-68")
def test_terminal_that_runs_says_so_every_ten_minutes_and_no_oftener(box: Box) -> None:
    noted = set()
    for _ in range(4):
        box.seconds(int(ALIVE_S) // 2)
        with box.connection.begin():
            run = last_run(box.connection)
        assert run is not None
        noted.add((run.alive_at - NOON).total_seconds())
    assert noted == {0, ALIVE_S, 2 * ALIVE_S}


def test_stopped_before_it_began_leaves_the_question_to_the_next_start(box: Box) -> None:
    box.seconds(5)
    box.boot_id = "boot-2"
    box.start()
    box.stop()
    box.start()
    box.seconds(5)
    assert box.facts() == ["power_lost"]


@pytest.mark.req("T-68")
def test_pulled_network_is_a_fact_and_shown_for_a_day(box: Box) -> None:
    box.seconds(5)
    box.up = frozenset()
    box.seconds(LONG)
    assert box.facts() == ["network_pulled"]
    (trouble,) = box.watch.troubles()
    assert (trouble.code, trouble.is_alarm) == ("network.pulled", False)
    box.clock.seconds += SHOWN_S
    assert list(box.watch.troubles()) == []


@pytest.mark.req("T-68")
def test_box_that_wakes_has_the_whole_time_to_find_its_network(box: Box) -> None:
    box.seconds(5)
    box.up = frozenset()
    box.seconds(5)
    box.slept_s = 3600.0
    box.seconds(LONG - 2)
    assert box.facts() == [], "nobody looked while it slept"
    box.seconds(5)
    assert box.facts() == ["network_pulled"]


@pytest.mark.req("T-68")
def test_finding_that_cannot_be_written_waits_for_the_disk(box: Box) -> None:
    box.seconds(20)
    box.is_disk_full = True
    box.up, box.plugged = frozenset(), {OTHER: True}
    with pytest.raises(TransientError):
        box.seconds(LONG)
    assert box.facts() == []
    with pytest.raises(TransientError):
        box.seconds(1)
    box.stop()
    box.is_disk_full = False
    box.seconds(LONG)
    assert sorted(box.facts()) == ["network_pulled", "scanner_swapped"]


@pytest.mark.req("T-68")
def test_look_at_the_network_that_hangs_stops_neither_the_others_nor_the_end(box: Box) -> None:
    box.seconds(20)
    released, looks = threading.Event(), list[float]()

    def hang() -> None:
        looks.append(box.clock.monotonic_s())
        released.wait(30)

    box.hangs_in, box.plugged = hang, {OTHER: False}
    before_s = time.monotonic()
    box.seconds(20)
    took_s = time.monotonic() - before_s
    released.set()
    assert looks == [20.0], "one look at a time"
    assert box.facts() == ["scanner_swapped"]
    assert took_s < 2 * LATE_S + 1, "it is waited for once, and ends with the terminal"
