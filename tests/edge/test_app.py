"""The parts are put together rightly: started, asked, stopped, in this process."""

from __future__ import annotations

import asyncio
import os
import signal
import tty
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cli.terminal_status import StrangerAtPortError, fetch_status
from drivers.errors import DeviceSpecError
from edge import housekeeping
from edge.app import Announcements, run_terminal
from edge.clock import SystemClock
from edge.config import EdgeConfig
from edge.operators.accounts import NewPassword, renew_password
from edge.store import sql
from edge.store.database import visited_store
from edge.web_server import PortTakenError
from tests.edge.scene import TERMINAL, TRACE_1
from tests.web.certificates import written_pair
from wire.keys import SigningKey

SEED = Path(__file__).parents[2] / "config" / "seed" / "catalogue.csv"
NO_BROKER_PORT = 1


def configured(folder: Path, **tables: dict[str, object]) -> EdgeConfig:
    terminal = {"id": TERMINAL, "area": "350200", "institution": "P35020000001"}
    api = {"port": 0, **tables.pop("api", {})}
    return EdgeConfig(terminal=terminal, store={"folder": folder}, api=api, **tables)


def play(
    config: EdgeConfig, scene: Callable[[httpx.AsyncClient, NewPassword], Awaitable[None]], *scanners: str
) -> None:
    """Run a terminal, play the scene at it, and stop it by a signal."""

    async def whole() -> None:
        ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        passwords: list[NewPassword] = []
        announcements = Announcements(first_password=passwords.append, ready=ready.set_result)
        terminal = asyncio.create_task(run_terminal(config, scanners, announcements, clock=SystemClock()))
        async with asyncio.timeout(60):
            await asyncio.wait([terminal, ready], return_when=asyncio.FIRST_COMPLETED)
            if terminal.done():
                await terminal
            # The certificate of a test signs itself.
            async with httpx.AsyncClient(base_url=ready.result(), trust_env=False, verify=False, timeout=30) as browser:  # noqa: S501
                await scene(browser, passwords[0])
            os.kill(os.getpid(), signal.SIGTERM)
            await terminal

    asyncio.run(whole())


async def until(browser: httpx.AsyncClient, path: str, is_there: Callable[[Any], bool]) -> Any:
    """Ask until the answer is as awaited; `play` sets the deadline."""
    while not is_there(answer := (await browser.get(path)).json()):
        pass
    return answer


def test_scan_sale_and_stop(folder: Path) -> None:
    config = configured(folder, catalogue={"file": SEED}, link={"is_enabled": False})

    async def scene(browser: httpx.AsyncClient, first: NewPassword) -> None:
        status = (await browser.get("/api/v1/status")).json()
        assert (status["terminal"], status["operator"], status["sync"]["is_up"]) == (TERMINAL, None, False)
        (device,) = status["devices"]
        assert device["device"] == "serial:/dev/no-such-port"
        await browser.post("/api/v1/session", json={"operator": first.login, "password": first.password})
        for _ in range(2):
            keyed = {"Idempotency-Key": "pos-1"}
            scan = (await browser.post("/api/v1/scans", json={"raw": TRACE_1}, headers=keyed)).json()
            assert (scan["verdict"], scan["product"]) == ("added", "D0001")
        counted = (await browser.get("/metrics")).text.splitlines()
        assert 'yima_scans_total{device="api",tone="ok"} 1.0' in counted, "asked for again, it is no other scan"
        assert "yima_commit_seconds_count 1.0" in counted
        assert (await browser.get("/healthz")).json() == {"ok": True}
        assert (await browser.get("/counter")).status_code == 200
        status = (await browser.get("/api/v1/status")).json()
        assert (status["operator"], status["sync"]["pending"]) == (first.login, 2)

    play(config, scene, "serial:/dev/no-such-port")


