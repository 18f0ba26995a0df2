"""The counter goes from one person to the next (交接班): by two names, with the drawer counted.

What is not finished or not sent is told and kept, and never stands in the way: it belongs to the terminal, not to a
person, and goes on by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import ClassVar

import msgspec
from sqlalchemy import Connection

from codes.errors import RejectedError
from codes.words import Words
from edge.errors import EdgeError
from edge.store.day_ends import HandOver, latest_hand_overs, put_hand_over
from edge.store.day_records import records_between, self_paid_between
from edge.store.shifts import open_shift_now
from edge.store.unfinished import Unfinished, read_unfinished


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
class Drawer:
    """What should lie in the drawer, and what is not finished."""

    begun_with: Decimal
    """Yuan that were counted when this shift took over; nought if it did not take over from anybody."""
    self_paid: Decimal
    insured_cash: Decimal
    unread: int
    """Facts that could not be read: the sum lacks them."""
    unfinished: Unfinished

    @property
    def expected(self) -> Decimal:
        """Yuan."""
        return self.begun_with + self.self_paid + self.insured_cash


def look_into_drawer(tx: Connection, now: datetime) -> Drawer:
    """Return what the drawer of the open shift should hold.

    Raises:
        NoShiftError: No shift is open.
    """
    shift = open_shift_now(tx)
    if shift is None:
        raise NoShiftError(Words("当前没有班次", "No shift is open"))
    before = next(iter(latest_hand_overs(tx, 1)), None)
    self_paid = self_paid_between(tx, shift.opened_at, now)
    cash = sum((one.sums.cash for one in records_between(tx, shift.opened_at, now)), Decimal("0.00"))
    has_taken_over = before is not None and before.taker == shift.operator and before.at <= shift.opened_at
    begun_with = before.cash_counted if before is not None and has_taken_over else Decimal("0.00")
    return Drawer(begun_with, self_paid.total, cash, self_paid.unread, read_unfinished(tx))


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
    unfinished = msgspec.json.encode(drawer.unfinished)
    done = HandOver(shift.id, shift.operator, taker, now, drawer.expected, counted, unfinished, note)
    put_hand_over(tx, done)
    return done
