"""Yesterday's backup is restored in the middle of a morning, with real processes: nothing is missing afterwards."""

from __future__ import annotations

import asyncio
import json
import shutil
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from sim.chaos.brokers import BrokerKind
from sim.chaos.plan import CENTRE
from sim.chaos.stand import Order, Post, Stand, StoreKind, open_stand
from sim.stage import run_yima

PATIENCE_S = 60.0
CODES = [f"8600011{number:013d}" for number in range(1, 61)]


async def until(what: str, holds: Callable[[], Awaitable[bool]]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not await holds():
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.1)


async def events_at(stand: Stand) -> list[str]:
    return [event["id"] async for event in stand.centre.pages("/api/v1/events")]


async def scan(post: Post, codes: list[str]) -> None:
    for code in codes:
        await post.screen.press("POST", "/api/v1/scans", {"raw": code})


async def delivered(post: Post) -> bool:
    sync = (await post.screen.press("GET", "/api/v1/status"))["sync"]
    return sync["pending"] == 0 and sync["is_up"]


@pytest.mark.contract
@pytest.mark.timeout(420)
@pytest.mark.req("T-07", "T-70", "T-71")
def test_what_came_after_the_backup_is_sent_again(tmp_path: Path) -> None:
    asyncio.run(asyncio.wait_for(_morning(tmp_path), 400))


async def _morning(folder: Path) -> None:
    order = Order(seed=1, broker=BrokerKind.EMBEDDED, store=StoreKind.SQLITE, terminals=1)
    backup = folder / "yesterday.yimabak"
    where = ["--config", str(folder / "server.toml"), "--json"]
    async with open_stand(folder, order, lambda _: None) as stand:
        (post,) = stand.posts.values()
        await post.screen.sign_in()
        await scan(post, CODES[:20])
        await until("the first scans arrive", lambda: delivered(post))
        await asyncio.to_thread(run_yima, ["server", "backup", str(backup), *where])
        await scan(post, CODES[20:40])
        await until("the next ones, too", lambda: delivered(post))
        before = set(await events_at(stand))

        centre = stand.stage.actors[CENTRE]
        centre.kill()
        await scan(post, CODES[40:])
        done = await asyncio.to_thread(run_yima, ["server", "restore", str(backup), "--replace", *where])
        assert json.loads(done)["set_aside"]
        await asyncio.to_thread(centre.start)

        async def has_all() -> bool:
            return before <= set(await events_at(stand)) and await delivered(post)

        await until("everything is there again", has_all)
        held = await events_at(stand)
        assert len(held) == len(set(held)) == len(before) + 20
        ledger = {row["code"] async for row in stand.centre.pages("/api/v1/ledger")}
        assert set(CODES) <= ledger

        # And now somebody puts the terminal's disk back to a copy of itself.
        await _copy_and_go_on(stand, post, set(held))


async def _copy_and_go_on(stand: Stand, post: Post, before: set[str]) -> None:
    terminal = stand.stage.actors[post.name]
    epoch = (await post.screen.press("GET", "/api/v1/status"))["epoch"]
    terminal.kill()
    copy = post.folder / "copy"
    await asyncio.to_thread(shutil.copytree, post.store, copy)
    post.store.rename(post.folder / "old")
    copy.rename(post.store)
    await asyncio.to_thread(terminal.start)
    await post.screen.sign_in()
    assert (await post.screen.press("GET", "/api/v1/status"))["epoch"] != epoch
    await until("the copy tells of itself", lambda: delivered(post))
    assert before < set(await events_at(stand))
    alarms = await stand.centre.get("/api/v1/alarms")
    assert {"store.restored", "store.copied"} <= {alarm["code"] for alarm in alarms}
