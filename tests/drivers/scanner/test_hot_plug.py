"""A device is followed by what it is, through the supervisor: wherever it comes back, it is the same scanner."""

from __future__ import annotations

import asyncio
import contextlib
import random
from functools import partial
from random import Random

import pytest

from codes.reading import Scan
from drivers.scanner import discovery, keyboard, open_scanner, parse_spec
from drivers.scanner.simulated.keyboard import SimulatedKeyboardScanner
from edge.clock import SystemClock
from edge.health import DeviceState
from edge.supervisor import Supervisor
from tests.drivers.scanner.machine import KEYBOARD_KEYS, Machine
from web.live import LiveBus

DEADLINE_S = 20.0


@pytest.fixture
def machine(tmp_path, monkeypatch):
    machine = Machine(tmp_path)
    (machine.dev / "input").mkdir(parents=True)
    find = partial(discovery.find_node, dev=machine.dev, sysfs=machine.sysfs)
    monkeypatch.setattr(keyboard, "find_node", find)
    monkeypatch.setattr(keyboard, "occupant_of", partial(discovery.occupant_of, sysfs=machine.sysfs))
    return machine


class Plugged:
    """A scanner that is plugged into a socket of the machine, under some node."""

    def __init__(self, machine: Machine, socket: str, node: str, serial: str) -> None:
        self._machine, self._node = machine, node
        machine.node(machine.usb(socket, serial=serial), "input", node, capabilities__key=KEYBOARD_KEYS)
        self.gun = SimulatedKeyboardScanner(machine.dev / "input" / node, random=Random(1))

    def unplug(self) -> None:
        self._machine.unplug("input", self._node)
        self.gun.unplug()


class Terminal:
    """A supervisor with one scanner."""

    def __init__(self, line: str) -> None:
        self.queue: asyncio.Queue[Scan] = asyncio.Queue()
        self.bus = LiveBus()
        spec = parse_spec(line)
        makers = {spec.device: lambda: open_scanner(spec)}
        self.supervisor = Supervisor(makers, self.queue, self.bus, clock=SystemClock(), rng=random.Random(1))

    async def until(self, state: DeviceState, problem: str | None = None) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while not self._is(state, problem):  # noqa: ASYNC110 - states are looked at
                await asyncio.sleep(0.01)

    def _is(self, state: DeviceState, problem: str | None) -> bool:
        (one,) = self.supervisor.statuses()
        return (one.state, one.problem) == (state, problem)

    async def scanned(self, gun: SimulatedKeyboardScanner, code: bytes) -> Scan:
        assert (await gun.scan(code)).is_whole
        async with asyncio.timeout(DEADLINE_S):
            return await self.queue.get()


@contextlib.asynccontextmanager
async def running(line: str):
    terminal = Terminal(line)
    caring = asyncio.create_task(terminal.supervisor.run())
    try:
        yield terminal
    finally:
        caring.cancel()
        await asyncio.wait([caring])


@pytest.mark.req("T-60")
def test_a_scanner_that_comes_back_under_another_node_and_socket_is_the_same_scanner(machine):
    async def play():
        first = Plugged(machine, "1", "event3", "19351B0A4C")
        async with running("keyboard:usb-serial=19351B0A4C;name=left") as terminal:
            await terminal.until(DeviceState.READY)
            before = await terminal.scanned(first.gun, b"8385793000")
            first.unplug()
            await terminal.until(DeviceState.LOST, "driver.no_such_device")
            stranger = Plugged(machine, "1", "event3", "ANOTHER")
            second = Plugged(machine, "4", "event9", "19351B0A4C")
            await terminal.until(DeviceState.READY)
            after = await terminal.scanned(second.gun, b"8385793001")
            assert (before.source, after.source) == ("keyboard:left", "keyboard:left")
            assert (await stranger.gun.scan(b"1")).written == 0, "nobody reads the other one"
            for plugged in (second, stranger):
                plugged.gun.close()

    asyncio.run(play())


@pytest.mark.req("T-60")
def test_a_path_that_now_leads_to_another_device_is_read_and_said(machine):
    async def play():
        first = Plugged(machine, "1", "event3", "LEFT")
        async with running(f"keyboard:{machine.dev}/input/event3") as terminal:
            await terminal.until(DeviceState.READY)
            first.unplug()
            await terminal.until(DeviceState.LOST, "driver.no_such_device")
            other = Plugged(machine, "2", "event3", "RIGHT")
            await terminal.until(DeviceState.READY, "driver.another_device")
            (status,) = terminal.supervisor.statuses()
            assert status.words is not None
            assert "Honeywell Scanner RIGHT" in status.words.en
            assert "Honeywell Scanner LEFT" in status.words.en
            assert (await terminal.scanned(other.gun, b"8385793002")).raw == b"8385793002"
            other.gun.close()

    asyncio.run(play())
