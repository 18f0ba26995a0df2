"""Accounts: made with a random password that is shown once, changed by name, never deleted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from codes.words import Words
from server.errors import ConflictError
from server.people.roles import Person, Role
from server.store import audit, people
from server.store.database import Store
from server.store.people import AccountRow
from server.store.times import micros, moment, moment_or_none
from web.errors import InvalidRequestError, NotFoundError
from web.passwords import hash_password, new_password

FIRST_ADMIN = "admin"
SHORTEST_PASSWORD = 10
_LONGEST_PASSWORD = 200
_NAME = re.compile(r"[\w.@-]{1,32}")


@dataclass(frozen=True, slots=True)
class Account:
    """An account as it may be shown."""

    name: str
    role: Role
    is_active: bool
    locked_until: datetime | None
    created_at: datetime


class Accounts:
    """Makes, changes and lists accounts."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add_first_admin(self, now: datetime) -> str | None:
        """Make an administrator if none can sign in, and return the password; it cannot be had again.

        Raises:
            ConflictError: Its name belongs to somebody who is no administrator.
        """
        with self._store.writing() as connection:
            accounts = people.load_accounts(connection)
            if any(_is_acting_admin(row) for row in accounts):
                return None
            if any(row.name == FIRST_ADMIN for row in accounts):
                raise ConflictError(
                    Words(
                        f"还没有可用的管理员，而 {FIRST_ADMIN} 已是他人的账号",
                        f"There is no active administrator, and {FIRST_ADMIN} is an account of another role",
                    ),
                    next_step=Words(
                        "请执行 `yima server user add NAME --role admin --config FILE` 添加管理员，再启动中心。",
                        "Add one with `yima server user add NAME --role admin --config FILE`, then start the centre.",
                    ),
                )
            password = new_password()
            people.add_account(connection, _row(FIRST_ADMIN, password, Role.ADMIN, now))
            audit.record(
                connection, at_us=micros(now), who="first start", action="account.add", subject=FIRST_ADMIN, detail=None
            )
        return password

    def add(self, name: str, role: Role, *, by: Person, now: datetime, password: str | None = None) -> str:
        """Make an account and return its password.

        Raises:
            InvalidRequestError: The name or the password does not do.
            ConflictError: The name is taken.
        """
        if not is_account_name(name):
            raise InvalidRequestError(
                Words("账号名须为 1–32 个字母、数字、汉字或 . _ @ -", "A name has 1 to 32 letters, digits or . _ @ -")
            )
        chosen = _checked(password)
        with self._store.writing() as connection:
            if people.load_account(connection, name):
                raise ConflictError(Words(f"账号 {name} 已存在", f"The account {name} exists already"))
            people.add_account(connection, _row(name, chosen, role, now))
            audit.record(
                connection,
                at_us=micros(now),
                who=by.name,
                action="account.add",
                subject=name,
                detail={"role": role.value},
            )
        return chosen

    def set_password(self, name: str, *, by: Person, now: datetime, password: str | None = None) -> str:
        """Give an account a new password, unlock it, and end its sessions. Return the password.

        Raises:
            InvalidRequestError: The password does not do.
            NotFoundError: There is no such account.
        """
        chosen = _checked(password)
        with self._store.writing() as connection:
            _existing(people.load_account(connection, name), name)
            people.change_account(
                connection, name, password_hash=hash_password(chosen), failures=0, locked_until_us=None
            )
            people.end_sessions_of(connection, name)
            audit.record(connection, at_us=micros(now), who=by.name, action="account.password", subject=name)
        return chosen

    def set_active(self, name: str, *, is_active: bool, by: Person, now: datetime) -> None:
        """Let an account sign in, or no longer; then its sessions end at once.

        Raises:
            NotFoundError: There is no such account.
            ConflictError: It is the last administrator.
        """
        with self._store.writing() as connection:
            account = _existing(people.load_account(connection, name), name)
            others = [row for row in people.load_accounts(connection) if row.name != name]
            if not is_active and _is_acting_admin(account) and not any(_is_acting_admin(row) for row in others):
                raise ConflictError(Words("不能停用最后一名管理员", "The last administrator cannot be disabled"))
            people.change_account(connection, name, is_active=is_active)
            people.end_sessions_of(connection, name)
            action = "account.enable" if is_active else "account.disable"
            audit.record(connection, at_us=micros(now), who=by.name, action=action, subject=name)

    def list(self) -> Sequence[Account]:
        """Return all accounts by name."""
        with self._store.reading() as connection:
            rows = people.load_accounts(connection)
        return [
            Account(
                row.name,
                Role(row.role),
                bool(row.is_active),
                moment_or_none(row.locked_until_us),
                moment(row.created_us),
            )
            for row in rows
        ]


def is_account_name(name: str) -> bool:
    """Tell whether an account may have this name."""
    return _NAME.fullmatch(name) is not None


def _row(name: str, password: str, role: Role, now: datetime) -> AccountRow:
    return AccountRow(name, hash_password(password), role.value, True, 0, None, micros(now))


def _is_acting_admin(row: AccountRow) -> bool:
    return bool(row.is_active) and row.role == Role.ADMIN


def _existing(row: AccountRow | None, name: str) -> AccountRow:
    if row is None:
        raise NotFoundError(Words(f"没有账号 {name}", f"There is no account {name}"))
    return row


def _checked(password: str | None) -> str:
    if password is None:
        return new_password()
    if not SHORTEST_PASSWORD <= len(password) <= _LONGEST_PASSWORD:
        raise InvalidRequestError(
            Words(
                f"密码须为 {SHORTEST_PASSWORD}–{_LONGEST_PASSWORD} 个字符",
                f"A password has {SHORTEST_PASSWORD} to {_LONGEST_PASSWORD} characters",
            )
        )
    return password
