"""How old scans are, and what is put away of them.

A device clock may jump, so no age is taken from it. Marks say how far the scans had come at a moment of the centre's
clock, or of the terminal's own running time; a scan at or below a mark is at least as old as the mark.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection

from edge.clock import to_us
from edge.store import sql
from edge.store.outbox import LATEST_DELIVERY

KEEP_SCANS = timedelta(days=90)
"""How long a scan stays after the centre has its event, by the centre's clock."""
KEEP_TEXT = timedelta(hours=24)
"""How long the text stays of what was no code: a keyboard may have typed a person's name into it."""

_MICROSECOND = timedelta(microseconds=1)

ADD_MARK = "INSERT OR IGNORE INTO scan_mark (clock, at, scan) VALUES (?, ?, ?)"
LAST_MARK = "SELECT at, scan FROM scan_mark WHERE clock = ? ORDER BY at DESC LIMIT 1"
MARK_AT = "SELECT at, scan FROM scan_mark WHERE clock = ? AND at <= ? ORDER BY at DESC LIMIT 1"
FORGET_MARKS = "DELETE FROM scan_mark WHERE clock = ? AND at < ?"
NEWEST_SCAN = "SELECT max(id) FROM scan"
NEWEST_DELIVERED = """
SELECT max(id) FROM scan
WHERE id > ?1 AND event IS NOT NULL AND event NOT IN (SELECT id FROM outbox WHERE state = 'dead') AND id < coalesce(
  (SELECT min(id) FROM scan WHERE id > ?1 AND event IN (SELECT id FROM outbox WHERE state = 'pending')),
  9223372036854775807
)
"""
EMPTY_TEXTS = """
UPDATE scan INDEXED BY scan_unknown
SET raw = x'', shown = CAST(json_set(CAST(shown AS TEXT), '$.code', '') AS BLOB)
WHERE kind = 'unknown' AND raw <> x'' AND id <= ?
"""
FORGET_TEXT_ANSWERS = """
DELETE FROM answered_request
WHERE json_extract(CAST(answer AS TEXT), '$.kind') = 'unknown' AND json_extract(CAST(answer AS TEXT), '$.id') <= ?
"""
# The last scan stays: its number tells the next one's, and numbers only grow.
PUT_AWAY = """
DELETE FROM scan WHERE id <= ? AND id < (SELECT max(id) FROM scan)
  AND (event IS NULL OR event NOT IN (SELECT id FROM outbox WHERE state = 'dead'))
"""


class _Clock(StrEnum):
    CENTRE = "centre"
    RUNNING = "running"


def mark_scans(tx: Connection, ran: timedelta) -> None:
    """Note how far the scans have come.

    Args:
        tx: The transaction.
        ran: How long the terminal has run since this was last called, on a clock that never jumps.
    """
    before = sql.first(tx, LAST_MARK, (_Clock.RUNNING,))
    running = (before[0] if before else 0) + ran // _MICROSECOND
    sql.change(tx, ADD_MARK, (_Clock.RUNNING, running, sql.one(tx, NEWEST_SCAN)[0] or 0))
    (latest,) = sql.one(tx, LATEST_DELIVERY)
    at, scan = sql.first(tx, LAST_MARK, (_Clock.CENTRE,)) or (0, 0)
    if latest is None or latest <= at:
        return
    (delivered,) = sql.one(tx, NEWEST_DELIVERED, (scan,))
    sql.change(tx, ADD_MARK, (_Clock.CENTRE, latest, delivered or scan))


def empty_texts(tx: Connection, now: datetime) -> int:
    """Empty the text of what was no code and is older than a day by either clock; return of how many scans.

    A terminal without a line has only its running time. Answers to such scans go too: they hold the same text.
    """
    (running, _) = sql.first(tx, LAST_MARK, (_Clock.RUNNING,)) or (0, 0)
    up_to = max(
        _reached(tx, _Clock.CENTRE, _centre_time(tx, now) - KEEP_TEXT // _MICROSECOND),
        _reached(tx, _Clock.RUNNING, running - KEEP_TEXT // _MICROSECOND, forget=True),
    )
    emptied = sql.change(tx, EMPTY_TEXTS, (up_to,))
    if emptied:
        sql.change(tx, FORGET_TEXT_ANSWERS, (up_to,))
    return emptied


def put_away_scans(tx: Connection, now: datetime) -> int:
    """Delete scans that the centre has had for 90 days; return how many. What it refused stays."""
    up_to = _reached(tx, _Clock.CENTRE, _centre_time(tx, now) - KEEP_SCANS // _MICROSECOND, forget=True)
    return sql.change(tx, PUT_AWAY, (up_to,))


def _centre_time(tx: Connection, now: datetime) -> int:
    """Return a time that the centre's clock has surely reached, and the device's too."""
    return min(to_us(now), sql.one(tx, LATEST_DELIVERY)[0] or 0)


def _reached(tx: Connection, clock: _Clock, limit: int, *, forget: bool = False) -> int:
    """Return the last scan that is as old as `limit`; forget the marks before, if nobody else asks for them."""
    at, scan = sql.first(tx, MARK_AT, (clock, limit)) or (None, 0)
    if at is not None and forget:
        sql.change(tx, FORGET_MARKS, (clock, at))
    return int(scan)
