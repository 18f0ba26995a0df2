"""A person at a counter: scans, looks, scans again if nothing was shown, and finishes the task.

The cashier is what makes the simulation honest about crashes: bytes sent to a terminal that is dead are gone, as with
real hardware, and it is the person who notices that the box did not appear and pulls the trigger again. What the person
pulled and saw goes into the tally, which judges it.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

from drivers.scanner.simulated.twin import Delivery
from sim.checker import Sale, Truth
from sim.packs import Pack, Stray
from sim.plan import Ending, Morning, Task, Trigger, Way
from sim.screen import Screen, Shown
from sim.tally import ADDED, UNMATCHED, Outage, Pull, Tally

PATIENCE_S: Mapping[Way, float] = MappingProxyType({Way.SERIAL: 2.0, Way.HID: 2.0, Way.CAMERA: 8.0})
"""How long a person waits for a box to appear before scanning it again. A box is held before the camera all that time
and not only for the twin's `hold_frames`, so that a busy machine, which looks at fewer frames, sees it as well."""
OUT_OF_VIEW_S = 2.5
"""A camera reports a box once while it is in view; to be seen again it must be away for longer than two seconds."""
MOST_TRIES = 30


class Scanner(Protocol):
    """A simulated scanner (`drivers.scanner.simulated`)."""

    async def scan(self, code: bytes, symbology: str | None = None) -> Delivery:
        """Pull the trigger."""
        ...


class UnreadableBoxError(Exception):
    """A box was never shown, however often it was scanned."""


@dataclass(slots=True)
class Notebook:
    """What happened at one terminal, as its cashier saw it."""

    institution: str
    tally: Tally
    emitted: Counter[Way] = field(default_factory=Counter)
    """Pulls of the trigger, by way."""
    read: Counter[Way] = field(default_factory=Counter)
    """Scans that the screen showed, by way."""
    played: int = 0
    """Scans of the plan that were made and shown, each once however many pulls it took."""
    again: int = 0
    """Pulls that had to be repeated because nothing was shown."""
    truth: dict[str, Truth] = field(default_factory=dict)
    commit_ms: list[float] = field(default_factory=list)
    """Wired scanners: last byte handed to the line → COMMIT returned, by the terminal's own account."""
    event_ms: list[float] = field(default_factory=list)
    """Wired scanners: last byte handed to the line → the live event at the screen."""
    camera_ms: list[float] = field(default_factory=list)
    """Box put before the camera → COMMIT returned; the wait for the next frame included."""
    handed_at: dict[int, float] = field(default_factory=dict)
    """Wired scanners: when the last byte was handed to the line, by the number of the record that came of it."""
    receipt_ms: list[float] = field(default_factory=list)
    """Wired scanners: last byte handed to the line → the screen heard that the centre's receipt is there; measured
    when the morning is over."""
    verdicts: Counter[str] = field(default_factory=Counter)
    """What the screen said."""


