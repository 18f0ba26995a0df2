"""A PostgreSQL cluster of our own for one run: Debian's binaries, an unprivileged user, a free loopback port."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_OLDEST = 15
_START_TIMEOUT_S = 60


class PostgresMissingError(Exception):
    """There is nothing to start here; the text says what is missing."""


def find_binaries() -> Path:
    """Return the folder of the newest PostgreSQL ≥ 15 that Debian installed."""
    found = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if (path / "initdb").exists()]
    usable = sorted((path for path in found if _version(path) >= _OLDEST), key=_version)
    if not usable:
        raise PostgresMissingError("no /usr/lib/postgresql/*/bin/initdb of version 15 or later (apt: postgresql)")
    return usable[-1]


def _version(binaries: Path) -> int:
    return int(binaries.parent.name)


def _as_owner(owner: str | None) -> list[str]:
    """PostgreSQL refuses to run as root, so root hands over to Debian's user."""
    if os.geteuid() != 0:
        return []
    if owner is None or shutil.which("setpriv") is None:
        raise PostgresMissingError("running as root, and there is no user postgres (or no setpriv) to hand over to")
    return ["setpriv", f"--reuid={owner}", f"--regid={owner}", "--clear-groups", "--"]


def _owner() -> str | None:
    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError:
        return None


@contextmanager
def private_cluster() -> Iterator[str]:
    """Start a cluster, give its URL without database name, and stop it by its process id."""
    binaries = find_binaries()
    owner = _owner()
    prefix = _as_owner(owner)
    home = Path(tempfile.mkdtemp(prefix="yima-pg-"))
    if prefix and owner is not None:
        shutil.chown(home, owner, owner)
    try:
        port = _free_port()
        _initialise(prefix, binaries, home)
        with _server(prefix, binaries, home, port):
            yield f"postgresql://yima@127.0.0.1:{port}"
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _initialise(prefix: list[str], binaries: Path, home: Path) -> None:
    # Nothing of it is there after a power cut: what is committed later is made durable all the same.
    made = ("-D", home / "data", "-U", "yima", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
    command = [binaries / "initdb", *made]
    done = subprocess.run(  # noqa: S603 - Debian's own programs, as below
        [*prefix, *map(str, command)], capture_output=True, text=True, cwd="/", check=False
    )
    if done.returncode != 0:
        raise PostgresMissingError(f"initdb failed: {done.stderr.strip()}")


@contextmanager
def _server(prefix: list[str], binaries: Path, home: Path, port: int) -> Iterator[None]:
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": "",
        "shared_buffers": "128MB",
        "max_wal_size": "1GB",
        "log_min_messages": "fatal",
    }
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603
            [*prefix, str(binaries / "postgres"), "-D", str(home / "data"), *options],
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd="/",
        )
    try:
        _wait_ready(binaries, port, process, home / "log")
        yield
    finally:
        # setpriv replaces itself, so this is the postmaster's own id. SIGQUIT ends it without a last checkpoint: the
        # data is thrown away, and on a busy disk the checkpoint can take a minute.
        process.send_signal(signal.SIGQUIT)
        process.wait(timeout=60)


def _wait_ready(binaries: Path, port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    command = [str(binaries / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port), "-t", "1"]
    for _ in range(_START_TIMEOUT_S * 10):
        if subprocess.run(command, check=False).returncode == 0:  # noqa: S603
            return
        try:
            process.wait(timeout=0.1)
        except subprocess.TimeoutExpired:
            continue
        raise PostgresMissingError(f"the server ended at once: {log.read_text(errors='replace')}")
    raise PostgresMissingError("the server did not answer in time")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
