"""Two networks of their own with a cable between them, made without any right on this machine.

A user namespace gives the rights over the networks inside it, and over nothing else.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

HERE, THERE = "10.77.0.1", "10.77.0.2"
_READY = "echo ready; exec sleep 300"


@dataclass(frozen=True)
class Networks:
    """What to write before a command to run it in either."""

    here: tuple[str, ...]
    there: tuple[str, ...]


@contextmanager
def two_networks() -> Iterator[Networks]:
    """Make them, or skip the test and say why it cannot be shown here."""
    missing = [program for program in ("unshare", "nsenter", "ip") if shutil.which(program) is None]
    if missing:
        pytest.skip(f"no {', '.join(missing)}: another machine on the network cannot be shown here")
    near = _holder("unshare", "--user", "--map-root-user", "--net")
    try:
        here = _inside(near.pid)
        far = _holder(*here, "unshare", "--net")
        try:
            # `nsenter` and `unshare` become the shell, so that the process we started is the one inside.
            there = _inside(far.pid)
            _run(*here, "ip", "link", "set", "lo", "up")
            _run(*here, "ip", "link", "add", "yima0", "type", "veth", "peer", "name", "yima1", "netns", str(far.pid))
            for prefix, link, address in ((here, "yima0", HERE), (there, "yima1", THERE)):
                _run(*prefix, "ip", "address", "add", f"{address}/24", "dev", link)
                _run(*prefix, "ip", "link", "set", link, "up")
            yield Networks(here, there)
        finally:
            far.kill()
            far.wait()
    finally:
        near.kill()
        near.wait()


def _holder(*prefix: str) -> subprocess.Popen[str]:
    process = subprocess.Popen([*prefix, "sh", "-c", _READY], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    said = "" if process.stdout is None else process.stdout.readline()
    if said != "ready\n":
        why = "" if process.stderr is None else process.stderr.read().strip()
        process.kill()
        pytest.skip(f"no network namespace may be made here: {why}")
    return process


def _inside(pid: int) -> tuple[str, ...]:
    return ("nsenter", "--target", str(pid), "--user", "--net", "--preserve-credentials")


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    if done.returncode:
        pytest.skip(f"no cable between two networks may be made here: {done.stderr.strip()}")
