"""The half of the buffer comparison that runs inside each contender's own environment: nothing but its buffer differs.

`write` puts numbered events at an even pace and says of each on standard output whether the buffer took it (`a 17`) or
refused it (`r 17`). `read` opens what the last writer left and says every event that is found (`f 17`). Only the
standard library is used here, because this file is run by the peers' interpreters too.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

ROOM_BYTES = 4096
"""While the disk is full, no file may be written beyond this: nothing of any use fits."""
SETTLE_S = 2.0
"""Before closing in good order: a buffer that writes behind has this long to do so."""


class Buffer(Protocol):
    """A durable buffer."""

    def put(self, text: str) -> bool:
        """Take an event; tell whether it was taken."""
        ...

    def read(self) -> Iterator[str]:
        """Give every event that is kept, each once if all is well."""
        ...

    def close(self) -> None:
        """Close in good order."""
        ...


OpenBuffer = Callable[[Path, str], Buffer]
"""Opens the buffer in a folder, with settings by name."""


def run(open_buffer: OpenBuffer) -> None:
    """Do what the command line says, with this contender's buffer."""
    asked = argparse.ArgumentParser()
    asked.add_argument("task", choices=["write", "read"])
    asked.add_argument("folder", type=Path)
    asked.add_argument("settings")
    asked.add_argument("--first", type=int, default=0)
    asked.add_argument("--count", type=int, default=sys.maxsize)
    asked.add_argument("--per-second", type=float, default=50.0)
    asked.add_argument("--full", type=int, nargs=2, default=(-1, -1), metavar=("FROM", "TO"))
    options = asked.parse_args()
    buffer = open_buffer(options.folder, options.settings)
    if options.task == "read":
        for text in buffer.read():
            _say(f"f {json.loads(text)['number']}")
    else:
        _write(buffer, options)
        time.sleep(SETTLE_S)
    buffer.close()


def _write(buffer: Buffer, options: argparse.Namespace) -> None:
    start = time.monotonic()
    full_from, full_to = options.full
    for count in range(options.count):
        time.sleep(max(0.0, start + count / options.per_second - time.monotonic()))
        if count == full_from:
            _limit_files(ROOM_BYTES)
        if count == full_to:
            _limit_files(resource.RLIM_INFINITY)
        number = options.first + count
        _say(f"{'a' if buffer.put(event(number)) else 'r'} {number}")


def event(number: int) -> str:
    """Return an event, the same for every contender."""
    values = {"code": f"8600011{number:013d}", "verdict": "added", "scanner": "serial:counter", "sale": "S-20261121-1"}
    return json.dumps({"number": number, "deviceName": "counter-1", "telemetry": [{"ts": number, "values": values}]})


def _say(line: str) -> None:
    """Say it at once and unbuffered: what was said before a kill is heard."""
    os.write(1, f"{line}\n".encode())


def _limit_files(size: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
