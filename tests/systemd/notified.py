"""A service manager for tests: it starts a program with a notification socket and hears what the program says."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

YIMA = (sys.executable, "-m", "cli.app")
WATCHDOG_USEC = 1_800_000
DEADLINE_S = 40.0


@dataclass
class Notified:
    """A program and what it has said."""

    process: subprocess.Popen[bytes]
    listening: socket.socket
    log: Path

    def hears(self, wanted: str, within_s: float = DEADLINE_S) -> str:
        """Wait for a message that begins with `wanted` and return it."""
        deadline = time.monotonic() + within_s
        while (left := deadline - time.monotonic()) > 0:
            self.listening.settimeout(min(left, 0.5))
            try:
                message = self.listening.recv(4096).decode()
            except TimeoutError:
                assert self.process.poll() is None, self.log.read_text(encoding="utf-8")
                continue
            if message.startswith(wanted):
                return message
        raise AssertionError(f"no {wanted} within {within_s} s: {self.log.read_text(encoding='utf-8')}")

    def forget(self) -> None:
        """Throw away what was said up to now."""
        self.listening.setblocking(False)
        try:
            while True:
                self.listening.recv(4096)
        except BlockingIOError:
            return

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(DEADLINE_S)


@contextmanager
def notified(folder: Path, *arguments: str, program: Sequence[str] = YIMA) -> Iterator[Notified]:
    """Run `yima` as systemd would: with a socket for its messages and a watch over its life."""
    folder.mkdir(exist_ok=True)
    address, log = folder / "notify", folder / "log"
    environ = {**os.environ, "NOTIFY_SOCKET": str(address), "WATCHDOG_USEC": str(WATCHDOG_USEC)}
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening,
        log.open("wb") as logging,
    ):
        listening.bind(str(address))
        with subprocess.Popen([*program, *arguments], stdout=logging, stderr=logging, env=environ) as process:
            try:
                yield Notified(process, listening, log)
            finally:
                process.kill()
