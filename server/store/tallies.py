"""How often what pages show happened, known without reading what happened.

Whoever keeps or changes a fact adds, in the same transaction, by how much the tallies move: a row of its own each time,
so that nobody waits for anybody. A tally is what was added up so far and what was not yet; `fold` adds up, now and
then, and no reader can tell whether it did.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from sqlalchemy import Connection, Subquery, bindparam, delete, select, union_all

from server.store import bulk
from server.store.tables import HAS_HOUR, tally, tally_change

COURSE: Final = "course"
"""Visits by the steps that were done, and by the hour of the last of them."""
REFUSAL: Final = "refusal"
"""Steps that hospitals' systems refused."""
WAIT: Final = "wait"
"""Steps by the seconds since the step before."""
SHOWN: Final = "shown"
"""Insured settlements that stand, by what was shown."""
LONG_AGO: Final = 0
"""Instead of an hour that is further back than anybody asks for."""


class Cell(NamedTuple):
    """What is counted."""

    what: str
    month: str
    """As `2026-01`."""
    institution: str
    name: str
    """What was done, or shown."""
    number: int


CELL: Final = Cell._fields


@dataclass(frozen=True, slots=True)
class Months:
    """Which months are looked at."""

    first: str
    """As `2026-01`."""
    last: str
    """Belongs to it."""
    institution: str = ""
    """Empty for all."""


def change(connection: Connection, changes: Mapping[Cell, int]) -> None:
    """Add by how much tallies move; waits for nobody."""
    bulk.insert_all(connection, tally_change, [(*cell, times) for cell, times in sorted(changes.items()) if times])


def totals(what: str, chosen: Months) -> Subquery:
    """Select what has to be added up to get the tallies of some months: more than one row of a cell."""
    parts = []
    for table in (tally, tally_change):
        found = table.c
        conditions = [found.what == what, found.month >= chosen.first, found.month <= chosen.last]
        if chosen.institution:
            conditions.append(found.institution == chosen.institution)
        parts.append(select(found.month, found.institution, found.name, found.number, found.times).where(*conditions))
    return union_all(*parts).subquery()


def fold(connection: Connection, *, long_ago: int, most: int) -> int:
    """Add changes up, and hours that are long ago to each other; return how many rows were taken.

    Several may do it at a time: each takes what no other has taken.

    Args:
        connection: To write with.
        long_ago: Nobody asks for hours before this one any more.
        most: Rows to take of either.
    """
    return _add_up(connection, long_ago, most) + _merge_hours(connection, long_ago, most)


def _add_up(connection: Connection, long_ago: int, most: int) -> int:
    found = tally_change.c
    asked = select(found.n, *(found[name] for name in CELL), found.times).order_by(found.n).limit(most)
    rows = connection.execute(asked.with_for_update(skip_locked=True)).all()
    if rows:
        # Named one by one: others may have added rows with lower numbers that are not to be seen yet.
        connection.execute(delete(tally_change).where(found.n.in_([row[0] for row in rows])))
        _add(connection, [(_without_old_hour(Cell(*row[1:-1]), long_ago), row[-1]) for row in rows])
    return len(rows)


def _merge_hours(connection: Connection, long_ago: int, most: int) -> int:
    found = tally.c
    asked = select(*(found[name] for name in CELL), found.times).where(HAS_HOUR, found.number < long_ago).limit(most)
    rows = connection.execute(asked.with_for_update(skip_locked=True)).all()
    if rows:
        gone = delete(tally).where(*(found[name] == bindparam(f"of_{name}") for name in CELL))
        connection.execute(
            gone, [{f"of_{name}": value for name, value in zip(CELL, row, strict=False)} for row in rows]
        )
        _add(connection, [(_without_old_hour(Cell(*row[:-1]), long_ago), row[-1]) for row in rows])
    return len(rows)


def _without_old_hour(cell: Cell, long_ago: int) -> Cell:
    return cell._replace(number=LONG_AGO) if cell.what == COURSE and cell.number < long_ago else cell


def _add(connection: Connection, changes: list[tuple[Cell, int]]) -> None:
    sums: Counter[Cell] = Counter()
    for cell, times in changes:
        sums[cell] += times
    # In one order, whoever adds them, so that two cannot wait for each other.
    bulk.insert_or_add(connection, tally, [(*cell, times) for cell, times in sorted(sums.items()) if times])
