"""The fleet in lists, as queries: which terminals a filter takes, how many there are, and which come first."""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sqlalchemy import ColumnElement, Connection, and_, case, func, not_, or_, select, true

from server.store.tables import terminal
from server.store.terminals import TerminalRow
from wire.receipts import Trust

_LOWER: Final = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
"""As the databases fold: ASCII only."""
BROKEN_DEVICES: Final = ("lost", "failed")
"""States in which a device cannot be used. In any other it works, or tries again by itself."""


class Show(StrEnum):
    """Which terminals a list shows."""

    ALL = "all"
    ATTENTION = "attention"
    """Something about it wants a person. A revoked terminal is out of use and needs nobody."""
    ONLINE = "online"
    OFFLINE = "offline"
    BACKLOG = "backlog"
    PENDING = "pending"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class TerminalFilter:
    """Which terminals are asked for."""

    show: Show = Show.ALL
    institution: str = ""
    """Its code; empty for all of them."""
    words: str = ""
    """Each must stand in id, label or institution."""


EVERY: Final = TerminalFilter()


@dataclass(frozen=True, slots=True)
class FleetFigures:
    """The fleet in numbers."""

    by_show: Mapping[Show, int]
    pending: int
    """Records that wait at terminals, as last reported."""
    dead_letters: int
    """Records that the centre refused and terminals keep."""


def load_listed(
    connection: Connection,
    wanted: TerminalFilter,
    silent_us: int,
    *,
    after: str = "",
    skip: int = 0,
    limit: int,
    is_urgent_first: bool = False,
) -> Sequence[TerminalRow]:
    """Return terminals of a filter in the order of their names, or those first that cannot work, then by backlog.

    Args:
        connection: To read with.
        wanted: Which terminals.
        silent_us: One that counts as connected but was heard last before this time is silent.
        after: Only names after this one.
        skip: How many to leave out.
        limit: How many to return.
        is_urgent_first: Not by name, but by how much they need a person.
    """
    order = _urgency(silent_us) if is_urgent_first else ()
    asked = select(terminal).where(_fits(wanted, silent_us)).order_by(*order, terminal.c.id)
    if after:
        asked = asked.where(terminal.c.id > after)
    return [TerminalRow._make(row) for row in connection.execute(asked.offset(skip).limit(limit))]


def count_listed(connection: Connection, wanted: TerminalFilter, silent_us: int) -> FleetFigures:
    """Return how many terminals of an institution with some words there are, for every way of showing them."""
    counts = [func.sum(case((_shown(show, silent_us), 1), else_=0)) for show in Show]
    sums = func.sum(terminal.c.pending), func.sum(terminal.c.dead_letters)
    found = connection.execute(select(*counts, *sums).where(_named(wanted))).one()
    *by_show, pending, dead_letters = (int(number or 0) for number in found)
    return FleetFigures(dict(zip(Show, by_show, strict=True)), pending, dead_letters)


def _fits(wanted: TerminalFilter, silent_us: int) -> ColumnElement[bool]:
    return and_(_shown(wanted.show, silent_us), _named(wanted))


def _named(wanted: TerminalFilter) -> ColumnElement[bool]:
    text = func.lower(terminal.c.id + " " + terminal.c.label + " " + terminal.c.institution)
    parts = [text.contains(word.translate(_LOWER), autoescape=True) for word in wanted.words.split()]
    if wanted.institution:
        parts.append(terminal.c.institution == wanted.institution)
    return and_(true(), *parts)


def _shown(show: Show, silent_us: int) -> ColumnElement[bool]:
    is_connected = terminal.c.presence == "online"
    is_online = and_(is_connected, terminal.c.last_seen_us >= silent_us)
    is_refused = func.coalesce(terminal.c.dead_letters, 0) > 0
    needs_somebody = or_(terminal.c.trust == Trust.PENDING.value, _is_gone(silent_us), is_refused, _has_fault())
    shown: Mapping[Show, ColumnElement[bool]] = {
        Show.ALL: true(),
        Show.ATTENTION: and_(terminal.c.trust != Trust.REVOKED.value, needs_somebody),
        Show.ONLINE: is_online,
        Show.OFFLINE: not_(is_online),
        Show.BACKLOG: func.coalesce(terminal.c.pending, 0) > 0,
        Show.PENDING: terminal.c.trust == Trust.PENDING.value,
        Show.REVOKED: terminal.c.trust == Trust.REVOKED.value,
    }
    return shown[show]


def _is_gone(silent_us: int) -> ColumnElement[bool]:
    """Lost, or silent: nobody wanted it."""
    is_silent = and_(terminal.c.presence == "online", terminal.c.last_seen_us < silent_us)
    return or_(terminal.c.presence == "lost", is_silent)


def _has_fault() -> ColumnElement[bool]:
    """Tell whether a device or the terminal itself reports one.

    Within the JSON a quote of a name is escaped, so these are the keys. That the line was down is no alarm (T-66), nor
    is a scanner that is silent: its cable may only be loose, or nobody may have scanned.
    """
    devices, health = func.coalesce(terminal.c.devices, ""), func.coalesce(terminal.c.health, "")
    broken = [devices.contains(f'"state":"{state}"', autoescape=True) for state in BROKEN_DEVICES]
    return or_(*broken, health.contains('"is_alarm":true', autoescape=True))


def _urgency(silent_us: int) -> tuple[ColumnElement[int], ...]:
    return (
        case((terminal.c.trust == Trust.PENDING.value, 0), else_=1),
        case((_is_gone(silent_us), 0), else_=1),
        func.coalesce(terminal.c.pending, 0).desc(),
    )
