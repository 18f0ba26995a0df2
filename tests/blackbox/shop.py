"""A pharmacy with two counters at a centre: processes as anybody starts them, people with their credentials."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from drivers.card.simulated import IdCard, InsuranceCard, SimulatedCardReader
from drivers.voucher.simulated import Person, SimulatedVoucherTerminal
from edge.clock import SHOP_TIME
from edge.store.database import KEY_FILE
from sim.stage import Stage, free_port, write_toml
from tests.blackbox.stand import ROOT, Seeded, configure, yima
from tests.blackbox.till import PHARMACY
from wire.keys import load_or_create_key

Json = dict[str, Any]
NAME, DISTRICT = "虚构一心大药房", "350203"
BY_VOUCHER = Person("990101198503150113", "虚构甲", DISTRICT, token="INVENTED-TOKEN-0001")
BY_CARD = InsuranceCard("990101198709220228", "虚构乙", DISTRICT, "ZZ0000002", "ZZ0000002")
BY_ID = IdCard("990101199011300431", "虚构丁", "女", "19901130")
WAIT_S = 60.0
"""Within this an outcome is known once the line is back."""
Ways = Callable[[str, int, int], tuple[int, int]]
"""From the name of a counter, the broker's port and the centre's to those at which the counter looks for them."""


def straight(_name: str, broker_port: int, port: int) -> tuple[int, int]:
    """Let nothing stand between a counter and the centre."""
    return broker_port, port


class RefusedError(Exception):
    """A terminal said no."""

    def __init__(self, answer: Json) -> None:
        super().__init__(f"{answer.get('code')}: {answer.get('en')}")
        self.code = str(answer.get("code"))


@dataclass
class Counter:
    """One counter: a terminal and its devices."""

    name: str
    desk: int
    folder: Path
    port: int
    site_port: int
    http: httpx.Client
    pos_port: int
    """Where a POS asks the interface."""
    passwords: dict[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    """Added to that of its terminal."""

    @property
    def voucher(self) -> SimulatedVoucherTerminal:
        return SimulatedVoucherTerminal(self.folder / "voucher")

    @property
    def card(self) -> SimulatedCardReader:
        return SimulatedCardReader(self.folder / "card")

    def ask(self, method: str, path: str, said: object = None, *, within_s: float = WAIT_S) -> Json:
        answer = self.http.request(method, f"/api/v1{path}", json=said, timeout=within_s)
        read: Json = answer.json() if answer.content else {}
        if answer.is_error:
            raise RefusedError(read)
        return read

    def sign_in(self, login: str) -> None:
        self.ask("POST", "/session", {"operator": login, "password": self.passwords[login]})

    def scan(self, *codes: str) -> list[Json]:
        return [self.ask("POST", "/scans", {"raw": code}) for code in codes]

    @property
    def sale(self) -> str:
        return str(self.ask("GET", "/sale")["id"])

    def identify(self, by: str, **typed: str) -> Json:
        if by == "voucher":
            self.voucher.hold_code(BY_VOUCHER)
        elif by == "card":
            self.card.lay(BY_CARD)
        try:
            return self.ask("POST", "/ticket/person", {"sale": self.sale, "by": by, **typed})
        finally:
            self.voucher.walk_away()
            self.card.take_away()

    def trial(self, **wishes: object) -> Json:
        return self.ask("POST", "/ticket/trial", {"sale": self.sale, **wishes})

    def settle(self) -> Json:
        return self.ask("POST", "/ticket/settle", {"sale": self.sale})

    def insured(self, by: str, *codes: str, **typed: str) -> Json:
        """Sell packs to somebody who is insured."""
        self.scan(*codes)
        self.identify(by, **typed)
        tried = self.trial()
        assert tried["lacks"] == [], tried
        settled = self.settle()
        assert settled["standing"] == "settled", settled
        assert settled["paid"]["amounts"] | {"balance": None} == tried["amounts"] | {"balance": None}
        return settled

    def ticket(self, sale: str) -> Json:
        return self.ask("GET", f"/tickets/{sale}")

    def until(self, claim: Callable[[], object], within_s: float = WAIT_S) -> float:
        """Wait until a claim holds; return how long that took."""
        began_s = time.monotonic()
        while True:
            with suppress(httpx.TransportError, RefusedError):
                if claim():
                    return time.monotonic() - began_s
            assert time.monotonic() - began_s < within_s, "it did not come true in time"
            time.sleep(0.2)


@dataclass
class Shop:
    """The pharmacy, its centre, and the day it is."""

    seeded: Seeded
    folder: Path
    area: str
    stage: Stage
    counters: tuple[Counter, Counter]
    port: int
    broker_port: int
    ahead: timedelta = timedelta()

    @property
    def today(self) -> date:
        return (datetime.now(SHOP_TIME) + self.ahead).date()

    def start(self) -> None:
        """Open the shop."""
        configure(self.seeded.folder, "sqlite:///centre.db", self.area, self.port, self.broker_port)
        self._run("broker", ["broker", "run", "--port", str(self.broker_port)], self.broker_port)
        self._run("centre", ["server", "run", "--config", str(self.seeded.config)], self.port)
        # Each takes seconds, and none needs another.
        with ThreadPoolExecutor(len(self.counters)) as pool:
            list(pool.map(self._open, self.counters))

    def next_day(self) -> None:
        """Close, let a night go by, and open again."""
        self.stage.stop()
        self.stage = Stage(self.folder)
        self.ahead += timedelta(days=1)
        self.start()

    def approve(self) -> None:
        """Let the centre believe the terminals."""
        config = str(self.seeded.config)
        for one in self.counters:
            status = one.ask("GET", "/status")
            one.until(lambda name=one.name: name in yima("server", "terminal", "list", "--json", "--config", config))
            yima("server", "terminal", "approve", one.name, "--fingerprint", status["fingerprint"], "--config", config)
        for one in self.counters:
            one.until(lambda counter=one: counter.ask("GET", "/status")["interface"]["is_up"])

    def _open(self, one: Counter) -> None:
        self._run(one.name, ["edge", "run", "--config", str(one.folder / "edge.toml")], one.port, one.environment)

    def _run(self, name: str, arguments: list[str], port: int, environment: Mapping[str, str] | None = None) -> None:
        program = (sys.executable, "-m", "tests.blackbox.later", str(self.ahead.total_seconds()))
        self.stage.add(name, arguments, port, program=program, environment=environment or {})


@contextmanager
def opened_shop(
    seeded: Seeded, folder: Path, area: str = "base", *, ways: Ways = straight,
    around: Callable[[str], Mapping[str, str]] = lambda _: {},
) -> Iterator[Shop]:  # fmt: skip
    """Furnish a pharmacy with two counters, and open it.

    Args:
        seeded: The folder of the centre.
        folder: Where the rest goes.
        area: How the interface is spoken.
        ways: What stands between the counters and the centre.
        around: What is added to the environment of each counter's terminal.
    """
    broker_port, port = free_port(), free_port()
    centre_key = json.loads(yima("server", "key", "--json", "--config", str(seeded.config)))["public_key"]
    counters = tuple(
        _furnish(folder, number, area, centre_key, ways(f"counter-{number}", broker_port, port)) for number in (1, 2)
    )
    for one in counters:
        one.environment = around(one.name)
    _list_site(folder, counters)
    shop = Shop(seeded, folder, area, Stage(folder), counters, port, broker_port)  # type: ignore[arg-type]
    try:
        shop.start()
        shop.approve()
        yield shop
    finally:
        shop.stage.stop()
        for one in counters:
            one.http.close()


def _furnish(folder: Path, number: int, area: str, centre_key: str, far: tuple[int, int]) -> Counter:
    name, port, site_port, pos_port = f"counter-{number}", free_port(), free_port(), free_port()
    broker_port, centre_port = far
    own = folder / name
    own.mkdir(parents=True)
    tables: Mapping[str, Mapping[str, object]] = {
        "terminal": {"id": name, "area": "350200", "institution": PHARMACY},
        "store": {"folder": "store"},
        "centre": {"public_key": centre_key},
        "link": {"port": broker_port},
        "api": {"port": port},
        "catalogue": {"file": str(ROOT / "config" / "seed" / "catalogue.csv")},
        "site": {"file": str(folder / "site.toml"), "port": site_port},
        "institution": {"code": PHARMACY, "name": NAME, "district": DISTRICT},
        "fsi": {"is_enabled": True, "desk": number, "way": "mqtt", "area": area, "ask_s": 4.0},
        "pos": {"mode": "proxy", "port": pos_port, "url": f"http://127.0.0.1:{centre_port}", "keeps_answers": True},
        "till": {"pharmacists": ["Y350203000001 虚构药一 210350203000001"]},
        "voucher": {"kind": "simulated", "folder": "voucher", "url": "http://127.0.0.1:9/decode"},
        "card": {"kind": "simulated", "folder": "card"},
    }
    config = write_toml(own / "edge.toml", tables)
    http = httpx.Client(base_url=f"http://127.0.0.1:{port}")
    counter = Counter(name, number, own, port, site_port, http, pos_port)
    for login in ("li", "zhao"):
        counter.passwords[login] = f"a long password of {login}"
        yima(
            "edge", "operator", "add", login, "--config", str(config), "--password-stdin",
            stdin=f"{counter.passwords[login]}\n",
        )  # fmt: skip
    return counter


def _list_site(folder: Path, counters: tuple[Counter, ...]) -> None:
    lines = ['name = "南门店"']
    for one in counters:
        key = load_or_create_key(one.folder / "store" / KEY_FILE).public.raw.hex()
        lines += [
            "[[terminal]]",
            f'id = "{one.name}"',
            f'address = "127.0.0.1:{one.site_port}"',
            f'public_key = "{key}"',
        ]
    (folder / "site.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
