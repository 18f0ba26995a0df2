"""The embedded broker with an hour of three seconds: it begins anew soon after it has grown beyond its bound.

Its last life has no bound: on a busy machine three seconds are too few for everybody to come back.
"""

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

port, most_memory_mb, lives, most_lives = sys.argv[1:]
hurry = {"full_life_s": 3.0, "looks_every_s": 0.1}
with Path(lives).open("a") as file:
    file.write("x")
if Path(lives).stat().st_size < int(most_lives):
    threading.Thread(target=begin_anew_when_grown, args=[int(most_memory_mb)], kwargs=hurry, daemon=True).start()
run_broker("127.0.0.1", int(port))
"""


@contextmanager
def hurried_broker(
    port: int, *, most_memory_mb: int, lives: Path, most_lives: int
) -> Iterator[subprocess.Popen[bytes]]:
    """Run it in a process of its own, which writes a character into `lives` each time it begins."""
    pytest.importorskip("iotcore", reason="the embedded broker needs yima[server]")
    said = [str(one) for one in (port, most_memory_mb, lives, most_lives)]
    with subprocess.Popen([sys.executable, "-c", _PROGRAM, *said]) as broker:
        try:
            wait_until(lives.exists, timeout_s=20)
            yield broker
        finally:
            broker.kill()
