"""The fleet as lists show it: filters, counts, pages. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Generic, TypeVar

from server.fleet import Fleet, Standing, Terminal
from server.store.terminals import Trust

ROWS_PER_PAGE: Final = 50
_READ_AT_ONCE: Final = 1_000
_T = TypeVar("_T")


class Show(StrEnum):
    """Which terminals a list shows."""

    ALL = "all"
    ATTENTION = "attention"
    """Something about it wants a person."""
    ONLINE = "online"
    OFFLINE = "offline"
    BACKLOG = "backlog"
    PENDING = "pending"
    REVOKED = "revoked"


def needs_attention(one: Terminal) -> bool:
    """Tell whether a person should look: a revoked terminal is out of use and needs nobody."""
    if one.trust is Trust.REVOKED:
        return False
    has_fault = any(device.problem for device in one.devices)
    is_gone = one.standing in {Standing.LOST, Standing.SILENT}
    return one.trust is Trust.PENDING or is_gone or bool(one.dead_letters) or has_fault


FITS: Mapping[Show, Callable[[Terminal], bool]] = MappingProxyType(
    {
        Show.ALL: lambda _one: True,
        Show.ATTENTION: needs_attention,
        Show.ONLINE: lambda one: one.standing is Standing.ONLINE,
        Show.OFFLINE: lambda one: one.standing is not Standing.ONLINE,
        Show.BACKLOG: lambda one: bool(one.pending),
        Show.PENDING: lambda one: one.trust is Trust.PENDING,
        Show.REVOKED: lambda one: one.trust is Trust.REVOKED,
    }
)


@dataclass(frozen=True, slots=True)
class Page(Generic[_T]):
    """One page of a list."""

    rows: Sequence[_T]
    number: int
    """From 1."""
    pages: int
    """At least 1."""
    total: int
    """Rows on all pages."""


@dataclass(frozen=True, slots=True)
class FleetFigures:
    """The fleet in numbers."""

    by_show: Mapping[Show, int]
    pending: int
    """Records that wait at terminals, as last reported."""
    dead_letters: int
    """Records that the centre refused and terminals keep."""


def urgency(one: Terminal) -> tuple[bool, bool, int, str]:
    """Sort those first that cannot work, then by backlog."""
    is_gone = one.standing in {Standing.LOST, Standing.SILENT}
    return one.trust is not Trust.PENDING, not is_gone, -(one.pending or 0), one.id


def whole_fleet(fleet: Fleet, now: datetime) -> Iterator[Terminal]:
    """Yield every terminal in the order of their names."""
    after = ""
    while True:
        part = fleet.list(now, after=after, limit=_READ_AT_ONCE)
        yield from part
        if len(part) < _READ_AT_ONCE:
            return
        after = part[-1].id


def figures_of(terminals: Sequence[Terminal]) -> FleetFigures:
    """Count the fleet."""
    counted = {show: sum(1 for one in terminals if fits(one)) for show, fits in FITS.items()}
    pending = sum(one.pending or 0 for one in terminals)
    return FleetFigures(counted, pending, sum(one.dead_letters or 0 for one in terminals))


def filtered(terminals: Sequence[Terminal], show: Show, words: str) -> list[Terminal]:
    """Return the terminals of a filter that have every one of `words` in id, label or institution."""
    wanted = words.casefold().split()
    fits = FITS[show]
    found = [one for one in terminals if fits(one) and all(word in _text(one) for word in wanted)]
    return sorted(found, key=urgency) if show is Show.ATTENTION else found


def page_of(rows: Sequence[_T], number: int) -> Page[_T]:
    """Return a page; a number beyond the last is the last."""
    pages = max(1, -(-len(rows) // ROWS_PER_PAGE))
    number = min(max(1, number), pages)
    start = (number - 1) * ROWS_PER_PAGE
    return Page(rows[start : start + ROWS_PER_PAGE], number, pages, len(rows))


def _text(one: Terminal) -> str:
    return f"{one.id} {one.label} {one.institution}".casefold()
