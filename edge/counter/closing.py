"""How a list ends: closed into facts or cancelled, and what is corrected before. The next one opens when it has ended.

Each function works inside the caller's transaction and returns the view that is the answer. The facts are written by
line, name the readings that put each pack there, and stand in the same transaction as the rows they are about.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection

from codes.words import Words
from edge.counter.errors import (
    InsuredError,
    ListEmptyError,
    ListNotEmptyError,
    ListNotOpenError,
    NotSignedInError,
    PackNotOnListError,
    PackNotRemovedError,
    SaleUnknownError,
    SettlingError,
)
from edge.counter.gone import refuse_elsewhere, refuse_gone
from edge.counter.held import refuse_asked_by_pos
from edge.counter.lines import show_line, totals_of
from edge.counter.splitting import divisible_packs, make_whole, note_units, refuse_overdrawn, size_of, split_pack
from edge.counter.views import CancelledList, ClosedList, Divisible, ListChange, ListShown, Totals
from edge.store import sales, shifts
from edge.store.outbox import Outbox
from edge.store.sales import Desk, LineRow, PackRow, PackState, SaleRow, SaleState
from edge.store.settlements import latest_settlement
from edge.store.terminal import set_mode
from rules.scan_judgement import Mode
from rules.settling import Standing
from wire.events import Dispensed, Fact, PackInLine, Received, SplitDispensed

_NAMES = {Mode.DISPENSE: Words("销售", "sale"), Mode.RECEIVE: Words("入库单", "delivery")}
PaidBy = Literal["self_pay", "insured"]
_AFTER = {Mode.DISPENSE: PackState.SOLD, Mode.RECEIVE: PackState.RECEIVED}


def show_list(tx: Connection) -> ListShown:
    """Return the open list; an empty one of the current mode if none is open."""
    desk = sales.see_desk(tx)
    sale = sales.find_sale(tx, desk.sale) if desk.sale else None
    if sale is None:
        return ListShown(None, desk.mode, desk.operator, (), Totals())
    lines = sales.lines_of(tx, sale.id)
    codes = _codes_by_line(sales.packs_of(tx, sale.id), PackState.LISTED)
    shown = tuple(show_line(line, codes) for line in lines)
    boxes = sum(line.quantity for line in sales.lines_of(tx, desk.waiting)) if desk.waiting else 0
    return ListShown(
        sale.id, sale.mode, desk.operator, shown, totals_of(lines, sale.alarms), is_paying=desk.is_settling,
        waiting=desk.waiting, waiting_boxes=boxes,
    )  # fmt: skip


def show_totals(tx: Connection, number: str) -> Totals:
    """Return the sums of a list that is there."""
    return totals_of(sales.lines_of(tx, number), sales.alarms_of(tx, number))


def sale_to_pay(tx: Connection, number: str) -> None:
    """Make sure that a sale can be paid now: it is the open one.

    Raises:
        NotSignedInError: Nobody is signed in.
        ListNotOpenError: It is not open.
    """
    desk = sales.see_desk(tx)
    _operator(desk)
    if _open_sale(tx, desk, Mode.DISPENSE).id != number:
        raise ListNotOpenError(Words(f"销售 {number} 不是当前清单", f"Sale {number} is not the open one"))


def close_list(tx: Connection, outbox: Outbox, mode: Mode, *, asked_for: str | None, now: datetime) -> ClosedList:
    """Close the open list of `mode` into one fact per line.

    Args:
        tx: The transaction in which everything happens.
        outbox: Where the facts go.
        mode: Whether a sale or a delivery is meant.
        asked_for: The list's number, if the caller names it: one that is closed already gives its answer again.
        now: The device's clock.

    Raises:
        NotSignedInError: Nobody is signed in.
        ListNotOpenError: No such list is open.
        ListEmptyError: Nothing is on it.
        SettlingError, HeldByPosError, InsuredError: The insurance was asked to settle it, by whomever, or has.
        PackGoneError: Packs on it were sold, came back or were opened since they were scanned.
    """
    desk = sales.see_desk(tx)
    operator = _operator(desk)
    if asked_for is not None and asked_for != desk.sale:
        _refuse_insured(tx, asked_for)
        return _closed_before(tx, asked_for, mode)
    sale = _open_sale(tx, desk, mode)
    _refuse_settling(desk)
    if not sales.lines_of(tx, sale.id):
        raise ListEmptyError(Words("清单是空的", "The list is empty"))
    refuse_asked_by_pos(tx, sale.id)
    if mode is Mode.DISPENSE:
        refuse_gone(tx, sale.id, now)
    _write_facts(tx, outbox, sale, paid_by="self_pay", operator=operator, now=now)
    _end(tx, desk, sale.id, SaleState.CLOSED, now)
    if mode is Mode.DISPENSE and desk.shift:
        shifts.count_sale(tx, desk.shift)
    return _closed_before(tx, sale.id, mode)


def close_insured(
    tx: Connection, outbox: Outbox, number: str, *, operator: str, shift: str | None, now: datetime
) -> ClosedList | None:
    """Close a sale that the insurance has settled, wherever it lies; None if it is closed already.

    Args:
        tx: The transaction in which the settlement is written down.
        outbox: Where the facts go.
        number: The sale's.
        operator: Who had it settled; somebody else, or nobody, may be signed in by now.
        shift: In which.
        now: The device's clock.
    """
    sale = _known_sale(tx, number, Mode.DISPENSE)
    if sale.state is SaleState.CLOSED:
        return None
    _write_facts(tx, outbox, sale, paid_by="insured", operator=operator, now=now)
    _end(tx, sales.see_desk(tx), number, SaleState.CLOSED, now)
    if shift is not None:
        shifts.count_sale(tx, shift)
    return _closed_before(tx, number, Mode.DISPENSE)


def cancel_list(tx: Connection, *, asked_for: str | None, now: datetime) -> CancelledList:
    """Give up the open list, sale or delivery, or the next one if it is named; its packs are free again.

    Args:
        tx: The transaction in which everything happens.
        asked_for: The list's number, if the caller names it: one that was cancelled already gives its answer again.
        now: The device's clock.

    Raises:
        NotSignedInError: Nobody is signed in.
        ListNotOpenError: No list is open, or not the one that was named.
        SettlingError, HeldByPosError: The insurance was asked to settle it, here or by the institution's own software.
    """
    desk = sales.see_desk(tx)
    _operator(desk)
    number = asked_for or desk.sale
    sale = sales.find_sale(tx, number) if number else None
    if sale is None or sale.state is SaleState.CLOSED:
        raise ListNotOpenError(Words("没有进行中的清单", "No such list is open"))
    if sale.state in {SaleState.OPEN, SaleState.WAITING, SaleState.HELD}:
        refuse_asked(tx, sale.id)
        refuse_asked_by_pos(tx, sale.id)
        sales.move_packs(tx, sale.id, PackState.REMOVED)
        _end(tx, desk, sale.id, SaleState.CANCELLED, now)
    return CancelledList(sale.id)


def remove_pack(tx: Connection, code: str) -> ListChange:
    """Take a pack off the open list, or off the next one, unless it is being settled."""
    desk = sales.see_desk(tx)
    _operator(desk)
    for sale in _lists_to_change(desk):
        refuse_asked_by_pos(tx, sale, code)
        left = sales.take_off_list(tx, sale, code)
        if left is not None:
            return ListChange(sale, "removed", left[0], code, left[1])
    raise PackNotOnListError(Words("清单中没有这一盒", "This pack is not on the list"))


def put_pack_back(tx: Connection, code: str) -> ListChange | None:
    """Put a pack that was taken off a list back as it was: no second scan. None if it is on a list already.

    Raises:
        NotSignedInError: Nobody is signed in.
        PackNotRemovedError: It was not taken off the open list, nor off the next one.
        PackElsewhereError: It is on a list that was put aside, or was sold meanwhile.
    """
    desk = sales.see_desk(tx)
    _operator(desk)
    if any(sales.find_on_list(tx, sale, code) for sale in _lists(desk)):
        return None
    refuse_elsewhere(tx, code)
    for sale in _lists_to_change(desk):
        back = sales.put_back_on_list(tx, sale, code)
        if back is not None:
            refuse_overdrawn(tx, sale, code)
            return ListChange(sale, "restored", back[0], code, back[1])
    raise PackNotRemovedError(Words("这一盒不是从当前清单移除的", "This pack was not taken off the list that is open"))


def sell_in_part(tx: Connection, code: str, units: int) -> ListChange:
    """Let a pack on the open list stand for some of its units.

    Raises:
        NotSignedInError: Nobody is signed in.
        PackNotOnListError: It is not on the open list, nor on the next one.
        SettlingError, HeldByPosError: It is being settled, here or by the institution's own software.
        NotDivisibleError, UnitsLeftError: It cannot be sold so.
    """
    desk = sales.see_desk(tx)
    _operator(desk)
    for sale in _lists_to_change(desk):
        if desk.mode is Mode.DISPENSE and sales.find_on_list(tx, sale, code) is not None:
            refuse_asked_by_pos(tx, sale, code)
            return ListChange(sale, "split", split_pack(tx, sale, code, units), code, units)
    raise PackNotOnListError(Words("清单中没有这一盒", "This pack is not on the list"))


def sell_whole(tx: Connection, code: str) -> ListChange:
    """Let a pack on the open list stand for all of itself after all.

    Raises:
        NotSignedInError: Nobody is signed in.
        PackNotOnListError: It is not on the open list, nor on the next one.
        SettlingError, HeldByPosError: It is being settled, here or by the institution's own software.
        NotWholeError: Something of it was sold before.
    """
    desk = sales.see_desk(tx)
    _operator(desk)
    for sale in _lists_to_change(desk):
        if desk.mode is Mode.DISPENSE and sales.find_on_list(tx, sale, code) is not None:
            refuse_asked_by_pos(tx, sale, code)
            return ListChange(sale, "split", make_whole(tx, sale, code), code)
    raise PackNotOnListError(Words("清单中没有这一盒", "This pack is not on the list"))


def show_divisible(tx: Connection) -> list[Divisible]:
    """Return the packs that may be sold in part of the lists that may be changed; reads only, on any connection."""
    desk = sales.see_desk(tx)
    if desk.mode is not Mode.DISPENSE or (desk.is_settling and desk.waiting is None):
        return []
    return [pack for sale in _lists_to_change(desk) for pack in divisible_packs(tx, sale)]


def change_mode(tx: Connection, mode: Mode, now: datetime) -> None:
    """Change what the counter does. An open list without packs is given up silently.

    Raises:
        NotSignedInError: Nobody is signed in.
        ListNotEmptyError: The open list has packs on it.
    """
    desk = sales.see_desk(tx)
    _operator(desk)
    if desk.mode is mode:
        return
    if desk.sale is not None:
        _refuse_settling(desk)
        refuse_unfinished_list(tx)
        for sale in reversed(_lists(desk)):
            sales.end_sale(tx, sale, SaleState.CANCELLED, now)
    set_mode(tx, mode)


def refuse_unfinished_list(tx: Connection) -> None:
    """Refuse what must not happen while packs are on the list.

    Raises:
        ListNotEmptyError: The open list has packs on it.
    """
    if any(sales.lines_of(tx, sale) for sale in _lists(sales.see_desk(tx))):
        raise ListNotEmptyError(Words("当前清单尚未完成", "The current list is not finished"))


def refuse_nobody(tx: Connection) -> None:
    """Refuse what only somebody who is signed in may do.

    Raises:
        NotSignedInError: Nobody is.
    """
    _operator(sales.see_desk(tx))


def refuse_asked(tx: Connection, sale: str) -> None:
    """Refuse what must not happen to a sale of which the insurance was asked something that it has not answered.

    Raises:
        SettlingError: It was.
    """
    latest = latest_settlement(tx, sale)
    if latest is not None and latest.standing not in {Standing.NONE, Standing.UNDONE}:
        raise SettlingError(sale)


def _refuse_insured(tx: Connection, sale: str) -> None:
    """Refuse to say of an insured sale that the customer has paid it: nobody takes the money twice."""
    latest = latest_settlement(tx, sale)
    if latest is not None and latest.standing is Standing.SETTLED:
        raise InsuredError(sale)
    refuse_asked(tx, sale)


def _refuse_settling(desk: Desk) -> None:
    if desk.sale is not None and desk.is_settling:
        raise SettlingError(desk.sale)


def _lists_to_change(desk: Desk) -> list[str]:
    """Return the lists of the counter that may be changed: not what is being settled, if there is a next one."""
    if desk.is_settling and desk.waiting is None:
        _refuse_settling(desk)
    return [sale for sale in _lists(desk) if sale != desk.sale or not desk.is_settling]


def _lists(desk: Desk) -> list[str]:
    """Return the open list and the one that waits for it."""
    return [sale for sale in (desk.sale, desk.waiting) if sale is not None]


def _end(tx: Connection, desk: Desk, sale: str, state: SaleState, now: datetime) -> None:
    """End a list; the one that waited for it opens in the same transaction."""
    sales.end_sale(tx, sale, state, now)
    if desk.waiting is not None:
        sales.open_waiting(tx, desk.waiting)


def _operator(desk: Desk) -> str:
    if desk.operator is None:
        raise NotSignedInError
    return desk.operator


def _open_sale(tx: Connection, desk: Desk, mode: Mode) -> SaleRow:
    sale = sales.find_sale(tx, desk.sale) if desk.sale else None
    if sale is None or sale.mode is not mode:
        name = _NAMES[mode]
        raise ListNotOpenError(Words(f"没有进行中的{name.zh}", f"No {name.en} is open"))
    return sale


def _known_sale(tx: Connection, number: str, mode: Mode) -> SaleRow:
    sale = sales.find_sale(tx, number)
    if sale is None or sale.mode is not mode:
        name = _NAMES[mode]
        raise SaleUnknownError(Words(f"本机没有{name.zh} {number}", f"This terminal has no {name.en} {number}"))
    return sale


def _closed_before(tx: Connection, number: str, mode: Mode) -> ClosedList:
    """Return the answer of a list that is closed, from what is kept of it."""
    sale = _known_sale(tx, number, mode)
    name = _NAMES[mode]
    if sale.state is SaleState.WAITING:
        raise ListNotOpenError(
            Words(f"{name.zh} {number} 是下一单，当前清单结束后才打开", f"The {name.en} {number} is the next one")
        )
    if sale.state is SaleState.HELD:
        raise ListNotOpenError(Words(f"{name.zh} {number} 已挂单", f"The {name.en} {number} is put aside"))
    if sale.state is not SaleState.CLOSED or sale.ended_at is None:
        raise ListNotOpenError(Words(f"{name.zh} {number} 已取消", f"The {name.en} {number} was cancelled"))
    lines = sales.lines_of(tx, number)
    codes = _codes_by_line(sales.packs_of(tx, number), PackState.SOLD, PackState.RECEIVED, PackState.RETURNED)
    closed = tuple(show_line(line, codes) for line in lines)
    return ClosedList(sale.id, sale.mode, sale.ended_at, closed, totals_of(lines, sale.alarms))


def _write_facts(
    tx: Connection, outbox: Outbox, sale: SaleRow, *, paid_by: PaidBy, operator: str, now: datetime
) -> None:
    """Write one fact a line, and say what became of the packs."""
    packs = [pack for pack in sales.packs_of(tx, sale.id) if pack.state is PackState.LISTED]
    for line in sales.lines_of(tx, sale.id):
        fact = _fact(tx, sale, line, _in_line(packs, line.line), paid_by)
        sales.note_line_event(tx, sale.id, line.line, outbox.append(tx, fact, operator=operator, now=now).id)
        note_units(tx, fact, now)
    sales.move_packs(tx, sale.id, _AFTER[sale.mode])


def _fact(tx: Connection, sale: SaleRow, line: LineRow, packs: list[PackInLine], paid_by: PaidBy) -> Fact:
    if sale.mode is Mode.RECEIVE:
        return Received(sale.id, line.line, line.product, packs)
    if line.units is not None:
        size = size_of(tx, packs[0].code, line.product or "")
        return SplitDispensed(sale.id, line.line, line.product, packs, size, line.price, paid_by)
    return Dispensed(sale.id, line.line, line.product, packs, line.price, paid_by)


def _in_line(packs: Iterable[PackRow], line: int) -> list[PackInLine]:
    return [PackInLine(pack.code, pack.reading, pack.units) for pack in packs if pack.line == line]


def _codes_by_line(packs: Iterable[PackRow], *states: PackState) -> dict[int, list[str]]:
    codes: dict[int, list[str]] = defaultdict(list)
    for pack in packs:
        if pack.state in states:
            codes[pack.line].append(pack.code)
    return codes
