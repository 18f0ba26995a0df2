"""From a scanner's description to the driver that reads it.

Each kind's module is imported when first used, so that a terminal without a camera needs no camera libraries. Such a
module offers `make_scanner(spec, *, clock)`.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import cast

from codes.words import Words
from drivers.errors import DeviceUnsupportedError
from drivers.scanner.port import Clock, Scanner
from drivers.scanner.spec import ScannerKind, ScannerSpec

_MODULES: Mapping[ScannerKind, tuple[str, str]] = MappingProxyType(
    {
        ScannerKind.SERIAL: ("drivers.scanner.serial", "edge"),
        ScannerKind.KEYBOARD: ("drivers.scanner.keyboard", "edge"),
        ScannerKind.POS: ("drivers.scanner.pos", "edge"),
        ScannerKind.CAMERA: ("drivers.scanner.camera", "camera"),
    }
)
"""The module of each kind, and the extra that installs what it needs."""


class DriverNotInstalledError(DeviceUnsupportedError):
    """The software for this kind of device is missing."""

    code = "driver.not_installed"
    next_step = Words(
        "请在一码的源代码目录执行 `make -B setup`，装齐全部组件后重试。",
        "Run `make -B setup` in the folder of Yima's source, which installs every part, and try again.",
    )


def open_scanner(spec: ScannerSpec, *, clock: Clock = time.monotonic) -> Scanner:
    """Return the driver for `spec`. The device itself is opened when its scans are read.

    Raises:
        DriverNotInstalledError: The libraries for this kind are not installed; the message names the extra.
    """
    module_name, extra = _MODULES[spec.kind]
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as exc:
        raise DriverNotInstalledError(
            spec.device,
            Words(
                f"{spec.device}：缺少软件组件 {exc.name}（yima[{extra}]）。",
                f"{spec.device}: {exc.name} is not installed (yima[{extra}]).",
            ),
        ) from exc
    make_scanner = cast("Callable[..., Scanner]", module.make_scanner)
    return make_scanner(spec, clock=clock)
