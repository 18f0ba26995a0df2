"""A real terminal on a disk that fills, fails, goes read-only: it says so, loses nothing, and goes on by itself."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import tty
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import httpx
import pytest

from edge.operators.accounts import add_account
from edge.store import sql
from edge.store.catalogue import replace_catalogue
from edge.store.chain import check_chain
from edge.store.database import opened_store
from edge.store.terminal import ensure_state
from rules.scan_judgement import Mode
from sim.disk.shim import DiskFaults, Fault, environment
from sim.stage import YIMA, write_toml
from tests.conftest import accepts, free_port, wait_until
from tests.disk import shim_or_skip
from tests.edge.scene import CATALOGUE, EPOCH, NOON, TERMINAL
from wire.events import Scanned, thaw

LOGIN, PASSWORD = "wang", "correct horse battery"
CODE_OF = {
    Fault.FULL: "store.disk_full",
    Fault.IO_ERROR: "store.write_failed",
    Fault.READ_ONLY: "store.write_failed",
}
SCANS_WAITING = 5
MOST_LINES = 20
"""A terminal that logs more than this about one fault of the disk fills it once more."""
CANNOT = 2


@dataclass
class Terminal:
    """`yima edge run` with a scanner on a pseudo-terminal, on a disk that can be broken."""

    folder: Path
    library: Path
    faults: DiskFaults = field(init=False)
    process: subprocess.Popen[bytes] | None = None
    alerts: list[str] = field(default_factory=list)
    """Codes of what the screen was told, in order."""
    _numbers: Iterator[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        self.store, self.log, self.port = self.folder / "store", self.folder / "log", free_port()
        self.faults = DiskFaults(self.folder / "control")
        self.gun, scanner = os.openpty()
        tty.setraw(scanner)
        self.config = write_toml(
            self.folder / "edge.toml",
            {
                "terminal": {"id": TERMINAL, "area": "350200", "institution": "P35020000001"},
                "store": {"folder": str(self.store)},
                "api": {"port": self.port},
                "link": {"is_enabled": False},
            },
            {"scanners": [f"serial:{os.ttyname(scanner)}"]},
        )
        with opened_store(self.store) as connection:
            ensure_state(connection, terminal=TERMINAL, new_epoch=EPOCH, mode=Mode.DISPENSE)
            add_account(connection, LOGIN, LOGIN, NOON, PASSWORD)
            with connection.begin():
                replace_catalogue(connection, CATALOGUE, source="test.csv", digest="0", now=NOON)

    def start(self) -> None:
        added = environment(self.library, self.store, self.faults.control)
        with self.log.open("ab") as log:
            command = [*YIMA, "edge", "run", "--config", str(self.config)]
            self.process = subprocess.Popen(
                command, env={**os.environ, **added}, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )

    def end(self) -> int:
        """Stop it in good order and return its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

    def is_up(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.said()
        return accepts(self.port)

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def code(self) -> str:
        """Return the code of a pack that was never scanned before."""
        return f"8600011{next(self._numbers):013}"

    def pull(self, code: str) -> None:
        """Scan with the scanner."""
        os.write(self.gun, code.encode() + b"\r")

    @contextmanager
    def browser(self) -> Iterator[httpx.Client]:
        """Give a browser that is signed in and follows the live stream."""
        wait_until(self.is_up, timeout_s=40)
        with httpx.Client(base_url=f"http://127.0.0.1:{self.port}", trust_env=False, timeout=20) as browser:
            browser.post("/api/v1/session", json={"operator": LOGIN, "password": PASSWORD}).raise_for_status()
            follower = threading.Thread(target=self._follow, args=(browser.cookies,))
            follower.start()
            yield browser
        follower.join(15)

    def _follow(self, cookies: httpx.Cookies) -> None:
        url, event = f"http://127.0.0.1:{self.port}/api/v1/live", ""
        # The stream breaks off when the terminal ends.
        with (
            suppress(httpx.RemoteProtocolError),
            httpx.stream("GET", url, cookies=cookies, trust_env=False, timeout=30) as stream,
        ):
            for line in stream.iter_lines():
                name, _, value = line.partition(": ")
                if name == "event":
                    event = value
                elif name == "data" and event == "alert":
                    self.alerts.append(json.loads(value)["code"])


@pytest.fixture
def terminal(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    terminal = Terminal(tmp_path, shim_or_skip(tmp_path_factory))
    yield terminal
    if terminal.process is not None and terminal.process.poll() is None:
        terminal.process.kill()
        terminal.process.wait(30)


def recorded(browser: httpx.Client) -> set[str]:
    return {scan["code"] for scan in browser.get("/api/v1/scans").raise_for_status().json()}


def troubles(browser: httpx.Client) -> set[str]:
    return {trouble["code"] for trouble in browser.get("/api/v1/status").raise_for_status().json()["troubles"]}


def suffer(terminal: Terminal, browser: httpx.Client, fault: Fault) -> set[str]:
    """Scan while the disk is broken and after it is mended; return the codes that were acknowledged."""
    before, refused, waiting = terminal.code(), terminal.code(), [terminal.code() for _ in range(SCANS_WAITING)]
    assert browser.post("/api/v1/scans", json={"raw": before}).json()["verdict"] == "added"
    alerts, lines = len(terminal.alerts), terminal.said().count("\n")
    terminal.faults.set(fault)
    answer = browser.post("/api/v1/scans", json={"raw": refused})
    assert (answer.status_code, answer.json()["code"]) == (503, CODE_OF[fault])
    assert answer.json()["next"]["zh"]
    for code in waiting:
        terminal.pull(code)
    wait_until(lambda: CODE_OF[fault] in terminal.alerts[alerts:])
    answer = browser.post("/api/v1/sale/close", json={})
    assert (answer.status_code, answer.json()["code"]) == (503, CODE_OF[fault])
    assert not recorded(browser) & {refused, *waiting}, "nothing is shown that is not kept"
    assert browser.get("/healthz").status_code == 200
    assert browser.get("/api/v1/status").json()["devices"][0]["state"] == "ready"
    assert CODE_OF[fault] in troubles(browser)
    terminal.faults.clear()
    wait_until(lambda: CODE_OF[fault] not in troubles(browser))
    wait_until(lambda: recorded(browser) >= set(waiting), timeout_s=20)
    again = browser.post("/api/v1/scans", json={"raw": refused})
    assert (again.status_code, again.json()["verdict"]) == (200, "added")
    assert browser.post("/api/v1/sale/close", json={}).status_code == 200
    assert terminal.is_up()
    assert terminal.said().count("\n") - lines < MOST_LINES
    return {before, refused, *waiting}


@pytest.mark.slow
@pytest.mark.req("T-09")
def test_terminal_goes_on_by_itself_when_the_disk_is_mended(terminal: Terminal) -> None:
    terminal.start()
    assert terminal.process is not None
    pid = terminal.process.pid
    with terminal.browser() as browser:
        wait_until(lambda: browser.get("/api/v1/status").json()["devices"][0]["state"] == "ready")
        acknowledged = set[str]().union(*(suffer(terminal, browser, fault) for fault in CODE_OF))
        assert (terminal.is_up(), terminal.process.pid) == (True, pid)
        # Stopped while the disk fails: what was not recorded is said, and the end is in good order.
        terminal.faults.set(Fault.IO_ERROR)
        alerts = len(terminal.alerts)
        terminal.pull(terminal.code())
        wait_until(lambda: len(terminal.alerts) > alerts)
        assert terminal.end() == 0, terminal.said()
    assert '"scans_not_recorded": 1' in terminal.said()
    # Started on a disk that is still broken: it refuses clearly, and whoever starts it again later succeeds.
    terminal.faults.set(Fault.READ_ONLY)
    before = len(terminal.said())
    terminal.start()
    assert terminal.process.wait(30) == CANNOT
    assert CODE_OF[Fault.READ_ONLY] in terminal.said()[before:]
    terminal.faults.clear()
    terminal.start()
    with terminal.browser() as browser:
        code = terminal.code()
        assert browser.post("/api/v1/scans", json={"raw": code}).json()["verdict"] == "added"
        assert terminal.end() == 0
    with opened_store(terminal.store) as connection:
        assert check_chain(connection, EPOCH).broken_at is None
        with connection.begin():
            facts = [thaw(frozen).fact for (frozen,) in sql.rows(connection, "SELECT bytes FROM outbox")]
    scans = Counter(fact.code for fact in facts if isinstance(fact, Scanned))
    assert scans == Counter({*acknowledged, code})
