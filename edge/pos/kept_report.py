"""The report of listen-only mode from what the terminal has kept: by the command line and by its screens."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection

from drivers.aside import aside
from edge.clock import Clock
from edge.pos.desk import CatalogueGoods
from edge.pos.listening import Heard, Listener
from edge.pos.overheard import Fact
from edge.pos.ports import Goods
from edge.pos.stored import facts_kept
from edge.sealing import Sealer
from edge.store.database import reading_store
from wire.fsi.areas import Area
from wire.fsi.values import BEIJING


def read_facts(tx: Connection, sealer: Sealer) -> list[tuple[datetime, Fact]]:
    """Return what was heard, in its order.

    Raises:
        SealBrokenError: Nothing of it opens with this key.
    """
    return list(facts_kept(tx, sealer))


def put_together(
    facts: Iterable[tuple[datetime, Fact]], area: Area, goods: Goods, now: datetime, days: int | None
) -> Heard:
    """Return what would have been unpaid.

    Args:
        facts: What was heard.
        area: How this place speaks the interface.
        goods: What is known of drugs and codes.
        now: The time.
        days: Only sales of so many days, today included; of all that is kept without it.
    """
    listener = Listener(area, goods)
    for at, fact in facts:
        listener.add(at, fact)
    today = now.astimezone(BEIJING).date()
    return listener.report(now) if days is None else listener.report(now, since=today - timedelta(days=days - 1))


@dataclass(frozen=True, slots=True)
class KeptReport:
    """The report of a terminal that runs. Each is put together anew, in a thread and on a connection of its own."""

    folder: Path
    """Of the store."""
    sealer: Sealer
    area: Area
    clock: Clock
    is_listening: bool
    """It goes on."""

    async def of(self, days: int | None) -> Heard:
        """Return what would have been unpaid of so many days, today included; of all that is kept without it.

        Raises:
            SealBrokenError: Nothing of it opens with this key.
        """
        return await aside(lambda: self._of(days))

    def _of(self, days: int | None) -> Heard:
        with reading_store(self.folder) as reading:
            with reading.begin():
                facts = read_facts(reading, self.sealer)
            return put_together(facts, self.area, CatalogueGoods(reading), self.clock.now(), days)
