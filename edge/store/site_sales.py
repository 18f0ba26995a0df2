"""What the other terminals of this site sold, as far as they were heard over the site's own network.

Hints, never facts of ours: nothing of this is sent to the centre, and losing all of it costs a warning, not a record.
Of each pack the latest fact stands, by the clock of the events, so neither order nor repetition of hearing matters.
That a pack of a sale came back at another terminal than the one that sold it ends that sale of it, whatever the clocks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
import structlog
from sqlalchemy import Connection

from edge.clock import from_us, to_us
from edge.store import sql
from edge.store.asked import NEXT_EPOCH
from edge.store.outbox import LATEST_DELIVERY
from edge.store.site_apart import OwnApart
from edge.store.site_units import UnitsFact, last_of_emptied
from wire.errors import UNDECODABLE, InvalidEventError, NewerMessageError, UnsupportedVersionError
from wire.events import Dispensed, SaleReturned, SplitDispensed, thaw

KEEP = timedelta(days=400)
"""How long a hint stays, by the centre's clock: longer than anything is taken back in the trade."""
MOST_HINTS = 200_000
"""More than a busy site sells in that time. Where no centre tells the time, only this bound counts."""
PUT_AWAY_AT_ONCE = 5_000

FIND_SITE_SALE = """
SELECT terminal, sale, at FROM sold_at_site AS s
WHERE code = ? AND is_sold = 1
  AND NOT EXISTS (SELECT 1 FROM site_back AS b WHERE b.code = s.code AND b.sale = s.sale AND b.terminal <> s.terminal)
  AND NOT EXISTS (SELECT 1 FROM quarantine AS q WHERE q.code = s.code AND q.sale = s.sale)
"""
FIND_TERMINAL = "SELECT terminal FROM sold_at_site WHERE sale = ? LIMIT 1"
# All columns decide, so that facts of one moment end alike in whatever order they come.
HEAR = """
INSERT INTO sold_at_site (code, terminal, sale, at, is_sold) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (code) DO UPDATE SET
    terminal = excluded.terminal, sale = excluded.sale, at = excluded.at, is_sold = excluded.is_sold
WHERE (excluded.at, excluded.terminal, excluded.sale, excluded.is_sold) > (at, terminal, sale, is_sold)
"""
HEAR_BACK = """
INSERT INTO site_back (code, sale, terminal, at) VALUES (?, ?, ?, ?)
ON CONFLICT (code, sale, terminal) DO UPDATE SET at = max(at, excluded.at)
"""
FIND_PEER = "SELECT heard_to, heard_at FROM site_peer WHERE terminal = ?"
NOTE_PEER = """
INSERT INTO site_peer (terminal, heard_to, heard_at) VALUES (?, ?, ?)
ON CONFLICT (terminal) DO UPDATE SET heard_to = excluded.heard_to, heard_at = excluded.heard_at
"""
SELECT_AFTER = """
SELECT seq, CASE WHEN kind IN ('dispensed', 'split_dispensed', 'sale_returned') THEN bytes END FROM outbox
WHERE epoch = ? AND seq > ? ORDER BY seq LIMIT ?
"""
PUT_AWAY_OLD = (
    "DELETE FROM sold_at_site WHERE code IN (SELECT code FROM sold_at_site WHERE at < ? LIMIT ?)",
    """DELETE FROM site_back WHERE (code, sale, terminal) IN
    (SELECT code, sale, terminal FROM site_back WHERE at < ? LIMIT ?)""",
    """DELETE FROM site_units WHERE (code, terminal, sale) IN
    (SELECT code, terminal, sale FROM site_units WHERE at < ? LIMIT ?)""",
)
COUNT_HINTS = "SELECT count(*) FROM sold_at_site"
PUT_AWAY_OLDEST = "DELETE FROM sold_at_site WHERE code IN (SELECT code FROM sold_at_site ORDER BY at LIMIT ?)"

Heard = Mapping[str, int]
"""How far a terminal was heard: the last number by life of its store."""

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)
_heard_decoder = msgspec.json.Decoder(dict[str, int])


@dataclass(frozen=True, slots=True)
class SiteSale:
    """Another terminal of this site sold the pack, and it has not come back there."""

    terminal: str
    sale: str
    """Number of the sale, at that terminal."""
    at: datetime
    """When, by the clock of its events."""


@dataclass(frozen=True, slots=True)
class PackFact:
    """One pack was sold or came back."""

    code: str
    sale: str
    hlc: int
    """The clock of the event, microseconds."""
    is_sold: bool
    """False if it came back."""


@dataclass(frozen=True, slots=True)
class PackFacts:
    """What this terminal sold and took back, from where somebody left off."""

    facts: Sequence[PackFact]
    heard: Heard
    """From where to go on."""
    is_all: bool
    """Nothing more is here for now."""
    units: Sequence[UnitsFact] = ()
    """And what it sold in part."""


@dataclass(frozen=True, slots=True)
class PeerHeard:
    """How far another terminal was heard."""

    heard: Heard
    at: datetime
    """Device clock."""


