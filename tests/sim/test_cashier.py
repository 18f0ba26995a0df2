"""The cashier in front of a terminal that does right, and of terminals that do not."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from drivers.scanner.simulated.twin import Delivery
from sim.cashier import MOST_TRIES, Cashier, Notebook, UnreadableBoxError
from sim.checker import Sale, Truth
from sim.packs import Pack, Stray
from sim.plan import Ending, Morning, Task, Trigger, Way
from sim.screen import Shown
from sim.tally import Outage, Tally

KNOWN = Pack("A1", b"A1", "]C0", "D1")
NEW = Pack("B1", b"B1", "]C0", None)
CARTON = Stray(b"C1", "]C0", "carton", key="C1", product="D2")
CREDENTIAL = Stray(b"424", "]Q1", "credential")
DEVICES = {"serial:counter": Way.SERIAL, "keyboard:hand": Way.HID, "camera:camera": Way.CAMERA}
PATIENCE_S = dict.fromkeys(Way, 0.05)


@dataclass
class Terminal:
    """A terminal and its screen; what it must do to a scan it does at once, unless it is told otherwise."""

    swallows: set[int] = field(default_factory=set)
    """Scans of which it takes no notice, by their number."""
    url: str = "http://counter"
    streams: int = 1
    shown: list[Shown] = field(default_factory=list)
    listed: list[str] = field(default_factory=list)
    pressed: list[tuple[str, str]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    taken: int = 0
    before_list: Callable[[], None] = lambda: None
    """Happens before the list is read."""

    def take(self, what: Pack | Stray, way: Way) -> None:
        self.taken += 1
        if self.taken in self.swallows:
            return
        if isinstance(what, Stray):
            self.show(what.key or "***", what.verdict, way)
        elif what.key in self.listed:
            self.show(what.key, "already_in_sale", way)
        else:
            self.listed.append(what.key)
            self.show(what.key, "added" if what.product else "unmatched", way)

    def show(self, code: str, verdict: str, way: Way) -> None:
        device = next(name for name, its_way in DEVICES.items() if its_way is way)
        now, seq = time.time(), len(self.shown) + 1
        self.shown.append(Shown(code, verdict, device, committed_at=now, seen_at=now, seq=seq))

    async def sign_in(self) -> None:
        self.pressed.append(("POST", "sign in"))

    async def wait_news(self, known: int, timeout_s: float) -> bool:
        return len(self.shown) > known

    async def codes_on_list(self) -> set[str]:
        self.before_list()
        return set(self.listed)

    async def wait_ready(self, devices: Mapping[str, Way], back_at: dict[Way, float]) -> None:
        back_at.update(dict.fromkeys(devices.values(), time.time()))

    async def press(self, method: str, path: str, body: Mapping[str, object] | None = None, *, key: str = "") -> Any:
        self.pressed.append((method, path.removeprefix("/api/v1")))
        if key:
            self.keys.append(key)
            self.listed.clear()
        return {"sale": "S1", "devices": []}


@dataclass
class Twin:
    """A scanner that hands over the whole code, at once."""

    terminal: Terminal
    way: Way
    boxes: Mapping[bytes, Pack | Stray]
    pulled_at: list[float] = field(default_factory=list)

    async def scan(self, code: bytes, symbology: str | None = None) -> Delivery:
        self.pulled_at.append(time.time())
        self.terminal.take(self.boxes[code], self.way)
        return Delivery(len(code), 0, self.pulled_at[-1])


class Shop:
    """A cashier with everything around."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        boxes = {what.code: what for what in (KNOWN, NEW, CARTON, CREDENTIAL)}
        self.twins = {way: Twin(terminal, way, boxes) for way in Way}
        self.notebook = Notebook("P1", Tally("t1"))
        self.put_away = 0
        self.played_before_last = 0
        self.progress = 0
        self.cashier = Cashier(
            terminal,
            self.twins,
            DEVICES,
            self.notebook,
            on_progress=self._progressed,
            put_away=self._put_away,
            before_last=self._hold,
            patience_s=PATIENCE_S,
            out_of_view_s=0.02,
        )

    def play(self, *triggers: Trigger, ending: Ending = Ending.SOLD) -> Shop:
        asyncio.run(self.cashier.play(Morning((Task(triggers, ending),)), "m"))
        return self

    def kinds(self) -> set[str]:
        return set(self.notebook.tally.findings().by_kind)

    def _progressed(self) -> None:
        self.progress += 1

    async def _hold(self) -> None:
        self.played_before_last = self.notebook.played

    def _put_away(self) -> None:
        self.put_away += 1


