"""Accounts: made with a password that is shown once and kept only as a hash."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from codes.words import Words
from edge.operators.errors import (
    LoginFormError,
    OperatorDisabledError,
    OperatorExistsError,
    OperatorUnknownError,
    WeakPasswordError,
)
from edge.store import shifts
from edge.store.shifts import OperatorRow
from web.passwords import hash_password, new_password

FIRST_LOGIN = "yaoshi"
"""药师, pharmacist: the login that a new terminal comes with."""
SHORTEST_PASSWORD = 10
_FIRST_NAME = "药师"
_LOGIN = re.compile(r"[A-Za-z0-9._-]{1,32}")
_LONGEST_NAME = 64


@dataclass(frozen=True, slots=True)
class NewPassword:
    """A password to be shown once."""

    login: str
    password: str


def add_account(
    connection: Connection, login: str, name: str, now: datetime, password: str | None = None
) -> NewPassword:
    """Add an operator, with a password of our making unless one is given.

    Raises:
        LoginFormError: The login or the name has the wrong form.
        WeakPasswordError: The given password is too short.
        OperatorExistsError: There is one already.
    """
    if not _LOGIN.fullmatch(login) or not 0 < len(name) <= _LONGEST_NAME:
        raise LoginFormError(Words(f"工号 {login!r} 或姓名不可用", f"Login {login!r} or the name cannot be used"))
    password = _chosen(password)
    row = OperatorRow(login, name, hash_password(password), now)
    with connection.begin():
        if shifts.find_operator(connection, login) is not None:
            raise OperatorExistsError(Words(f"工号 {login} 已存在", f"There is an operator {login} already"))
        shifts.add_operator(connection, row)
    return NewPassword(login, password)


def add_first_account(connection: Connection, now: datetime) -> NewPassword | None:
    """Add the first operator of a new terminal; None if there are operators."""
    with connection.begin():
        if shifts.all_operators(connection):
            return None
    return add_account(connection, FIRST_LOGIN, _FIRST_NAME, now)


def renew_password(connection: Connection, login: str, password: str | None = None) -> NewPassword:
    """Give an operator a new password. Whoever is signed in with the old one is signed out.

    Raises:
        WeakPasswordError: The given password is too short.
        OperatorUnknownError: There is no such operator.
    """
    password = _chosen(password)
    hashed = hash_password(password)
    with connection.begin():
        _known(connection, login)
        shifts.set_password(connection, login, hashed)
        shifts.forget_guesses(connection, login)
        shifts.end_sessions_of(connection, login)
    return NewPassword(login, password)


def disable_account(connection: Connection, login: str, now: datetime) -> None:
    """Refuse an operator from now on, and sign them out everywhere. Shifts and sales of before stay theirs.

    Raises:
        OperatorUnknownError: There is no such operator.
    """
    with connection.begin():
        _known(connection, login)
        shifts.disable_operator(connection, login, now)
        shifts.end_sessions_of(connection, login)


def enable_account(connection: Connection, login: str) -> None:
    """Let a disabled operator sign in again, with the password of before.

    Raises:
        OperatorUnknownError: There is no such operator.
    """
    with connection.begin():
        _known(connection, login)
        shifts.enable_operator(connection, login)


def acting_account(tx: Connection, login: str) -> OperatorRow:
    """Return an operator in whose name something may be done.

    Raises:
        OperatorUnknownError: There is none of this login.
        OperatorDisabledError: Not any more.
    """
    found = _known(tx, login)
    if found.disabled_at is not None:
        raise OperatorDisabledError(login)
    return found


def _known(tx: Connection, login: str) -> OperatorRow:
    found = shifts.find_operator(tx, login)
    if found is None:
        raise OperatorUnknownError(Words(f"没有工号 {login}", f"There is no operator {login}"))
    return found


def _chosen(password: str | None) -> str:
    if password is None:
        return new_password()
    if len(password) < SHORTEST_PASSWORD:
        raise WeakPasswordError(
            Words(f"密码至少 {SHORTEST_PASSWORD} 个字符", f"A password has at least {SHORTEST_PASSWORD} characters")
        )
    return password
