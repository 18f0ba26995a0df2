from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, select, text

from server.errors import (
    DamagedStoreError,
    NotDurableError,
    StoreContentionError,
    StoreRefusedError,
    StoreUnavailableError,
)
from server.store import bulk, sqlite, tables
from server.store.database import Store, open_store
from server.store.times import moment

COUNT_UP = "UPDATE centre SET value = CAST(CAST(value AS INTEGER) + 1 AS TEXT) WHERE name = 'c'"


def reopened(url: str, epoch: str = "another") -> Store:
    return open_store(url, new_epoch=lambda: epoch)


def put(connection: Connection, name: str, value: str = "v") -> None:
    connection.execute(insert(tables.centre).values(name=name, value=value))


def names(store: Store) -> set[str]:
    with store.reading() as connection:
        return set(connection.scalars(select(tables.centre.c.name)))


def test_the_epoch_is_made_once_and_kept(store: Store, store_url: str) -> None:
    assert store.epoch == "epoch-1"
    again = reopened(store_url)
    assert again.epoch == "epoch-1"
    again.close()


def test_a_block_that_fails_commits_nothing(store: Store) -> None:
    def fail() -> None:
        with store.writing() as connection:
            put(connection, "half")
            raise InterruptedError

    with pytest.raises(InterruptedError):
        fail()
    assert names(store) == {"epoch"}


def test_what_is_committed_is_there_for_others(store: Store, store_url: str) -> None:
    with store.writing() as connection:
        put(connection, "kept")
    again = reopened(store_url)
    assert names(again) == {"epoch", "kept"}
    again.close()


@pytest.mark.req("T-01")
def test_sqlite_is_durable_on_every_connection(tmp_path: Path) -> None:
    store = reopened(f"sqlite:///{tmp_path}/deep/er/centre.db")
    for block in (store.reading, store.writing):
        with block() as connection:
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    store.close()


def test_a_database_that_cannot_be_durable_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "_PRAGMAS", ("PRAGMA synchronous=NORMAL",))

    with pytest.raises(NotDurableError, match="synchronous=1"):
        reopened(f"sqlite:///{tmp_path}/centre.db")


def test_a_file_that_is_no_database_is_named_corrupt(tmp_path: Path) -> None:
    (tmp_path / "centre.db").write_bytes(b"not a database, but long enough to be read as one" * 200)

    with pytest.raises(DamagedStoreError) as refused:
        reopened(f"sqlite:///{tmp_path}/centre.db")
    assert refused.value.next_step.zh


def test_a_damaged_file_is_named_corrupt(tmp_path: Path) -> None:
    path = tmp_path / "centre.db"
    store = reopened(f"sqlite:///{path}")
    with store.writing() as connection:
        for number in range(2_000):
            put(connection, f"name-{number}", "x" * 100)
    store.close()
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(8_192)
        file.write(b"\xa5" * (size - 8_192))

    def read_all() -> None:
        with closing(reopened(f"sqlite:///{path}")) as damaged:
            names(damaged)

    with pytest.raises(DamagedStoreError):
        read_all()


@pytest.mark.parametrize("url", ["sqlite:////proc/nowhere/centre.db", "postgresql://yima@127.0.0.1:1/none"])
def test_a_database_that_is_not_there_may_come_back(url: str) -> None:
    with pytest.raises(StoreUnavailableError):
        reopened(url)


def test_a_constraint_is_a_refusal_and_not_a_fault_of_the_database(store: Store) -> None:
    def twice() -> None:
        with store.writing() as connection:
            put(connection, "same")
            put(connection, "same")

    with pytest.raises(StoreRefusedError):
        twice()


def test_a_number_that_no_column_holds_is_a_refusal_too(store: Store) -> None:
    def too_large() -> None:
        with store.writing() as connection:
            connection.execute(
                insert(tables.alarm).values(
                    terminal="", code="c", subject="", zh="", en="", first_us=0, last_us=0, times=2**63
                )
            )

    with pytest.raises(StoreRefusedError):
        too_large()