@dataclass(slots=True)
class Cashier:
    """Plays one terminal's morning."""

    screen: Screen
    scanners: Mapping[Way, Scanner]
    devices: Mapping[str, Way]
    """What the terminal calls each scanner."""
    notebook: Notebook
    on_progress: Callable[[], None]
    put_away: Callable[[], None]
    """Takes the box out of the camera's view."""
    before_last: Callable[[], Awaitable[object]]
    """Awaited before the last task, so that nothing that must happen in the middle of the morning comes after it."""
    pause_s: float = 0.0
    """Between two pulls; a demo that people watch is not in a hurry."""
    patience_s: Mapping[Way, float] = field(default_factory=lambda: PATIENCE_S)
    out_of_view_s: float = OUT_OF_VIEW_S
    _looked_at: int = 0
    """Scans of the screen that were taken in."""
    _wanted: int = 0
    """Number of the scan that is wanted now."""
    _put_away_at: dict[bytes, float] = field(default_factory=dict)
    """When each box was taken out of the camera's view."""

    async def play(self, morning: Morning, name: str) -> None:
        """Work through all tasks; `name` makes the requests of this morning different from any other's."""
        self._looked_at = len(self.screen.shown)
        await self.screen.sign_in()
        for number, task in enumerate(morning.tasks):
            if task is morning.tasks[-1]:
                await self.before_last()
            await self._serve(task, f"{name}-{number}")

    @property
    def outages(self) -> list[Outage]:
        """When the terminal was down; whoever takes it down writes it there."""
        return self.notebook.tally.outages

    async def wait_back(self, outage: Outage) -> None:
        """Wait until the terminal reads all its scanners, and write into `outage` when it read which.

        Raises:
            ScannerNotReadyError: One of them is not read in time.
        """
        await self.screen.wait_ready(self.devices, outage.back_at)

    def look(self) -> None:
        """Take in what the screen has shown since the last look."""
        for shown in self.screen.shown[self._looked_at :]:
            self._take_in(shown)
        self._looked_at = len(self.screen.shown)

    async def _serve(self, task: Task, key: str) -> None:
        receiving = task.ending is Ending.RECEIVED
        await self.screen.press("PUT", "/api/v1/mode", {"mode": "receive" if receiving else "dispense"})
        for trigger in task.triggers:
            await self._scan(trigger)
            self.notebook.played += 1
            await asyncio.sleep(self.pause_s)
        await self._make_sure(task)
        await self._finish(task, key)
        self.notebook.tally.note_list_ended()

    async def _scan(self, trigger: Trigger) -> None:
        """Pull the trigger until the screen shows it."""
        self._wanted += 1
        for _ in range(MOST_TRIES):
            if await self._pull(trigger):
                self._learn_refused(trigger.what)
                return
            self.notebook.again += 1
        status = await self.screen.press("GET", "/api/v1/status")
        devices = [f"{one['device']} {one['state']} {one['scans']} {one['problem'] or ''}" for one in status["devices"]]
        raise UnreadableBoxError(
            f"{trigger.what.code!r} never appeared at {self.screen.url} by {trigger.way}: "
            f"{len(self.screen.shown)} scans shown, stream opened {self.screen.streams} times, devices {devices}"
        )

    async def _pull(self, trigger: Trigger) -> bool:
        """Pull the trigger once and tell whether the screen showed it."""
        what, way = trigger.what, trigger.way
        if way is Way.CAMERA:
            await asyncio.sleep(self._put_away_at.get(what.code, 0.0) + self.out_of_view_s - time.time())
        pull = Pull(self._wanted, way, what.key, _verdict_of(what), what.code.decode("latin-1"), began_at=time.time())
        self.look()
        self.notebook.tally.note_pull(pull)
        self.notebook.emitted[way] += 1
        self.on_progress()
        before = self.notebook.tally.times_shown(pull)
        delivery = await self.scanners[way].scan(what.code, what.symbology)
        pull.handed_at = delivery.handed_at
        is_shown = await self._wait(lambda: self.notebook.tally.times_shown(pull) > before, self.patience_s[way])
        if way is Way.CAMERA:
            self.put_away()
            self._put_away_at[what.code] = time.time()
        pull.ended_at = time.time()
        return is_shown

    async def _wait(self, is_so: Callable[[], bool], timeout_s: float) -> bool:
        """Look at the screen until `is_so`, or until the patience is at its end."""
        deadline = time.monotonic() + timeout_s
        self.look()
        while not is_so():
            if not await self.screen.wait_news(self._looked_at, deadline - time.monotonic()):
                return False
            self.look()
        return True

    def _take_in(self, shown: Shown) -> None:
        notebook, way = self.notebook, self.devices.get(shown.device)
        notebook.verdicts[shown.verdict] += 1
        pull = notebook.tally.note_shown(way, shown.code, shown.verdict)
        if way is None or pull is None:
            return
        notebook.read[way] += 1
        if pull.handed_at is None or shown.committed_at is None:
            return
        commit_ms = (shown.committed_at - pull.handed_at) * 1e3
        if way is Way.CAMERA:
            notebook.camera_ms.append(commit_ms)
            return
        notebook.commit_ms.append(commit_ms)
        notebook.event_ms.append((shown.seen_at - pull.handed_at) * 1e3)
        if shown.seq is not None:
            notebook.handed_at[shown.seq] = pull.handed_at

    async def _make_sure(self, task: Task) -> None:
        """Compare the list with the boxes on the counter and scan what is missing, as a careful person does."""
        await self._wait(lambda: self.notebook.tally.is_settled, max(self.patience_s.values()))
        on_list = await self.screen.codes_on_list()
        self.notebook.tally.note_list(on_list)
        for trigger in task.triggers:
            what = trigger.what
            if isinstance(what, Pack) and what.key not in on_list and not trigger.is_repeat:
                await self._scan(trigger)

    async def _finish(self, task: Task, key: str) -> None:
        if task.ending is Ending.RECEIVED:
            await self.screen.press("POST", "/api/v1/delivery/close", {}, key=key)
            for pack in task.packs:
                self._learn(pack, {"in_stock"}, [])
        elif task.ending is Ending.CANCELLED:
            await self.screen.press("POST", "/api/v1/sale/cancel", {}, key=key)
            for pack in task.packs:
                before = self.notebook.truth.get(pack.key)
                self._learn(pack, {"reserved", *(before.states if before else {"unseen"})}, [])
        else:
            closed = await self.screen.press("POST", "/api/v1/sale/close", {"paid_by": "self_pay"}, key=key)
            sale = Sale(self.notebook.institution, closed["sale"])
            for pack in task.packs:
                self._learn(pack, {"sold"}, [sale])
            if task.ending is Ending.RETURNED:
                await self._take_back(task.packs[0], sale, key)

    async def _take_back(self, pack: Pack, sale: Sale, key: str) -> None:
        body = {"codes": [pack.key], "reason": "不需要了"}
        await self.screen.press("POST", f"/api/v1/sales/{sale.sale}/return", body, key=f"{key}-return")
        self._learn(pack, {"returned"}, [sale])

    def _learn_refused(self, what: Pack | Stray) -> None:
        """Refused at the counter, but it was seen: the ledger has its code and nothing more."""
        if isinstance(what, Stray) and what.key is not None:
            self.notebook.truth[what.key] = Truth(frozenset({"unseen"}), frozenset(), what.product)

    def _learn(self, pack: Pack, states: set[str], sales: list[Sale]) -> None:
        self.notebook.truth[pack.key] = Truth(frozenset(states), frozenset(sales), pack.product)


def _verdict_of(what: Pack | Stray) -> str:
    """Return what the screen must say of it, scanned for the first time."""
    if isinstance(what, Stray):
        return what.verdict
    return ADDED if what.product else UNMATCHED
