"""Runs a command in a network namespace of its own that has loopback and no route to anywhere."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import struct
import subprocess
import sys

import pytest

_SET_FLAGS, _UP = 0x8914, 0x1


def routeless() -> tuple[str, ...]:
    """Return what to write before a command; skip the test where no namespace may be made."""
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("no unshare (Debian package util-linux): installing without a network cannot be shown here")
    enter = (unshare, "--net") if os.geteuid() == 0 else (unshare, "--net", "--map-root-user")
    tried = subprocess.run([*enter, "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"no network namespace may be made here: {tried.stderr.strip()}")
    return (*enter, sys.executable, __file__)


def main() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, _SET_FLAGS, struct.pack("16sh14x", b"lo", _UP))
    with socket.socket() as outside:
        outside.settimeout(2)
        try:
            outside.connect(("192.0.2.1", 443))
        except OSError as exc:
            if not isinstance(exc, TimeoutError):
                os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606 - the command is the test's own
    sys.exit("there is a way out of this namespace")


if __name__ == "__main__":
    main()
