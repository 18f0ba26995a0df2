"""The processes of the demo: broker, centre and terminals, started as anybody would start them.

Each is the `yima` command with a configuration file, or a broker of somebody else; the stage knows no other way in. It
can kill any of them without warning and start it again, and it ends all of them by process id.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import IO

YIMA = (sys.executable, "-m", "cli.app")
START_S = 90.0
_NO_ADDITIONS: Mapping[str, str] = MappingProxyType({})


class StageError(Exception):
    """A process did not start or a command failed."""


@dataclass(slots=True)
class Actor:
    """One process that may be killed and started again."""

    name: str
    arguments: tuple[str, ...]
    log: Path
    port: int
    """It is up when this port accepts connections."""
    program: tuple[str, ...] = YIMA
    """What is run with the arguments: the `yima` command, or a broker of somebody else."""
    environment: Mapping[str, str] = field(default_factory=lambda: _NO_ADDITIONS)
    """Added to our own."""
    _is_over: bool = False
    """It was stopped for good, perhaps by another thread than the one that starts it."""
    _process: subprocess.Popen[bytes] | None = None
    _log_file: IO[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it accepts connections.

        Raises:
            StageError: It ended or did not come up in time; the message names its log.
        """
        self._wait_up(self.launch())

    def launch(self) -> subprocess.Popen[bytes]:
        """Start it and do not wait."""
        self._log_file = self.log.open("ab")
        self._process = subprocess.Popen(  # noqa: S603 - our own command
            [*self.program, *self.arguments],
            env={**os.environ, **self.environment},
            stdin=subprocess.DEVNULL,
            stdout=self._log_file,
            stderr=subprocess.STDOUT,
            # A group of its own: Ctrl-C is for the demo, which then ends its actors in order.
            start_new_session=True,
        )
        return self._process

    @property
    def pid(self) -> int:
        """Its process id.

        Raises:
            StageError: It does not run.
        """
        if self._process is None:
            raise StageError(f"{self.name} does not run")
        return self._process.pid

    def kill(self) -> None:
        """Kill it without warning (SIGKILL), children included."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it for good and in good order; kill it if it does not end."""
        self._is_over = True
        self._end(signal.SIGTERM)

    def _wait_up(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_S
        while not accepts(self.port) and not self._is_over:
            if process.poll() is not None:
                raise StageError(f"{self.name} ended at start with code {process.returncode}, see {self.log}")
            if time.monotonic() > deadline:
                raise StageError(f"{self.name} did not answer on port {self.port} in {START_S:.0f} s, see {self.log}")
            time.sleep(0.05)
        if self._is_over:
            self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        process = self._process
        if process is None:
            return
        if process.poll() is None:
            os.killpg(process.pid, how)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(5)
        self._process = None
        if self._log_file is not None:
            self._log_file.close()


@dataclass(slots=True)
class Stage:
    """All actors, in the order in which they start."""

    folder: Path
    actors: dict[str, Actor] = field(default_factory=dict)

    def add(
        self,
        name: str,
        arguments: Sequence[str],
        port: int,
        *,
        program: tuple[str, ...] = YIMA,
        environment: Mapping[str, str] = _NO_ADDITIONS,
    ) -> Actor:
        """Add an actor and start it."""
        actor = Actor(name, tuple(arguments), self.folder / f"{name}.log", port, program, environment)
        self.actors[name] = actor
        actor.start()
        return actor

    def stop(self) -> None:
        """End all, the last started first."""
        for actor in reversed(self.actors.values()):
            actor.stop()


def run_yima(arguments: Sequence[str], *, stdin: str | None = None) -> str:
    """Run one `yima` command and return what it printed.

    Raises:
        StageError: It failed; the message has what it said.
    """
    try:
        done = subprocess.run(  # noqa: S603 - our own command
            [*YIMA, *arguments], input=stdin, capture_output=True, text=True, timeout=START_S, check=False
        )
    except subprocess.TimeoutExpired as exc:
        raise StageError(f"yima {' '.join(arguments)} did not end in {START_S:.0f} s") from exc
    if done.returncode != 0:
        raise StageError(f"yima {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def write_toml(path: Path, tables: Mapping[str, Mapping[str, object]], top: Mapping[str, object] | None = None) -> Path:
    """Write a configuration file of strings, numbers, booleans and lists of strings; return its path."""
    lines = [f"{key} = {_toml(value)}" for key, value in (top or {}).items()]
    for name, table in tables.items():
        lines.append(f"\n[{name}]")
        lines += [f"{key} = {_toml(value)}" for key, value in table.items()]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def free_port() -> int:
    """Return a loopback port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def accepts(port: int) -> bool:
    """Tell whether something accepts connections on the loopback port."""
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
