"""What lies before whoever has the till do something: who they are, and the sale that is meant."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from codes.words import Words
from edge.counter.errors import ListNotOpenError, NotSignedInError, SettlingError
from edge.store import sales, shifts
from edge.store.sales import Desk
from rules.scan_judgement import Mode


@dataclass(frozen=True, slots=True)
class Who:
    """Who is signed in."""

    login: str
    name: str
    shift: str


def who_is_there(tx: Connection) -> Who:
    """Return who is signed in.

    Raises:
        NotSignedInError: Nobody is.
    """
    return _who(tx, sales.see_desk(tx))


def at_the_counter(tx: Connection, sale: str) -> Who:
    """Return who is signed in, if the sale that is meant is the open one and may still change.

    Raises:
        NotSignedInError: Nobody is signed in.
        ListNotOpenError: It is not the open one, or no sale.
        SettlingError: It is being settled.
    """
    desk = sales.see_desk(tx)
    who = _who(tx, desk)
    if desk.sale != sale or desk.mode is not Mode.DISPENSE:
        raise ListNotOpenError(Words(f"销售 {sale} 不是当前清单", f"Sale {sale} is not the open one"))
    if desk.is_settling:
        raise SettlingError(sale)
    return who


def _who(tx: Connection, desk: Desk) -> Who:
    if desk.operator is None or desk.shift is None:
        raise NotSignedInError
    known = shifts.find_operator(tx, desk.operator)
    return Who(desk.operator, desk.operator if known is None else known.name, desk.shift)
