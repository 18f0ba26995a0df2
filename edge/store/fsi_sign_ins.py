"""Who is signed in to the national interface: kept over a restart, so that a shift has one sign-in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from edge.clock import from_us, to_us
from edge.store import sql

KEEP_SIGN_IN = """
INSERT INTO fsi_sign_in (operator, sealed, began_at) VALUES (?, ?, ?)
ON CONFLICT (operator) DO UPDATE SET sealed = excluded.sealed, began_at = excluded.began_at
"""
SELECT_SIGN_INS = "SELECT operator, sealed, began_at FROM fsi_sign_in ORDER BY operator"
FORGET_SIGN_IN = "DELETE FROM fsi_sign_in WHERE operator = ?"


@dataclass(frozen=True, slots=True)
class SignInRow:
    """One sign-in."""

    operator: str
    sealed: bytes
    began_at: datetime


def keep_sign_in(tx: Connection, row: SignInRow) -> None:
    """Keep a sign-in in place of the operator's last one."""
    sql.change(tx, KEEP_SIGN_IN, (row.operator, row.sealed, to_us(row.began_at)))


def kept_sign_ins(tx: Connection) -> Sequence[SignInRow]:
    """Return every sign-in that is kept."""
    return [SignInRow(operator, sealed, from_us(at)) for operator, sealed, at in sql.rows(tx, SELECT_SIGN_INS)]


def forget_sign_in(tx: Connection, operator: str) -> None:
    """Forget an operator's sign-in."""
    sql.change(tx, FORGET_SIGN_IN, (operator,))
