"""The work that goes on while everything goes wrong: scans through the interface and through a scanner, and sales.

What a terminal says is written down word for word: an answer of the interface, or a scan on the live screen, is an
acknowledgement, and each must be at the centre in the end. A request without an answer is asked again under its key
until there is one; a pull of the trigger that showed nothing is pulled again, as a person does.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from sim.chaos.stand import Post
from sim.packs import Pack, Shelf
from sim.plan import Way
from sim.screen import Screen, Shown
from sim.tally import ADDED

BASKET = 6
"""Boxes that the interface adds to a sale before it is closed; the scanner adds its own to the same one."""
PAUSE_S = 0.05
"""Between two requests of one terminal."""
TRIGGER_S = 0.4
"""Between two pulls of a trigger."""
PATIENCE_S = 2.0
"""How long a person waits for a box to appear before scanning it again."""
RETRY_S = 0.2


@dataclass(frozen=True, slots=True)
class Answered:
    """One record that a terminal said it has."""

    terminal: str
    seq: int
    code: str
    """No pack is scanned for two requests, so it names the record in whatever life of the store."""
    is_listed: bool
    """It was put on the open list; if not, somebody had to sign in first, or it was there already."""
    at: float
    """When it was said, monotonic."""


@dataclass(frozen=True, slots=True)
class Closed:
    """A sale that a terminal said it closed."""

    terminal: str
    institution: str
    sale: str
    lines: tuple[tuple[str, tuple[str, ...]], ...]
    """Id of the fact and the codes in it."""

    @property
    def codes(self) -> tuple[str, ...]:
        """Every code that was handed out in it."""
        return tuple(code for _, codes in self.lines for code in codes)


@dataclass(slots=True)
class Journal:
    """What was asked of one terminal, and what it said."""

    terminal: str
    answered: list[Answered] = field(default_factory=list)
    closed: list[Closed] = field(default_factory=list)
    asked: dict[str, Pack] = field(default_factory=dict)
    """Every pack that was ever sent, by its key."""
    pulls: dict[str, int] = field(default_factory=dict)
    """How often the trigger was pulled for a code; what is not here was asked for once, under a key."""
    repeated: int = 0
    """Requests that had to be asked again."""
    refused: dict[str, int] = field(default_factory=dict)
    """Requests that the terminal refused for now, by the code of the problem."""


@dataclass(slots=True)
class Work:
    """One terminal's work; runs until `ending` is set, and closes the last sale."""

    post: Post
    shelf: Shelf
    journal: Journal
    ending: asyncio.Event
    name: str
    _taken: int = 0
    _requests: int = 0
    _counter: asyncio.Lock = field(default_factory=asyncio.Lock)
    _trigger: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def play(self) -> None:
        """Sell until told to end."""
        while not self.ending.is_set():
            async with self._counter:
                for _ in range(BASKET):
                    await self._scan_by_request(self.shelf.drug())
                    await asyncio.sleep(PAUSE_S)
                await self._close()

    async def pull(self) -> None:
        """Pull the trigger until told to end."""
        while not self.ending.is_set():
            async with self._trigger:
                await self._scan_by_scanner(self.shelf.drug())
            await asyncio.sleep(TRIGGER_S)

    @asynccontextmanager
    async def resting(self) -> AsyncIterator[None]:
        """Do nothing meanwhile: no list is open and no request is without its answer."""
        async with self._trigger, self._counter:
            await self.close_last()
            yield

    async def close_last(self) -> None:
        """Close what the scanner added after the last sale was closed."""
        await self._scan_by_request(self.shelf.drug())
        await self._close()

    def look(self) -> None:
        """Take in what the screen has shown."""
        for shown in self.post.screen.shown[self._taken :]:
            self._take_in(shown)
        self._taken = len(self.post.screen.shown)

    def _take_in(self, shown: Shown) -> None:
        way = self.post.devices.get(shown.device)
        if way is Way.SERIAL and shown.seq is not None:
            self._note(shown.seq, shown.code, shown.verdict)

    def _note(self, seq: int, code: str, verdict: str) -> None:
        answered = Answered(self.post.name, seq, code, verdict == ADDED, time.monotonic())
        self.journal.answered.append(answered)

    async def _scan_by_request(self, pack: Pack) -> None:
        self.journal.asked[pack.key] = pack
        body = {"raw": pack.code.decode(), "symbology": pack.symbology}
        shown = await self._ask("/api/v1/scans", body)
        if shown["seq"] is not None:
            self._note(shown["seq"], shown["code"], shown["verdict"])

    async def _close(self) -> None:
        answer = await self._ask("/api/v1/sale/close", {"paid_by": "self_pay"})
        lines = tuple((line["event"], tuple(line["codes"])) for line in answer["lines"])
        self.journal.closed.append(Closed(self.post.name, self.post.institution, answer["sale"], lines))

    async def _scan_by_scanner(self, pack: Pack) -> None:
        self.journal.asked[pack.key] = pack
        self.journal.pulls[pack.key] = 0
        screen = self.post.screen
        is_shown = False
        while not is_shown:
            seen = len(screen.shown)
            self.journal.pulls[pack.key] += 1
            await self.post.scanner.scan(pack.code, pack.symbology)
            is_shown = await _is_shown(screen, pack.key, seen)
        self.look()

    async def _ask(self, path: str, body: Mapping[str, object]) -> Any:
        """Ask until there is an answer, always under the same key."""
        self._requests += 1
        key = f"{self.name}-{self.post.name}-{self._requests}"
        while True:
            try:
                return await self.post.screen.press("POST", path, body, key=key)
            except httpx.HTTPStatusError as refusal:
                self._note_refusal(refusal.response)
            self.journal.repeated += 1
            await asyncio.sleep(RETRY_S)

    def _note_refusal(self, answer: httpx.Response) -> None:
        """Count a refusal that may pass.

        Raises:
            httpx.HTTPStatusError: It will not pass: the terminal is wrong, or we are.
        """
        if not answer.is_server_error:
            answer.raise_for_status()
        with contextlib.suppress(ValueError, KeyError, TypeError):
            code = answer.json()["code"]
            self.journal.refused[code] = self.journal.refused.get(code, 0) + 1


async def _is_shown(screen: Screen, code: str, seen: int) -> bool:
    deadline = time.monotonic() + PATIENCE_S
    while not any(shown.code == code for shown in screen.shown[seen:]):
        if not await screen.wait_news(len(screen.shown), deadline - time.monotonic()):
            return False
    return True
