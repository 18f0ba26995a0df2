"""The registry of terminals: whose key, whose institution, and how they are."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select, update

from server.store import bulk
from server.store.tables import terminal


class TrustedRow(NamedTuple):
    """What the ingest needs of a terminal."""

    id: str
    public_key: bytes
    trust: str
    institution: str


class TerminalRow(NamedTuple):
    """A terminal as the registry has it."""

    id: str
    area: str
    public_key: bytes
    trust: str
    institution: str
    label: str
    first_seen_us: int
    decided_by: str | None
    decided_us: int | None
    version: str
    epoch: str
    session: str
    session_us: int
    """When the session began, by the terminal's clock."""
    presence: str
    presence_us: int
    last_seen_us: int
    health_us: int | None
    pending: int | None
    dead_letters: int | None
    oldest_pending_us: int | None
    devices: str | None
    health: str | None = None
    """The last report as it came, JSON (`wire.presence.Health`)."""


_TRUSTED = (terminal.c.id, terminal.c.public_key, terminal.c.trust, terminal.c.institution)


def load_trusted(connection: Connection, ids: Collection[str]) -> dict[str, TrustedRow]:
    """Return keys and trust of the terminals among `ids` that are registered."""
    return {row[0]: TrustedRow._make(row) for row in bulk.fetch(connection, _TRUSTED, terminal.c.id, ids)}


def load_terminals(connection: Connection, ids: Collection[str]) -> dict[str, TerminalRow]:
    """Return the terminals among `ids` that are registered, kept from other writers until the transaction ends."""
    rows = bulk.fetch_locked(connection, tuple(terminal.columns), terminal.c.id, ids)
    return {row[0]: TerminalRow._make(row) for row in rows}


def load_terminal(connection: Connection, terminal_id: str) -> TerminalRow | None:
    """Return one terminal, kept from other writers until the transaction ends."""
    return load_terminals(connection, [terminal_id]).get(terminal_id)


def find_terminal(connection: Connection, terminal_id: str) -> TerminalRow | None:
    """Return one terminal, for reading only."""
    row = connection.execute(select(terminal).where(terminal.c.id == terminal_id)).first()
    return None if row is None else TerminalRow._make(row)


def count_terminals(connection: Connection) -> dict[str, int]:
    """Return how many terminals there are in each state of trust."""
    asked = select(terminal.c.trust, func.count()).group_by(terminal.c.trust)
    return dict(map(tuple, connection.execute(asked)))


def add_terminal(connection: Connection, row: TerminalRow) -> None:
    """Register a terminal.

    Raises:
        StoreContentionError: Another worker registered it meanwhile.
    """
    bulk.claim(connection, terminal, [row])


def change_terminal(connection: Connection, terminal_id: str, **values: Any) -> None:
    """Set columns of a registered terminal."""
    connection.execute(update(terminal).where(terminal.c.id == terminal_id).values(**values))


def replace_terminals(connection: Connection, rows: Sequence[TerminalRow]) -> None:
    """Write the rows of registered terminals, all columns of each."""
    bulk.insert_or_replace(connection, terminal, rows)
