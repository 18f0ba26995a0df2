"""Rows of operators, their shifts and the sessions of their browsers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from edge.clock import from_us, to_us
from edge.store import sql

SELECT_OPERATOR = "SELECT login, name, password_hash, created_at, disabled_at FROM operator WHERE login = ?"
SELECT_OPERATORS = "SELECT login, name, password_hash, created_at, disabled_at FROM operator ORDER BY login"
ADD_OPERATOR = "INSERT INTO operator (login, name, password_hash, created_at) VALUES (?, ?, ?, ?)"
SET_PASSWORD = "UPDATE operator SET password_hash = ? WHERE login = ?"  # noqa: S105 - a statement
DISABLE = "UPDATE operator SET disabled_at = ? WHERE login = ? AND disabled_at IS NULL"
ENABLE = "UPDATE operator SET disabled_at = NULL WHERE login = ?"
SELECT_GUESSES = "SELECT failures, locked_until FROM guess WHERE login = ?"
NOTE_GUESSES = """
INSERT INTO guess (login, failures, locked_until) VALUES (?, ?, ?)
ON CONFLICT (login) DO UPDATE SET failures = excluded.failures, locked_until = excluded.locked_until
"""
FORGET_GUESSES = "DELETE FROM guess WHERE login = ?"
SELECT_OPEN_SHIFT = "SELECT id, operator, opened_at, sales FROM shift WHERE closed_at IS NULL"
SELECT_LEFT_SHIFT = """
SELECT id, operator, opened_at, sales FROM shift WHERE closed_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM session WHERE session.shift = shift.id AND session.expires_at > ?)
"""
SELECT_SHIFTS_SINCE = "SELECT id, operator, opened_at, sales FROM shift WHERE opened_at >= ? ORDER BY opened_at, id"
SELECT_SHIFT = "SELECT id, operator, opened_at, sales FROM shift WHERE id = ?"
OPEN_SHIFT = "INSERT INTO shift (id, operator, opened_at) VALUES (?, ?, ?)"
CLOSE_SHIFT = "UPDATE shift SET closed_at = ? WHERE id = ?"
COUNT_SALE = "UPDATE shift SET sales = sales + 1 WHERE id = ?"
ADD_SESSION = "INSERT INTO session (token_digest, shift, expires_at) VALUES (?, ?, ?)"
SELECT_SESSION = """
SELECT h.id, h.operator, o.name, h.opened_at, s.expires_at FROM session AS s
JOIN shift AS h ON h.id = s.shift JOIN operator AS o ON o.login = h.operator
WHERE s.token_digest = ? AND h.closed_at IS NULL
"""
SELECT_AT_WORK = """
SELECT h.id, h.operator, o.name, h.opened_at, max(s.expires_at) FROM shift AS h
JOIN operator AS o ON o.login = h.operator JOIN session AS s ON s.shift = h.id
WHERE h.closed_at IS NULL GROUP BY h.id
"""
END_SESSIONS = "DELETE FROM session WHERE shift = ?"
END_SESSIONS_OF = "DELETE FROM session WHERE shift IN (SELECT id FROM shift WHERE operator = ?)"
FORGET_SESSIONS = "DELETE FROM session WHERE expires_at < ?"


@dataclass(frozen=True, slots=True)
class OperatorRow:
    """A person who may sign in at this terminal, or might once."""

    login: str
    name: str
    password_hash: str
    created_at: datetime
    disabled_at: datetime | None = None
    """Since when signing in is refused."""


@dataclass(frozen=True, slots=True)
class Guesses:
    """Wrong passwords in a row."""

    failures: int
    locked_until: datetime


@dataclass(frozen=True, slots=True)
class Shift:
    """The time from signing in to signing out."""

    id: str
    operator: str
    opened_at: datetime
    sales: int


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A browser that is signed in."""

    shift: str
    operator: str
    name: str
    opened_at: datetime
    """When the shift began."""
    expires_at: datetime


def find_operator(tx: Connection, login: str) -> OperatorRow | None:
    """Return an operator by login."""
    row = sql.first(tx, SELECT_OPERATOR, (login,))
    return None if row is None else _operator(row)


def all_operators(tx: Connection) -> list[OperatorRow]:
    """Return every operator, by login."""
    return [_operator(row) for row in sql.rows(tx, SELECT_OPERATORS)]


def add_operator(tx: Connection, operator: OperatorRow) -> None:
    """Add an operator."""
    values = (operator.login, operator.name, operator.password_hash, to_us(operator.created_at))
    sql.change(tx, ADD_OPERATOR, values)


