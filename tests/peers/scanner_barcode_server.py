"""The decoding of barcode-server, through its own classes; run by the interpreter of its environment.

Its reader wants the kernel's device nodes. Here each node is a named pipe with the same records: opening, reading and
everything above are its own, only the ioctl calls that a pipe does not have are left out.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any

os.environ.setdefault("BARCODE_SERVER_DEVICE_PATHS", "/dev/null")

from barcode_server.barcode import BarcodeEvent, BarcodeReader
from barcode_server.config import AppConfig
from evdev import DeviceInfo, InputDevice


class PipeDevice(InputDevice):  # type: ignore[misc]
    """A keyboard whose node is a pipe."""

    def __init__(self, path: str) -> None:
        self.path = self.name = path
        # Opened for both, so that the pipe has no end while nobody writes.
        self.fd = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        self.info = DeviceInfo(3, 0, 0, 0)

    def grab(self) -> None:
        """A pipe has one reader anyway."""

    def ungrab(self) -> None:
        """Nothing was grabbed."""

    def __del__(self) -> None:
        """The pipe closes with the process."""


async def _tell(event: BarcodeEvent) -> None:
    os.write(1, f"{event.device.path} {event.barcode.encode().hex()}\n".encode())


async def _read(paths: list[str]) -> None:
    devices = {path: PipeDevice(path) for path in paths}
    find: Any = staticmethod(lambda *_: devices)
    BarcodeReader._find_devices = find
    reader = BarcodeReader(AppConfig())
    reader.add_listener(_tell)
    await reader.start()
    os.write(1, b"ready\n")
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_read(sys.argv[1:]))
