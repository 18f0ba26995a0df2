"""Who looked up whom: one row for each message that told of a person, or was refused to, and changed nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from server.store import bulk
from server.store.fsi_tables import person_lookup
from server.store.records import Records
from server.store.times import micros


@dataclass(frozen=True, slots=True)
class Lookup:
    """Somebody asked about a person."""

    asked_at: datetime
    institution: str
    operator: str
    """`opter`."""
    caller: str
    """Token, key or terminal that spoke for the institution."""
    infno: str
    msgid: str
    psn_no: str
    """Empty if nobody was found."""
    code: str
    """Of the refusal; empty if it was answered."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which of them are meant; what is empty or None leaves it open."""

    psn_no: str = ""
    institution: str = ""
    operator: str = ""
    since: datetime | None = None
    until: datetime | None = None
    """The first moment after."""


_LOOKUPS = Records(person_lookup, Lookup)


def add_lookups(connection: Connection, lookups: Sequence[Lookup]) -> None:
    """Keep who looked up whom."""
    bulk.insert_all(connection, person_lookup, _LOOKUPS.rows(lookups))


def load_lookups(connection: Connection, asked: Asked, *, limit: int) -> Sequence[Lookup]:
    """Return the newest of the lookups that are meant, newest first."""
    column = person_lookup.c
    chosen = select(*_LOOKUPS.columns).order_by(column.n.desc()).limit(limit)
    for one, value in ((column.psn_no, asked.psn_no), (column.institution, asked.institution)):
        chosen = chosen.where(one == value) if value else chosen
    if asked.operator:
        chosen = chosen.where(column.operator == asked.operator)
    if asked.since is not None:
        chosen = chosen.where(column.asked_us >= micros(asked.since))
    if asked.until is not None:
        chosen = chosen.where(column.asked_us < micros(asked.until))
    return _LOOKUPS.records(connection.execute(chosen))