def by(way: Way, what: Pack | Stray = KNOWN, *, repeat: bool = False) -> Trigger:
    return Trigger(way, what, is_repeat=repeat)


def test_a_sale_is_scanned_checked_closed_and_learnt() -> None:
    shop = Shop(Terminal()).play(by(Way.SERIAL), by(Way.HID, NEW), by(Way.CAMERA, CARTON))
    assert shop.terminal.pressed == [("POST", "sign in"), ("PUT", "/mode"), ("POST", "/sale/close")]
    assert shop.notebook.emitted == shop.notebook.read == {Way.SERIAL: 1, Way.HID: 1, Way.CAMERA: 1}
    assert (shop.notebook.played, shop.notebook.again, shop.progress, shop.put_away) == (3, 0, 3, 1)
    sold = frozenset({Sale("P1", "S1")})
    assert shop.notebook.truth == {
        "A1": Truth(frozenset({"sold"}), sold, "D1"),
        "B1": Truth(frozenset({"sold"}), sold, None),
        "C1": Truth(frozenset({"unseen"}), frozenset(), "D2"),
    }
    assert shop.kinds() == set()


@pytest.mark.parametrize(
    ("ending", "pressed", "states", "sales"),
    [
        (Ending.SOLD, ["/sale/close"], {"sold"}, 1),
        (Ending.CANCELLED, ["/sale/cancel"], {"reserved", "unseen"}, 0),
        (Ending.RETURNED, ["/sale/close", "/sales/S1/return"], {"returned"}, 1),
        (Ending.RECEIVED, ["/delivery/close"], {"in_stock"}, 0),
    ],
)
def test_each_ending_is_pressed_with_a_key_of_its_own_and_has_its_truth(ending, pressed, states, sales) -> None:
    shop = Shop(Terminal()).play(by(Way.SERIAL), ending=ending)
    assert [path for _, path in shop.terminal.pressed[2:]] == pressed
    assert len(set(shop.terminal.keys)) == len(pressed)
    truth = shop.notebook.truth["A1"]
    assert (truth.states, len(truth.sales)) == (states, sales)


def test_the_last_task_is_kept_back_until_it_may_begin() -> None:
    shop = Shop(Terminal())
    tasks = (Task((by(Way.SERIAL),), Ending.SOLD), Task((by(Way.HID, NEW),), Ending.SOLD))
    asyncio.run(shop.cashier.play(Morning(tasks), "m"))
    assert (shop.played_before_last, shop.notebook.played) == (1, 2)


def test_a_repeat_is_pulled_and_must_be_said_to_be_one() -> None:
    shop = Shop(Terminal()).play(by(Way.SERIAL), by(Way.SERIAL, repeat=True))
    assert shop.notebook.verdicts == {"added": 1, "already_in_sale": 1}
    assert shop.kinds() == set()


def test_a_box_is_out_of_the_cameras_view_before_it_is_shown_again_in_this_task_or_the_next() -> None:
    shop = Shop(Terminal())
    received = Task((by(Way.CAMERA), by(Way.CAMERA, repeat=True)), Ending.RECEIVED)
    sold = Task((by(Way.CAMERA),), Ending.SOLD)
    asyncio.run(shop.cashier.play(Morning((received, sold)), "m"))
    first, second, third = shop.twins[Way.CAMERA].pulled_at
    assert min(second - first, third - second) >= 0.02


