"""A lane runs everything in the one thread that owns the connection."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from pathlib import Path

import pytest

from codes.errors import TransientError
from edge.store.database import opened_store
from edge.store.errors import StoreLockedError
from edge.store.lane import Lane


def test_all_work_runs_in_one_thread_that_is_not_ours(folder: Path) -> None:
    async def scene() -> set[str]:
        lane = Lane("store", folder, opened_store(folder))
        await lane.open()
        names = {await lane.run(lambda: threading.current_thread().name) for _ in range(3)}
        await lane.close()
        return names

    (name,) = asyncio.run(scene())
    assert name.startswith("store")


def test_connection_is_closed_and_unlocked_at_the_end(folder: Path) -> None:
    async def scene() -> None:
        for _ in range(2):
            lane = Lane("store", folder, opened_store(folder))
            await lane.open()
            await lane.close()

    asyncio.run(scene())
    with opened_store(folder):
        pass


def test_work_that_has_begun_is_finished_though_its_caller_is_gone(folder: Path) -> None:
    async def scene() -> list[str]:
        lane = Lane("store", folder, opened_store(folder))
        await lane.open()
        has_begun, may_end, done = threading.Event(), threading.Event(), list[str]()

        def work() -> None:
            has_begun.set()
            may_end.wait(30)
            done.append("work")

        caller = asyncio.create_task(lane.run(work))
        await asyncio.to_thread(has_begun.wait, 30)
        caller.cancel()
        may_end.set()
        await lane.close()
        return done

    assert asyncio.run(scene()) == ["work"]


def test_disk_trouble_comes_out_in_our_words(folder: Path) -> None:
    def fail() -> None:
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = sqlite3.SQLITE_IOERR
        raise error

    async def scene() -> None:
        lane = Lane("store", folder, opened_store(folder))
        await lane.open()
        try:
            await lane.run(fail)
        finally:
            await lane.close()

    with pytest.raises(TransientError):
        asyncio.run(scene())


def test_store_that_cannot_be_opened_says_so_to_the_caller(folder: Path) -> None:
    async def scene() -> None:
        lane = Lane("store", folder, opened_store(folder))
        try:
            await lane.open()
        finally:
            await lane.close()

    with opened_store(folder), pytest.raises(StoreLockedError):
        asyncio.run(scene())
