"""Statements that go straight to the driver: the same rows, the same failures, and nothing hidden from who listens."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, bindparam, event, select, text
from sqlalchemy.exc import DBAPIError

from server.errors import StoreRefusedError, StoreUnavailableError
from server.store import bulk, direct, postgresql
from server.store.database import Store
from server.store.direct import Among, Asked
from server.store.fsi_tables import fsi_nonce

ROWS = [(f"P{number % 2}", f"t{number}", number, b"\x00content") for number in range(4)]
NEW = ("P1", "t9", 9, b"")
ONE = Asked(select(fsi_nonce.c.nonce).where(fsi_nonce.c.nonce == bindparam("nonce")))
SOME = Asked(
    select(fsi_nonce.c.nonce)
    .where(fsi_nonce.c.key_id == "P1", Among(fsi_nonce.c.nonce, bindparam("nonces")))
    .order_by(fsi_nonce.c.nonce)
)


@pytest.fixture
def filled(store: Store) -> Store:
    with store.writing() as connection:
        bulk.insert_all(connection, fsi_nonce, ROWS)
    return store


@pytest.mark.parametrize(
    ("nonces", "found"),
    [(["t0", "t1", "t3"], [("t1",), ("t3",)]), ([], []), (["no such", 't"1'], []), (["t1", "t1"], [("t1",)])],
)
def test_a_list_is_one_parameter_whatever_its_length(filled: Store, nonces: list[str], found: list[tuple[str]]) -> None:
    with filled.reading() as connection:
        assert SOME.rows(connection, {"nonces": nonces}) == found


def test_one_value_or_one_row_is_none_where_nothing_is_found(filled: Store) -> None:
    with filled.reading() as connection:
        assert (ONE.row(connection, {"nonce": "t2"}), ONE.value(connection, {"nonce": "t2"})) == (("t2",), "t2")
        assert (ONE.row(connection, {"nonce": "t9"}), ONE.value(connection, {"nonce": "t9"})) == (None, None)


def test_what_is_written_is_gone_if_the_transaction_fails(filled: Store) -> None:
    def write() -> None:
        with filled.writing() as connection:
            bulk.insert_all(connection, fsi_nonce, [NEW])
            bulk.insert_all(connection, fsi_nonce, ROWS[:1])

    with pytest.raises(StoreRefusedError):
        write()
    with filled.reading() as connection:
        assert ONE.row(connection, {"nonce": "t9"}) is None


def test_a_failure_does_not_tell_what_was_asked_for(filled: Store) -> None:
    with filled.reading() as connection:
        wrong = f"SELECT nothing FROM nowhere WHERE secret = {'?' if connection.dialect.name == 'sqlite' else '%s'}"  # noqa: S608
        with pytest.raises(DBAPIError) as failed:
            direct.rows(connection, wrong, ("350203199001011234",))
    assert "350203199001011234" not in str(failed.value)


def pid_of(connection: Connection) -> int:
    if connection.dialect.name != "postgresql":
        pytest.skip("a file has no connection that breaks")
    return int(connection.scalar(text("SELECT pg_backend_pid()")) or 0)


def end(pid: int, by: Connection) -> None:
    """End a connection at the server."""
    by.execute(text("SELECT pg_terminate_backend(:pid, 2000)"), {"pid": pid})


def test_a_connection_that_broke_is_given_up_and_another_serves(filled: Store) -> None:
    with filled.reading() as connection:
        with filled.reading() as another:
            end(pid_of(connection), by=another)
        with pytest.raises(DBAPIError):
            ONE.rows(connection, {"nonce": "t1"})
        assert connection.invalidated
    with filled.reading() as connection:
        assert ONE.rows(connection, {"nonce": "t1"}) == [("t1",)]


def test_a_broken_connection_is_told_as_a_database_that_does_not_answer(filled: Store) -> None:
    def write() -> None:
        with filled.writing() as connection:
            bulk.insert_all(connection, fsi_nonce, [NEW])
            with filled.reading() as another:
                end(pid_of(connection), by=another)
            ONE.rows(connection, {"nonce": "t1"})

    with pytest.raises(StoreUnavailableError):
        write()
    with filled.reading() as connection:
        assert ONE.rows(connection, {"nonce": "t9"}) == []


def test_who_listens_hears_every_statement(filled: Store) -> None:
    heard: list[str] = []

    def hear(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        heard.append(statement)

    event.listen(filled._engine, "before_cursor_execute", hear)
    with filled.writing() as connection:
        assert SOME.rows(connection, {"nonces": ["t1"]}) == [("t1",)]
        assert bulk.insert_missing(connection, fsi_nonce, [ROWS[0], NEW]) == 1
    event.remove(filled._engine, "before_cursor_execute", hear)
    assert [" ".join(one.split()[:3]) for one in heard if "fsi_nonce" in one] == [
        "SELECT fsi_nonce.nonce FROM",
        'INSERT INTO "fsi_nonce"',
    ]


def test_a_connection_that_rested_is_looked_at_before_it_is_used(
    filled: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "_RESTED_S", 0)
    with filled.reading() as another:
        with filled.reading() as connection:
            pid = pid_of(connection)
        end(pid, by=another)
        with filled.reading() as connection:
            assert ONE.rows(connection, {"nonce": "t1"}) == [("t1",)]
            assert pid_of(connection) != pid
