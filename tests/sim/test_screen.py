"""The screen of a simulated cashier: it shows each scan once, and those it missed as well."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from sim import screen as screen_module
from sim.plan import Way
from sim.screen import ScannerNotReadyError, Screen

DEVICES = {"serial:counter": Way.SERIAL, "camera:camera": Way.CAMERA}


def scan(number: int | None, code: str, committed_at: float | None = 5.0) -> dict[str, Any]:
    return {
        "id": number,
        "code": code,
        "verdict": "added",
        "device": "serial:counter",
        "committed_at": committed_at,
        "seq": number,
    }


def event(number: int, name: str, body: object) -> str:
    return f"id: {number}\nevent: {name}\ndata: {json.dumps(body)}\n\n"


class Terminal:
    """Answers as the terminal's interface does; each stream breaks off at its end."""

    def __init__(self, streams: list[str], kept: list[dict[str, Any]] | None = None) -> None:
        self.streams = streams
        self.kept = kept or []
        self.last_ids: list[str | None] = []
        self.devices: list[list[str]] = [[]]

    def answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/v1/live":
            if not self.streams:
                return httpx.Response(503)
            self.last_ids.append(request.headers.get("last-event-id"))
            return httpx.Response(200, text=self.streams.pop(0))
        if request.url.path == "/api/v1/scans":
            after, limit = (int(request.url.params[name]) for name in ("after", "limit"))
            return httpx.Response(200, json=[one for one in self.kept if one["id"] > after][:limit])
        ready = self.devices.pop(0) if len(self.devices) > 1 else self.devices[0]
        status = [{"device": name, "state": "ready" if name in ready else "opening"} for name in DEVICES]
        return httpx.Response(200, json={"devices": status})


def run(terminal: Terminal, work: Callable[[Screen], Awaitable[None]], monkeypatch) -> Screen:
    monkeypatch.setattr(screen_module, "RETRY_S", 0.001)
    monkeypatch.setattr(screen_module, "LOOK_S", 0.001)

    async def play() -> Screen:
        screen = Screen("http://counter", "op", "secret")
        await screen.close()
        screen._http = httpx.AsyncClient(base_url=screen.url, transport=httpx.MockTransport(terminal.answer))
        async with asyncio.timeout(30):
            await work(screen)
        await screen.close()
        return screen

    return asyncio.run(play())


async def watched(screen: Screen, scans: int) -> None:
    watcher = asyncio.create_task(screen.watch())
    while len(screen.shown) < scans:
        assert await screen.wait_news(len(screen.shown), 5.0)
    watcher.cancel()


def test_what_was_committed_while_the_terminal_died_is_shown_when_it_is_back(monkeypatch) -> None:
    terminal = Terminal(
        [
            event(1, "ping", {}) + event(2, "scan", scan(1, "A")),
            event(9_001, "reset", {}) + event(9_002, "scan", scan(2, "B")) + event(9_003, "scan", scan(3, "C")),
        ],
        kept=[scan(1, "A", None), scan(2, "B", None)],
    )
    screen = run(terminal, lambda screen: watched(screen, 3), monkeypatch)
    # The kept scan 1 is there when the first stream opens; each is shown once, wherever it came from first.
    assert [(shown.code, shown.committed_at) for shown in screen.shown] == [("A", None), ("B", None), ("C", 5.0)]
    assert terminal.last_ids[:2] == [None, "2"]


def test_more_than_a_page_of_missed_scans_is_loaded(monkeypatch) -> None:
    monkeypatch.setattr(screen_module, "MISSED_PAGE", 2)
    terminal = Terminal([event(1, "ping", {})], kept=[scan(number, f"A{number}", None) for number in range(1, 6)])
    screen = run(terminal, lambda screen: watched(screen, 5), monkeypatch)
    assert [shown.seq for shown in screen.shown] == [1, 2, 3, 4, 5]


def test_a_credential_has_no_number_and_is_shown_each_time(monkeypatch) -> None:
    terminal = Terminal(
        [event(1, "ping", {}) + event(2, "scan", scan(None, "***")) + event(3, "scan", scan(None, "***"))]
    )
    assert len(run(terminal, lambda screen: watched(screen, 2), monkeypatch).shown) == 2


def test_waiting_for_news_that_does_not_come_ends(monkeypatch) -> None:
    async def wait(screen: Screen) -> None:
        assert not await screen.wait_news(0, 0.01)
        assert not await screen.wait_news(0, -1.0)

    run(Terminal([]), wait, monkeypatch)


def test_a_receipt_is_timed_once_for_each_record_it_names(monkeypatch) -> None:
    receipt = {"accepted": [[1, 2], [4, 4]]}
    stream = event(1, "receipt", receipt) + event(2, "receipt", receipt) + event(3, "scan", scan(1, "A"))
    screen = run(Terminal([stream]), lambda screen: watched(screen, 1), monkeypatch)
    assert sorted(screen.receipts) == [1, 2, 4]


def test_each_scanner_is_back_when_the_terminal_says_so(monkeypatch) -> None:
    terminal = Terminal([])
    terminal.devices = [[], ["serial:counter"], ["serial:counter"], list(DEVICES)]
    back_at: dict[Way, float] = {}
    run(terminal, lambda screen: screen.wait_ready(DEVICES, back_at), monkeypatch)
    assert back_at[Way.SERIAL] < back_at[Way.CAMERA]


def test_a_scanner_that_is_not_read_ends_the_wait(monkeypatch) -> None:
    monkeypatch.setattr(screen_module, "READY_S", 0.02)
    terminal = Terminal([])
    terminal.devices = [["serial:counter"]]
    with pytest.raises(ScannerNotReadyError, match="camera:camera"):
        run(terminal, lambda screen: screen.wait_ready(DEVICES, {}), monkeypatch)
