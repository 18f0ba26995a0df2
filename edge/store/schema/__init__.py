"""The history of the terminal's schema: one numbered file per step, applied in order, each in one transaction.

A file that has been released is never edited; a change is a new file.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources

from sqlalchemy import Connection

APPLICATION_ID = 0x59696D61
"""`Yima` in SQLite's header: what tells our store from any other database."""

READ_VERSION = "PRAGMA user_version"


@dataclass(frozen=True, slots=True)
class Step:
    """One file of the history."""

    version: int
    """The schema's version after this step, from 1."""
    statements: tuple[str, ...]


def history() -> tuple[Step, ...]:
    """Return every step, oldest first."""
    files = sorted(
        (file for file in resources.files(__package__).iterdir() if file.name.endswith(".sql")),
        key=lambda file: file.name,
    )
    return tuple(
        Step(int(file.name.partition("_")[0]), tuple(_statements(file.read_text(encoding="utf-8")))) for file in files
    )


def schema_version(connection: Connection) -> int:
    """Return the version that the store has; 0 if it is new."""
    return int(connection.exec_driver_sql(READ_VERSION).scalar_one())


def apply(connection: Connection, step: Step) -> None:
    """Apply one step inside the caller's transaction."""
    for statement in step.statements:
        connection.exec_driver_sql(statement)
    # The version is part of the same transaction: a step is either done and counted, or neither.
    connection.exec_driver_sql(f"{READ_VERSION} = {step.version}")


def _statements(script: str) -> Iterator[str]:
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending.strip()
            pending = ""
