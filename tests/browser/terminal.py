"""A whole terminal as a process of its own, with a simulated scanner on its serial line."""

from __future__ import annotations

import asyncio
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, expect

from drivers.scanner.simulated.serial import SimulatedSerialScanner
from rules.catalogue import parse_catalogue
from rules.scan_judgement import PackLevel

ROOT = Path(__file__).parents[2]
CATALOGUE = ROOT / "config" / "seed" / "catalogue.csv"
START_S = 90.0
STOP_S = 30.0
BAUD = 115_200

CONFIG = """
scanners = ["{scanner}"]

[terminal]
id = "T-0301"
area = "350200"
institution = "P35020000301"
label = "一号柜台"

[store]
folder = "{folder}/store"

[catalogue]
file = "{catalogue}"

[link]
is_enabled = false

[api]
port = {port}
"""


@dataclass(frozen=True)
class RunningTerminal:
    """A terminal that answers."""

    address: str
    login: str
    """The first operator; empty if the terminal has been started before."""
    password: str
    scanner: SimulatedSerialScanner
    process: subprocess.Popen[str]

    def sign_in(self, page: Page) -> None:
        """Open the counter page and sign in."""
        page.goto(f"{self.address}counter")
        page.wait_for_selector("html[data-ready]")
        page.locator("#c-operator-name").fill(self.login)
        page.locator("#c-password").fill(self.password)
        page.locator("#c-sign-in-form button").click()
        expect(page.locator("#c-pay")).to_be_visible()

    def scan_all(self, codes: Sequence[str], *, per_second: float = 5) -> list[float]:
        """Pull the trigger in front of each code, at an even pace; return when each last byte was written."""
        return self.start_scanning(codes, per_second=per_second).result()

    def start_scanning(self, codes: Sequence[str], *, per_second: float) -> Future[list[float]]:
        """Pull the trigger in a thread of its own, because a browser may run an event loop in this one."""
        hand = ThreadPoolExecutor(1)
        pulled = hand.submit(lambda: asyncio.run(self._scan_all(codes, per_second)))
        hand.shutdown(wait=False)
        return pulled

    async def _scan_all(self, codes: Sequence[str], per_second: float) -> list[float]:
        start, written = time.monotonic(), []
        for number, code in enumerate(codes):
            await asyncio.sleep(max(0.0, start + number / per_second - time.monotonic()))
            delivery = await self.scanner.scan(code.encode())
            if not delivery.is_whole:
                raise RuntimeError(f"the scanner lost {delivery.lost} bytes of {code}")
            written.append(time.time())
        return written


@contextmanager
def running_terminal(folder: Path, *, port: int = 0) -> Iterator[RunningTerminal]:
    """Run a terminal in `folder`, with one serial scanner, until the block ends."""
    scanner = SimulatedSerialScanner(folder / "scanner", random=random.Random(7), baud=BAUD)
    config = folder / "edge.toml"
    config.write_text(CONFIG.format(scanner=scanner.spec, folder=folder, catalogue=CATALOGUE, port=port), "utf-8")
    process = subprocess.Popen(
        [Path(sys.executable).with_name("yima"), "edge", "run", "--config", config],
        stdout=subprocess.PIPE,
        stderr=(folder / "log").open("w"),
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    try:
        yield _wait_until_ready(process, scanner, folder)
    finally:
        scanner.close()
        process.send_signal(signal.SIGTERM)
        process.wait(STOP_S)


def _wait_until_ready(process: subprocess.Popen[str], scanner: SimulatedSerialScanner, folder: Path) -> RunningTerminal:
    said = ""
    deadline = time.monotonic() + START_S
    assert process.stdout is not None
    for line in process.stdout:
        said += line
        address = re.search(r"http://\S+", line)
        if address:
            login = re.search(r"operator\s+(\S+)", said)
            password = re.search(r"password\s+(\S+)", said)
            return RunningTerminal(
                address[0], login[1] if login else "", password[1] if password else "", scanner, process
            )
        if time.monotonic() > deadline:
            break
    raise RuntimeError(f"the terminal did not start: {said} {(folder / 'log').read_text('utf-8')}")


def pack_codes(count: int) -> list[str]:
    """Return trace codes of single packs of the seed catalogue, all different."""
    catalogue = parse_catalogue(CATALOGUE.read_bytes())
    prefixes = [one.key for one in catalogue.identifiers if len(one.key) == 7 and one.level is PackLevel.UNIT]
    return [f"{prefixes[number % len(prefixes)]}{number:013d}" for number in range(count)]