def site_sale(tx: Connection, code: str) -> SiteSale | None:
    """Return the sale at another terminal of this site that sold a pack; None if none is known, or it came back.

    Of an opened pack of which nothing is left it is the one that sold the last of it.
    """
    found = sql.first(tx, FIND_SITE_SALE, (code,)) or last_of_emptied(tx, code)
    return None if found is None else SiteSale(found[0], found[1], from_us(found[2]))


def terminal_of(tx: Connection, sale: str) -> str | None:
    """Return the terminal of this site that has told of a sale; None if none has."""
    found = sql.first(tx, FIND_TERMINAL, (sale,))
    return None if found is None else str(found[0])


def hear(tx: Connection, terminal: str, facts: Iterable[PackFact]) -> None:
    """Keep what another terminal says of packs, unless something later is known of them."""
    told = list(facts)
    sql.change_many(tx, HEAR, ((one.code, terminal, one.sale, one.hlc, int(one.is_sold)) for one in told))
    sql.change_many(tx, HEAR_BACK, ((one.code, one.sale, terminal, one.hlc) for one in told if not one.is_sold))


def hear_back(tx: Connection, terminal: str, packs: Iterable[OwnApart]) -> None:
    """Keep which packs of others' sales, ours too, came back to another terminal."""
    sql.change_many(tx, HEAR_BACK, ((one.code, one.sale, terminal, to_us(one.since)) for one in packs))


def find_peer(tx: Connection, terminal: str) -> PeerHeard | None:
    """Return how far a terminal was heard; None if never, or if the note cannot be read: then all of it is heard."""
    found = sql.first(tx, FIND_PEER, (terminal,))
    if found is None:
        return None
    try:
        heard = _heard_decoder.decode(found[0])
    except UNDECODABLE as exc:
        _logger.warning("site.note_unreadable", peer=terminal, reason=str(exc))
        return None
    return PeerHeard(heard, from_us(found[1]))


def note_peer(tx: Connection, terminal: str, heard: Heard, now: datetime) -> None:
    """Keep how far a terminal was heard."""
    sql.change(tx, NOTE_PEER, (terminal, msgspec.json.encode(heard).decode(), to_us(now)))


def own_facts(tx: Connection, heard: Heard, *, most_facts: int, most_rows: int) -> PackFacts:
    """Return what this terminal sold and took back since `heard`, oldest first within each life of its store.

    Args:
        tx: The transaction to look in; reads only.
        heard: How far whoever asks has heard.
        most_facts: No further event is taken once so many packs are there.
        most_rows: So many rows are looked at.
    """
    facts: list[PackFact] = []
    units: list[UnitsFact] = []
    reached: dict[str, int] = {}
    rows_left, is_all, epoch = most_rows, True, ""
    while found := sql.first(tx, NEXT_EPOCH, (epoch,)):
        (epoch,) = found
        reached[epoch] = heard.get(epoch, 0)
        if not is_all:
            continue
        # One more than may be taken, to see whether anything is left.
        rows = sql.rows(tx, SELECT_AFTER, (epoch, reached[epoch], rows_left + 1))
        for seq, frozen in rows:
            if rows_left == 0 or len(facts) + len(units) >= most_facts:
                is_all = False
                break
            for fact in () if frozen is None else _facts_in(frozen):
                if isinstance(fact, UnitsFact):
                    units.append(fact)
                else:
                    facts.append(fact)
            reached[epoch] = seq
            rows_left -= 1
    return PackFacts(facts, reached, is_all, units)


def put_away_site_sales(tx: Connection, now: datetime) -> int:
    """Delete hints that are older than `KEEP` by the centre's clock, or too many; a part at a time. Return how many."""
    (latest,) = sql.one(tx, LATEST_DELIVERY)
    limit = min(to_us(now), latest or 0) - KEEP // timedelta(microseconds=1)
    gone = sum(sql.change(tx, statement, (limit, PUT_AWAY_AT_ONCE)) for statement in PUT_AWAY_OLD)
    (count,) = sql.one(tx, COUNT_HINTS)
    if count > MOST_HINTS:
        gone += sql.change(tx, PUT_AWAY_OLDEST, (min(count - MOST_HINTS, PUT_AWAY_AT_ONCE),))
    return gone


def _facts_in(frozen: bytes) -> Sequence[PackFact | UnitsFact]:
    try:
        event = thaw(frozen)
    except (InvalidEventError, NewerMessageError, UnsupportedVersionError) as exc:
        # A damaged row is no fact; that it is damaged is told where the store is looked over.
        _logger.warning("site.event_unreadable", code=exc.code)
        return []
    fact = event.fact
    if isinstance(fact, SplitDispensed):
        sale, at, size = fact.sale, event.hlc, fact.units_per_pack
        return [UnitsFact(one.code, sale, at, fact.product or "", one.units or 0, size) for one in fact.packs]
    if not isinstance(fact, Dispensed | SaleReturned):
        return []
    is_sold = isinstance(fact, Dispensed)
    return [PackFact(pack.code, fact.sale, event.hlc, is_sold) for pack in fact.packs]
