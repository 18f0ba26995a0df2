"""The demo's small city, put up with the same commands that anybody would type.

Broker, centre and three terminals, each its own process with its own configuration file. The steps are those of the
README: make the centre's key known to the terminals, start, compare fingerprints, approve.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from importlib.resources import as_file, files
from pathlib import Path

from sim.centre import CentreApi
from sim.insured import set_up_settlement
from sim.screen import Screen
from sim.shops import AREA, SHOPS, Devices, Shop, plug_devices
from sim.stage import Stage, free_port, run_yima, write_toml
from sim.till import Till

Say = Callable[[str], None]


@dataclass(slots=True)
class Place:
    """One terminal of the city, with everything around it."""

    shop: Shop
    devices: Devices
    screen: Screen


@dataclass(slots=True)
class City:
    """Everything that runs."""

    stage: Stage
    centre: CentreApi
    admin_login: str
    admin_password: str
    till: Till
    """Of a pharmacy without a terminal of ours."""
    places: list[Place] = field(default_factory=list)

    async def close(self) -> None:
        """End everything."""
        for place in self.places:
            await place.screen.close()
        await self.till.close()
        await self.centre.close()
        await asyncio.to_thread(self.stage.stop)
        for place in self.places:
            place.devices.close()


async def build_city(folder: Path, seed: int, say: Say) -> City:
    """Put the city up in `folder`, which exists; all terminals are approved and read their scanners when it returns."""
    stage = Stage(folder)
    async with AsyncExitStack() as undo:
        undo.push_async_callback(asyncio.to_thread, stage.stop)
        city = await _build(stage, folder, seed, say)
        undo.pop_all()
        return city


async def _build(stage: Stage, folder: Path, seed: int, say: Say) -> City:
    broker_port, centre_port = free_port(), free_port()
    say("消息代理 / broker …")
    await asyncio.to_thread(stage.add, "broker", ["broker", "run", "--port", str(broker_port)], broker_port)
    say("中心 / centre …")
    centre_file = write_toml(
        folder / "server.toml",
        {
            "centre": {"key_file": "centre.key", "hold_s": 1},
            "store": {"url": "sqlite:///centre.db"},
            "web": {"port": centre_port},
            "broker": {"port": broker_port},
            "fsi": {"area": "base", "district": AREA},
        },
    )
    admin_password = secrets.token_urlsafe(12)
    centre_key, token = await asyncio.to_thread(set_up_centre, centre_file, admin_password)
    await asyncio.to_thread(stage.add, "centre", ["server", "run", "--config", str(centre_file)], centre_port)
    places: list[Place] = []
    async with asyncio.TaskGroup() as group:
        say("参保人员与目录 / insured people and lists …")
        till_token = group.create_task(asyncio.to_thread(set_up_settlement, centre_file))
        for number, shop in enumerate(SHOPS):
            say(f"{shop.label} …")
            places.append(
                await _open_shop(
                    stage, folder, shop, seed=seed + number, broker_port=broker_port, centre_key=centre_key
                )
            )
    url = f"http://127.0.0.1:{centre_port}"
    till = Till(url, till_token.result())
    city = City(stage, CentreApi(url, token), "demo-admin", admin_password, till, places)
    for place in city.places:
        await place.screen.wait_ready(place.devices.names, {})
        status = await place.screen.press("GET", "/api/v1/status")
        await city.centre.approve(place.shop.terminal, status["fingerprint"])
    return city


def set_up_centre(config: Path, admin_password: str) -> tuple[str, str]:
    """Import the seed catalogue, make an administrator and a token; return the centre's public key and the token."""
    where = ["--config", str(config)]
    with as_file(files("config").joinpath("seed/catalogue.csv")) as seed:
        run_yima(["server", "catalogue", "import", str(seed), *where])
    run_yima(
        ["server", "user", "add", "demo-admin", "--role", "admin", "--password-stdin", *where],
        stdin=f"{admin_password}\n",
    )
    key = json.loads(run_yima(["server", "key", "--json", *where]))
    token = json.loads(run_yima(["server", "token", "create", "demo", "--user", "demo-admin", "--json", *where]))
    return key["public_key"], token["token"]


async def _open_shop(stage: Stage, folder: Path, shop: Shop, *, seed: int, broker_port: int, centre_key: str) -> Place:
    home = folder / shop.terminal
    home.mkdir(exist_ok=True)
    port = free_port()
    devices = plug_devices(home, seed)
    with as_file(files("config").joinpath("seed/catalogue.csv")) as catalogue:
        config = write_toml(
            home / "edge.toml",
            {
                "terminal": {
                    "id": shop.terminal,
                    "area": AREA,
                    "institution": shop.institution,
                    "label": shop.label,
                },
                "store": {"folder": "store"},
                "centre": {"public_key": centre_key},
                "link": {"port": broker_port, "backoff_most_s": 2.0},
                "api": {"port": port},
                "catalogue": {"file": str(catalogue)},
            },
            top={"scanners": devices.specs},
        )
    password = secrets.token_urlsafe(12)
    add = ["edge", "operator", "add", shop.operator, "--config", str(config), "--password-stdin"]
    await asyncio.to_thread(run_yima, add, stdin=f"{password}\n")
    await asyncio.to_thread(stage.add, shop.terminal, ["edge", "run", "--config", str(config)], port)
    return Place(shop, devices, Screen(f"http://127.0.0.1:{port}", shop.operator, password))
