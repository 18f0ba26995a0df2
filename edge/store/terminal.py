"""The one row that says which terminal this is and where its history stands."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from codes.words import Words
from edge.store import sql
from edge.store.errors import OtherTerminalError
from rules.scan_judgement import Mode
from wire.events import GENESIS

READ_STATE = """
SELECT terminal, epoch, next_seq, last_hash, hlc, clock_offset_ms, mode, credentials_seen FROM terminal_state
"""
CREATE_STATE = """
INSERT INTO terminal_state (only_row, terminal, epoch, next_seq, last_hash, hlc, mode) VALUES (1, ?, ?, 1, ?, 0, ?)
"""
ADVANCE = "UPDATE terminal_state SET next_seq = ?, last_hash = ?, hlc = ?"
SET_MODE = "UPDATE terminal_state SET mode = ?"
SET_CLOCK_OFFSET = "UPDATE terminal_state SET clock_offset_ms = ?"
COUNT_CREDENTIAL = "UPDATE terminal_state SET credentials_seen = credentials_seen + 1"


@dataclass(frozen=True, slots=True)
class TerminalState:
    """Where the history of this store stands."""

    terminal: str
    epoch: str
    """The life of this store; a rebuilt one starts a new life."""
    next_seq: int
    last_hash: str
    """SM3 of the last event, which the next one names."""
    hlc: int
    """The last value of the hybrid logical clock."""
    clock_offset_ms: int | None
    """Centre clock minus device clock, as last measured."""
    mode: Mode
    credentials_seen: int
    """Patients' credentials that were scanned: all that is kept of them is this count."""


def ensure_state(connection: Connection, *, terminal: str, new_epoch: str, mode: Mode) -> TerminalState:
    """Return the state of the store, starting its first life if it has none.

    Raises:
        OtherTerminalError: The store belongs to another terminal.
    """
    with connection.begin():
        if sql.first(connection, READ_STATE) is None:
            sql.change(connection, CREATE_STATE, (terminal, new_epoch, GENESIS, mode))
        state = read_state(connection)
    if state.terminal != terminal:
        raise OtherTerminalError(
            Words(
                f"该数据目录属于终端 {state.terminal}，配置却是 {terminal}",
                f"The store belongs to terminal {state.terminal}, the configuration says {terminal}",
            )
        )
    return state


def find_state(connection: Connection) -> TerminalState | None:
    """Return the state of the store, None if no terminal has used it yet."""
    with connection.begin():
        return read_state(connection) if sql.first(connection, READ_STATE) else None


def read_state(tx: Connection) -> TerminalState:
    """Return the state as the transaction sees it."""
    terminal, epoch, next_seq, last_hash, hlc, offset, mode, credentials = sql.one(tx, READ_STATE)
    return TerminalState(terminal, epoch, next_seq, last_hash, hlc, offset, Mode(mode), credentials)


def advance(tx: Connection, *, next_seq: int, last_hash: str, hlc: int) -> None:
    """Note that one more event stands in the history."""
    sql.change(tx, ADVANCE, (next_seq, last_hash, hlc))


def set_mode(tx: Connection, mode: Mode) -> None:
    """Keep what the counter is doing, over a restart."""
    sql.change(tx, SET_MODE, (mode,))


def set_clock_offset(tx: Connection, offset_ms: int) -> None:
    """Keep how far the device clock is from the centre's."""
    sql.change(tx, SET_CLOCK_OFFSET, (offset_ms,))


def count_credential(tx: Connection) -> None:
    """Note that a patient's credential was scanned, and nothing else about it."""
    sql.change(tx, COUNT_CREDENTIAL)
