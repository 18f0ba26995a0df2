"""The watches of a running terminal put together: over its clock, its disk, the room of its store, and the box."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain

from edge.clock import Clock
from edge.clock_watch import ClockWatch
from edge.core import Core
from edge.disk_watch import DiskWatch
from edge.health import Trouble
from edge.quota_watch import QuotaWatch
from edge.senses import Senses
from edge.store.quota import Quota
from edge.supervisor import Beside
from edge.tamper_watch import TamperWatch
from web.live import LiveBus


@dataclass(frozen=True, slots=True)
class Watches:
    """Everything that looks again and again whether the terminal can go on."""

    clock: ClockWatch
    disk: DiskWatch
    quota: QuotaWatch
    box: TamperWatch

    def troubles(self) -> Iterator[Trouble]:
        """Return what a person should know of what they saw."""
        return chain(self.clock.troubles(), self.disk.troubles(), self.quota.troubles(), self.box.troubles())

    def work(self) -> Beside:
        """Return what runs beside the counter."""
        return {
            "clock": lambda: self.clock.run(asyncio.sleep),
            "disk": lambda: self.disk.run(asyncio.sleep),
            "quota": lambda: self.quota.run(asyncio.sleep),
            "box": lambda: self.box.run(asyncio.sleep),
        }


def open_watches(
    core: Core, quota: Quota, senses: Senses, bus: LiveBus, *, clock: Clock, on_recorded: Callable[[], None]
) -> Watches:
    """Return the watches. Nothing runs yet.

    Args:
        core: The store.
        quota: The room the store may take.
        senses: What can be seen of the box.
        bus: Where the screens listen.
        clock: The device's clock.
        on_recorded: Called when a watch has recorded a fact for the centre.
    """
    return Watches(
        clock=ClockWatch(
            core.connection,
            core.outbox,
            core.in_store,
            bus,
            clock=clock,
            last_event_at=core.last_event_at,
            on_recorded=on_recorded,
        ),
        disk=DiskWatch(core.writer, core.connection, bus),
        quota=QuotaWatch(quota, core.connection, core.in_store, bus),
        box=TamperWatch(
            core.connection,
            core.outbox,
            core.in_store,
            bus,
            senses=senses,
            clock=clock,
            last_event_at=core.last_event_at,
            on_recorded=on_recorded,
        ),
    )
