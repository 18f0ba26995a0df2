"""The whole way: a serial scanner, a terminal process, and a POS that knows only a serial scanner."""

from __future__ import annotations

import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from edge.store.database import visited_store
from tests.conftest import wait_until
from tests.edge.scene import ID_NUMBER, VOUCHER

CATALOGUE = Path(__file__).parents[3] / "config" / "seed" / "catalogue.csv"
CONFIG = """\
scanners = [{scanners}]
[terminal]
id = "counter-1"
area = "350200"
institution = "P35020000001"
[api]
port = 0
[link]
is_enabled = false
[catalogue]
file = "{catalogue}"
[wedge]
kind = "pty"
path = "{port}"
{wedge}
"""
AMOXICILLIN, CEFUROXIME = "86000110000000000011", "86000310000000000033"
GS1 = b"]d2010690000000001417280131" + b"10LOT1\x1d21SN1"
PATIENCE_S = 30.0


class Gun:
    """A serial scanner on a pseudo-terminal."""

    def __init__(self, name: str) -> None:
        self._gun, port = os.openpty()
        self.spec = f'"serial:{os.ttyname(port)},9600;name={name};suffix=crlf"'

    def shoot(self, *codes: str | bytes) -> bytes:
        frames = b"".join((code.encode() if isinstance(code, str) else code) + b"\r\n" for code in codes)
        os.write(self._gun, frames)
        return frames


@dataclass
class Pos:
    """Software that opens its scanner's port and reads lines, written from docs/drivers/wedge.md alone."""

    descriptor: int

    def read(self, size: int) -> bytes:
        got, deadline = b"", time.monotonic() + PATIENCE_S
        while len(got) < size and time.monotonic() < deadline:
            if select.select([self.descriptor], [], [], 1.0)[0]:
                got += os.read(self.descriptor, 4096)
        return got

    @property
    def is_quiet(self) -> bool:
        return not select.select([self.descriptor], [], [], 0.0)[0]


@contextmanager
def opened(port: Path, made_after_ns: int = 0) -> Iterator[Pos]:
    """Open the port once it is there: the one that a killed terminal left leads nowhere, or by now to somebody else."""
    wait_until(lambda: port.exists() and port.lstat().st_mtime_ns > made_after_ns, timeout_s=PATIENCE_S)
    descriptor = os.open(port, os.O_RDWR | os.O_NOCTTY)
    try:
        yield Pos(descriptor)
    finally:
        os.close(descriptor)


@dataclass
class Terminal:
    process: subprocess.Popen[str]
    url: str
    password: str | None

    def wait_for_scanners(self) -> None:
        wait_until(lambda: {one["state"] for one in self.status()["devices"]} == {"ready"}, timeout_s=PATIENCE_S)

    def status(self) -> dict[str, Any]:
        return dict(httpx.get(f"{self.url}/api/v1/status", timeout=PATIENCE_S).json())

    def sign_in(self, password: str) -> httpx.Client:
        page = httpx.Client(base_url=self.url, timeout=PATIENCE_S)
        assert page.post("/api/v1/session", json={"operator": "yaoshi", "password": password}).is_success
        return page


@contextmanager
def started(folder: Path, config: str) -> Iterator[Terminal]:
    path = folder / "edge.toml"
    path.write_text(config, encoding="utf-8")
    command = [sys.executable, "-m", "cli.app", "edge", "run", "--config", str(path)]
    with (
        (folder / "log").open("a", encoding="utf-8") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as process,
    ):
        try:
            said = ""
            for line in process.stdout or ():
                said += line
                if found := re.search(r"(http://\S+)/", line):
                    password = re.search(r"password\s+(\S+)", said)
                    yield Terminal(process, found[1], password and password[1])
                    return
            raise AssertionError(said)
        finally:
            process.kill()


@pytest.mark.slow
def test_pos_that_knows_only_a_serial_scanner(tmp_path):
    left, right, port = Gun("left"), Gun("right"), tmp_path / "pos-scanner"

    def config(wedge: str) -> str:
        scanners = f"{left.spec}, {right.spec}"
        return CONFIG.format(scanners=scanners, catalogue=CATALOGUE, port=port, wedge=wedge)

    with started(tmp_path, config('suffix = "crlf"')) as terminal, opened(port) as pos:
        assert terminal.password is not None
        page = terminal.sign_in(terminal.password)
        terminal.wait_for_scanners()
        # A box, the same box, a person's codes, a member's card, another box: the POS gets what it knows.
        left.shoot(AMOXICILLIN, AMOXICILLIN, VOUCHER, ID_NUMBER, "VIP-0042", CEFUROXIME)
        expected = b"6900000000014\r\nVIP-0042\r\n6900000000038\r\n"
        assert pos.read(len(expected)) == expected
        page.post("/api/v1/scans", json={"raw": "86000210000000000022", "entry": "typed"}).raise_for_status()
        assert len(page.get("/api/v1/sale").json()["lines"]) == 3
        assert pos.is_quiet
        terminal.process.kill()
    left_behind_ns = port.lstat().st_mtime_ns
    raw = config('types = "raw"\npasses_credentials = true')
    with started(tmp_path, raw) as terminal, opened(port, left_behind_ns) as pos:
        terminal.wait_for_scanners()
        # All of it had gone on when the terminal before was killed: nothing is typed again, and nothing is in doubt.
        assert pos.is_quiet
        assert terminal.status()["troubles"] == []
        frames = left.shoot(GS1, b"  86000110000000000011", VOUCHER)
        assert pos.read(len(frames)) == frames
        sent = [gun.shoot(code) for gun, code in ((left, AMOXICILLIN), (right, CEFUROXIME)) for _ in range(20)]
        got = pos.read(sum(map(len, sent)))
        assert sorted(got.splitlines(keepends=True)) == sorted(sent)
        terminal.process.terminate()
        assert terminal.process.wait(PATIENCE_S) == 0
    assert not port.is_symlink()
    with visited_store(tmp_path / "var/edge"):
        kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert VOUCHER.encode() not in kept
    assert ID_NUMBER.encode() not in kept
