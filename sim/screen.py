"""What a cashier has in front of her: the terminal's screen, through its public HTTP interface.

She sees scans as they are shown (server-sent events) and presses buttons (requests). A terminal that does not answer
is a terminal that is down: she waits.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

RETRY_S = 0.1


@dataclass(frozen=True, slots=True)
class Shown:
    """One scan as the screen showed it."""

    code: str | None
    verdict: str
    device: str
    committed_at: float
    """When the terminal had committed it, by its own account; seconds since 1970."""
    seen_at: float
    """When the screen heard of it."""
    seq: int | None = None
    """Number of its record."""


class TerminalDownError(Exception):
    """The terminal did not answer in time."""


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
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _http: httpx.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        self._http = httpx.AsyncClient(base_url=self.url, timeout=5.0, trust_env=False)

    async def close(self) -> None:
        """Close the browser."""
        await self._http.aclose()

    async def watch(self) -> None:
        """Follow the live stream until cancelled, coming back whenever the terminal does."""
        last_id: str | None = None
        while True:
            try:
                async for event_id, name, body in self._stream(last_id):
                    last_id = event_id
                    if name == "scan":
                        self._note(json.loads(body))
                    elif name == "receipt":
                        self._note_receipt(json.loads(body))
            except httpx.HTTPError:
                # The terminal is down; the stream resumes from the last event when it is back.
                await asyncio.sleep(RETRY_S)

    async def wait_shown(self, fits: Callable[[Shown], bool], since: int, timeout_s: float) -> Shown | None:
        """Return the first scan shown at or after position `since` that fits, None if none comes in time."""
        deadline = time.monotonic() + timeout_s
        while True:
            found = next((shown for shown in self.shown[since:] if fits(shown)), None)
            left = deadline - time.monotonic()
            if found is not None or left <= 0:
                return found
            self._news.clear()
            try:
                async with asyncio.timeout(min(left, RETRY_S)):
                    await self._news.wait()
            except TimeoutError:
                continue

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

    def _note(self, scan: Mapping[str, Any]) -> None:
        self.shown.append(
            Shown(
                code=scan.get("code"),
                verdict=scan["verdict"],
                device=scan.get("device", ""),
                committed_at=scan.get("committed_at", 0.0),
                seen_at=time.time(),
                seq=scan.get("seq"),
            )
        )
        self._news.set()

    def _note_receipt(self, receipt: Mapping[str, Any]) -> None:
        now = time.time()
        for first, last in receipt["accepted"]:
            for seq in range(first, last + 1):
                self.receipts.setdefault(seq, now)
