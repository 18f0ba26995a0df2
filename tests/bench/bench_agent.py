"""P-14: what a terminal without the face model costs: memory, CPU when nothing happens, and time until it answers.

A real `yima edge run` with a real broker beside it, so that its line is up. Memory is the proportional share (PSS) of
all its processes after some scans; the camera looks at a still counter.
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from drivers.scanner.simulated.camera import SimulatedCameraScanner
from drivers.scanner.simulated.serial import SimulatedSerialScanner
from sim.stage import Stage, free_port, write_toml
from tests.bench.figure import Figure, at_most, figure
from tests.bench.processes import cpu_s, family, pss_mb
from tests.browser.terminal import CATALOGUE, pack_codes
from wire.keys import load_or_create_key

STARTS = 3
SCANS = 40
SETTLE_S = 10.0
IDLE_S = 60.0
START_LIMIT_S = 60.0
_LOOK_S = 0.005
_STOP_S = 10.0

PSS_MB, PSS_CAMERA_MB, IDLE_PERCENT, START_S = 150.0, 300.0, 2.0, 3.0
"""The targets."""


def run() -> list[Figure]:
    """Return the rows of P-14."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as undo:
        folder = Path(name)
        stage = Stage(folder)
        undo.callback(stage.stop)
        port = free_port()
        stage.add("broker", ["broker", "run", "--port", str(port)], port)
        serial = SimulatedSerialScanner(folder / "gun", random=Random(7), baud=115_200, name="gun")
        undo.callback(serial.close)
        camera = SimulatedCameraScanner(name="eye")
        undo.callback(camera.close)
        with_serial = _configure(folder, "serial", [serial.spec], broker=port)
        with_camera = _configure(folder, "camera", [serial.spec, camera.spec], broker=port)
        first, later = _time_starts(with_serial)
        alone, idle = _measure(with_serial, serial)
        both, _ = _measure(with_camera, serial, idle_s=0.0)
        return [
            _row("start to /healthz, first start ever", first.seconds, "s", START_S, f"{first.cpu_s:.1f} s of CPU"),
            _row("start to /healthz", later.seconds, "s", START_S, f"median of {STARTS}, {later.cpu_s:.1f} s of CPU"),
            _row("memory (PSS), one serial scanner", alone, "MB", PSS_MB, f"after {SCANS} scans, all processes"),
            _row("memory (PSS), serial and camera", both, "MB", PSS_CAMERA_MB, f"after {SCANS} scans, all processes"),
            _row("CPU when idle, one serial scanner", idle, "% of a core", IDLE_PERCENT, f"over {IDLE_S:.0f} s"),
        ]


@dataclass(frozen=True, slots=True)
class Agent:
    """A terminal that can be started."""

    config: Path
    port: int


def _configure(folder: Path, name: str, scanners: list[str], *, broker: int) -> Agent:
    home, port = folder / name, free_port()
    home.mkdir()
    config = write_toml(
        home / "edge.toml",
        {
            "terminal": {"id": f"bench-{name}", "area": "350200", "institution": "P35020000099"},
            "store": {"folder": str(home / "store")},
            "centre": {"public_key": load_or_create_key(home / "centre.key").public.raw.hex()},
            "link": {"port": broker},
            "api": {"port": port},
            "catalogue": {"file": str(CATALOGUE)},
        },
        top={"scanners": scanners},
    )
    return Agent(config, port)


@dataclass(frozen=True, slots=True)
class Start:
    """What a start took."""

    seconds: float
    cpu_s: float
    """Of its own work: what it would take on a machine that does nothing else."""


@contextmanager
def _running(agent: Agent) -> Iterator[tuple[int, Start]]:
    """Run a terminal; gives its process id and what it took until it answered."""
    started = time.perf_counter()
    with (agent.config.parent / "log").open("ab") as log:
        command = [Path(sys.executable).with_name("yima"), "edge", "run", "--config", agent.config]
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        _wait_healthy(f"http://127.0.0.1:{agent.port}/healthz", process)
        yield process.pid, Start(time.perf_counter() - started, cpu_s(process.pid))
    finally:
        process.terminate()
        process.wait(_STOP_S)


def _wait_healthy(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own address
                answer.read()
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(_LOOK_S)
    raise RuntimeError(f"{url} did not answer")


def _time_starts(agent: Agent) -> tuple[Start, Start]:
    """Return what the very first start takes, and the medians of the later ones."""
    starts = []
    for _ in range(1 + STARTS):
        with _running(agent) as (_, took):
            starts.append(took)
    first, *later = starts
    return first, Start(statistics.median(one.seconds for one in later), statistics.median(one.cpu_s for one in later))


def _measure(agent: Agent, serial: SimulatedSerialScanner, *, idle_s: float = IDLE_S) -> tuple[float, float]:
    """Return megabytes after some scans, and percent of a core over `idle_s` in which nothing happens."""
    with _running(agent) as (pid, _):
        # What starts beside the first answer (the camera's process, the line) is there after this.
        time.sleep(SETTLE_S)
        asyncio.run(_scan(serial))
        time.sleep(SETTLE_S)
        memory, before = pss_mb(pid), cpu_s(pid)
        time.sleep(idle_s)
        used = (cpu_s(pid) - before) / idle_s if idle_s else 0.0
        if len(family(pid)) > 1 and idle_s:
            raise RuntimeError("a terminal without a camera has a child process")
        return memory, 100 * used


async def _scan(serial: SimulatedSerialScanner) -> None:
    for code in pack_codes(SCANS):
        delivery = await serial.scan(code.encode())
        if not delivery.is_whole:
            raise RuntimeError(f"the scanner lost {delivery.lost} bytes of {code}")


def _row(what: str, value: float, unit: str, target: float, note: str) -> Figure:
    return figure("P-14", what, value, unit, target=at_most(target), note=note)
