"""Is the store what was written? Looked at before each start, on a connection that changes no row.

A log that is left is read, not folded back; the index of it (`-shm`), which holds nothing of its own, SQLite may write
anew. Only a journal that a power cut left is rolled back, as any opening would.

All of it runs at each start and before it. On 500 000 events, 313 MB, it takes one to two seconds (`make bench`, T-10),
most of it SQLite's own look and ours into every cell; the proof of the events that wait is 0.1 ms each. A clean stop
does not spare it: that would cost a sector that went bad since. Nor does it wait until after the start: a terminal that
writes while its list of free pages names a page in use overwrites what is whole, and what it then has acknowledged
stands on damaged ground. Checking table by table would leave out just that list.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import structlog

from edge.store import schema
from edge.store.chain import READ_EVENT
from edge.store.errors import store_errors
from edge.store.salvage_cells import (
    are_texts,
    columns_of,
    is_hash,
    is_whole_text,
    orphaned_table,
    right_row,
    wrong_table,
)
from edge.store.salvage_proof import Descent, Found, Place, event_in, is_near, restored
from edge.store.salvage_sectors import has_unreadable
from edge.store.schema import APPLICATION_ID
from wire.events import sm3_hex

READ_SCHEMA = "SELECT type, name, tbl_name, sql FROM sqlite_schema"
STATES = "SELECT terminal, epoch, next_seq, last_hash FROM terminal_state"
WALK = """
SELECT epoch, count(*), max(seq), sum(state = 'pending'), sum(iif(state = 'pending', seq, 0)),
  sum(state = 'delivered'), sum(state = 'dead')
FROM outbox NOT INDEXED GROUP BY epoch
"""
# Where a row has to pass, SQLite leaves off at its first cell that decides; in a sum it works all of them out.
WRONG_ROW = "SELECT seq FROM outbox NOT INDEXED WHERE ({right}) IS NOT TRUE LIMIT 1"
# A text that is none is in neither range. Of what is delivered nobody reads these, and there is a month of it.
TEXTS_OF_EVENT = "(state = 'delivered' OR (id NOT GLOB '*[^0-9a-f-]*' AND kind NOT GLOB '*[^a-z_]*'))"
FITS_STATE = "(state <> 'delivered' OR delivered_at IS NOT NULL) AND (state <> 'dead' OR dead_code IS NOT NULL)"
DEAD_CODES = "SELECT dead_code FROM outbox WHERE state = 'dead'"
INDEXED_PENDING = """
SELECT epoch, count(*), sum(seq), min(seq) FROM outbox INDEXED BY outbox_pending WHERE state = 'pending' GROUP BY epoch
"""
INDEXED_DELIVERED = "SELECT count(*) FROM outbox INDEXED BY outbox_delivered WHERE state = 'delivered'"
INDEXED_DEAD = "SELECT count(*) FROM outbox INDEXED BY outbox_dead WHERE state = 'dead'"
SELECT_PENDING = """
SELECT epoch, seq, id, kind, hlc, created_at, state, held_until, dead_code, delivered_at, bytes
FROM outbox WHERE state = 'pending' ORDER BY epoch, seq DESC
"""
READ_NUMBER = "SELECT bytes FROM outbox WHERE seq = ?"

_PRIMARY_CODE = 0xFF
_BROKEN = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_OF_CONTENT = {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_MISMATCH, *_BROKEN}
"""Answers that say that the file is not what we wrote. The others say that the disk refused."""
_STUMBLES = (TypeError, ValueError, LookupError, ArithmeticError, MemoryError)
"""What a look at a value of the wrong kind may raise; SQLite quotes a broken schema, and that need not be text."""

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class DamageError(Exception):
    """Something is not as it was written; the text says what."""


class BrokenFileError(DamageError):
    """SQLite or the disk says so itself, so it is no error of ours."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at a store found."""

    damage: str = ""
    """Why it has to be salvaged; empty if it need not be."""
    wrong: Sequence[Place] = ()
    """Waiting events whose bytes are not what was frozen; the rest of the store is well."""
    is_certain: bool = False
    """It is no error of ours: SQLite or the disk says so."""


