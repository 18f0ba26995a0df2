"""The embedded broker with an hour of three seconds: it begins anew soon after it has grown beyond its bound."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import wait_until

_PROGRAM = """
import sys, threading
from pathlib import Path
from server.broker import begin_anew_when_grown, run_broker

port, most_memory_mb, lives = sys.argv[1:]
hurry = {"full_life_s": 3.0, "looks_every_s": 0.1}
threading.Thread(target=begin_anew_when_grown, args=[int(most_memory_mb)], kwargs=hurry, daemon=True).start()
with Path(lives).open("a") as file:
    file.write("x")
run_broker("127.0.0.1", int(port))
"""


@contextmanager
def hurried_broker(port: int, *, most_memory_mb: int, lives: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run it in a process of its own, which writes a character into `lives` each time it begins."""
    pytest.importorskip("iotcore", reason="the embedded broker needs yima[server]")
    with subprocess.Popen([sys.executable, "-c", _PROGRAM, str(port), str(most_memory_mb), str(lives)]) as broker:
        try:
            wait_until(lives.exists, timeout_s=20)
            yield broker
        finally:
            broker.kill()
