"""Numbered pages of the fleet's lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from server.fleet import Fleet, Terminal
from server.store.terminal_lists import FleetFigures, TerminalFilter

ROWS_PER_PAGE: Final = 50


@dataclass(frozen=True, slots=True)
class FleetPage:
    """One page of a list of terminals."""

    rows: Sequence[Terminal]
    number: int
    """From 1."""
    pages: int
    """At least 1."""
    total: int
    """Rows on all pages."""


def page_of(fleet: Fleet, wanted: TerminalFilter, figures: FleetFigures, number: int, now: datetime) -> FleetPage:
    """Return a page of what `figures` counted; a number beyond the last is the last."""
    total = figures.by_show[wanted.show]
    pages = max(1, -(-total // ROWS_PER_PAGE))
    number = min(max(1, number), pages)
    rows = fleet.page(now, wanted, skip=(number - 1) * ROWS_PER_PAGE, limit=ROWS_PER_PAGE)
    return FleetPage(rows, number, pages, total)
