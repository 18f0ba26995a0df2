"""Packs that came back to another terminal of this site and lie apart there, as far as it was heard.

Hints, never facts of ours: of each terminal the whole of its list is kept, and the next one replaces it, so that what
was released there is free here as soon as it is heard. That a pack of somebody else's sale came back outlives its
release: no event tells of it, and whoever sold it would say for ever that it is sold.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from edge.clock import from_us, to_us
from edge.store import sql

MOST_APART = 5_000
"""Packs of one terminal, the newest: nobody has so many shelves for them."""
SELECT_STATE = """
SELECT count(*), coalesce(max(since), 0), count(released_at), coalesce(max(released_at), 0) FROM quarantine
"""
MOST_BACK = 2_000
"""Packs of other terminals' sales that came back to one terminal and are told, the newest."""
SELECT_OWN = "SELECT code, sale, since FROM quarantine WHERE released_at IS NULL ORDER BY since DESC, code LIMIT ?"
SELECT_BACK = """
SELECT code, sale, since FROM quarantine AS q WHERE NOT EXISTS (SELECT 1 FROM sale WHERE sale.id = q.sale)
ORDER BY since DESC, code LIMIT ?
"""
FORGET = "DELETE FROM site_apart WHERE terminal = ?"
FORGET_OTHERS = (
    "DELETE FROM site_apart WHERE terminal NOT IN (SELECT value FROM json_each(?))",
    "DELETE FROM site_held WHERE terminal NOT IN (SELECT value FROM json_each(?))",
)
PUT = "INSERT OR REPLACE INTO site_apart (code, terminal, sale, since) VALUES (?, ?, ?, ?)"
FIND = "SELECT code, terminal, sale, since FROM site_apart WHERE code = ? ORDER BY since DESC, terminal LIMIT 1"
SELECT_ALL = "SELECT code, terminal, sale, since FROM site_apart ORDER BY since, code"


@dataclass(frozen=True, slots=True)
class ApartThere:
    """A pack that lies apart at another terminal."""

    code: str
    terminal: str
    sale: str
    since: datetime


@dataclass(frozen=True, slots=True)
class OwnApart:
    """What lies apart here, as others are told it."""

    code: str
    sale: str
    since: datetime


def apart_state(tx: Connection) -> str:
    """Return what changes whenever a pack is set apart here or released: who has heard this state has heard all."""
    return "-".join(str(value) for value in sql.one(tx, SELECT_STATE))


def own_apart(tx: Connection) -> list[OwnApart]:
    """Return what lies apart here, the newest first."""
    return [OwnApart(code, sale, from_us(since)) for code, sale, since in sql.rows(tx, SELECT_OWN, (MOST_APART,))]


def own_back(tx: Connection) -> list[OwnApart]:
    """Return the packs of other terminals' sales that came back here, released by now or not, the newest first."""
    return [OwnApart(code, sale, from_us(since)) for code, sale, since in sql.rows(tx, SELECT_BACK, (MOST_BACK,))]


def hear_apart(tx: Connection, terminal: str, packs: Iterable[OwnApart]) -> None:
    """Keep what lies apart at another terminal, in place of what was heard before."""
    sql.change(tx, FORGET, (terminal,))
    sql.change_many(tx, PUT, ((one.code, terminal, one.sale, to_us(one.since)) for one in packs))


def forget_others(tx: Connection, terminals: Iterable[str]) -> None:
    """Let go what was heard of terminals that do not belong to the site any more: nobody releases it there."""
    listed = json.dumps(list(terminals))
    for statement in FORGET_OTHERS:
        sql.change(tx, statement, (listed,))


def apart_at_site(tx: Connection, code: str) -> ApartThere | None:
    """Return where in this site a pack lies apart; None if it does not, as far as is known."""
    found = sql.first(tx, FIND, (code,))
    return None if found is None else _there(found)


def all_apart_at_site(tx: Connection) -> list[ApartThere]:
    """Return what lies apart at the other terminals, what lies longest first."""
    return [_there(row) for row in sql.rows(tx, SELECT_ALL)]


def _there(row: sql.Row) -> ApartThere:
    code, terminal, sale, since = row
    return ApartThere(code, terminal, sale, from_us(since))
