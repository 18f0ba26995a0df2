"""A running terminal shares by itself: it asks, is asked, shows who is heard, and says so at the scan."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from edge.operators.accounts import NewPassword
from edge.store.database import visited_store
from edge.store.site_sales import site_sale
from tests.conftest import free_port
from tests.edge.scene import TERMINAL, TRACE_1, TRACE_2
from tests.edge.site.neighbours import Neighbour, opened_neighbours, write_list
from tests.edge.test_app import SEED, configured, play, until
from wire.keys import load_or_create_key


@pytest.mark.req("T-23")
def test_running_terminal_hears_and_is_heard_without_a_line(folder: Path, tmp_path: Path) -> None:
    with opened_neighbours(tmp_path, 2) as (me, other):
        me.port, me.key = free_port(), load_or_create_key(folder / "terminal.key")
        listed = write_list(tmp_path / "site.toml", [me, other])
        other.join(listed)
        site = {"file": listed, "port": me.port}
        config = configured(folder, site=site, catalogue={"file": SEED}, link={"is_enabled": False})
        assert config.terminal.id == TERMINAL == me.name
        play(config, lambda browser, first: _scene(browser, first, other))
        with visited_store(folder) as store, store.begin():
            known = site_sale(store, TRACE_1)
        assert known is not None
        assert known.terminal == other.name


async def _scene(browser: httpx.AsyncClient, first: NewPassword, other: Neighbour) -> None:
    login = {"operator": first.login, "password": first.password}
    assert (await browser.post("/api/v1/session", json=login)).status_code < 300

    def peer(status: Any) -> Any:
        (found,) = status["site"]["peers"]
        assert found["terminal"] == other.name
        return found

    await until(browser, "/api/v1/status", lambda status: peer(status)["problem"] == "site.unreachable")
    other.sell(TRACE_1)
    async with other.listening():
        status = await until(browser, "/api/v1/status", lambda status: peer(status)["is_heard"])
        assert (peer(status)["problem"], status["site"]["problem"]) == (None, None)
        scan = (await browser.post("/api/v1/scans", json={"raw": TRACE_1})).json()
        assert (scan["verdict"], other.name in scan["words"]["zh"] + scan["hint"]["zh"]) == ("sold_at_site", True), scan
        await browser.post("/api/v1/scans", json={"raw": TRACE_2})
        assert (await browser.post("/api/v1/sale/close", json={})).status_code == 200
        async with asyncio.timeout(30):
            while other.knows(TRACE_2) is None:
                await other.asker(TERMINAL).listen()
    known = other.knows(TRACE_2)
    assert known is not None
    assert known.terminal == TERMINAL
