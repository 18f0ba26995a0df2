"""API tokens: for programs. Shown once, kept as a digest, revoked by id.

A token acts for an account and never beyond it: it ends when the account is disabled, and allows no more than the
account's role does.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from codes.words import Words
from server.errors import ForbiddenError, SignInError
from server.people.roles import PERMISSIONS, Person, Role
from server.store import audit, people
from server.store.database import Store
from server.store.people import AccountRow, TokenRow
from server.store.times import micros, moment, moment_or_none
from web.errors import InvalidRequestError, NotFoundError
from web.passwords import new_token, token_digest

_LONGEST_LABEL = 64
_USE_RESOLUTION = timedelta(minutes=1)
"""How exactly the last use is kept: a write for every request would be too much."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it may be shown."""

    id: str
    label: str
    account: str
    role: Role
    created_by: str
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token that was just made, with the secret that is never shown again."""

    id: str
    secret: str


class Tokens:
    """Makes, lists, revokes and recognises tokens."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def create(self, label: str, account: str, *, by: Person, now: datetime, role: Role | None = None) -> NewToken:
        """Make a token that acts for `account`, with `role` or else the account's own.

        Raises:
            InvalidRequestError: The label does not do.
            NotFoundError: There is no such account.
            ForbiddenError: The role would allow more than the account's does.
        """
        if not 1 <= len(label) <= _LONGEST_LABEL or not label.isprintable():
            raise InvalidRequestError(
                Words(
                    f"令牌名称须为 1–{_LONGEST_LABEL} 个可见字符",
                    f"A label has 1 to {_LONGEST_LABEL} printable characters",
                )
            )
        made = NewToken(secrets.token_hex(4), new_token())
        with self._store.writing() as connection:
            owner = people.load_account(connection, account)
            if owner is None:
                raise NotFoundError(Words(f"没有账号 {account}", f"There is no account {account}"))
            chosen = _within(Role(owner.role), role)
            digest = token_digest(made.secret)
            people.add_token(
                connection, TokenRow(made.id, digest, label, account, chosen.value, by.name, micros(now), None, None)
            )
            audit.record(
                connection,
                at_us=micros(now),
                who=by.name,
                action="token.create",
                subject=made.id,
                detail={"label": label, "account": account, "role": chosen.value},
            )
        return made

    def revoke(self, token_id: str, *, by: Person, now: datetime) -> None:
        """End a token at once.

        Raises:
            NotFoundError: There is no such token.
        """
        with self._store.writing() as connection:
            if not people.change_token(connection, token_id, revoked_us=micros(now)):
                raise NotFoundError(Words(f"没有令牌 {token_id}", f"There is no token {token_id}"))
            audit.record(connection, at_us=micros(now), who=by.name, action="token.revoke", subject=token_id)

    def list(self) -> Sequence[Token]:
        """Return all tokens, revoked ones too."""
        with self._store.reading() as connection:
            rows = people.load_tokens(connection)
        return [
            Token(
                row.id,
                row.label,
                row.account,
                Role(row.role),
                row.created_by,
                moment(row.created_us),
                moment_or_none(row.last_used_us),
                moment_or_none(row.revoked_us),
            )
            for row in rows
        ]

    def who(self, secret: str, now: datetime) -> Person:
        """Return who a token stands for.

        Raises:
            SignInError: The token is unknown or revoked, or its account is disabled.
        """
        token, owner = self._used(secret, now)
        # The account may have been given a smaller role since.
        role = Role(token.role) if PERMISSIONS[Role(token.role)] <= PERMISSIONS[Role(owner.role)] else Role(owner.role)
        return Person(f"{owner.name}/{token.label}", role, owner.name)

    def id_of(self, secret: str, now: datetime) -> str:
        """Return the id of a token, for who asks what this very token is bound to.

        Raises:
            SignInError: The token is unknown or revoked, or its account is disabled.
        """
        return self._used(secret, now)[0].id

    def _used(self, secret: str, now: datetime) -> tuple[TokenRow, AccountRow]:
        """Return a token that is good, and its account; that it was used is noted."""
        with self._store.reading() as connection:
            found = people.load_token(connection, token_digest(secret))
        if found is None or found[0].revoked_us is not None or not found[1].is_active:
            raise SignInError(Words("访问令牌无效", "The access token is not valid"))
        token, owner = found
        if token.last_used_us is None or micros(now - _USE_RESOLUTION) > token.last_used_us:
            with self._store.writing() as connection:
                people.change_token(connection, token.id, last_used_us=micros(now))
        return token, owner


def _within(owner: Role, asked: Role | None) -> Role:
    if asked is None:
        return owner
    if not PERMISSIONS[asked] <= PERMISSIONS[owner]:
        raise ForbiddenError(
            Words(
                f"令牌的角色不能超过账号的角色 {owner}", f"A token cannot have a larger role than its account ({owner})"
            )
        )
    return asked