def look_over(database: Path) -> Look:
    """Look at a store.

    Raises:
        EdgeError: The disk refused, which says nothing of the store.
    """
    try:
        with store_errors(database):
            return Look(wrong=_checked(database))
    except DamageError as exc:
        return Look(str(exc), is_certain=isinstance(exc, BrokenFileError))


def is_schema_of(connection: sqlite3.Connection, version: int) -> bool:
    """Tell whether a database has exactly the tables and indexes of a version."""
    with closing(sqlite3.connect(":memory:")) as fresh:
        for step in schema.history():
            if step.version <= version:
                for statement in step.statements:
                    fresh.execute(statement)
        return set(connection.execute(READ_SCHEMA)) == set(fresh.execute(READ_SCHEMA))


def _checked(database: Path, how: Literal["ro", "rw"] = "ro") -> Sequence[Place]:
    where = f"{database.absolute().as_uri()}?mode={how}"
    with closing(sqlite3.connect(where, uri=True, isolation_level=None)) as store:
        store.text_factory = lambda text: text.decode("utf-8", "replace")
        store.execute("PRAGMA query_only = ON")
        try:
            store.execute("BEGIN")
            return _check(store)
        except _STUMBLES as exc:
            # Whoever stumbles over content has found damage. It may be an error of ours all the same: the log shows it.
            _logger.exception("store.check_stumbled", path=str(database))
            raise DamageError(f"{type(exc).__name__}: {exc}") from exc
        except sqlite3.DatabaseError as exc:
            primary = getattr(exc, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & _PRIMARY_CODE
            if primary in _OF_CONTENT:
                raise (BrokenFileError if primary in _BROKEN else DamageError)(str(exc)) from exc
            if primary == sqlite3.SQLITE_IOERR and has_unreadable(database):
                # Writing may well go on: the start would be refused for ever because of what nobody can read.
                raise BrokenFileError("a sector cannot be read") from exc
            if primary != sqlite3.SQLITE_READONLY or how == "rw":
                raise
    # A power cut while the store was made left a journal that only a writer may roll back. What a writer folds back of
    # a log when it closes, the opening that follows would too: the log was looked at before, and its commits are whole.
    return _checked(database, "rw")


def _check(store: sqlite3.Connection) -> Sequence[Place]:
    (version,) = store.execute("PRAGMA user_version").fetchone()
    (mark,) = store.execute("PRAGMA application_id").fetchone()
    names = {name for _, name, *_ in store.execute(READ_SCHEMA)}
    if not names & {"outbox", "terminal_state"} and mark != APPLICATION_ID:
        # A new file, or another program's: that is for the opening to say.
        return ()
    newest = schema.history()[-1].version
    if version > newest and not is_schema_of(store, newest) and mark == APPLICATION_ID:
        return ()
    if mark != APPLICATION_ID or not 0 < version <= newest or not is_schema_of(store, version):
        raise DamageError(f"the schema is not that of version {version}")
    # The quick one looks neither at the order of keys nor into indexes: a bit of a sale's number, and no sale is found.
    (finding,) = store.execute("PRAGMA integrity_check(1)").fetchone()
    if finding != "ok":
        raise BrokenFileError(finding)
    table = wrong_table(store)
    if table is not None:
        raise DamageError(f"a cell of the table {table} holds what it cannot")
    orphaned = orphaned_table(store)
    if orphaned is not None:
        raise DamageError(f"a row of the table {orphaned} belongs to one that is not there")
    return _check_history(store)


def _check_history(store: sqlite3.Connection) -> Sequence[Place]:
    right = f"{right_row(columns_of(store, 'outbox'))} AND {TEXTS_OF_EVENT} AND {FITS_STATE}"
    wrong = store.execute(WRONG_ROW.format(right=right)).fetchone()
    lives = {epoch: counts for epoch, *counts in store.execute(WALK)}
    if wrong is not None:
        raise DamageError(f"a cell of the outbox holds what it cannot, in the row with the number {wrong[0]!r:.20}")
    if not all(map(is_whole_text, lives)) or not are_texts(store, DEAD_CODES):
        raise DamageError("a text of the outbox is none")
    states = store.execute(STATES).fetchall()
    if len(states) != (1 if lives else len(states)) or len(states) > 1:
        raise DamageError("the state of the history is gone")
    indexed = {epoch: tuple(counts) for epoch, *counts in store.execute(INDEXED_PENDING)}
    walked = {epoch: (counts[2], counts[3]) for epoch, counts in lives.items() if counts[2]}
    is_agreed = walked == {epoch: counts[:2] for epoch, counts in indexed.items()}
    (delivered,) = store.execute(INDEXED_DELIVERED).fetchone()
    (dead,) = store.execute(INDEXED_DEAD).fetchone()
    if not is_agreed or (delivered, dead) != tuple(sum(counts[n] for counts in lives.values()) for n in (4, 5)):
        raise DamageError("the outbox and its indexes do not agree")
    if sum(counts[0] for counts in lives.values()) != delivered + dead + sum(counts[0] for counts in indexed.values()):
        raise DamageError("a row of the outbox is in no state")
    if not states:
        return ()
    terminal, epoch, next_seq, last_hash = states[0]
    if epoch in lives and lives[epoch][1] != next_seq - 1:
        raise DamageError("the state of the history is not that of the last event")
    if not is_hash(last_hash):
        raise DamageError("the state of the history names no hash")
    if epoch not in lives and _lives_with(store, next_seq - 1, last_hash):
        raise DamageError("the state of the history names another life than its last event")
    # A number that is missing is no damage by itself: delivered events are put away by their age. The terminal names
    # what it keeps, and the centre asks for what it lacks.
    return _wrong_rows(store, terminal, (epoch, next_seq - 1, last_hash))


def _lives_with(store: sqlite3.Connection, seq: int, digest: str) -> bool:
    """Tell whether some life has just this event."""
    return any(isinstance(one, bytes) and sm3_hex(one) == digest for (one,) in store.execute(READ_NUMBER, (seq,)))


def _wrong_rows(store: sqlite3.Connection, terminal: str, last: tuple[str, int, str]) -> Sequence[Place]:
    """Return the waiting events that are not what was frozen; `last` is the place and hash of the last event."""
    epoch, last_seq, last_hash = last

    def read(place: Place) -> bytes | None:
        row = store.execute(READ_EVENT, place).fetchone()
        return row[0] if row else None

    _check_last(read((epoch, last_seq)), terminal, last_hash)
    wrong: list[Place] = []
    descent = Descent(read, {epoch: (last_seq, last_hash)})
    for cells in store.execute(SELECT_PENDING):
        found = Found(*cells)
        event = descent.proved(found.place, found.bytes)
        if event is None:
            if descent.names(found.place, found.bytes):
                # A newer program wrote it, perhaps on a box that this one replaces.
                continue
            spoiled = event_in(found.bytes)
            if spoiled is not None and read((spoiled.epoch, spoiled.seq)) is None:
                raise DamageError(f"a row of the outbox is not in its place: {found.seq}")
            wrong.append(found.place)
        elif restored(found, event) != found:
            raise DamageError(f"a row of the outbox does not fit its event: {found.seq}")
    return wrong


def _check_last(last: bytes | None, terminal: str, last_hash: str) -> None:
    if last is None:
        return
    if sm3_hex(last) != last_hash and is_near(sm3_hex(last), last_hash):
        raise DamageError("the hash of the last event is damaged")
    event = event_in(last)
    if event is not None and sm3_hex(last) == last_hash and event.terminal != terminal:
        raise DamageError("the state names another terminal than the last event")
