"""A whole terminal as a process of its own: a scanner on a pseudo-terminal, a screen, a signal to stop."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
import pytest

from edge.store.database import visited_store
from edge.store.watched import Run, begin_run, last_run
from tests.edge.scene import TRACE_1, TRACE_2, VOUCHER

YIMA = (sys.executable, "-m", "cli.app")
CATALOGUE = Path(__file__).parents[2] / "config" / "seed" / "catalogue.csv"
CONFIG = """\
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
"""
PATIENCE_S = 30


@dataclass
class Running:
    """A terminal process and what it said at start."""

    process: subprocess.Popen[str]
    said: list[str] = field(default_factory=list)
    url: str = ""
    password: str = ""

    def read_start(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line)
            if found := re.search(r"password\s+(\S+)", line):
                self.password = found[1]
            if found := re.search(r"(http://\S+)/", line):
                self.url = found[1]
                return
        raise AssertionError(f"the terminal did not start: {self.said}")

    def stop(self) -> float:
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(PATIENCE_S) == 0
        return time.monotonic() - began


@contextmanager
def running(folder: Path, *arguments: str) -> Iterator[Running]:
    config = folder / "edge.toml"
    config.write_text(CONFIG.format(catalogue=CATALOGUE), encoding="utf-8")
    with (
        (folder / "log").open("a", encoding="utf-8") as log,
        subprocess.Popen(
            [*YIMA, "edge", "run", "--config", str(config), *arguments],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as process,
    ):
        terminal = Running(process)
        try:
            terminal.read_start()
            yield terminal
        finally:
            process.kill()


def yima(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run([*YIMA, *arguments], input=stdin, capture_output=True, text=True, check=False, timeout=60)


def last_known(folder: Path, *, boot_id: str | None = None) -> Run:
    """Return what the store says of the last run; with `boot_id`, make it one of another start of the machine."""
    with visited_store(folder / "var/edge") as store, store.begin():
        run = last_run(store)
        assert run is not None
        if boot_id is not None:
            begin_run(store, replace(run, boot_id=boot_id))
        return run


@dataclass
class Stream:
    """The live stream, read event by event."""

    lines: Iterator[str]

    def until(self, event: str) -> dict[str, object]:
        name = ""
        for line in self.lines:
            if line.startswith("event: "):
                name = line[7:]
            elif line.startswith("data: ") and name == event:
                return dict(json.loads(line[6:]))
        raise AssertionError(f"the stream ended before {event}")


@pytest.mark.slow
@pytest.mark.req("T-68")
def test_day_of_a_terminal(tmp_path: Path) -> None:
    gun, port = os.openpty()
    scanner = f"serial:{os.ttyname(port)},9600;name=left"
    with (
        running(tmp_path, "--scanner", scanner) as terminal,
        httpx.Client(base_url=terminal.url, timeout=10) as browser,
    ):
        signed_in = browser.post("/api/v1/session", json={"operator": "yaoshi", "password": terminal.password})
        assert signed_in.status_code == 200
        with browser.stream("GET", "/api/v1/live", timeout=PATIENCE_S) as live:
            stream = Stream(live.iter_lines())
            assert stream.until("ping") == {}
            os.write(gun, f"{TRACE_1}\r".encode())
            scan = stream.until("scan")
            assert (scan["verdict"], scan["code"], scan["device"]) == ("added", TRACE_1, "serial:left")
            assert stream.until("totals")["boxes"] == 1
            os.write(gun, f"{VOUCHER}\r{TRACE_2}\r".encode())
            assert stream.until("scan")["verdict"] == "credential"
            assert stream.until("scan")["quantity"] == 2
            beside = yima("edge", "operator", "add", "li", "--config", str(tmp_path / "edge.toml"), "--name", "李")
            assert beside.returncode == 0, beside.stderr
            stopping_s = terminal.stop()
            assert isinstance(list(stream.lines), list), "the stream ends by itself"
        assert stopping_s < PATIENCE_S, "it is not killed by who waits for it"
    log = (tmp_path / "log").read_text(encoding="utf-8")
    events = [json.loads(line)["event"] for line in log.splitlines()]
    assert events[-1] == "terminal.stopped"
    assert "device.ready" in events
    assert TRACE_1 not in log
    assert VOUCHER not in log
    assert terminal.password not in log
    assert last_known(tmp_path).has_ended

    with running(tmp_path, "--scanner", scanner) as again, httpx.Client(base_url=again.url, timeout=10) as screen:
        screen.cookies = browser.cookies
        assert again.password == "", "the first password is shown once"
        assert [line["codes"] for line in screen.get("/api/v1/sale").json()["lines"]] == [[TRACE_1, TRACE_2]]
        status = screen.get("/api/v1/status").json()
        assert (status["credentials_seen"], status["catalogue"]["products"] >= 60) == (1, True)
        again.process.kill()
        again.process.wait(PATIENCE_S)

    assert not last_known(tmp_path, boot_id="the start before").has_ended
    with running(tmp_path, "--scanner", scanner) as third, httpx.Client(base_url=third.url, timeout=10) as screen:
        screen.cookies = browser.cookies
        closed = screen.post("/api/v1/sale/close", json={}, headers={"Idempotency-Key": "k"})
        assert closed.json()["totals"]["boxes"] == 2
        assert "power.lost" in [trouble["code"] for trouble in screen.get("/api/v1/status").json()["troubles"]]
        assert screen.get("/counter").status_code == 200
        other = yima("edge", "run", "--config", str(tmp_path / "edge.toml"))
        assert other.returncode == 2
        assert "store.locked" in other.stderr
        assert "→" in other.stderr, "the next step is named"
        third.stop()
    os.close(gun)
    os.close(port)
