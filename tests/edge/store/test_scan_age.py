"""Scans are put away and texts emptied when they are surely old enough, whatever the device clock says."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest

from codes.reading import Scan
from edge.counter.counter import Request
from edge.store import sql
from edge.store.scan_age import EMPTY_TEXTS, KEEP_SCANS, KEEP_TEXT, empty_texts, mark_scans, put_away_scans
from edge.store.scans import scans_after
from tests.edge.scene import EPOCH, NOON, OTHER_TRACE, TERMINAL, TRACE_1, TRACE_2, Shop
from wire.receipts import Receipt, Rejected

TYPED = "陈小明 13800001111"
NOTHING = timedelta()
FAR = timedelta(days=10_000)


def deliver(shop: Shop, at: datetime, *, first: int = 1) -> None:
    """Let the centre take everything from an event on."""
    newest = shop.outbox.newest()[1]
    shop.outbox.apply_receipts([Receipt(1, TERMINAL, EPOCH, "c", at, "n" * 16, [(first, newest)])], NOON)


def hear_of_centre(shop: Shop, at: datetime) -> None:
    """Let the centre take one more event, so that its clock is known to have come to `at`."""
    newest = shop.outbox.newest()[1]
    shop.sign_in("li" if newest % 2 else "wang", f"token-{newest}")
    shop.sign_in("li" if newest % 2 == 0 else "wang", f"other-{newest}")
    deliver(shop, at, first=newest + 1)


def look(shop: Shop, *, ran: timedelta = NOTHING, now: datetime | None = None) -> tuple[int, int]:
    """Do what housekeeping does; return texts emptied and scans put away."""
    with shop.connection.begin():
        mark_scans(shop.connection, ran)
        at = now or NOON + FAR
        return empty_texts(shop.connection, at), put_away_scans(shop.connection, at)


def kept(shop: Shop) -> list[tuple[int, bytes, str]]:
    with shop.connection.begin():
        found = sql.rows(shop.connection, "SELECT id, raw, shown FROM scan ORDER BY id")
    return [(scan, raw, json.loads(shown)["code"]) for scan, raw, shown in found]


def store_holds(shop: Shop, text: str) -> bool:
    with shop.connection.begin():
        tables = [name for (name,) in sql.rows(shop.connection, "SELECT name FROM sqlite_schema WHERE type = 'table'")]
        cells = [cell for name in tables for row in sql.rows(shop.connection, f"SELECT * FROM {name}") for cell in row]  # noqa: S608 - names are ours
    return any(text.encode() in (cell if isinstance(cell, bytes) else str(cell).encode()) for cell in cells)


def numbers(shop: Shop, after: int | None, limit: int) -> list[int]:
    with shop.connection.begin():
        return [scan for scan, _ in scans_after(shop.connection, after, limit)]


def test_scan_goes_ninety_days_after_the_centre_had_it(shop: Shop) -> None:
    shop.scan(TRACE_1)
    shop.scan(TRACE_1)
    deliver(shop, NOON)
    look(shop)
    shop.scan(TRACE_2)
    deliver(shop, NOON + timedelta(hours=1))
    hear_of_centre(shop, NOON + KEEP_SCANS - timedelta(seconds=1))
    assert look(shop) == (0, 0)
    hear_of_centre(shop, NOON + KEEP_SCANS)
    assert look(shop) == (0, 1)
    assert (numbers(shop, None, 9), numbers(shop, 0, 1), numbers(shop, 1, 9)) == ([2, 3], [2], [2, 3])
    assert len(shop.counter.show().lines) == 1, "the list has rows of its own"
    hear_of_centre(shop, NOON + KEEP_SCANS * 2)
    assert look(shop) == (0, 1)
    assert numbers(shop, None, 9) == [3], "the last one stays, so that its number is not given again"
    assert shop.scan(OTHER_TRACE).id == 4


def test_scan_that_the_centre_does_not_have_stays(shop: Shop) -> None:
    shop.scan(TRACE_1)
    shop.scan(TRACE_2)
    opened, first, second = shop.events()
    answer = Receipt(1, TERMINAL, EPOCH, "c", NOON, "n" * 16, [(1, 1)], [Rejected(2, first.id, "event.invalid")])
    shop.outbox.apply_receipts([answer], NOON)
    look(shop)
    look(shop, ran=KEEP_SCANS * 2)
    later = NOON + KEEP_SCANS * 2
    shop.outbox.apply_receipts([Receipt(1, TERMINAL, EPOCH, "c", later, "n" * 16, [(3, 3)])], NOON)
    assert (opened.seq, second.seq, look(shop)) == (1, 3, (0, 0))
    shop.scan(OTHER_TRACE)
    hear_of_centre(shop, later + KEEP_SCANS)
    assert look(shop) == (0, 1)
    assert numbers(shop, None, 9) == [1, 3], "the refused one is shown to a person"


@pytest.mark.req("T-12")
def test_jumping_device_clock_puts_nothing_away(shop: Shop) -> None:
    shop.clock.wall = NOON - FAR
    shop.scan(TYPED)
    shop.scan(TRACE_1)
    shop.clock.wall = NOON
    deliver(shop, NOON)
    assert look(shop, now=NOON + FAR) == (0, 0)
    hear_of_centre(shop, NOON + timedelta(hours=1))
    assert look(shop, now=NOON + FAR) == (0, 0)
    hear_of_centre(shop, NOON + FAR)
    assert look(shop, now=NOON) == (0, 0), "nor one of the centre alone"


@pytest.mark.req("C-04")
def test_typed_text_is_emptied_a_day_after_the_centre_had_its_scan(shop: Shop) -> None:
    shop.counter.take(Scan(TYPED.encode(), None, "typed"), Request("key", "asked"))
    shop.scan(TRACE_1)
    shop.counter.take(Scan(TRACE_2.encode(), None, "api"), Request("other key", "asked"))
    deliver(shop, NOON)
    look(shop)
    hear_of_centre(shop, NOON + KEEP_TEXT - timedelta(seconds=1))
    assert (look(shop), store_holds(shop, TYPED)) == ((0, 0), True)
    hear_of_centre(shop, NOON + KEEP_TEXT)
    assert (look(shop), store_holds(shop, TYPED)) == ((1, 0), False)
    assert kept(shop)[0] == (1, b"", "")
    assert kept(shop)[1] == (2, TRACE_1.encode(), TRACE_1)
    assert (look(shop), shop.count("answered_request")) == ((0, 0), 1)


def test_typed_text_is_emptied_after_a_day_of_running_without_any_line(shop: Shop) -> None:
    shop.scan(TYPED)
    look(shop, ran=timedelta(hours=3))
    look(shop)
    shop.scan(TYPED)
    assert look(shop, ran=KEEP_TEXT - timedelta(seconds=1)) == (0, 0)
    assert look(shop, ran=timedelta(seconds=1)) == (1, 0)
    assert [code for _, _, code in kept(shop)] == ["", TYPED]
    assert look(shop, ran=KEEP_TEXT) == (1, 0)
    assert look(shop, ran=KEEP_SCANS * 2) == (0, 0), "scans wait for the centre"


def test_marks_do_not_pile_up(shop: Shop) -> None:
    for hour in range(24 * 100):
        if hour % 24 == 0:
            hear_of_centre(shop, NOON + timedelta(hours=hour))
        look(shop, ran=timedelta(hours=1))
    assert shop.count("scan_mark") <= 25 + 91


def test_old_texts_are_found_without_reading_every_scan(shop: Shop) -> None:
    with shop.connection.begin():
        (plan,) = [step[3] for step in sql.rows(shop.connection, "EXPLAIN QUERY PLAN " + EMPTY_TEXTS, (1,))]
    assert "scan_unknown" in plan
