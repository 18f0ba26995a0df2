"""A real broker and a real centre whose registry already holds every terminal of a storm, approved."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from random import Random
from typing import Any

import httpx

from server.centre import build_centre
from server.config import load_config
from server.fleet.presence import registration
from server.people.roles import COMMAND_LINE, Role
from server.store import terminals
from sim.centre import CentreApi
from sim.chaos.brokers import BrokerKind, start_broker
from sim.stage import Actor, Stage, free_port, write_toml
from sim.storm.book import INSTITUTION, VERSION, Book, Record, new_book
from sim.storm.report import judge, make_report
from sim.storm.storm import Fleet, LineChange, Plan, Say, new_fleet, play_storm
from tests.bench.processes import open_files, rss_mb
from wire.presence import PRESENCE_VERSION, Presence, PresenceState
from wire.receipts import Trust

AREA = "350200"
OWN_FILES = 200
"""Descriptors of the process that holds all terminals, besides their connections."""


class Cause(StrEnum):
    """Why all lines are lost at once."""

    BROKER = "broker"
    """It is killed, and started again after the outage: the centre loses its line too."""
    NETWORK = "network"
    """The terminals are cut off; broker and centre run on, and the broker tells of every death."""


@dataclass(slots=True)
class Stand:
    """What runs."""

    broker: Actor
    centre_process: Actor
    centre: CentreApi
    fleet: Fleet


def most_terminals(asked: int) -> int:
    """Return how many of `asked` terminals this process and a broker may hold open, raising our own limit if we may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return min(asked, hard - OWN_FILES)


@asynccontextmanager
async def open_stand(plan: Plan, kind: BrokerKind, folder: Path) -> AsyncIterator[Stand]:
    """Put broker and centre up in `folder`, which exists, and end them afterwards."""
    async with AsyncExitStack() as undo:
        stage = Stage(folder)
        undo.push_async_callback(asyncio.to_thread, stage.stop)
        port, centre_port = free_port(), free_port()
        config = write_toml(
            folder / "server.toml",
            {
                "centre": {"key_file": "centre.key"},
                "store": {"url": "sqlite:///centre.db"},
                "web": {"port": centre_port},
                "broker": {"port": port},
            },
        )
        books, token = _prepare(plan, config)
        broker, _ = await asyncio.to_thread(start_broker, stage, kind, "broker", port)
        run = ["server", "run", "--config", str(config)]
        process = await asyncio.to_thread(stage.add, "centre", run, centre_port)
        centre = CentreApi(f"http://127.0.0.1:{centre_port}", token)
        undo.push_async_callback(centre.close)
        await _receiving(centre)
        yield Stand(broker, process, centre, new_fleet(plan, books, port))


async def run_storm(plan: Plan, stand: Stand, cause: Cause, say: Say) -> dict[str, Any]:
    """Play the storm, ask the centre for every event, and return the figures."""
    network = stand.fleet.network

    async def take_away() -> None:
        if cause is Cause.NETWORK:
            network.cut()
        else:
            await asyncio.to_thread(stand.broker.kill)

    async def give_back() -> None:
        if cause is Cause.NETWORK:
            network.mend()
        else:
            await asyncio.to_thread(stand.broker.start)

    times = await play_storm(plan, stand.fleet, LineChange(take_away, give_back), say)
    say("asking the centre for every event …")
    figures = await _line_figures(stand.centre)
    at_centre = [
        Record(row["id"], row["terminal"], row["epoch"], row["seq"])
        async for row in stand.centre.pages("/api/v1/events")
    ]
    return {
        "cause": cause.value,
        **make_report(plan, stand.fleet, times, judge(stand.fleet.records, at_centre)),
        "centre_rss_mb": round(rss_mb(stand.centre_process.pid), 1),
        "centre_dropped": figures["yima_centre_dropped_total"],
        "centre_commits": figures["yima_centre_commit_seconds_count"],
        "broker_rss_mb": round(rss_mb(stand.broker.pid), 1),
        "broker_files": open_files(stand.broker.pid),
    }


def _prepare(plan: Plan, config: Path) -> tuple[list[Book], str]:
    """Make the centre's store with a token and with every terminal, known and approved; return the terminals' books."""
    centre = build_centre(load_config(config))
    try:
        now = datetime.now(UTC)
        centre.accounts.add("storm", Role.ADMIN, by=COMMAND_LINE, now=now)
        token = centre.tokens.create("storm", "storm", by=COMMAND_LINE, now=now).secret
        rng = Random(plan.seed)
        books = [new_book(number, AREA, centre.key.public, rng) for number in range(plan.terminals)]
        with centre.store.writing() as connection:
            for book in books:
                row = registration(book.topics, _introduced(book, now), book.key.public, now)
                terminals.add_terminal(connection, row._replace(trust=Trust.APPROVED.value))
        return books, token
    finally:
        centre.close()


def _introduced(book: Book, at: datetime) -> Presence:
    return Presence(
        v=PRESENCE_VERSION,
        terminal=book.topics.terminal,
        session="before",
        state=PresenceState.STOPPED,
        at=at,
        epoch=book.epoch,
        public_key=book.key.public.raw.hex(),
        institution=INSTITUTION,
        label="storm",
        version=VERSION,
    )


async def _receiving(centre: CentreApi) -> None:
    """Wait until the centre hears the broker."""
    async with asyncio.timeout(60):
        while not await _is_connected(centre):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.05)


async def _is_connected(centre: CentreApi) -> bool:
    figures = await _line_figures(centre)
    return figures["yima_centre_link_up"] == figures["yima_centre_notes_link_up"] == 1.0


async def _line_figures(centre: CentreApi) -> dict[str, float]:
    """Return what the centre tells Prometheus, without what has labels."""
    async with httpx.AsyncClient(base_url=centre.url, trust_env=False, timeout=30.0) as http:
        lines = (await http.get("/metrics")).raise_for_status().text.splitlines()
    told = [line.split() for line in lines if not line.startswith("#") and "{" not in line]
    return {name: float(value) for name, value in told}
