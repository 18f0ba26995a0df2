"""Whether a pack that is scanned has expired: as its own code says, or as the shop registered the lot it is of.

The last day on which a pack is good is good to its end, by the clock on the wall of the shop. Where the code carries no
date, the register of lots may know one: of the lot that the code names, or, of codes without a lot, of the lot from
which the product is sold now. Where neither says anything, nothing is known.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import Connection

from codes.reading import Reading
from codes.words import Words
from edge.clock import SHOP_TIME
from edge.store.batches import Batch, batch_in_use, batch_of_lot
from edge.store.catalogue import Match
from rules.return_judgement import is_expired
from rules.scan_judgement import Judgement, Verdict

_DATES = ("expiry", "valid_until")
"""Fields of a code that say until when it is good; the first that is there."""


@dataclass(frozen=True, slots=True)
class Expired:
    """A pack whose last good day is over."""

    until: date
    """That day."""
    batch: Batch | None
    """The registered lot that says so; None: the code does."""


def find_expired(tx: Connection, reading: Reading, match: Match | None, now: datetime) -> Expired | None:
    """Return that a pack has expired; None if it has not, or if nothing is known of it."""
    today = now.astimezone(SHOP_TIME).date()
    told = next((text for name in _DATES if isinstance(text := reading.fields.get(name), str)), None)
    if told is not None:
        return Expired(date.fromisoformat(told), None) if is_expired(told, today) else None
    batch = None if match is None else _registered(tx, reading, match.product, now)
    if batch is None or batch.expires_on is None or batch.expires_on >= today:
        return None
    return Expired(batch.expires_on, batch)


def with_lot_named(judgement: Judgement, expired: Expired | None) -> Judgement:
    """Return the judgement with the way on where the register says so, which may be out of date itself."""
    if judgement.verdict is not Verdict.EXPIRED or expired is None or expired.batch is None:
        return judgement
    lot = expired.batch.lot
    hint = Words(
        f"登记的批号 {lot} 已过期：请核对盒上有效期，过期的勿售；盒上未过期的，请登记并启用实际在售批次后重扫。",
        f"The registered lot {lot} has expired. Look at the box: if it has, do not sell it; if it has not, register "
        "the lot that is sold now, open it, and scan again.",
    )
    return replace(judgement, hint=hint)


def _registered(tx: Connection, reading: Reading, product: str, now: datetime) -> Batch | None:
    lot = reading.fields.get("lot")
    return batch_of_lot(tx, product, lot) if isinstance(lot, str) and lot else batch_in_use(tx, product, now)
