"""The places of the demo and their devices. Names are invented."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

from drivers.scanner.simulated.camera import SimulatedCameraScanner
from drivers.scanner.simulated.keyboard import SimulatedKeyboardScanner
from drivers.scanner.simulated.serial import SimulatedSerialScanner
from sim.cashier import Scanner
from sim.plan import Way

AREA = "350200"
BAUD = 115_200


@dataclass(frozen=True, slots=True)
class Shop:
    """One terminal and where it stands."""

    terminal: str
    institution: str
    label: str
    is_store: bool
    operator: str


SHOPS = (
    Shop("xm-hexi-1", "P35020000011", "河西药房 一号柜台", False, "pharmacist-1"),
    Shop("xm-haibin-1", "P35020000012", "海滨药房 一号柜台", False, "pharmacist-2"),
    Shop("xm-hospital-store", "H35020000013", "中心医院 药库", True, "storekeeper-1"),
)


@dataclass(frozen=True, slots=True)
class Devices:
    """The simulated devices of one terminal."""

    serial: SimulatedSerialScanner
    keyboard: SimulatedKeyboardScanner
    camera: SimulatedCameraScanner

    @property
    def specs(self) -> list[str]:
        """The lines for the terminal's configuration."""
        # As after a scanner's set-up: one whose suffix is known may pause longer within a code, on a busy machine, say.
        return [self.serial.spec, f"{self.keyboard.spec};suffix=enter", self.camera.spec]

    @property
    def names(self) -> Mapping[str, Way]:
        """What the terminal calls each of them."""
        return {"serial:counter": Way.SERIAL, "keyboard:hand": Way.HID, "camera:camera": Way.CAMERA}

    @property
    def by_way(self) -> Mapping[Way, Scanner]:
        """Which device a box is scanned with."""
        return {Way.SERIAL: self.serial, Way.HID: self.keyboard, Way.CAMERA: self.camera}

    def close(self) -> None:
        """Remove all devices."""
        self.serial.close()
        self.keyboard.close()
        self.camera.close()


def plug_devices(folder: Path, seed: int) -> Devices:
    """Return a serial scanner on a pseudo-terminal, a keyboard scanner on a pipe and a camera on loopback HTTP."""
    return Devices(
        serial=SimulatedSerialScanner(
            folder / "serial", random=Random(f"{seed}-serial"), baud=BAUD, sends_aim=True, name="counter"
        ),
        keyboard=SimulatedKeyboardScanner(folder / "keyboard", random=Random(f"{seed}-keyboard"), name="hand"),
        camera=SimulatedCameraScanner(name="camera", seed=seed),
    )
