"""Rows of scans, and the answers that requests were given."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from codes.reading import Scan
from edge.clock import to_us
from edge.store import sql

INSERT_SCAN = """
INSERT INTO scan (at, device, symbology, raw, kind, verdict, sale, event, shown) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
SELECT_AFTER = "SELECT id, shown FROM scan WHERE id > ? ORDER BY id LIMIT ?"
SELECT_LATEST = "SELECT id, shown FROM scan ORDER BY id DESC LIMIT ?"
# No index: asked only for a list that was laid aside so long ago that its scans are not among the latest.
SELECT_OF_SALE = "SELECT id, shown FROM scan WHERE sale = ? ORDER BY id DESC LIMIT ?"
# No index: returns are rare, and only those of codes that carry a date ask.
SELECT_DATED = """
SELECT event, raw, symbology, device FROM scan WHERE sale = ? AND kind IN ('gs1', 'hibc', 'ma') AND event IS NOT NULL
"""
FIND_ANSWER = "SELECT asked, answer FROM answered_request WHERE key = ?"
KEEP_ANSWER = "INSERT INTO answered_request (key, asked, answer, answered_at) VALUES (?, ?, ?, ?)"
FORGET_ANSWERS = "DELETE FROM answered_request WHERE answered_at < ?"


@dataclass(frozen=True, slots=True)
class ScanRow:
    """A scan as it came and what became of it."""

    at: datetime
    device: str
    symbology: str | None
    raw: bytes
    """As it came; empty if it might hold a person's number."""
    kind: str
    verdict: str
    sale: str | None
    event: str | None
    """Its `scanned` event; None if the pack was on the list already."""
    shown: bytes
    """What the screen was told, JSON."""


def add_scan(tx: Connection, scan: ScanRow) -> int:
    """Keep a scan; return its number, which only grows."""
    values = (
        to_us(scan.at),
        scan.device,
        scan.symbology,
        scan.raw,
        scan.kind,
        scan.verdict,
        scan.sale,
        scan.event,
        scan.shown,
    )
    return sql.insert(tx, INSERT_SCAN, values)


def scans_after(tx: Connection, after: int | None, limit: int) -> list[tuple[int, bytes]]:
    """Return number and shown text of scans after `after`, or of the latest ones if it is None; oldest first."""
    if after is None:
        return [(id_, shown) for id_, shown in reversed(sql.rows(tx, SELECT_LATEST, (limit,)))]
    return [(id_, shown) for id_, shown in sql.rows(tx, SELECT_AFTER, (after, limit))]


def scans_of_sale(tx: Connection, sale: str, limit: int) -> list[tuple[int, bytes]]:
    """Return number and shown text of the latest scans of one sale; oldest first."""
    return [(id_, shown) for id_, shown in reversed(sql.rows(tx, SELECT_OF_SALE, (sale, limit)))]


def dated_scans(tx: Connection, sale: str) -> dict[str, Scan]:
    """Return the scans of a sale whose codes may carry an expiry date, by their `scanned` event."""
    return {
        event: Scan(raw, symbology, device) for event, raw, symbology, device in sql.rows(tx, SELECT_DATED, (sale,))
    }


def find_answer(tx: Connection, key: str) -> tuple[str, bytes] | None:
    """Return what was asked under `key` before and the answer, None if it is new."""
    found = sql.first(tx, FIND_ANSWER, (key,))
    return None if found is None else (found[0], found[1])


def keep_answer(tx: Connection, *, key: str, asked: str, answer: bytes, now: datetime) -> None:
    """Keep the answer in the same transaction as the effect."""
    sql.change(tx, KEEP_ANSWER, (key, asked, answer, to_us(now)))


def forget_answers(tx: Connection, before: datetime) -> int:
    """Forget answers that nobody will ask for again; return how many."""
    return sql.change(tx, FORGET_ANSWERS, (to_us(before),))
