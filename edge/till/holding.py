"""Putting a list aside (挂单) and taking it up again, also while the insurance cannot be reached.

The packs stay on it: one that is scanned meanwhile is said to lie there, at the other terminals of the site too as soon
as they have heard of it. What was sold or came back elsewhere all the same is named by the ticket (`TicketShown.lacks`)
and by the trial, and refused by the payment, until somebody has taken it off. Each function works inside the caller's
transaction.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from codes.words import Words
from edge.counter.closing import refuse_asked
from edge.counter.errors import ListEmptyError, ListNotEmptyError
from edge.store import sales
from edge.store.sales import Desk, SaleState
from edge.store.terminal import set_mode
from edge.till.desk import at_the_counter, who_is_there
from edge.till.errors import NotAsideError, TicketUnknownError
from rules.scan_judgement import Mode


def hold(tx: Connection, sale: str, note: str, now: datetime) -> bool:
    """Put the open list aside; False if it lies aside already.

    Raises:
        ListNotOpenError: It is not the open one.
        ListEmptyError: Nothing is on it.
        SettlingError: It is being settled.
    """
    found = sales.find_sale(tx, sale)
    if found is not None and found.state is SaleState.HELD:
        who_is_there(tx)
        sales.set_note(tx, sale, note or found.note)
        return False
    at_the_counter(tx, sale)
    if not sales.lines_of(tx, sale):
        raise ListEmptyError(Words("清单是空的", "The list is empty"))
    _put_aside(tx, sales.see_desk(tx), sale, note, now)
    return True


def take_up(tx: Connection, sale: str, *, holds_open: bool, now: datetime) -> str | None:
    """Lay a list that was put aside on the counter again; return what was put aside for it, if anything was.

    Args:
        tx: The transaction.
        sale: The list.
        holds_open: Whether a list that is open and not empty is put aside.
        now: The device's clock.

    Raises:
        TicketUnknownError: There is none of this number.
        NotAsideError: It does not lie aside.
        SettlingError: What became of its settlement is not known yet, or the open list is being settled.
        ListNotEmptyError: The open list has packs on it, or a next one waits.
    """
    who_is_there(tx)
    found = sales.find_sale(tx, sale)
    if found is None:
        raise TicketUnknownError(sale)
    desk = sales.see_desk(tx)
    if desk.sale == sale:
        return None
    if found.state is not SaleState.HELD:
        raise NotAsideError(sale)
    refuse_asked(tx, sale)
    held = _clear(tx, desk, holds_open=holds_open, now=now)
    set_mode(tx, Mode.DISPENSE)
    sales.open_waiting(tx, sale)
    return held


def _clear(tx: Connection, desk: Desk, *, holds_open: bool, now: datetime) -> str | None:
    """Make room at the counter."""
    if desk.sale is None:
        return None
    refuse_asked(tx, desk.sale)
    if desk.waiting is not None:
        raise ListNotEmptyError(Words("下一单已有药盒", "Packs were scanned for the next list already"))
    if not sales.lines_of(tx, desk.sale):
        sales.end_sale(tx, desk.sale, SaleState.CANCELLED, now)
        return None
    if not holds_open or desk.mode is not Mode.DISPENSE:
        raise ListNotEmptyError(Words("当前清单尚未结束", "The current list is not finished"))
    sales.put_aside(tx, desk.sale, "", now)
    return desk.sale


def _put_aside(tx: Connection, desk: Desk, sale: str, note: str, now: datetime) -> None:
    sales.put_aside(tx, sale, note, now)
    if desk.waiting is not None:
        sales.open_waiting(tx, desk.waiting)
