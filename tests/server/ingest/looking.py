"""What the tests read from the store, in the form they compare."""

from __future__ import annotations

from sqlalchemy import func, select

from server.store import alarms, events, tables
from server.store.alarms import AlarmRecord
from server.store.database import Store
from server.store.events import StreamRow


def ledger(store: Store) -> dict[str, tuple[object, ...]]:
    """Every ledger row but for the time of its last change."""
    columns = [column for column in tables.ledger.columns if column.name != "changed_us"]
    with store.reading() as connection:
        return {row[0]: tuple(row) for row in connection.execute(select(*columns))}


def states(store: Store) -> dict[str, str]:
    with store.reading() as connection:
        return dict(map(tuple, connection.execute(select(tables.ledger.c.code, tables.ledger.c.state))))


def count(store: Store, table: str) -> int:
    with store.reading() as connection:
        return int(connection.scalar(select(func.count()).select_from(tables.metadata.tables[table])) or 0)


def alarms_of(store: Store) -> list[AlarmRecord]:
    with store.reading() as connection:
        return list(alarms.load_alarms(connection, terminal=None, after=0, limit=100))


def alarm_codes(store: Store) -> list[str]:
    return [alarm.code for alarm in alarms_of(store)]


def stream(store: Store, terminal: str = "T-001", epoch: str = "e1") -> StreamRow:
    with store.writing() as connection:
        return events.open_streams(connection, {(terminal, epoch)})[terminal, epoch]


def gaps(store: Store, terminal: str = "T-001", epoch: str = "e1") -> list[tuple[int, int]]:
    row = stream(store, terminal, epoch)
    with store.reading() as connection:
        return events.load_gaps(connection, row, 100)


def stored_bytes(store: Store) -> set[bytes]:
    with store.reading() as connection:
        return {bytes(frozen) for frozen in connection.scalars(select(tables.event.c.frozen))}
