"""What a cashier has in front of her: the terminal's screen, through its public HTTP interface.

She sees scans as they are shown (server-sent events) and presses buttons (requests). A terminal that does not answer
is a terminal that is down: she waits.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from sim.plan import Way

RETRY_S = 0.1
MISSED_PAGE = 200
_READ = frozenset({"ready", "silent"})
"""States of a device that the terminal reads; from a silent one nothing has come yet."""
READY_S = 40.0
LOOK_S = 0.05


@dataclass(frozen=True, slots=True)
class Shown:
    """One scan as the screen showed it."""

    code: str
    verdict: str
    device: str
    committed_at: float | None
    """When the terminal had committed it, by its own account, seconds since 1970; None if it was shown only after the
    screen had lost its line, out of what the terminal keeps."""
    seen_at: float
    """When the screen heard of it."""
    seq: int | None
    """Number of its record; None if it made none."""


class TerminalDownError(Exception):
    """The terminal did not answer in time."""


class ScannerNotReadyError(Exception):
    """The terminal does not read one of its scanners."""


@dataclass(slots=True)
class Screen:
    """One browser at one terminal."""

    url: str
    operator: str
    password: str
    shown: list[Shown] = field(default_factory=list)
    receipts: dict[int, float] = field(default_factory=dict)
    """When the terminal said that the centre has this record; by its number, seconds since 1970."""
    streams: int = 0
    """How often the live stream was opened."""
    _last_scan: int = 0
    """Number of the last scan shown; a terminal's scans are numbered upwards."""
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _http: httpx.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        self._http = httpx.AsyncClient(base_url=self.url, timeout=5.0, trust_env=False)

    async def close(self) -> None:
        """Close the browser."""
        await self._http.aclose()

    async def watch(self) -> None:
        """Follow the live stream until cancelled, coming back whenever the terminal does.

        Does as the counter page does: where the stream cannot say what was missed, it loads what the terminal keeps.
        """
        last_id: str | None = None
        while True:
            try:
                async for event_id, name, body in self._stream(last_id):
                    if last_id is None or name == "reset":
                        await self._load_missed()
                    last_id = event_id
                    if name == "scan":
                        self._note(json.loads(body))
                    elif name == "receipt":
                        self._note_receipt(json.loads(body))
            except httpx.HTTPError:
                # The terminal is down; the stream resumes from the last event when it is back.
                pass
            await asyncio.sleep(RETRY_S)

    async def wait_news(self, known: int, timeout_s: float) -> bool:
        """Wait until more scans than `known` were shown, and tell whether there are."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while len(self.shown) <= known:
                    self._news.clear()
                    await self._news.wait()
        return len(self.shown) > known

    async def wait_ready(self, devices: Mapping[str, Way], back_at: dict[Way, float]) -> None:
        """Wait until the terminal says that it reads all `devices`; write into `back_at` when it said so of which.

        Raises:
            ScannerNotReadyError: It does not read one of them in time.
        """
        deadline = time.monotonic() + READY_S
        while missing := {device for device, way in devices.items() if way not in back_at}:
            if time.monotonic() > deadline:
                raise ScannerNotReadyError(f"{self.url} does not read {', '.join(sorted(missing))}")
            status = await self.press("GET", "/api/v1/status")
            for one in status["devices"]:
                if one["device"] in missing and one["state"] in _READ:
                    back_at[devices[one["device"]]] = time.time()
            await asyncio.sleep(LOOK_S)

    async def press(
        self, method: str, path: str, body: Mapping[str, object] | None = None, *, key: str | None = None
    ) -> Any:
        """Do one request, waiting for a terminal that is down and signing in again where it asks for it.

        Raises:
            TerminalDownError: No answer within a minute.
            httpx.HTTPStatusError: The terminal refused.
        """
        headers = {"Idempotency-Key": key} if key else {}
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                answer = await self._http.request(method, path, json=body, headers=headers)
            except httpx.TransportError:
                await asyncio.sleep(RETRY_S)
                continue
            if answer.status_code == httpx.codes.UNAUTHORIZED and path != "/api/v1/session":
                await self.sign_in()
                continue
            answer.raise_for_status()
            return answer.json() if answer.content else None
        raise TerminalDownError(f"{self.url} does not answer")

    async def sign_in(self) -> None:
        """Sign in as the operator."""
        await self.press("POST", "/api/v1/session", {"operator": self.operator, "password": self.password})

    async def codes_on_list(self) -> set[str]:
        """Return the codes of the open sale or delivery."""
        sale = await self.press("GET", "/api/v1/sale")
        return {code for line in sale["lines"] for code in line["codes"]}

    async def _stream(self, last_id: str | None) -> AsyncIterator[tuple[str | None, str, str]]:
        headers = {"Last-Event-ID": last_id} if last_id else {}
        timeout = httpx.Timeout(5.0, read=30.0)
        async with self._http.stream("GET", "/api/v1/live", headers=headers, timeout=timeout) as answer:
            answer.raise_for_status()
            self.streams += 1
            event_id, name, body = last_id, "message", ""
            async for line in answer.aiter_lines():
                if not line:
                    yield event_id, name, body
                    name, body = "message", ""
                elif line.startswith("id:"):
                    event_id = line[3:].strip()
                elif line.startswith("event:"):
                    name = line[6:].strip()
                elif line.startswith("data:"):
                    body += line[5:].strip()

    async def _load_missed(self) -> None:
        while True:
            query = f"after={self._last_scan}&limit={MISSED_PAGE}"
            scans = await self.press("GET", f"/api/v1/scans?{query}")
            for scan in scans:
                self._note(scan)
            if len(scans) < MISSED_PAGE:
                return

    def _note(self, scan: Mapping[str, Any]) -> None:
        number = scan["id"]
        if number is not None and number <= self._last_scan:
            return
        self._last_scan = number or self._last_scan
        self.shown.append(
            Shown(
                code=scan["code"],
                verdict=scan["verdict"],
                device=scan["device"],
                committed_at=scan.get("committed_at"),
                seen_at=time.time(),
                seq=scan["seq"],
            )
        )
        self._news.set()

    def _note_receipt(self, receipt: Mapping[str, Any]) -> None:
        now = time.time()
        for first, last in receipt["accepted"]:
            for seq in range(first, last + 1):
                self.receipts.setdefault(seq, now)
