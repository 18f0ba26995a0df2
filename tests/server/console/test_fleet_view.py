"""The fleet in lists: which filter takes which terminal, what comes first, and pages."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from server.console.fleet_view import Show, figures_of, filtered, page_of
from server.fleet import Standing, Terminal
from server.store.terminals import Trust
from wire.presence import DeviceHealth

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
READY = DeviceHealth("serial:left", "ready", 5, 0)
BROKEN = DeviceHealth("serial:right", "lost", 5, 9, "driver.lost")
WELL = Terminal(
    id="T-1",
    area="350200",
    label="一号柜台",
    institution="P1",
    trust=Trust.APPROVED,
    fingerprint="F",
    standing=Standing.ONLINE,
    version="0.1.0",
    epoch="e",
    first_seen_at=NOW,
    last_seen_at=NOW,
    pending=0,
    oldest_pending_at=None,
    dead_letters=0,
    devices=[READY],
    decided_by="admin",
    decided_at=NOW,
)
UNHEARD = replace(WELL, id="T-2", pending=None, dead_letters=None, devices=[])
LOST = replace(WELL, id="T-3", standing=Standing.LOST, pending=7)
SILENT = replace(WELL, id="T-4", standing=Standing.SILENT, pending=90)
STOPPED = replace(WELL, id="T-5", standing=Standing.STOPPED)
PENDING = replace(WELL, id="T-6", trust=Trust.PENDING)
REVOKED = replace(WELL, id="T-7", trust=Trust.REVOKED, standing=Standing.LOST, dead_letters=3)
REFUSED = replace(WELL, id="T-8", dead_letters=2)
FAULTY = replace(WELL, id="T-9", devices=[READY, BROKEN])
ALL = [WELL, UNHEARD, LOST, SILENT, STOPPED, PENDING, REVOKED, REFUSED, FAULTY]


@pytest.mark.parametrize(
    ("show", "expected"),
    [
        (Show.ALL, ["T-1", "T-2", "T-3", "T-4", "T-5", "T-6", "T-7", "T-8", "T-9"]),
        (Show.ONLINE, ["T-1", "T-2", "T-6", "T-8", "T-9"]),
        (Show.OFFLINE, ["T-3", "T-4", "T-5", "T-7"]),
        (Show.BACKLOG, ["T-3", "T-4"]),
        (Show.PENDING, ["T-6"]),
        (Show.REVOKED, ["T-7"]),
        (Show.ATTENTION, ["T-6", "T-4", "T-3", "T-8", "T-9"]),
    ],
)
def test_filter_takes_what_it_says_and_attention_the_most_urgent_first(show: Show, expected: list[str]) -> None:
    assert [one.id for one in filtered(ALL, show, "")] == expected
    assert figures_of(ALL).by_show[show] == len(expected)


def test_sums_leave_out_what_was_never_reported() -> None:
    figures = figures_of(ALL)
    assert (figures.pending, figures.dead_letters) == (97, 5)


@pytest.mark.parametrize(("words", "count"), [("一号", 9), ("t-3", 1), ("P1 t-4", 1), ("p1 elsewhere", 0), ("  ", 9)])
def test_every_word_must_be_found(words: str, count: int) -> None:
    assert len(filtered(ALL, Show.ALL, words)) == count


@pytest.mark.parametrize(
    ("rows", "asked", "number", "pages", "shown"),
    [(0, 1, 1, 1, 0), (50, 1, 1, 1, 50), (51, 2, 2, 2, 1), (51, 99, 2, 2, 1), (120, 2, 2, 3, 50)],
)
def test_pages_hold_fifty_rows(rows: int, asked: int, number: int, pages: int, shown: int) -> None:
    page = page_of(list(range(rows)), asked)
    assert (page.number, page.pages, page.total, len(page.rows)) == (number, pages, rows, shown)
