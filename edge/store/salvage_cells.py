"""May each cell hold what it holds? SQLite lets any value stand in any column.

One bit makes a time into one that no calendar has, or a name into bytes that are no text. Whatever reads such a row
stumbles, at each start anew, and what is put away by its age stays for ever.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeGuard

from edge.clock import MOST_US

MOST_NUMBER = 2**53
"""Further than any of our counts, and as far as every reader of JSON counts."""
_TIMES = {"at", "hlc"}
_TIME_ENDS = ("_at", "_until")
_LOCK, _FAILURES = "locked_until", "failures"
LONGEST_LOCK_US = 15 * 60 * 1_000_000
"""How long the guesser of a password waits at most (`edge.operators.guesses`); longer is taken for no wait at all."""
_MANY_FAILURES = 100
"""Wrong guesses after which one more makes the guesser wait the longest."""
NO_TIME = -1
"""A time that is none, and no count either: it is put right where a cell may not be empty."""

TABLES = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY rowid"

READ_TABLE = "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?"
_NO_TEXT = "\ufffd"
"""What stands for bytes that are no text, on a connection that was told to make a text of anything."""
_HASH = re.compile(r"[0-9a-f]{64}")
_CHECK = re.compile(r"CHECK \(((?:[^()]|\([^()]*\))*)\)")


@dataclass(frozen=True, slots=True)
class Column:
    """What a column may hold."""

    name: str
    type: str
    may_be_null: bool
    is_key: bool

    @property
    def is_time(self) -> bool:
        """It holds microseconds since 1970."""
        return self.type == "INTEGER" and (self.name in _TIMES or self.name.endswith(_TIME_ENDS))

    @property
    def can_be_put_right(self) -> bool:
        """There is a value that does no harm, whatever the cell held."""
        return (self.is_time and not self.is_key) or self.name == _FAILURES

    def harmless(self, now_us: int) -> int:
        """Return a value that opens nothing: what has a time is over, but for a wait, which begins anew."""
        return {_LOCK: now_us + LONGEST_LOCK_US, _FAILURES: _MANY_FAILURES}.get(self.name, 0)

    @property
    def test(self) -> str:
        """The condition, true for a cell that is right and false for any other."""
        right = f"typeof({self.name}) = '{self.type.lower()}'"
        if self.is_time:
            right += f" AND {self.name} BETWEEN 0 AND {MOST_US}"
        elif self.name == _FAILURES:
            right += f" AND {self.name} BETWEEN 0 AND {MOST_NUMBER}"
        elif self.type == "INTEGER":
            right += f" AND {self.name} BETWEEN {-MOST_NUMBER} AND {MOST_NUMBER}"
        return f"({self.name} IS NULL OR {right})" if self.may_be_null else f"({right})"


def columns_of(store: sqlite3.Connection, table: str) -> list[Column]:
    """Return the columns of a table of ours."""
    found = store.execute(f"PRAGMA table_info({table})").fetchall()
    return [Column(name, type_, not (required or key), bool(key)) for _, name, type_, required, _, key in found]


def right_row(columns: Sequence[Column]) -> str:
    """Return the condition that each of the cells is right."""
    return " AND ".join(column.test for column in columns)


def tables_of(store: sqlite3.Connection) -> Iterator[str]:
    """Yield the tables of ours but for the outbox, whose rows are looked at one by one."""
    yield from (name for (name,) in store.execute(TABLES).fetchall() if name != "outbox")


def wrong_table(store: sqlite3.Connection) -> str | None:
    """Return a table in which a cell holds what it may not; None if there is none. The outbox is not looked at.

    Args:
        store: Told to make a text of bytes, whatever they are.
    """
    for table in tables_of(store):
        columns = columns_of(store, table)
        right = " AND ".join([right_row(columns), *checks_of(store, table)])
        if store.execute(f"SELECT 1 FROM {table} NOT INDEXED WHERE NOT ({right}) LIMIT 1").fetchone():  # noqa: S608 - names are ours
            return table
        texts = " || ".join(f"coalesce({column.name}, '')" for column in columns if column.type == "TEXT")
        if texts and not are_texts(store, f"SELECT {texts} FROM {table} NOT INDEXED"):  # noqa: S608 - names are ours
            return table
    return None


def checks_of(store: sqlite3.Connection, table: str) -> list[str]:
    """Return the conditions of the schema: SQLite itself looks at none of them where it may only read.

    One with brackets two deep is not found; the schema has none.
    """
    (statement,) = store.execute(READ_TABLE, (table,)).fetchone()
    return [f"({condition})" for condition in _CHECK.findall(statement)]


def is_whole_text(cell: object) -> TypeGuard[str]:
    """Tell whether a cell that was read as text, whatever it is, is one."""
    return isinstance(cell, str) and _NO_TEXT not in cell


def is_hash(cell: object) -> TypeGuard[str]:
    """Tell whether a cell holds an SM3."""
    return isinstance(cell, str) and _HASH.fullmatch(cell) is not None


def are_texts(store: sqlite3.Connection, statement: str) -> bool:
    """Tell whether all that a statement gives is text."""
    factory, store.text_factory = store.text_factory, str
    try:
        for _ in store.execute(statement):
            pass
    except (UnicodeDecodeError, sqlite3.OperationalError) as exc:
        if isinstance(exc, sqlite3.OperationalError) and "UTF-8" not in str(exc):
            raise
        return False
    finally:
        store.text_factory = factory
    return True


def orphaned_table(store: sqlite3.Connection) -> str | None:
    """Return a table with a row that belongs to one which is not there, None if there is none."""
    found = store.execute("PRAGMA foreign_key_check").fetchone()
    return None if found is None else str(found[0])


def drop_orphans(target: sqlite3.Connection) -> set[str]:
    """Take rows out that belong to one which is not there; return their tables.

    A bit of a sale's number makes orphans of its lines and packs. They count for nothing, for each look at them goes by
    way of their sale; but every row put beside them would be refused.
    """
    touched: set[str] = set()
    # What goes may leave orphans of its own, but no chain of tables is longer than all of them.
    for _ in list(tables_of(target)):
        table = orphaned_table(target)
        if table is None:
            break
        touched.add(table)
        for parent, pairs in _references(target, table):
            same = " AND ".join(f"p.{there} = {table}.{here}" for here, there in pairs)
            statement = f"DELETE FROM {table} WHERE NOT EXISTS (SELECT 1 FROM {parent} AS p WHERE {same})"  # noqa: S608 - names are ours
            target.execute(statement)
    return touched


def _references(store: sqlite3.Connection, table: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return what the rows of a table belong to: the other table, and pairs of columns that are equal."""
    found: dict[int, tuple[str, list[tuple[str, str]]]] = {}
    for number, _, parent, here, there, *_ in store.execute(f"PRAGMA foreign_key_list({table})").fetchall():
        found.setdefault(number, (parent, []))[1].append((here, there))
    return list(found.values())


def put_right(target: sqlite3.Connection, table: str, now_us: int) -> int:
    """Put a time that is none at the beginning of time, and take other rows that hold what they may not out.

    A session is then over, a shift closed, an operator who had left stays locked out and whoever guessed at a password
    waits: nothing is opened by damage to a time.

    Returns:
        How many rows were touched.
    """
    columns = columns_of(target, table)
    touched = 0
    for column in columns:
        if column.can_be_put_right:
            statement = f"UPDATE {table} SET {column.name} = ? WHERE NOT {column.test}"  # noqa: S608 - names are ours
            touched += target.execute(statement, (column.harmless(now_us),)).rowcount
    touched += target.execute(f"DELETE FROM {table} WHERE NOT ({right_row(columns)})").rowcount  # noqa: S608
    return touched
