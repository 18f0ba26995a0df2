"""Packs that came back and lie apart, and who let which of them go, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from edge.clock import from_us, to_us
from edge.store import sql

PUT = "INSERT OR REPLACE INTO quarantine (code, sale, since, reason, operator) VALUES (?, ?, ?, ?, ?)"
SELECT_HERE = "SELECT code, sale, since, reason, operator FROM quarantine WHERE code = ? AND released_at IS NULL"
SELECT_ALL = "SELECT code, sale, since, reason, operator FROM quarantine WHERE released_at IS NULL ORDER BY since, code"
RELEASE = """
UPDATE quarantine SET released_at = ?, released_by = ?, release_reason = ? WHERE code = ? AND released_at IS NULL
"""


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A pack that lies apart."""

    code: str
    sale: str
    since: datetime
    reason: str
    """Why it came back."""
    operator: str


def quarantine(tx: Connection, one: Quarantined) -> None:
    """Set a pack apart."""
    sql.change(tx, PUT, (one.code, one.sale, to_us(one.since), one.reason, one.operator))


def find_quarantined(tx: Connection, code: str) -> Quarantined | None:
    """Return where a pack came from that lies apart; None if it does not."""
    found = sql.first(tx, SELECT_HERE, (code,))
    return None if found is None else _quarantined(found)


def all_quarantined(tx: Connection) -> list[Quarantined]:
    """Return what lies apart, what lies longest first."""
    return [_quarantined(row) for row in sql.rows(tx, SELECT_ALL)]


def release(tx: Connection, code: str, operator: str, reason: str, at: datetime) -> bool:
    """Let a pack go; False if it does not lie apart."""
    return sql.change(tx, RELEASE, (to_us(at), operator, reason, code)) > 0


def _quarantined(row: sql.Row) -> Quarantined:
    code, sale, since, reason, operator = row
    return Quarantined(code, sale, from_us(since), reason, operator)
