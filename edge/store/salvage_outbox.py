"""Taking the outbox out of a damaged store: what the centre has in bulk, what it has not row by row.

A delivered row is taken as it is if it says in its own bytes that it is the one of its columns, which SQLite tests
for half a million rows in seconds. It is not proved any further: its bytes are of use only if the centre asks for it
again, and the centre then proves them itself by the hash that the next event names. Every other row is handed back, to
be proved before it is sent or called lost.

First the table is read as it hangs together. Where that fails, or numbers are missing, its leaves are read without
the tree above them (`salvage_leaves`); what then is still missing is for the search on single pages.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import structlog

from edge.clock import MOST_US
from edge.store.salvage_fill import COLUMNS, UNREADABLE, Taken, attached, opened_image, refuse_full
from edge.store.salvage_leaves import hang_leaves
from edge.store.salvage_proof import found_in

MARK = b'{"v":'
"""How each event begins."""
# The number of an event's version has one digit or two, and its id follows. Compared as bytes: a text may be none.
# Numbers sort before every text and blobs behind: two comparisons say "a text" in half the time of `typeof`. The plus
# keeps SQLite from seeking by them in leaves that hang in no order.
IS_DELIVERED = f"""
state = 'delivered' AND held_until IS NULL AND dead_code IS NULL AND seq >= 1
AND +epoch >= '' AND +epoch < x'' AND id >= '' AND id < x'' AND kind >= '' AND kind < x''
AND kind NOT GLOB '*[^a-z_]*' AND typeof(seq) = 'integer' AND typeof(hlc) = 'integer'
AND typeof(created_at) = 'integer' AND typeof(delivered_at) = 'integer' AND typeof(bytes) = 'blob'
AND hlc BETWEEN 0 AND {MOST_US} AND created_at BETWEEN 0 AND {MOST_US} AND delivered_at BETWEEN 0 AND {MOST_US}
AND CAST(id AS BLOB) IN (substr(bytes, 14, 36), substr(bytes, 15, 36))
AND instr(substr(bytes, 1, 400), CAST('"epoch":"' || epoch || '","seq":' || seq || ',' AS BLOB))
"""
TAKE_DELIVERED = f"""
INSERT OR IGNORE INTO main.outbox ({COLUMNS}) SELECT {COLUMNS} FROM damaged.{{table}} NOT INDEXED WHERE {IS_DELIVERED}
"""  # noqa: S608 - names are ours
# Between the leaves stand rows of ours that hold nothing.
COUNT_ROWS = "SELECT count(*) FROM {table} NOT INDEXED WHERE typeof(bytes) <> 'null'"
SELECT_OPEN = f"""
SELECT {COLUMNS} FROM {{table}} NOT INDEXED WHERE typeof(bytes) = 'blob' AND state IS NOT 'delivered'
"""  # noqa: S608 - names are ours
SELECT_SPOILED = f"""
SELECT {COLUMNS} FROM {{table}} NOT INDEXED
WHERE typeof(bytes) = 'blob' AND state = 'delivered' AND ({IS_DELIVERED}) IS NOT 1
"""  # noqa: S608 - names are ours
SELECT_NUMBERS = "SELECT epoch, seq FROM outbox INDEXED BY outbox_delivered WHERE state = 'delivered'"

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


def take_outbox(target: sqlite3.Connection, image: Path, free: Callable[[], Collection[int]], taken: Taken) -> None:
    """Copy delivered rows into the new store and hand back the others, outside of any transaction.

    The image is used up by it: what else is wanted of it is read before.

    Args:
        target: The new store.
        image: The copy of the damaged one.
        free: Returns the pages that are in no use.
        taken: Where to note what was found.
    """
    if not _is_tree_whole(target, image, taken):
        _logger.warning("salvage.tree_damaged", table="outbox")
        taken.stopped.add("outbox")
        tables = hang_leaves(image, COLUMNS, MARK, free())
        with attached(target, image), opened_image(image) as source:
            for table in tables:
                try:
                    _take(target, source, table, taken)
                except UNREADABLE as exc:
                    # What a leaf hides is looked for on its page.
                    refuse_full(exc)
        _note_numbers(target, taken)
    taken.rows["outbox"] = sum(map(len, taken.delivered.values())) + len(taken.open_rows)


def _is_tree_whole(target: sqlite3.Connection, image: Path, taken: Taken) -> bool:
    """Take what hangs together; tell whether that was all."""
    try:
        with attached(target, image), opened_image(image) as source:
            _take(target, source, "outbox", taken)
    except UNREADABLE as exc:
        refuse_full(exc)
        _logger.warning("salvage.stopped", table="outbox", reason=str(exc))
        return False
    _note_numbers(target, taken)
    return not any(_has_gaps(numbers) for numbers in _numbers_of_present_life(taken))


def _take(target: sqlite3.Connection, source: sqlite3.Connection, table: str, taken: Taken) -> None:
    # The cheap walk comes first: most damage ends it at once.
    (rows,) = source.execute(COUNT_ROWS.format(table=table)).fetchone()
    in_bulk = target.execute(TAKE_DELIVERED.format(table=table)).rowcount
    others = [found_in(row) for row in source.execute(SELECT_OPEN.format(table=table))]
    if in_bulk + len(others) < rows:
        others += [found_in(row) for row in source.execute(SELECT_SPOILED.format(table=table))]
    if in_bulk + len(others) < rows:
        # Rows that hold no bytes, or stand here twice.
        taken.stopped.add("outbox")
    taken.open_rows += others


def _note_numbers(target: sqlite3.Connection, taken: Taken) -> None:
    taken.delivered.clear()
    for epoch, seq in target.execute(SELECT_NUMBERS):
        taken.delivered.setdefault(epoch, set()).add(seq)


def _numbers_of_present_life(taken: Taken) -> Iterator[set[int]]:
    """Yield the numbers that are here of the life that the state names; of every life if there is no state."""
    for epoch, numbers in taken.delivered.items():
        if taken.head is None or taken.head.epoch == epoch:
            yield numbers | {one.seq for one in taken.open_rows if one.epoch == epoch}


def _has_gaps(numbers: set[int]) -> bool:
    return len(numbers) < max(numbers) - min(numbers) + 1
