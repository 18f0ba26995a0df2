"""Sales and deliveries of before, told anew by the events that closed them, where their own rows could not be read.

A box that was sold here must not look like one that was never seen. The events say which packs left with which sale,
came in, or came back; what only the rows knew (who opened a list, what was taken off it, alarms) stays lost. Nothing
is told of events of other boxes that were taken over. A row that was read is left as it is, unless the event closed it:
where the log could not be read to its end, the rows are older than the events.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator

from edge.clock import MOST_US, SHOP_TIME, to_us
from edge.store.sales import PackState
from edge.store.salvage_proof import event_in
from rules.scan_judgement import Mode
from wire.events import Dispensed, Event, Received, SaleReturned, SplitDispensed

SALES = frozenset({"sale", "sale_line", "sale_pack"})
"""The tables that are filled again."""
SELECT_CLOSING = """
SELECT bytes FROM outbox NOT INDEXED
WHERE kind IN ('dispensed', 'split_dispensed', 'received', 'sale_returned') AND hlc > ?
  AND epoch NOT IN (SELECT epoch FROM adopted)
ORDER BY hlc DESC LIMIT ?
"""
MOST_TOLD = 40_000
"""Events, the newest: more lines than a counter sells while delivered events are kept, and two seconds of a start."""
# Two boxes that were one may have given the same number of a day to two sales.
ADD_SALE = """
INSERT INTO sale (id, day, number, mode, state, operator, opened_at, ended_at)
SELECT ?1, ?2,
  CASE WHEN EXISTS (SELECT 1 FROM sale WHERE day = ?2 AND number = ?3)
    THEN (SELECT max(number) + 1 FROM sale WHERE day = ?2) ELSE ?3 END,
  ?4, 'closed', ?5, ?6, ?6
WHERE NOT EXISTS (SELECT 1 FROM sale WHERE id = ?1)
"""
CLOSE_SALE = (
    "UPDATE sale SET state = 'closed', ended_at = ?, place = 0, aside_at = NULL WHERE id = ? AND state <> 'closed'"
)
# What the institution's own software rang up is told under a number of that software.
FIND_RUNG_UP = "SELECT s.id FROM sale AS s JOIN sale_pack AS p ON p.sale = s.id WHERE s.told_as = ? AND p.code = ?"
TELL_AS = "UPDATE sale SET told_as = id WHERE id = ? AND told_as IS NULL"
ADD_LINE = """
INSERT OR IGNORE INTO sale_line (sale, line, item, product, name, spec, insurance_class, price, quantity, event, units)
SELECT ?1, ?2, 'event ' || ?3, ?4, p.name, p.spec, p.insurance_class, ?5, ?6, ?3, ?7
FROM (SELECT 1) LEFT JOIN product AS p ON p.id = ?4
"""
# More may have been put on the line than was read.
CLOSE_LINE = "UPDATE sale_line SET quantity = ?, event = ? WHERE sale = ? AND line = ? AND event IS NULL"
ADD_PACK = """
INSERT INTO sale_pack (sale, code, line, reading, placed, state, units) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (sale, code) DO UPDATE SET state = excluded.state
WHERE excluded.state = 'returned' OR sale_pack.state IN ('listed', 'removed')
"""
# What is left of an opened pack is reckoned from the rows, so that telling it twice changes nothing.
LEAVE_REST = """
INSERT INTO opened_pack (code, product, units, rest, opened_at)
SELECT ?1, ?2, ?3, max(0, ?3 - coalesce(sum(units), 0)), ?4 FROM sale_pack
WHERE code = ?1 AND state = 'sold' AND units IS NOT NULL
ON CONFLICT (code) DO UPDATE SET rest = min(rest, excluded.rest)
"""
# Whoever let it go before the accident does so once more, where that is not known any more.
SET_APART = "INSERT OR IGNORE INTO quarantine (code, sale, since, reason, operator) VALUES (?, ?, ?, ?, ?)"
_NUMBER = re.compile(r".+-(\d{8})-(\d{1,9})", re.ASCII)
_STATES = {
    Dispensed: PackState.SOLD,
    SplitDispensed: PackState.SOLD,
    Received: PackState.RECEIVED,
    SaleReturned: PackState.RETURNED,
}

_Closing = Dispensed | SplitDispensed | Received | SaleReturned


def tell_sales_anew(target: sqlite3.Connection, *, after_hlc: int = -1) -> int:
    """Put back what the events in the outbox say of sales and deliveries; return how many packs they name.

    Runs inside the caller's transaction. It takes a tenth of a millisecond for each event, so that where the rows are
    whole up to some moment, only what follows on it is told.
    """
    came_back: list[tuple[Event, _Closing]] = []
    packs = 0
    for event, fact in _closings(target, after_hlc):
        if isinstance(fact, SaleReturned):
            # What was sold is put first: its line has more to say.
            came_back.append((event, fact))
        else:
            packs += _put(target, event, fact)
    return packs + sum(_put(target, event, fact) for event, fact in came_back)


def _closings(target: sqlite3.Connection, after_hlc: int) -> Iterator[tuple[Event, _Closing]]:
    for (frozen,) in target.execute(SELECT_CLOSING, (after_hlc, MOST_TOLD)):
        event = event_in(frozen)
        if event is not None and isinstance(event.fact, _Closing):
            yield event, event.fact


def _put(target: sqlite3.Connection, event: Event, fact: _Closing) -> int:
    told = fact.delivery if isinstance(fact, Received) else fact.sale
    rung_up = (target.execute(FIND_RUNG_UP, (told, pack.code)).fetchone() for pack in fact.packs)
    sale = next((str(found[0]) for found in rung_up if found), told)
    mode = Mode.RECEIVE if isinstance(fact, Received) else Mode.DISPENSE
    product = None if isinstance(fact, SaleReturned) else fact.product
    price = str(fact.price) if isinstance(fact, Dispensed | SplitDispensed) and fact.price is not None else None
    units = sum(pack.units or 0 for pack in fact.packs) if isinstance(fact, SplitDispensed) else None
    at = max(0, to_us(event.occurred_at))
    target.execute(ADD_SALE, (sale, *_day_and_number(sale, event), mode, event.operator or "", at))
    if not _NUMBER.fullmatch(sale) and not isinstance(fact, Received):
        target.execute(TELL_AS, (sale,))
    target.execute(ADD_LINE, (sale, fact.line, event.id, product, price, len(fact.packs), units))
    if not isinstance(fact, SaleReturned):
        target.execute(CLOSE_SALE, (at, sale))
        target.execute(CLOSE_LINE, (len(fact.packs), event.id, sale, fact.line))
    else:
        apart = ((pack.code, sale, at, fact.reason, event.operator or "") for pack in fact.packs)
        target.executemany(SET_APART, apart)
    state = _STATES[type(fact)]
    placed = min(event.hlc, MOST_US)
    rows = [(sale, pack.code, fact.line, pack.reading, placed, state, pack.units) for pack in fact.packs]
    target.executemany(ADD_PACK, rows)
    if isinstance(fact, SplitDispensed):
        size = fact.units_per_pack
        target.executemany(LEAVE_REST, [(pack.code, product or "", size, at) for pack in fact.packs])
    return len(rows)


def _day_and_number(sale: str, event: Event) -> tuple[str, int]:
    """Return the end of a sale's number: the day, and the count within it."""
    found = _NUMBER.fullmatch(sale)
    if found:
        return found[1], int(found[2])
    return event.occurred_at.astimezone(SHOP_TIME).strftime("%Y%m%d"), 1