def test_terminal_without_a_line_works_and_keeps_everything(folder: Path) -> None:
    centre = SigningKey(Ed25519PrivateKey.generate()).public.raw.hex()
    config = configured(folder, centre={"public_key": centre}, link={"port": NO_BROKER_PORT})

    async def scene(browser: httpx.AsyncClient, first: NewPassword) -> None:
        await browser.post("/api/v1/session", json={"operator": first.login, "password": first.password})
        status = (await browser.get("/api/v1/status")).json()
        assert (status["sync"]["pending"], status["sync"]["is_up"], status["is_approved"]) == (1, False, None)

    play(config, scene)


def test_terminal_that_knows_no_centre_says_so_and_works(folder: Path, logged: list[dict[str, object]]) -> None:
    async def scene(browser: httpx.AsyncClient, first: NewPassword) -> None:
        assert (await browser.get("/healthz")).json() == {"ok": True}
        sync = (await browser.get("/api/v1/status")).json()["sync"]
        assert (sync["is_enabled"], sync["problem"]["code"]) == (True, "link.no_centre_key")
        assert "[centre] public_key" in sync["problem"]["next_step"]["zh"]

    play(configured(folder), scene)
    assert "link.no_centre_key" in [line["event"] for line in logged]


def test_terminal_with_the_national_interface_tells_how_it_is(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fsi = {"is_enabled": True, "desk": 1, "way": "http", "url": f"http://127.0.0.1:{NO_BROKER_PORT}/fsi"}
    institution = {"code": "P35020000001", "name": "示例药店"}
    config = configured(folder, link={"is_enabled": False}, fsi=fsi, institution=institution)

    async def scene(browser: httpx.AsyncClient, first: NewPassword) -> None:
        await browser.post("/api/v1/session", json={"operator": first.login, "password": first.password})
        is_tried = lambda status: status["interface"]["not_sent"] > 0  # noqa: E731
        status = await until(browser, "/api/v1/status", is_tried)
        seen = status["interface"]
        assert (seen["way"], seen["line"], seen["is_up"], seen["open"]) == ("http", "no_line", False, 0)
        assert status["lamps"]["settlement"] == {
            "state": "down",
            "code": "settlement.no_line",
            "words": status["lamps"]["settlement"]["words"],
        }
        assert (await browser.get("/healthz")).json() == {"ok": True}, "a line that is down is no fault of the box"
        metrics = (await browser.get("/metrics")).text.splitlines()
        assert "yima_fsi_up 0.0" in metrics
        assert 'yima_fsi_messages_total{is="not_sent"} 1.0' in metrics

    monkeypatch.setattr("edge.fsi.keeping.LOOK_S", 0.05)
    play(config, scene)


def test_exposed_terminal_shows_nothing_to_strangers(folder: Path) -> None:
    config = configured(folder, api={"is_exposed": True}, link={"is_enabled": False})

    async def scene(browser: httpx.AsyncClient, first: NewPassword) -> None:
        paths = (await browser.get("/openapi.json")).json()["paths"]
        shown = {path for path, operations in paths.items() if "get" in operations}
        assert {"/api/v1/sale", "/api/v1/scans", "/api/v1/status", "/api/v1/live"} < shown
        answers = {path: await browser.get(path) for path in shown}
        assert {path for path, answer in answers.items() if answer.status_code != 401} == {"/healthz"}
        assert answers["/healthz"].json() == {"ok": True}
        refusals = [answer.text for answer in answers.values() if answer.status_code == 401]
        assert not [text for text in refusals if first.login in text or TERMINAL in text]
        assert (await browser.get("/counter")).status_code == 200, "the page is where one signs in"
        await browser.post("/api/v1/session", json={"operator": first.login, "password": first.password})
        assert (await browser.get("/api/v1/status")).json()["operator"] == first.login

    play(config, scene)


def test_scanner_is_not_put_down_to_an_operator_whose_session_is_over(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "SHIFT_PULSE_S", 3_600.0)
    gun, port = os.openpty()
    tty.setraw(port)

    async def scene(browser: httpx.AsyncClient, first: NewPassword) -> None:
        await browser.post("/api/v1/session", json={"operator": first.login, "password": first.password})
        await until(browser, "/api/v1/status", lambda status: status["devices"][0]["state"] == "ready")
        with visited_store(folder) as connection, connection.begin():
            sql.change(connection, "UPDATE session SET expires_at = 0")
        os.write(gun, TRACE_1.encode() + b"\r")
        (scan,) = await until(browser, "/api/v1/scans", bool)
        assert scan["verdict"] == "sign_in_first"
        # It is counted once COMMIT has returned; the list shows it a moment before.
        while "yima_commit_seconds_count 1.0" not in (counted := (await browser.get("/metrics")).text.splitlines()):
            pass
        assert f'yima_scans_total{{device="{scan["device"]}",tone="{scan["tone"]}"}} 1.0' in counted
        with visited_store(folder) as connection, connection.begin():
            kinds = sql.rows(connection, "SELECT kind FROM outbox ORDER BY seq")
        assert [kind for (kind,) in kinds] == ["shift_opened", "shift_closed", "scanned"]

    play(configured(folder, link={"is_enabled": False}), scene, f"serial:{os.ttyname(port)}")
    os.close(gun)
    os.close(port)


def test_shift_ends_by_itself_after_a_new_password(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(housekeeping, "SHIFT_PULSE_S", 0.01)

    async def scene(browser: httpx.AsyncClient, first: NewPassword) -> None:
        await browser.post("/api/v1/session", json={"operator": first.login, "password": first.password})
        with visited_store(folder) as connection:
            renew_password(connection, first.login)
        status = await until(browser, "/api/v1/status", lambda status: status["sync"]["pending"] == 2)
        assert status["operator"] is None

    play(configured(folder, link={"is_enabled": False}), scene)


def test_stream_of_an_exposed_terminal_ends_when_its_browser_signs_out(folder: Path) -> None:
    config = configured(folder, api={"is_exposed": True}, link={"is_enabled": False})

    async def scene(browser: httpx.AsyncClient, first: NewPassword) -> None:
        assert (await browser.get("/api/v1/live")).status_code == 401
        await browser.post("/api/v1/session", json={"operator": first.login, "password": first.password})
        async with browser.stream("GET", "/api/v1/live") as live:
            lines = live.aiter_lines()
            async for line in lines:
                if line == "event: ping":
                    break
            assert (await browser.delete("/api/v1/session")).status_code == 204
            async with asyncio.timeout(30):
                left = [line async for line in lines]
        assert "event: session" not in left

    play(config, scene)


def test_terminal_that_does_tls_itself_is_asked_over_tls(folder: Path, tmp_path: Path) -> None:
    chain, key = written_pair(tmp_path, "screens")
    tls = {"certificate_file": chain, "key_file": key}
    config = configured(folder, api=tls, link={"is_enabled": False})

    async def scene(browser: httpx.AsyncClient, first: NewPassword) -> None:
        assert browser.base_url.scheme == "https"
        answer = await browser.post("/api/v1/session", json={"operator": first.login, "password": first.password})
        assert "; Secure" in answer.headers["set-cookie"]
        asked = configured(folder, api={**tls, "port": browser.base_url.port})
        status = await asyncio.to_thread(fetch_status, asked)
        assert status is not None
        assert status.operator == first.login
        other = written_pair(tmp_path, "other")[0]
        stranger = configured(folder, api={**tls, "certificate_file": other, "port": browser.base_url.port})
        with pytest.raises(StrangerAtPortError, match="证书"):
            await asyncio.to_thread(fetch_status, stranger)

    play(config, scene)


def test_scanner_that_is_written_wrong_is_refused_before_anything_starts(folder: Path) -> None:
    with pytest.raises(DeviceSpecError):
        asyncio.run(
            run_terminal(
                configured(folder), ["laser:x"], Announcements(lambda _: None, lambda _: None), clock=SystemClock()
            )
        )
    assert not folder.exists()


def test_taken_port_leaves_the_store_alone(folder: Path) -> None:
    config = configured(folder, api={"host": "192.0.2.1", "is_exposed": True})
    with pytest.raises(PortTakenError):
        asyncio.run(run_terminal(config, (), Announcements(lambda _: None, lambda _: None), clock=SystemClock()))
    assert not folder.exists()
