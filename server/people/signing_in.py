"""Signing in with name and password, and staying so for some hours.

Wrong passwords lock an account for a while; a name that does not exist costs the same time and gets the same answer.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from codes.words import Words
from server.errors import LockedOutError, SignInError
from server.people.accounts import is_account_name
from server.people.roles import Person, Role
from server.store import audit, people
from server.store.database import Store
from server.store.people import AccountRow
from server.store.times import micros, moment
from web.passwords import PasswordCheck, hash_password, new_token, token_digest, verify_password

TRIES = 5
"""Wrong passwords in a row until the account is locked."""
LOCKED_FOR = timedelta(minutes=15)
_CHECKS_AT_ONCE = 2
"""Argon2 takes 19 MiB each time; a flood of sign-ins must not take all memory."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A sign-in that has just succeeded."""

    person: Person
    token: str
    """For the cookie; only its digest is kept here."""
    expires_at: datetime


class SigningIn:
    """Checks passwords and keeps sessions."""

    def __init__(self, store: Store, lasts: timedelta) -> None:
        self._store = store
        self._lasts = lasts
        self._checks = threading.BoundedSemaphore(_CHECKS_AT_ONCE)
        # What an unknown name is compared with, so that the answer takes as long as for a known one.
        self._nobody = hash_password(new_token())

    def sign_in(self, name: str, password: str, now: datetime) -> SignedIn:
        """Open a session.

        Raises:
            SignInError: Name or password is wrong, or the account is disabled.
            LockedOutError: Too many wrong passwords.
        """
        row = self._account(name)
        locked_until = _locked_until(row, now)
        if locked_until is not None:
            raise LockedOutError(
                Words(
                    f"密码错误次数过多，账号已锁定至 {locked_until:%H:%M}（UTC）",
                    f"Too many wrong passwords; locked until {locked_until:%H:%M} UTC",
                )
            )
        with self._checks:
            check = verify_password(row.password_hash if row else self._nobody, password)
        if row is None or not check.is_right or not row.is_active:
            self._count_failure(row, check, now)
            raise SignInError(Words("账号或密码错误", "Name or password is wrong"))
        return self._open_session(row, password if check.needs_rehash else None, now)

    def who(self, token: str, now: datetime) -> Person:
        """Return who holds a session's token.

        Raises:
            SignInError: The session is unknown, has run out, or its account is disabled.
        """
        with self._store.reading() as connection:
            row = people.load_session(connection, token_digest(token))
        if row is None or not row.is_active or row.expires_us <= micros(now):
            raise SignInError(Words("登录已失效", "The session has ended"))
        return Person(row.account, Role(row.role), row.account)

    def sign_out(self, token: str) -> None:
        """End a session; one that is unknown has ended already."""
        with self._store.writing() as connection:
            people.end_session(connection, token_digest(token))

    def _account(self, name: str) -> AccountRow | None:
        if not is_account_name(name):
            return None
        with self._store.reading() as connection:
            return people.load_account(connection, name)

    def _count_failure(self, row: AccountRow | None, check: PasswordCheck, now: datetime) -> None:
        if row is None or check.is_right:
            return
        with self._store.writing() as connection:
            current = people.load_account(connection, row.name)
            failures = (current.failures if current else 0) + 1
            if failures < TRIES:
                people.change_account(connection, row.name, failures=failures)
                return
            until_us = micros(now + LOCKED_FOR)
            people.change_account(connection, row.name, failures=0, locked_until_us=until_us)
            audit.record(connection, at_us=micros(now), who=row.name, action="account.locked", subject=row.name)

    def _open_session(self, row: AccountRow, rehash: str | None, now: datetime) -> SignedIn:
        token = new_token()
        expires = now + self._lasts
        values: dict[str, object] = {"failures": 0, "locked_until_us": None}
        if rehash is not None:
            values["password_hash"] = hash_password(rehash)
        with self._store.writing() as connection:
            people.end_expired_sessions(connection, micros(now))
            people.change_account(connection, row.name, **values)
            people.add_session(
                connection,
                digest=token_digest(token),
                name=row.name,
                created_us=micros(now),
                expires_us=micros(expires),
            )
        return SignedIn(Person(row.name, Role(row.role), row.name), token, expires)


def _locked_until(row: AccountRow | None, now: datetime) -> datetime | None:
    if row is None or row.locked_until_us is None or row.locked_until_us <= micros(now):
        return None
    return moment(row.locked_until_us)