def test_a_stored_time_that_no_calendar_has_is_not_called_a_number_only(store: Store) -> None:
    with pytest.raises(StoreRefusedError, match="A number or a time is out of range"), store.reading():
        moment(2**62)


def test_writers_take_turns(store: Store) -> None:
    def count_up() -> None:
        for _ in range(20):
            with store.writing() as connection:
                connection.execute(
                    text("UPDATE centre SET value = CAST(CAST(value AS INTEGER) + 1 AS TEXT) WHERE name = 'c'")
                )

    with store.writing() as connection:
        put(connection, "c", "0")
    threads = [threading.Thread(target=count_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with store.reading() as connection:
        assert connection.scalar(select(tables.centre.c.value).where(tables.centre.c.name == "c")) == "80"


def test_another_process_that_writes_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "centre.db"
    store = reopened(f"sqlite:///{path}")
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(0.2, other.rollback)
    timer.start()

    with store.writing() as connection:
        put(connection, "after")

    timer.join()
    other.close()
    assert "after" in names(store)
    store.close()


class TestBulk:
    rows = (("a", "1"), ("b", "2"))

    def contents(self, store: Store) -> dict[str, str]:
        with store.reading() as connection:
            found = bulk.fetch(
                connection, (tables.centre.c.name, tables.centre.c.value), tables.centre.c.name, ["a", "b", "c"]
            )
            return dict(map(tuple, found))

    def test_rows_are_inserted_skipped_or_replaced(self, store: Store) -> None:
        with store.writing() as connection:
            bulk.insert_all(connection, tables.centre, self.rows)
            bulk.insert_missing(connection, tables.centre, [("b", "x"), ("c", "3")])
        assert self.contents(store) == {"a": "1", "b": "2", "c": "3"}
        with store.writing() as connection:
            bulk.insert_or_replace(connection, tables.centre, [("b", "y")])
        assert self.contents(store) == {"a": "1", "b": "y", "c": "3"}

    def test_nothing_is_nothing(self, store: Store) -> None:
        with store.writing() as connection:
            for write in (bulk.insert_all, bulk.insert_missing, bulk.insert_or_replace, bulk.claim):
                write(connection, tables.centre, [])
            assert bulk.fetch_locked(connection, (tables.centre.c.name,), tables.centre.c.name, []) == []

    def test_a_key_that_is_taken_cannot_be_claimed(self, store: Store) -> None:
        with store.writing() as connection:
            bulk.claim(connection, tables.centre, self.rows)

        def claim_again() -> None:
            with store.writing() as connection:
                bulk.claim(connection, tables.centre, [("c", "3"), ("a", "9")])

        with pytest.raises((StoreContentionError, StoreRefusedError)):
            claim_again()
        assert self.contents(store) == {"a": "1", "b": "2"}

    def test_thousands_of_keys_are_looked_up(self, store: Store) -> None:
        many = [(f"k{number}", str(number)) for number in range(25_000)]
        with store.writing() as connection:
            bulk.insert_all(connection, tables.centre, many)
            found = bulk.fetch(connection, (tables.centre.c.value,), tables.centre.c.name, {name for name, _ in many})

        assert len(found) == 25_000

    def test_every_type_of_column_survives(self, store: Store) -> None:
        row = (
            "id",
            "350200",
            b"\x00\xff" * 16,
            "pending",
            "药店",
            "一号柜台",
            2**62,
            None,
            None,
            "1",
            "e",
            "s",
            1,
            "online",
        )
        full = (*row, 2, 3, None, 4, 5, None, "[]", "{}")
        with store.writing() as connection:
            bulk.insert_all(connection, tables.terminal, [full])
            (found,) = bulk.fetch_locked(connection, tuple(tables.terminal.columns), tables.terminal.c.id, ["id"])

        assert tuple(found) == full
