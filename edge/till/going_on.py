"""Beside the counter: what was left open goes on, and rows for the centre's ledger go out, while the line is up."""

from __future__ import annotations

import asyncio

from drivers.aside import aside
from edge.fsi.interface import Interface
from edge.till.steps import Steps
from edge.till.uploading import Uploader

LOOK_S = 5.0
END_S = 1.5


class GoingOn:
    """The loop."""

    def __init__(self, interface: Interface, steps: Steps, uploader: Uploader) -> None:
        self._interface, self._steps, self._uploader = interface, steps, uploader

    async def run(self) -> None:
        """Go on with what was left, and send rows, while the line is up; until cancelled."""
        while True:
            if self._interface.is_up():
                working = asyncio.ensure_future(aside(self._look))
                try:
                    await asyncio.shield(working)
                finally:
                    # What is under way is in the journal; the thread is left to itself.
                    await asyncio.wait({working}, timeout=END_S)
            await asyncio.sleep(LOOK_S)

    def _look(self) -> None:
        self._steps.look()
        while self._interface.is_up() and self._uploader.look():
            pass