@pytest.mark.req("T-72")
def test_a_delivered_scan_that_is_not_shown_is_scanned_again_and_counts_as_lost() -> None:
    shop = Shop(Terminal(swallows={1})).play(by(Way.SERIAL))
    assert (shop.notebook.emitted[Way.SERIAL], shop.notebook.again, shop.notebook.played) == (2, 1, 1)
    assert shop.kinds() == {"lost"}


def test_a_scan_that_met_a_dead_terminal_is_scanned_again_and_may_be_missing() -> None:
    shop = Shop(Terminal(swallows={1}))
    shop.cashier.outages.append(Outage(time.time()))
    shop.play(by(Way.SERIAL))
    assert shop.notebook.again == 1
    assert shop.kinds() == set()


def test_a_repeat_that_met_a_dead_terminal_is_scanned_again_too() -> None:
    shop = Shop(Terminal(swallows={2}))
    shop.cashier.outages.append(Outage(time.time()))
    shop.play(by(Way.SERIAL), by(Way.SERIAL, repeat=True))
    assert shop.notebook.emitted[Way.SERIAL] == 3
    assert shop.kinds() == set()


@pytest.mark.req("T-72")
def test_a_pack_that_was_shown_and_is_gone_is_lost_and_scanned_again() -> None:
    terminal = Terminal()
    terminal.before_list = terminal.listed.clear
    shop = Shop(terminal).play(by(Way.SERIAL), by(Way.HID, NEW))
    assert shop.notebook.emitted == {Way.SERIAL: 2, Way.HID: 2}
    assert len(shop.notebook.tally.findings().lost) == 2
    assert set(shop.notebook.truth) == {"A1", "B1"}


@pytest.mark.req("T-72")
def test_a_first_scan_that_is_called_a_repeat_is_a_false_answer() -> None:
    terminal = Terminal(listed=["A1"])
    assert Shop(terminal).play(by(Way.SERIAL)).kinds() == {"false_answers"}


@pytest.mark.req("T-72")
def test_a_scan_that_is_shown_twice_is_a_double() -> None:
    terminal = Terminal()
    terminal.before_list = lambda: terminal.show("A1", "already_in_sale", Way.SERIAL)
    shop = Shop(terminal).play(by(Way.SERIAL))
    shop.cashier.look()
    assert "duplicated" in shop.kinds()


def test_a_box_that_is_never_shown_ends_the_morning() -> None:
    shop = Shop(Terminal(swallows=set(range(1, MOST_TRIES + 1))))
    with pytest.raises(UnreadableBoxError, match="A1"):
        shop.play(by(Way.HID))
    assert shop.notebook.emitted[Way.HID] == MOST_TRIES
    assert shop.notebook.played == 0


def test_latencies_begin_at_the_hand_over_and_the_camera_has_its_own() -> None:
    shop = Shop(Terminal()).play(by(Way.SERIAL), by(Way.CAMERA, NEW))
    serial, camera = (shop.twins[way].pulled_at[0] for way in (Way.SERIAL, Way.CAMERA))
    first, second = shop.terminal.shown
    assert shop.notebook.commit_ms == [(first.committed_at - serial) * 1e3]
    assert shop.notebook.event_ms == [(first.seen_at - serial) * 1e3]
    assert shop.notebook.camera_ms == [(second.committed_at - camera) * 1e3]
    assert shop.notebook.handed_at == {1: serial}


def test_a_scan_that_was_shown_late_out_of_the_store_is_not_timed() -> None:
    terminal = Terminal()
    shop = Shop(terminal)

    def show_late(what: Pack, way: Way) -> None:
        terminal.listed.append(what.key)
        terminal.shown.append(Shown(what.key, "added", "serial:counter", None, time.time(), 1))

    terminal.take = show_late
    shop.play(by(Way.SERIAL))
    assert shop.notebook.read == {Way.SERIAL: 1}
    assert shop.notebook.commit_ms == []


def test_an_outage_ends_for_each_scanner_when_the_terminal_reads_it() -> None:
    shop, outage = Shop(Terminal()), Outage(time.time())
    asyncio.run(shop.cashier.wait_back(outage))
    assert set(outage.back_at) == set(Way)
