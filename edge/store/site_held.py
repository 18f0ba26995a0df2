"""Packs on lists that were put aside (挂单) at another terminal of this site, as far as it was heard.

Hints, never facts of ours: of each terminal the whole is kept, and the next that is heard replaces it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from edge.clock import from_us, to_us
from edge.store import sql

MOST_HELD = 2_000
"""Packs of one terminal that are told, those that were put aside last."""
SELECT_OWN = """
SELECT p.code, s.id, coalesce(s.aside_at, s.opened_at) AS since
FROM sale AS s JOIN sale_pack AS p ON p.sale = s.id AND p.state = 'listed'
WHERE s.state = 'open' AND s.place >= 2 AND s.mode = 'dispense' ORDER BY since DESC, s.id, p.code LIMIT ?
"""
FORGET = "DELETE FROM site_held WHERE terminal = ?"
PUT = "INSERT OR REPLACE INTO site_held (code, terminal, sale, since) VALUES (?, ?, ?, ?)"
FIND = "SELECT code, terminal, sale, since FROM site_held WHERE code = ? ORDER BY since, terminal LIMIT 1"


@dataclass(frozen=True, slots=True)
class OwnHeld:
    """A pack on a list that lies aside here, as others are told it."""

    code: str
    sale: str
    since: datetime


@dataclass(frozen=True, slots=True)
class HeldThere:
    """A pack on a list that lies aside at another terminal."""

    terminal: str
    sale: str
    since: datetime


def own_held(tx: Connection) -> list[OwnHeld]:
    """Return the packs on lists that lie aside here."""
    return [OwnHeld(code, sale, from_us(since)) for code, sale, since in sql.rows(tx, SELECT_OWN, (MOST_HELD,))]


def held_state(packs: Iterable[OwnHeld]) -> str:
    """Return what is another one whenever something else lies aside."""
    told = ";".join(f"{one.code} {one.sale}" for one in packs)
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def hear_held(tx: Connection, terminal: str, packs: Iterable[OwnHeld]) -> None:
    """Keep what lies aside at another terminal, in place of what was heard before."""
    sql.change(tx, FORGET, (terminal,))
    sql.change_many(tx, PUT, ((one.code, terminal, one.sale, to_us(one.since)) for one in packs))


def held_at_site(tx: Connection, code: str) -> HeldThere | None:
    """Return at which other terminal a pack is on a list that lies aside; None if on none, as far as is known."""
    found = sql.first(tx, FIND, (code,))
    return None if found is None else HeldThere(found[1], found[2], from_us(found[3]))