def set_password(tx: Connection, login: str, password_hash: str) -> None:
    """Replace the hash of an operator's password."""
    sql.change(tx, SET_PASSWORD, (password_hash, login))


def disable_operator(tx: Connection, login: str, now: datetime) -> None:
    """Refuse an operator from now on, or still since when it was first said."""
    sql.change(tx, DISABLE, (to_us(now), login))


def enable_operator(tx: Connection, login: str) -> None:
    """Let an operator sign in again."""
    sql.change(tx, ENABLE, (login,))


def find_guesses(tx: Connection, login: str) -> Guesses | None:
    """Return the wrong guesses at an operator's password since the last right one."""
    row = sql.first(tx, SELECT_GUESSES, (login,))
    return None if row is None else Guesses(row[0], from_us(row[1]))


def note_guesses(tx: Connection, login: str, guesses: Guesses) -> None:
    """Keep the wrong guesses, over a restart."""
    sql.change(tx, NOTE_GUESSES, (login, guesses.failures, to_us(guesses.locked_until)))


def forget_guesses(tx: Connection, login: str) -> None:
    """Forget them after a right one."""
    sql.change(tx, FORGET_GUESSES, (login,))


def open_shift_now(tx: Connection) -> Shift | None:
    """Return the shift that is open."""
    row = sql.first(tx, SELECT_OPEN_SHIFT)
    return None if row is None else _shift(row)


def shifts_since(tx: Connection, start: datetime) -> list[Shift]:
    """Return the shifts that began since, the first first."""
    return [_shift(row) for row in sql.rows(tx, SELECT_SHIFTS_SINCE, (to_us(start),))]


def left_shift(tx: Connection, now: datetime) -> Shift | None:
    """Return the open shift in which nobody is signed in any more: its sessions have expired or were ended."""
    row = sql.first(tx, SELECT_LEFT_SHIFT, (to_us(now),))
    return None if row is None else _shift(row)


def read_shift(tx: Connection, shift: str) -> Shift:
    """Return the shift that a session names."""
    return _shift(sql.one(tx, SELECT_SHIFT, (shift,)))


def open_shift(tx: Connection, shift: str, operator: str, now: datetime) -> None:
    """Begin a shift; the schema lets one be open at a time."""
    sql.change(tx, OPEN_SHIFT, (shift, operator, to_us(now)))


def close_shift(tx: Connection, shift: str, now: datetime) -> None:
    """End a shift, and with it every session that belongs to it."""
    sql.change(tx, CLOSE_SHIFT, (to_us(now), shift))
    sql.change(tx, END_SESSIONS, (shift,))


def count_sale(tx: Connection, shift: str) -> None:
    """Note that a sale was closed in this shift."""
    sql.change(tx, COUNT_SALE, (shift,))


def add_session(tx: Connection, token_digest: str, shift: str, expires_at: datetime) -> None:
    """Let a browser take part in a shift. Of its token only the digest is kept."""
    sql.change(tx, ADD_SESSION, (token_digest, shift, to_us(expires_at)))


def find_session(tx: Connection, token_digest: str) -> SessionRow | None:
    """Return the session of a token, if its shift is still open."""
    row = sql.first(tx, SELECT_SESSION, (token_digest,))
    if row is None:
        return None
    shift, operator, name, opened_at, expires_at = row
    return SessionRow(shift, operator, name, from_us(opened_at), from_us(expires_at))


def last_session(tx: Connection) -> SessionRow | None:
    """Return the session of the open shift that lasts longest; None if nobody is signed in."""
    row = sql.first(tx, SELECT_AT_WORK)
    if row is None:
        return None
    shift, operator, name, opened_at, expires_at = row
    return SessionRow(shift, operator, name, from_us(opened_at), from_us(expires_at))


def end_sessions_of(tx: Connection, operator: str) -> None:
    """Sign out every browser of an operator, for example because the password was changed."""
    sql.change(tx, END_SESSIONS_OF, (operator,))


def forget_sessions(tx: Connection, before: datetime) -> int:
    """Forget sessions that have expired; return how many."""
    return sql.change(tx, FORGET_SESSIONS, (to_us(before),))


def _shift(row: sql.Row) -> Shift:
    id_, operator, opened_at, sales = row
    return Shift(id_, operator, from_us(opened_at), sales)


def _operator(row: sql.Row) -> OperatorRow:
    login, name, hashed, created_at, disabled_at = row
    return OperatorRow(login, name, hashed, from_us(created_at), None if disabled_at is None else from_us(disabled_at))
