"""The fleet in lists: which filter takes which terminal, what comes first, and pages. On both databases."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
import pytest

from server.console.fleet_view import page_of
from server.fleet import Fleet
from server.store import bulk, tables, terminals
from server.store.database import Store
from server.store.terminal_lists import Show, TerminalFilter
from server.store.terminals import TerminalRow
from server.store.times import micros
from tests.server.fake_terminal import NOW, FakeTerminal
from wire.presence import DeviceHealth
from wire.receipts import Trust

READY = DeviceHealth("serial:left", "ready", 5, 0)
BROKEN = DeviceHealth("serial:right", "lost", 5, 9, "driver.lost")
SILENT = DeviceHealth("keyboard:old", "silent", 0, 0, "driver.silent")
AGAIN = DeviceHealth("hid:left", "opening", 7, 2, "driver.crashed")
MISLEADING = DeviceHealth('serial:"state":"lost"', "ready", 5, 0, "")
LONG_AGO = NOW - timedelta(hours=1)


def put(
    store: Store,
    name: str,
    *,
    trust: Trust = Trust.APPROVED,
    presence: str = "online",
    seen: datetime = NOW,
    devices: tuple[DeviceHealth, ...] = (READY,),
    **changes: object,
) -> None:
    FakeTerminal(name=name, institution="P1").registered(store, trust)
    shown = msgspec.json.encode(devices).decode()
    values = {"presence": presence, "last_seen_us": micros(seen), "devices": shown, "pending": 0} | changes
    with store.writing() as connection:
        terminals.change_terminal(connection, name, **values)


@pytest.fixture
def fleet(store: Store) -> Fleet:
    put(store, "T-1")
    put(store, "T-2", pending=None, dead_letters=None, devices=())
    put(store, "T-3", presence="lost", pending=7)
    put(store, "T-4", seen=LONG_AGO, pending=90)
    put(store, "T-5", presence="stopped")
    put(store, "T-6", trust=Trust.PENDING)
    put(store, "T-7", trust=Trust.REVOKED, presence="lost", dead_letters=3)
    put(store, "T-8", dead_letters=2, institution="P2", label="Ward A_1")
    put(store, "T-9", devices=(READY, BROKEN))
    put(store, "T-X", devices=(MISLEADING, SILENT, AGAIN))
    return Fleet(store)


def names(fleet: Fleet, wanted: TerminalFilter) -> list[str]:
    return [one.id for one in fleet.page(NOW, wanted, skip=0, limit=100)]


@pytest.mark.parametrize(
    ("show", "expected"),
    [
        (Show.ALL, ["T-1", "T-2", "T-3", "T-4", "T-5", "T-6", "T-7", "T-8", "T-9", "T-X"]),
        (Show.ONLINE, ["T-1", "T-2", "T-6", "T-8", "T-9", "T-X"]),
        (Show.OFFLINE, ["T-3", "T-4", "T-5", "T-7"]),
        (Show.BACKLOG, ["T-3", "T-4"]),
        (Show.PENDING, ["T-6"]),
        (Show.REVOKED, ["T-7"]),
        (Show.ATTENTION, ["T-6", "T-4", "T-3", "T-8", "T-9"]),
    ],
)
def test_filter_takes_what_it_says_and_attention_the_most_urgent_first(
    fleet: Fleet, show: Show, expected: list[str]
) -> None:
    assert names(fleet, TerminalFilter(show)) == expected
    assert fleet.figures(NOW).by_show[show] == len(expected)
    assert [one.id for one in fleet.list(NOW, TerminalFilter(show), after="T-3")] == [
        name for name in sorted(expected) if name > "T-3"
    ]


def test_every_row_is_what_its_filter_says(fleet: Fleet) -> None:
    standing = {one.id: one.standing for one in fleet.list(NOW)}
    online = set(names(fleet, TerminalFilter(Show.ONLINE)))
    assert online == {name for name, how in standing.items() if how == "online"}


def test_sums_leave_out_what_was_never_reported(fleet: Fleet) -> None:
    figures = fleet.figures(NOW)
    assert (figures.pending, figures.dead_letters) == (97, 5)


def test_an_empty_fleet_counts_nothing(store: Store) -> None:
    figures = Fleet(store).figures(NOW)
    assert (set(figures.by_show.values()), figures.pending, figures.dead_letters) == ({0}, 0, 0)


@pytest.mark.parametrize(
    ("words", "count"),
    [
        ("一号", 9),
        ("t-3", 1),
        ("P1 t-4", 1),
        ("p1 elsewhere", 0),
        ("  ", 10),
        ("WARD", 1),
        ("a_1", 1),
        ("A%1", 0),
        ("T_", 0),
    ],
)
def test_every_word_must_be_found_as_it_is_written(fleet: Fleet, words: str, count: int) -> None:
    assert len(names(fleet, TerminalFilter(words=words))) == count
    assert fleet.figures(NOW, TerminalFilter(words=words)).by_show[Show.ALL] == count


def test_one_institution_is_counted_by_itself(fleet: Fleet) -> None:
    wanted = TerminalFilter(Show.ATTENTION, "P2")
    assert names(fleet, wanted) == ["T-8"]
    assert fleet.figures(NOW, wanted).by_show[Show.ALL] == 1
    assert names(fleet, TerminalFilter(institution="P")) == []


@pytest.mark.parametrize(
    ("rows", "asked", "shown"),
    [(0, 1, (1, 1, 0)), (50, 1, (1, 1, 50)), (51, 2, (2, 2, 1)), (51, 99, (2, 2, 1)), (120, 2, (2, 3, 50))],
)
def test_pages_hold_fifty_rows(store: Store, rows: int, asked: int, shown: tuple[int, int, int]) -> None:
    with store.writing() as connection:
        bulk.insert_all(connection, tables.terminal, [row_of(n) for n in range(rows)])
    fleet, wanted = Fleet(store), TerminalFilter()
    page = page_of(fleet, wanted, fleet.figures(NOW), asked, NOW)
    assert (page.number, page.pages, len(page.rows)) == shown
    assert page.total == rows


def row_of(number: int) -> TerminalRow:
    at = micros(NOW)
    known = ("350200", bytes(32), Trust.APPROVED.value, "P1", "一号柜台", at, None, None)
    heard = ("0.1.0", "e1", "s1", at, "online", at, at, None, 0, 0, None, None)
    return TerminalRow(f"T-{number:04d}", *known, *heard)
