"""A person at a counter: scans, looks, scans again if nothing was shown, and finishes the task.

The cashier is what makes the simulation honest about crashes: bytes sent to a terminal that is dead are gone, as with
real hardware, and it is the person who notices that the box did not appear and pulls the trigger again.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from drivers.scanner.simulated.twin import Delivery
from sim.checker import Sale, Truth
from sim.packs import Pack, Stray
from sim.plan import Ending, Morning, Path, Task, Trigger
from sim.screen import Screen, Shown

PATIENCE_S = {Path.SERIAL: 2.0, Path.HID: 2.0, Path.CAMERA: 4.0}
"""How long a person waits for a box to appear before scanning it again."""
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
    emitted: Counter[Path] = field(default_factory=Counter)
    """Pulls of the trigger, by path."""
    read: int = 0
    """Pulls after which the screen showed the scan."""
    again: int = 0
    """Pulls that had to be repeated because nothing was shown."""
    surprises: list[str] = field(default_factory=list)
    """Verdicts that were not the expected ones."""
    truth: dict[str, Truth] = field(default_factory=dict)
    commit_ms: list[float] = field(default_factory=list)
    """Last byte written → COMMIT returned, by the terminal's own account."""
    event_ms: list[float] = field(default_factory=list)
    """Last byte written → seen on the live stream."""
    written_at: dict[int, float] = field(default_factory=dict)
    """When the last byte was written, by the number of the record that came of it."""
    receipt_ms: list[float] = field(default_factory=list)
    """Last byte written → the terminal holds the centre's receipt for it; measured when the morning is over."""
    verdicts: Counter[str] = field(default_factory=Counter)
    """First verdict on each box or stray."""


@dataclass(slots=True)
class Cashier:
    """Plays one terminal's morning."""

    screen: Screen
    scanners: Mapping[Path, Scanner]
    notebook: Notebook
    on_progress: Callable[[], None]
    put_away: Callable[[], Awaitable[None]]
    """Takes the box out of the camera's view."""
    pause_s: float = 0.0
    """Between two pulls; a demo that people watch is not in a hurry."""

    async def play(self, morning: Morning, name: str) -> None:
        """Work through all tasks; `name` makes the requests of this morning different from any other's."""
        await self.screen.sign_in()
        for number, task in enumerate(morning.tasks):
            await self._serve(task, f"{name}-{number}")

    async def _serve(self, task: Task, key: str) -> None:
        receiving = task.ending is Ending.RECEIVED
        await self.screen.press("PUT", "/api/v1/mode", {"mode": "receive" if receiving else "dispense"})
        for trigger in task.triggers:
            await self._pull(trigger)
        await self._make_sure(task)
        await self._finish(task, key)

    async def _pull(self, trigger: Trigger) -> None:
        """Scan until the screen shows it."""
        for _ in range(MOST_TRIES):
            since = len(self.screen.shown)
            await self.scanners[trigger.path].scan(trigger.what.code, trigger.what.symbology)
            written_at = time.time()
            self.notebook.emitted[trigger.path] += 1
            self.on_progress()
            shown = await self.screen.wait_shown(lambda shown: _is_of(shown, trigger), since, PATIENCE_S[trigger.path])
            if trigger.path is Path.CAMERA:
                await self.put_away()
            if shown is not None:
                self._note(trigger, shown, written_at)
                await asyncio.sleep(self.pause_s)
                return
            self.notebook.again += 1
            if trigger.path is Path.CAMERA:
                await asyncio.sleep(OUT_OF_VIEW_S)
            if trigger.is_repeat:
                # A second look at the same box is dropped by some scanners themselves; nobody insists on it.
                return
        status = await self.screen.press("GET", "/api/v1/status")
        devices = [f"{one['device']} {one['state']} {one['scans']} {one['problem'] or ''}" for one in status["devices"]]
        raise UnreadableBoxError(
            f"{trigger.what.code!r} never appeared at {self.screen.url} by {trigger.path}: "
            f"{len(self.screen.shown)} scans shown, stream opened {self.screen.streams} times, devices {devices}"
        )

    def _note(self, trigger: Trigger, shown: Shown, written_at: float) -> None:
        self.notebook.read += 1
        self.notebook.verdicts[shown.verdict] += 1
        if trigger.path is not Path.CAMERA:
            self.notebook.commit_ms.append((shown.committed_at - written_at) * 1e3)
            self.notebook.event_ms.append((shown.seen_at - written_at) * 1e3)
        if shown.seq is not None:
            self.notebook.written_at[shown.seq] = written_at
        what = trigger.what
        if isinstance(what, Stray) and what.key is not None:
            # Refused at the counter, but it was seen: the ledger has its code and nothing more.
            self.notebook.truth[what.key] = Truth(frozenset({"unseen"}), frozenset(), what.product)
        expected = _expected_verdicts(trigger)
        if shown.verdict not in expected:
            self.notebook.surprises.append(f"{trigger.what.code!r}: {shown.verdict}, not {'/'.join(sorted(expected))}")

    async def _make_sure(self, task: Task) -> None:
        """Compare the list with the boxes on the counter and scan what is missing, as a careful person does."""
        on_list = await self.screen.codes_on_list()
        for trigger in task.triggers:
            what = trigger.what
            if isinstance(what, Pack) and what.key not in on_list and not trigger.is_repeat:
                await self._pull(trigger)

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

    def _learn(self, pack: Pack, states: set[str], sales: list[Sale]) -> None:
        self.notebook.truth[pack.key] = Truth(frozenset(states), frozenset(sales), pack.product)


def _is_of(shown: Shown, trigger: Trigger) -> bool:
    if isinstance(trigger.what, Pack):
        return shown.code == trigger.what.key
    return shown.verdict == trigger.what.verdict


def _expected_verdicts(trigger: Trigger) -> set[str]:
    if isinstance(trigger.what, Stray):
        return {trigger.what.verdict}
    first = "added" if trigger.what.product else "unmatched"
    # Scanned again after a crash or by mistake, the box is on the list already: both are right.
    return {first, "already_in_sale"}
