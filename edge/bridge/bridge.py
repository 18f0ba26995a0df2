"""The bridge of a running terminal: nothing where the configuration has no way out to a POS."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from codes.reading import Scan
from edge.bridge.mark import Mark
from edge.bridge.typist import Typist
from edge.clock import Clock
from edge.config_wedge import WedgeSection
from edge.counter.views import ScanShown
from edge.counter_devices import way_out
from edge.health import Trouble
from edge.store.lane import Reading
from edge.supervisor import Beside
from web.live import LiveBus

MARK_FILE: Final = "pos-scan"


@dataclass(frozen=True, slots=True)
class Bridge:
    """Where the pump's scans go once they are recorded."""

    typist: Typist | None

    def take(self, scan: Scan, shown: ScanShown) -> None:
        """Hand a recorded scan of a scanner on. What came by the interface or by hand is no scan of the POS's."""
        if self.typist is not None:
            self.typist.take(scan, shown)

    def troubles(self) -> Iterator[Trouble]:
        """Yield why the POS gets nothing."""
        if self.typist is not None:
            yield from self.typist.troubles()

    def work(self) -> Beside:
        """Return what runs beside the counter."""
        return {} if self.typist is None else {"bridge": self.typist.run}


def open_bridge(section: WedgeSection, folder: Path, read: Reading, bus: LiveBus, clock: Clock) -> Bridge:
    """Return the bridge that the configuration describes. Nothing is opened yet.

    Args:
        section: What goes on, and how.
        folder: Of the store; the mark lies beside it.
        read: Reads the store, beside the writer.
        bus: Where the screens listen.
        clock: The device's clock.
    """
    wedge = way_out(section)
    if wedge is None:
        return Bridge(None)
    return Bridge(Typist(wedge, section, read, bus, clock=clock, mark=Mark(folder / MARK_FILE)))
