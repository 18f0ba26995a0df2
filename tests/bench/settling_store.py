"""The databases that settlements are measured on: where the centre finds one, and what a bare commit costs there."""

from __future__ import annotations

import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from sim.postgres import private_cluster
from tests.bench.floor_drain import open_database

COMMITS = 200
_ROW_BYTES = 2_000


@dataclass(frozen=True, slots=True)
class SettlingStore:
    """One database, looked at past the centre."""

    name: str
    url: str
    commits: str
    """What a commit of the floor is."""
    count: Callable[[str], int]
    """How many rows a table has."""
    commits_ms: Callable[[], list[float]]
    """How long commits of one row take, one after the other."""


def on_sqlite(folder: Path) -> SettlingStore:
    """Return a file in the folder."""

    def count(table: str) -> int:
        with closing(sqlite3.connect(folder / "centre.db")) as raw:
            found: int = raw.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 - our own words
            return found

    def commits_ms() -> list[float]:
        table = "CREATE TABLE message (id TEXT PRIMARY KEY, body BLOB)"
        with closing(open_database(folder / "floor.db", table)) as bare:

            def commit(number: int, body: bytes) -> None:
                bare.execute("BEGIN IMMEDIATE")
                bare.execute("INSERT INTO message VALUES (?, ?)", (f"{number:030d}", body))
                bare.execute("COMMIT")

            return _timed(commit)

    return SettlingStore("SQLite", "sqlite:///centre.db", "SQLite WAL FULL", count, commits_ms)


@contextmanager
def on_postgresql() -> Iterator[SettlingStore]:
    """Give a database of a cluster of its own.

    Raises:
        PostgresMissingError: There is nothing to start here.
    """
    with private_cluster() as cluster:
        for name in ("centre", "floor"):
            with psycopg.connect(f"{cluster}/postgres", autocommit=True) as connection:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))

        def count(table: str) -> int:
            with psycopg.connect(f"{cluster}/centre") as raw:
                row = raw.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))).fetchone()
                return 0 if row is None else int(row[0])

        def commits_ms() -> list[float]:
            with psycopg.connect(f"{cluster}/floor", autocommit=True) as bare:
                bare.execute("CREATE TABLE message (id text PRIMARY KEY, body bytea)")

                def commit(number: int, body: bytes) -> None:
                    bare.execute("INSERT INTO message VALUES (%s, %s)", (f"{number:030d}", body))

                return _timed(commit)

        yield SettlingStore("PostgreSQL", f"{cluster}/centre", "PostgreSQL as it comes", count, commits_ms)


def _timed(commit: Callable[[int, bytes], None]) -> list[float]:
    times = []
    for number in range(COMMITS):
        body = secrets.token_bytes(_ROW_BYTES)
        began = time.perf_counter()
        commit(number, body)
        times.append((time.perf_counter() - began) * 1_000)
    return times
