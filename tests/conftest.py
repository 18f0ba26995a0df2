"""What several rooms' tests share: brokers on free loopback ports, ended by process id."""

from __future__ import annotations

import gc
import logging
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, settings

from tests.quick_apps import remember

# The same commit gives the same verdict. `--hypothesis-profile explore` draws new examples; `make fuzz` does so.
# How long an example takes says how busy the machine is, not whether the code is right.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("repeatable", settings.get_profile("patient"), derandomize=True)
settings.register_profile("explore", settings.get_profile("patient"), derandomize=False, print_blob=True)
settings.load_profile("repeatable")
remember()

# Nothing that is imported or collected is ever rubbish: to look through half a million such objects again and again
# took a fifth of the time of the tests.
gc.disable()

MOSQUITTO_CONF = """\
listener {port} 127.0.0.1
allow_anonymous true
set_tcp_nodelay true
max_queued_messages 0
persistence false
log_type error
"""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--whole", action="store_true", help="let things fail at every position, not at a sample: minutes for each test"
    )


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)
    gc.enable()


@pytest.fixture(scope="session")
def one_in(request: pytest.FixtureRequest) -> Callable[[int], int]:
    """Say how far apart the positions are at which a test lets something fail: as given, or with `--whole` at each."""
    is_whole = request.config.getoption("whole")
    return lambda distance: 1 if is_whole else distance


@contextmanager
def logs_restored() -> Iterator[None]:
    """Undo what a command that ran in this process did to the log."""
    root = logging.getLogger()
    before, handlers, level = structlog.get_config(), root.handlers, root.level
    yield
    structlog.configure(**before)
    root.handlers, root.level = handlers, level


@pytest.fixture(autouse=True)
def logs_as_they_were() -> Iterator[None]:
    with logs_restored():
        yield


def _unused_ports() -> Iterator[int]:
    """Yield ports of a slice of this process, below those that the system gives to connections by itself."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    ports = 1_500
    while True:
        yield from (20_000 + worker % 8 * ports + (os.getpid() * 37 + turn) % ports for turn in range(ports))


_PORTS = _unused_ports()


def free_port() -> int:
    """Return a port that nobody listens on; the next call returns another one."""
    for port in _PORTS:
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("the ports never end")


def wait_until(claim: Callable[[], bool], *, timeout_s: float = 30.0) -> None:
    """Wait for other threads or processes to make `claim` true; fail if they do not."""
    deadline = time.monotonic() + timeout_s
    while not claim():
        if time.monotonic() > deadline:
            raise AssertionError(f"not true within {timeout_s} s: {claim}")
        time.sleep(0.01)


def accepts(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@dataclass
class BrokerProcess:
    """A broker that a test may kill and start again on the same port."""

    name: str
    command: list[str]
    port: int
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: accepts(self.port))

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(5)
            self.process = None


def make_broker(kind: str, folder: Path) -> BrokerProcess:
    port = free_port()
    if kind == "embedded":
        pytest.importorskip("iotcore", reason="the embedded broker needs yima[server]")
        return BrokerProcess(kind, [sys.executable, "-m", "cli.app", "broker", "run", "--port", str(port)], port)
    mosquitto = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if mosquitto is None:
        pytest.skip("mosquitto is not installed (Debian package mosquitto)")
    conf = folder / "mosquitto.conf"
    conf.write_text(MOSQUITTO_CONF.format(port=port), encoding="utf-8")
    return BrokerProcess(kind, [mosquitto, "-c", str(conf)], port)


@pytest.fixture(params=["embedded", "mosquitto"])
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BrokerProcess]:
    """A running broker, once of each kind."""
    made = make_broker(request.param, tmp_path)
    made.start()
    yield made
    made.kill()
