"""The report of listen-only mode from what the terminal has kept: by the command line and by its screens."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import Connection

from edge.pos.listening import Heard, Listener
from edge.pos.overheard import Fact
from edge.pos.ports import Goods
from edge.pos.stored import facts_kept
from edge.sealing import Sealer
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
