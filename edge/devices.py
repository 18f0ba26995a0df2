"""The scanners of a running terminal put together: one supervisor reads them into one queue, one desk sets them up."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from codes.reading import Scan
from drivers.scanner import ScannerSpec, open_scanner
from drivers.scanner.unlisted import Unlisted, list_unlisted
from edge.clock import Clock
from edge.core import Core
from edge.setup_desk import SetupDesk
from edge.supervisor import Patience, Supervisor
from web.live import LiveBus

SCANS_WAITING = 256
"""Scans between the drivers and the counter; beyond that the drivers wait."""


@dataclass(frozen=True, slots=True)
class Devices:
    """What the scanners read, and who looks after them."""

    specs: tuple[ScannerSpec, ...]
    """What the terminal was told to read."""
    scans: asyncio.Queue[Scan]
    """What was read and is not taken yet."""
    supervisor: Supervisor
    setup: SetupDesk

    def unlisted(self) -> tuple[Unlisted, ...]:
        """Return what is plugged in and not read."""
        return list_unlisted(self.specs)


def open_devices(specs: Mapping[str, ScannerSpec], core: Core, bus: LiveBus, clock: Clock) -> Devices:
    """Return the scanners. Nothing is read yet.

    Args:
        specs: What each line of the configuration says.
        core: The store, where set-ups are kept.
        bus: Where the screens listen.
        clock: The device's clock.
    """
    scans: asyncio.Queue[Scan] = asyncio.Queue(SCANS_WAITING)
    setup = SetupDesk(tuple(specs), core.connection, core.in_store, bus, clock)
    makers = {spec.device: partial(open_scanner, spec) for spec in specs.values()}
    supervisor = Supervisor(
        {device: setup.watching(device, make) for device, make in makers.items()},
        scans,
        bus,
        clock=clock,
        rng=random.SystemRandom(),
        patience=Patience(silent_after_scans=core.config.counter.silent_after_scans),
    )
    return Devices(tuple(specs.values()), scans, supervisor, setup)
