"""Whom a store trusts, and which trust a restored one brings back that was withdrawn since its backup."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, delete, select

from server.store.tables import account, api_token, session, terminal
from wire.receipts import Trust

Kind = Literal["terminal", "account", "token"]
Why = Literal["revoked", "pending", "key", "disabled", "password", "role", "absent"]


@dataclass(frozen=True, slots=True)
class TrustedNow:
    """Whom a store trusts."""

    terminals: Mapping[str, tuple[str, bytes]]
    """Trust and public key, by name; every registered terminal."""
    accounts: Mapping[str, tuple[bool, str, str]]
    """Whether it may sign in, password hash and role, by name."""
    tokens: Mapping[str, tuple[bool, str]]
    """Whether it opens the API, and its label, by id."""

    @property
    def counts(self) -> dict[Kind, int]:
        """How many are trusted, by kind."""
        return {
            "terminal": sum(trust == Trust.APPROVED for trust, _ in self.terminals.values()),
            "account": sum(is_active for is_active, _, _ in self.accounts.values()),
            "token": sum(is_open for is_open, _ in self.tokens.values()),
        }


@dataclass(frozen=True, slots=True)
class TrustedAgain:
    """A trust that was withdrawn or changed after the backup, and that the backup brings back."""

    kind: Kind
    name: str
    why: Why
    """What had become of it: `key`, `password` and `role` mean that another one counted since; `absent` that the
    store which was replaced did not know it."""


def load_trusted_now(connection: Connection) -> TrustedNow:
    """Return whom the store trusts. It reads only columns that every release has had."""
    terminals = connection.execute(select(terminal.c.id, terminal.c.trust, terminal.c.public_key))
    accounts = connection.execute(select(account.c.name, account.c.is_active, account.c.password_hash, account.c.role))
    tokens = connection.execute(select(api_token.c.id, api_token.c.revoked_us, api_token.c.label))
    return TrustedNow(
        {name: (trust, bytes(key)) for name, trust, key in terminals},
        {name: (bool(is_active), digest, role) for name, is_active, digest, role in accounts},
        {number: (revoked is None, label) for number, revoked, label in tokens},
    )


def trusted_again(restored: TrustedNow, former: TrustedNow) -> list[TrustedAgain]:
    """Return the trust that `restored` gives and `former`, the store that it replaces, no longer gave."""
    found: list[TrustedAgain] = []
    for name, (trust, key) in sorted(restored.terminals.items()):
        if trust == Trust.APPROVED and (why := _of_terminal(key, former.terminals.get(name))):
            found.append(TrustedAgain("terminal", name, why))
    for name, (is_active, digest, role) in sorted(restored.accounts.items()):
        if is_active and (why := _of_account(digest, role, former.accounts.get(name))):
            found.append(TrustedAgain("account", name, why))
    for number, (is_open, label) in sorted(restored.tokens.items()):
        was = former.tokens.get(number)
        if is_open and (was is None or not was[0]):
            found.append(TrustedAgain("token", f"{number} {label}".strip(), "absent" if was is None else "revoked"))
    return found


def end_sessions(connection: Connection) -> int:
    """Sign everybody out; return how many sessions ended."""
    return connection.execute(delete(session)).rowcount


def _of_terminal(key: bytes, former: tuple[str, bytes] | None) -> Why | None:
    if former is None:
        return "absent"
    trust, key_since = former
    if trust != Trust.APPROVED:
        return "revoked" if trust == Trust.REVOKED else "pending"
    return "key" if key_since != key else None


def _of_account(digest: str, role: str, former: tuple[bool, str, str] | None) -> Why | None:
    if former is None:
        return "absent"
    is_active, digest_since, role_since = former
    if not is_active:
        return "disabled"
    if digest_since != digest:
        return "password"
    return "role" if role_since != role else None
