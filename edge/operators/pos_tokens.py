"""API tokens of a terminal: for programs beside it that have no browser. Shown once, kept as a digest, revoked by name.

A token is no operator. What it does happens in the shift that is open, in the name of the operator who opened it; where
nobody is at work it may only look. A scan tells by its device which program it came from (`pos:NAME`).
"""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection

from codes.words import Words
from edge.operators.errors import TokenExistsError, TokenFormError, TokenUnknownError
from edge.operators.guesses import after_guess, wait_for
from edge.store import api_tokens
from edge.store.api_tokens import TokenRow
from edge.store.shifts import Guesses
from web.passwords import new_token, token_digest

_NAME = re.compile(r"[A-Za-z0-9._-]{1,32}")
_USE_RESOLUTION = timedelta(hours=1)
_MOST_CALLERS = 1_000
_MOST_KNOWN = 100


class Scope(StrEnum):
    """What a token allows."""

    READ = "read"
    """Look: the list, scans, the live stream, how the terminal is."""
    SCAN = "scan"
    """Hand codes in."""
    SELL = "sell"
    """Close, cancel, correct, take back, settle."""


EVERY_SCOPE = tuple(Scope)


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token that was just made, to be shown once."""

    name: str
    secret: str
    scopes: tuple[Scope, ...]


@dataclass(frozen=True, slots=True)
class Program:
    """A program that showed a good token."""

    name: str
    scopes: frozenset[str]
    digest: str
    used_at: datetime | None

    def is_use_news(self, now: datetime) -> bool:
        """Tell whether it is to be noted that it was used: not at each request."""
        return self.used_at is None or now - self.used_at > _USE_RESOLUTION


def make_token(connection: Connection, name: str, scopes: tuple[Scope, ...], now: datetime) -> NewToken:
    """Make a token.

    Raises:
        TokenFormError: The name cannot be used, or there is no scope.
        TokenExistsError: One of this name is in force.
    """
    if not _NAME.fullmatch(name) or not scopes:
        raise TokenFormError(Words(f"令牌名称 {name!r} 或权限不可用", f"Name {name!r} or the scopes cannot be used"))
    ordered = tuple(scope for scope in Scope if scope in scopes)
    secret = new_token()
    with connection.begin():
        if api_tokens.is_in_use(connection, name):
            raise TokenExistsError(Words(f"令牌 {name} 已存在", f"There is a token {name} already"))
        api_tokens.add_token(connection, token_digest(secret), name, " ".join(ordered), now)
    return NewToken(name, secret, ordered)


def revoke(connection: Connection, name: str, now: datetime) -> None:
    """End a token at once, in a running terminal too.

    Raises:
        TokenUnknownError: None of this name is in force.
    """
    with connection.begin():
        if not api_tokens.revoke_token(connection, name, now):
            raise TokenUnknownError(Words(f"没有生效的令牌 {name}", f"No token {name} is in force"))


def list_tokens(connection: Connection) -> list[TokenRow]:
    """Return every token, revoked ones too."""
    with connection.begin():
        return api_tokens.all_tokens(connection)


def find_program(tx: Connection, secret: str) -> Program | None:
    """Return the program that a token stands for; None if it is not in force."""
    digest = token_digest(secret)
    row = api_tokens.find_token(tx, digest)
    if row is None or row.revoked_at is not None:
        return None
    return Program(row.name, frozenset(row.scopes.split()), digest, row.used_at)


class TokenGuesses:
    """Wrong tokens by the address they came from, while the terminal runs.

    A token cannot be guessed, but nobody shall try for nothing. A program that has shown its token before is not held
    up by another one on its machine that shows a wrong one again and again.
    """

    def __init__(self) -> None:
        self._guesses: OrderedDict[str, Guesses] = OrderedDict()
        self._known: OrderedDict[tuple[str, str], None] = OrderedDict()

    def wait(self, caller: str, digest: str, now: datetime) -> timedelta:
        """Return how long a caller must wait before this token is looked at."""
        return timedelta() if (caller, digest) in self._known else wait_for(self._guesses.get(caller), now)

    def note_wrong(self, caller: str, digest: str, now: datetime) -> None:
        """Note a token that is not in force."""
        self._known.pop((caller, digest), None)
        self._guesses[caller] = after_guess(self._guesses.get(caller), now)
        self._guesses.move_to_end(caller)
        if len(self._guesses) > _MOST_CALLERS:
            self._guesses.popitem(last=False)

    def note_right(self, caller: str, digest: str) -> None:
        """Note a token that is in force."""
        self._guesses.pop(caller, None)
        self._known[caller, digest] = None
        self._known.move_to_end((caller, digest))
        if len(self._known) > _MOST_KNOWN:
            self._known.popitem(last=False)
