"""The counter goes from one person to the next (交接班): by two names, with the drawer counted.

The drawer counts from when it was counted last, whoever signed in and out since. What is not finished or not sent is
told and kept, and never stands in the way: it belongs to the terminal, not to a person, and goes on by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import ClassVar

import msgspec
from sqlalchemy import Connection

from codes.errors import RejectedError
from codes.words import Words
from edge.errors import EdgeError
from edge.store.day_ends import HandOver, latest_hand_overs, put_hand_over
from edge.store.drawer import cash_between
from edge.store.shifts import Shift, open_shift_now, shifts_since
from edge.store.unfinished import Unfinished, read_unfinished

_BEGIN = datetime(1970, 1, 1, tzinfo=UTC)
"""Where nobody ever counted: from the first sale that is kept."""
_REMEMBERED = timedelta(days=31)
"""Take-overs of this time are named where nobody ever counted."""


class SamePersonError(EdgeError, RejectedError):
    """A hand-over takes two."""

    code: ClassVar[str] = "hand_over.same_person"
    next_step: ClassVar[Words] = Words(
        "由接班人用自己的工号和密码确认。", "Whoever takes over confirms with their own login and password."
    )


class NoShiftError(EdgeError, RejectedError):
    """Nobody has the counter, so nobody can hand it over."""

    code: ClassVar[str] = "hand_over.no_shift"
    next_step: ClassVar[Words] = Words("接班人直接登录即可。", "The next one simply signs in.")


@dataclass(frozen=True, slots=True)
class TakenOver:
    """Somebody signed in where another one had the counter, and the drawer was not counted."""

    operator: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Drawer:
    """What should lie in the drawer, and what is not finished."""

    begun_with: Decimal
    """Yuan that were counted last; nought if nobody ever counted."""
    self_paid: Decimal
    insured_cash: Decimal
    unread: int
    """Facts that could not be read: the sum lacks them."""
    unfinished: Unfinished
    counted_at: datetime | None = None
    """Since when the sums count; None if nobody ever counted."""
    counted_by: str = ""
    """Who had the counter from then on."""
    uncounted: tuple[TakenOver, ...] = ()
    """Take-overs since, without counting: what is expected is carried on."""

    @property
    def expected(self) -> Decimal:
        """Yuan."""
        return self.begun_with + self.self_paid + self.insured_cash


def look_into_drawer(tx: Connection, now: datetime) -> Drawer:
    """Return what the drawer should hold: what was counted last, and what went through it since.

    Raises:
        NoShiftError: No shift is open.
    """
    if open_shift_now(tx) is None:
        raise NoShiftError(Words("当前没有班次", "No shift is open"))
    before = next(iter(latest_hand_overs(tx, 1)), None)
    since = _BEGIN if before is None else before.at
    cash = cash_between(tx, since, now)
    shifts = shifts_since(tx, since if before is not None else now - _REMEMBERED)
    return Drawer(
        begun_with=Decimal("0.00") if before is None else before.cash_counted,
        self_paid=cash.self_paid,
        insured_cash=cash.insured,
        unread=cash.unread,
        unfinished=read_unfinished(tx),
        counted_at=None if before is None else before.at,
        counted_by="" if before is None else before.taker,
        uncounted=tuple(_taken_over(shifts, "" if before is None else before.taker)),
    )


def hand_over(tx: Connection, taker: str, counted: Decimal, note: str, now: datetime) -> HandOver:
    """Keep that the counter goes to somebody else. Whoever calls it lets the taker in, in the same transaction.

    Args:
        tx: The transaction in which the taker's shift begins, after this.
        taker: Login of who takes over; the password was right.
        counted: What lies in the drawer, yuan.
        note: What the two want to be known.
        now: The device's clock.

    Raises:
        NoShiftError: No shift is open.
        SamePersonError: The taker has the counter already.
    """
    drawer = look_into_drawer(tx, now)
    shift = open_shift_now(tx)
    if shift is None or shift.operator == taker:
        raise SamePersonError(Words("交班人与接班人是同一人", "Who gives and who takes are the same"))
    return _keep(tx, HandOver(shift.id, shift.operator, taker, now, drawer.expected, counted, b"", note), drawer)


def count_drawer(tx: Connection, counted: Decimal, note: str, now: datetime) -> HandOver:
    """Keep what whoever has the counter counted, such as the float with which a day begins.

    Raises:
        NoShiftError: No shift is open.
    """
    drawer = look_into_drawer(tx, now)
    shift = open_shift_now(tx)
    assert shift is not None  # noqa: S101 - the drawer was looked into a moment ago
    who = shift.operator
    return _keep(tx, HandOver(shift.id, who, who, now, drawer.expected, counted, b"", note), drawer)


def _keep(tx: Connection, done: HandOver, drawer: Drawer) -> HandOver:
    done = replace(done, unfinished=msgspec.json.encode(drawer.unfinished))
    put_hand_over(tx, done)
    return done


def _taken_over(shifts: Sequence[Shift], holder: str) -> Iterator[TakenOver]:
    for shift in shifts:
        if holder and shift.operator != holder:
            yield TakenOver(shift.operator, shift.opened_at)
        holder = shift.operator
