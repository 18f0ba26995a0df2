"""Accounts, sessions and tokens as they are kept: hashes and digests only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from server.store.direct import Asked
from server.store.tables import account, api_token, session


class AccountRow(NamedTuple):
    """Somebody who may sign in."""

    name: str
    password_hash: str
    role: str
    is_active: bool
    failures: int
    locked_until_us: int | None
    created_us: int


class SessionRow(NamedTuple):
    """Somebody who is signed in."""

    account: str
    role: str
    is_active: bool
    expires_us: int


class TokenRow(NamedTuple):
    """A program that may call the API."""

    id: str
    digest: str
    label: str
    account: str
    role: str
    created_by: str
    created_us: int
    last_used_us: int | None
    revoked_us: int | None


def load_account(connection: Connection, name: str) -> AccountRow | None:
    """Return one account."""
    row = connection.execute(select(account).where(account.c.name == name)).first()
    return None if row is None else AccountRow._make(row)


def load_accounts(connection: Connection) -> Sequence[AccountRow]:
    """Return all accounts by name."""
    return [AccountRow._make(row) for row in connection.execute(select(account).order_by(account.c.name))]


def add_account(connection: Connection, row: AccountRow) -> None:
    """Add an account whose name is free."""
    connection.execute(insert(account).values(row._asdict()))


def change_account(connection: Connection, name: str, **values: Any) -> None:
    """Set columns of an account."""
    connection.execute(update(account).where(account.c.name == name).values(**values))


def add_session(connection: Connection, *, digest: str, name: str, created_us: int, expires_us: int) -> None:
    """Remember a sign-in."""
    connection.execute(
        insert(session).values(digest=digest, account=name, created_us=created_us, expires_us=expires_us)
    )


def load_session(connection: Connection, digest: str) -> SessionRow | None:
    """Return who is signed in with a token, by its digest."""
    asked = (
        select(session.c.account, account.c.role, account.c.is_active, session.c.expires_us)
        .join(account, account.c.name == session.c.account)
        .where(session.c.digest == digest)
    )
    row = connection.execute(asked).first()
    return None if row is None else SessionRow._make(row)


def end_session(connection: Connection, digest: str) -> None:
    """Forget one sign-in."""
    connection.execute(delete(session).where(session.c.digest == digest))


def end_sessions_of(connection: Connection, name: str) -> None:
    """Forget every sign-in of an account."""
    connection.execute(delete(session).where(session.c.account == name))


def end_expired_sessions(connection: Connection, now_us: int) -> None:
    """Forget sign-ins that have run out."""
    connection.execute(delete(session).where(session.c.expires_us <= now_us))


def add_token(connection: Connection, row: TokenRow) -> None:
    """Keep a new token's digest."""
    connection.execute(insert(api_token).values(row._asdict()))


def load_tokens(connection: Connection) -> Sequence[TokenRow]:
    """Return all tokens, revoked ones too, oldest first."""
    asked = select(api_token).order_by(api_token.c.created_us, api_token.c.id)
    return [TokenRow._make(row) for row in connection.execute(asked)]


_TOKEN = Asked(
    select(api_token, account)
    .join(account, account.c.name == api_token.c.account)
    .where(api_token.c.digest == bindparam("digest"))
)


def load_token(connection: Connection, digest: str) -> tuple[TokenRow, AccountRow] | None:
    """Return the token with this digest, and its account."""
    row = _TOKEN.row(connection, {"digest": digest})
    if row is None:
        return None
    width = len(TokenRow._fields)
    return TokenRow._make(row[:width]), AccountRow._make(row[width:])


def change_token(connection: Connection, token_id: str, **values: Any) -> int:
    """Set columns of a token; return how many tokens that were."""
    return connection.execute(update(api_token).where(api_token.c.id == token_id).values(**values)).rowcount
