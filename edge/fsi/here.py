"""Where this machine stands on the network, as 9001 wants to be told: the MAC and the IP of the way out."""

from __future__ import annotations

import ipaddress
import socket
import uuid
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

NETWORK = Path("/sys/class/net")
_ANYWHERE, _DISCARD = "192.0.2.1", 9
"""An address of nobody: the kernel says from where it would go there, and nothing is sent."""
_LOOPBACK = "127.0.0.1"
_NO_MAC = "00:00:00:00:00:00"


class Here(NamedTuple):
    """The way out of this machine."""

    mac: str
    ip: str


def find_here(towards: str = "", *, network: Path = NETWORK) -> Here:
    """Return the MAC and the IP of the way out of this machine.

    Args:
        towards: Address to which it leads; anywhere without one, or if it is a name: nobody is asked for it here.
        network: Where the system lists its interfaces.
    """
    return Here(_mac(network), _ip(towards))


def _ip(towards: str) -> str:
    with suppress(ValueError):
        ipaddress.IPv4Address(towards)
        return _ip_towards(towards) or _ip_towards(_ANYWHERE) or _LOOPBACK
    return _ip_towards(_ANYWHERE) or _LOOPBACK


def _ip_towards(address: str) -> str:
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((address, _DISCARD))
        return str(probe.getsockname()[0])
    return ""


def _mac(network: Path) -> str:
    """Return the MAC of the first interface that is up and is hardware; what Python makes up without any."""
    with suppress(OSError):
        for one in sorted(network.iterdir(), key=lambda path: (_read(path / "operstate") != "up", path.name)):
            found = _read(one / "address")
            if found and found != _NO_MAC and (one / "device").exists():
                return found.upper().replace(":", "-")
    return "-".join(f"{byte:02X}" for byte in uuid.getnode().to_bytes(6, "big"))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""
