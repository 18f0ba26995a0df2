"""Rows of API tokens. Of a token only its digest is here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from edge.clock import from_us, to_us
from edge.store import sql

ADD_TOKEN = "INSERT INTO api_token (digest, name, scopes, created_at) VALUES (?, ?, ?, ?)"  # noqa: S105 - a statement
BY_DIGEST = "SELECT name, scopes, created_at, revoked_at, used_at FROM api_token WHERE digest = ?"
FIND_LIVE = "SELECT digest FROM api_token WHERE name = ? AND revoked_at IS NULL"
ALL = "SELECT name, scopes, created_at, revoked_at, used_at FROM api_token ORDER BY created_at, name"
REVOKE = "UPDATE api_token SET revoked_at = ? WHERE name = ? AND revoked_at IS NULL"
NOTE_USE = "UPDATE api_token SET used_at = ? WHERE digest = ?"


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A token as it may be shown."""

    name: str
    """Of the program, as whoever made the token called it."""
    scopes: str
    """What it allows, by spaces."""
    created_at: datetime
    revoked_at: datetime | None
    used_at: datetime | None
    """When it was last used, to the hour."""


def add_token(tx: Connection, digest: str, name: str, scopes: str, now: datetime) -> None:
    """Keep a new token."""
    sql.change(tx, ADD_TOKEN, (digest, name, scopes, to_us(now)))


def find_token(tx: Connection, digest: str) -> TokenRow | None:
    """Return a token by its digest, revoked or not."""
    row = sql.first(tx, BY_DIGEST, (digest,))
    return None if row is None else _token(row)


def is_in_use(tx: Connection, name: str) -> bool:
    """Tell whether a token of this name is in force."""
    return sql.first(tx, FIND_LIVE, (name,)) is not None


def all_tokens(tx: Connection) -> list[TokenRow]:
    """Return every token, oldest first."""
    return [_token(row) for row in sql.rows(tx, ALL)]


def revoke_token(tx: Connection, name: str, now: datetime) -> bool:
    """End the token of this name; tell whether there was one in force."""
    return sql.change(tx, REVOKE, (to_us(now), name)) > 0


def note_use(tx: Connection, digest: str, now: datetime) -> None:
    """Note that a token was used."""
    sql.change(tx, NOTE_USE, (to_us(now), digest))


def _token(row: sql.Row) -> TokenRow:
    name, scopes, created_at, revoked_at, used_at = row
    return TokenRow(
        name,
        scopes,
        from_us(created_at),
        None if revoked_at is None else from_us(revoked_at),
        None if used_at is None else from_us(used_at),
    )
