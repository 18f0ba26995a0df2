"""What the box can be seen by: the start it is in, its network's carriers, and the devices in its USB sockets.

Read from the kernel's own files. What has no `device` of its own there is virtual, and does not count as network.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from drivers.scanner import ScannerSpec
from drivers.scanner.discovery import DEV, list_attached
from drivers.scanner.unlisted import is_named
from edge.machine import PROC, SYS
from edge.store.watched import Occupant
from edge.tamper import Interface

_RADIOS = frozenset({"DEVTYPE=wlan", "DEVTYPE=wwan"})
"""What the kernel calls them."""


@dataclass(frozen=True, slots=True)
class Senses:
    """What can be seen of the box."""

    home: str
    """Where the store lives (`edge.store.life.home_of`)."""
    boot_id: str
    """Which start of the machine this is; empty if the system does not say."""
    carriers: Callable[[], frozenset[Interface]]
    """Tells which interfaces have a carrier."""
    plugged: Callable[[], Mapping[Occupant, bool]]
    """Tells what is plugged in and could be a scanner, and of each whether the configuration names it."""


def open_senses(home: str, specs: Sequence[ScannerSpec]) -> Senses:
    """Return the senses of this machine."""
    return Senses(home, read_boot_id(), read_carriers, partial(read_plugged, specs))


def read_boot_id(proc: Path = PROC) -> str:
    """Return what the kernel calls this start of the machine; empty if it does not say."""
    return _text(proc / "sys/kernel/random/boot_id")


def read_carriers(sys: Path = SYS) -> frozenset[Interface]:
    """Return the wired and wireless interfaces that have a carrier."""
    entries = (entry for entry in (sys / "class/net").glob("*") if (entry / "device").exists())
    return frozenset(Interface(entry.name, _is_radio(entry)) for entry in entries if _has_carrier(entry))


def read_plugged(specs: Sequence[ScannerSpec], *, dev: Path = DEV, sys: Path = SYS) -> dict[Occupant, bool]:
    """Return what is plugged in by USB and could be a scanner, and of each whether `specs` name it."""
    plugged: dict[Occupant, bool] = {}
    for one in list_attached(dev=dev, sysfs=sys):
        # Neither is there while a device goes away.
        if one.usb_socket and one.usb_id.strip(":"):
            occupant = Occupant(one.usb_socket, one.usb_id, one.usb_serial, one.label)
            # One device may have several interfaces, and one of them is enough.
            plugged[occupant] = plugged.get(occupant, False) or any(is_named(one, spec) for spec in specs)
    return plugged


def _has_carrier(interface: Path) -> bool:
    """Tell whether a cable or a network is there. An interface that is switched off refuses to say: it has none."""
    carrier = _text(interface / "carrier")
    # Some modems never tell the carrier, but that they work.
    return carrier == "1" or (not carrier and _text(interface / "operstate") == "up")


def _is_radio(interface: Path) -> bool:
    """Tell Wi-Fi and mobile networks from a cable."""
    is_wifi = any((interface / sign).exists() for sign in ("phy80211", "wireless"))
    return is_wifi or not _RADIOS.isdisjoint(_text(interface / "uevent").splitlines())


def _text(path: Path) -> str:
    with suppress(OSError):
        return path.read_text(encoding="utf-8", errors="replace").strip()
    return ""
