"""A made-up machine: what the kernel tells of its USB devices, and nodes to open."""

from __future__ import annotations

import shutil
from pathlib import Path

from drivers.scanner.discovery import find_node
from drivers.scanner.spec import Address, MatchBy, ScannerKind

KEYBOARD_KEYS = "1000000000007 ff9f207ac14057ff febeffdfffefffff fffffffffffffffe"
POWER_BUTTON_KEYS = "10000000000000 0"
POS_DESCRIPTOR = bytes.fromhex("058c0902a101")
KEYBOARD_DESCRIPTOR = bytes.fromhex("05010906a101")


class Machine:
    """A made-up /sys and /dev."""

    def __init__(self, root: Path) -> None:
        self.sysfs = root / "sys"
        self.dev = root / "dev"

    def usb(
        self,
        socket: str,
        *,
        serial: str | None = None,
        product: str = "Scanner",
        product_id: str = "0b61",
        bus: int = 1,
        version: str = "2.00",
    ) -> Path:
        """Plug a device in; `bus` and `version` are those of the root hub it hangs on."""
        hub = self.sysfs / "devices/pci0" / f"usb{bus}"
        device = hub / f"{bus}-{socket}"
        device.mkdir(parents=True)
        (hub / "version").write_text(f" {version}\n")
        (device / "idVendor").write_text("0c2e\n")
        (device / "idProduct").write_text(f"{product_id}\n")
        (device / "devpath").write_text(f"{socket}\n")
        (device / "manufacturer").write_text("Honeywell\n")
        (device / "product").write_text(f"{product}\n")
        if serial is not None:
            (device / "serial").write_text(f"{serial}\n")
        return device

    def node(self, parent: Path, kind: str, name: str, **facts: bytes | str) -> None:
        node = parent / f"{parent.name}:1.0" / kind / name
        (node / "device").mkdir(parents=True)
        for path, fact in facts.items():
            target = node / "device" / path.replace("__", "/")
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(fact if isinstance(fact, bytes) else fact.encode())
        folder = self.sysfs / "class" / kind
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).symlink_to(node)

    def unplug(self, kind: str, name: str) -> None:
        link = self.sysfs / "class" / kind / name
        shutil.rmtree(link.resolve().parents[2])
        link.unlink()

    def find(self, kind: ScannerKind, by: MatchBy, value: str) -> str:
        return find_node(kind, Address(by, value), "test", dev=self.dev, sysfs=self.sysfs)
