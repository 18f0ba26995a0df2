"""What the console lists: in the right order, page by page, and by an index however long the tables are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, event

from codes.words import Words
from server.store import alarms, bulk, ledger, tables
from server.store.alarms import Alarm, AlarmKey, AlarmRecord
from server.store.database import Store
from server.store.ledger import LedgerRow
from tests.server.fake_terminal import code_of


def row(number: int, conflicts: int, changed_us: int) -> LedgerRow:
    state = "conflict" if conflicts else "sold"
    nothing = (None,) * 9
    counted = (conflicts, None, changed_us, None, None)
    return LedgerRow(code_of(number), state, "P1", None, None, None, None, False, *nothing, *counted)


def fill(store: Store, codes: int, every: int) -> None:
    """Put codes into the ledger, of which one in `every` is in conflict; the higher the number, the newer."""
    with store.writing() as connection:
        bulk.insert_all(
            connection, tables.ledger, [row(n, 0 if n % every else 1 + n, 10 * (n // 2)) for n in range(codes)]
        )


def plan_of(connection: Connection, ask: Callable[[], object]) -> str:
    """Return how the database carries out the statement that `ask` sends."""
    sent: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        sent.append((statement, parameters))

    event.listen(connection, "before_cursor_execute", note)
    ask()
    event.remove(connection, "before_cursor_execute", note)
    statement, parameters = sent[-1]  # before it, a transaction may have begun
    explain = "EXPLAIN QUERY PLAN" if connection.dialect.name == "sqlite" else "EXPLAIN"
    return "\n".join(str(line) for line in connection.exec_driver_sql(f"{explain} {statement}", parameters))


def test_codes_in_conflict_are_met_once_from_the_newest_on(store: Store) -> None:
    fill(store, codes=60, every=3)
    found: list[LedgerRow] = []
    before = None
    with store.reading() as connection:
        while page := ledger.load_conflict_page(connection, before=before, limit=7):
            found += page
            before = page[-1].changed_us, page[-1].code
        assert ledger.count_conflicts(connection, 1_000) == 20
        assert ledger.count_conflicts(connection, 8) == 8

    assert [one.code for one in found] == [code_of(n) for n in range(57, -1, -3)]


def test_codes_in_conflict_are_found_by_their_index(store: Store) -> None:
    fill(store, codes=3_000, every=100)
    with store.reading() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("ANALYZE ledger")
        plans = [
            plan_of(connection, lambda: ledger.load_conflict_page(connection, before=None, limit=5)),
            plan_of(connection, lambda: ledger.load_conflict_page(connection, before=(500, code_of(7)), limit=5)),
            plan_of(connection, lambda: ledger.count_conflicts(connection, 100)),
        ]

    for plan in plans:
        assert "ix_ledger_conflict" in plan
        assert "TEMP B-TREE" not in plan
        assert "Sort" not in plan


@pytest.mark.parametrize("terminal", [None, "T-1"])
def test_alarms_come_newest_first_and_an_old_one_that_rings_again_is_new(store: Store, terminal: str | None) -> None:
    with store.writing() as connection:
        for number in range(30):
            ring(connection, f"T-{number % 2}", number)
        ring(connection, "T-1", 5, at_us=900)
    found: list[AlarmRecord] = []
    before = None
    with store.reading() as connection:
        while page := alarms.load_newest_alarms(connection, terminal=terminal, before=before, limit=7):
            found += page
            before = page[-1].last_us, page[-1].n
        total = alarms.count_alarms(connection, terminal)

    expected = [5, *(n for n in range(29, -1, -1) if n != 5 and (terminal is None or n % 2))]
    assert [int(one.subject) for one in found] == expected
    assert total == len(expected)


@pytest.mark.parametrize(("terminal", "index"), [(None, "ix_alarm_last_us_n"), ("T-1", "ix_alarm_terminal_last_us_n")])
def test_alarms_are_found_by_an_index(store: Store, store_url: str, terminal: str | None, index: str) -> None:
    with store.writing() as connection:
        for number in range(1_500):
            ring(connection, f"T-{number % 10}", number)
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("ANALYZE alarm")
    with store.reading() as connection:
        plan = plan_of(
            connection, lambda: alarms.load_newest_alarms(connection, terminal=terminal, before=(800, 3), limit=5)
        )

    # PostgreSQL weighs the two by what it knows of the terminals; both give the order.
    assert (index if store_url.startswith("sqlite") else "ix_alarm_") in plan
    assert "TEMP B-TREE" not in plan


def ring(connection: Connection, terminal: str, number: int, *, at_us: int | None = None) -> None:
    alarm = Alarm(AlarmKey(terminal, "test.alarm", str(number)), Words("告警", "alarm"))
    alarms.raise_alarms(connection, [alarm], number if at_us is None else at_us)
