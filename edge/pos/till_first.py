"""What the till of this terminal settles, or has just settled or sold, is not settled by the software as well.

A message of the software names drugs, and a pack by its code only where one was scanned for it. So it is held back in
three cases: a pack that was scanned for it is on the till's list that is being settled, or left with a sale of the till
meanwhile; it names a drug without a code, and packs of that drug lie on the list that the till is settling at that
desk; or the till has asked for the same person's settlement of those drugs, and that is not known yet, or just made.
Other packs of the drug are told apart by being scanned.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from codes.words import Words
from edge.pos.books import person_of
from edge.pos.errors import TillSettlesError
from edge.sealing import Sealer
from edge.store import rung_up, sales
from edge.store.pos_goods import items_of_product
from edge.store.sales import PackRow, PackState
from edge.store.settlements import SettlementRow, settlements_of_till
from rules.settling import Standing

JUST_NOW = timedelta(minutes=5)
"""So long after the till has settled drugs for somebody the software says by codes that it means other packs."""
_THERE = frozenset({PackState.LISTED, PackState.SOLD})


@dataclass(frozen=True, slots=True)
class Asked:
    """What a settlement of the software is about."""

    codes: Collection[str]
    """Packs that were scanned for it."""
    lacks: frozenset[str]
    """National codes of the drugs of which packs were not scanned."""
    person: str
    is_at_desk: Callable[[str], bool]
    """Whether a pack was scanned at the desk that it comes from."""


def refuse_what_the_till_has(tx: Connection, asked: Asked, sealer: Sealer, now: datetime) -> None:
    """Let a settlement pass that the till neither makes nor has made.

    Raises:
        TillSettlesError: It does, or has.
    """
    desk = sales.see_desk(tx)
    settling = str(desk.sale) if desk.is_settling else ""
    for code in asked.codes:
        if settling and sales.find_on_list(tx, settling, code) is not None:
            raise _settles(settling)
        sold = sales.find_sale_of(tx, code)
        if sold is not None and rung_up.told_as(tx, sold.sale) is None:
            raise _has_sold(sold.sale)
    if not asked.lacks:
        return
    if settling and any(asked.is_at_desk(code) for code in _packs_of(tx, settling, asked.lacks)):
        raise _settles(settling)
    for row in settlements_of_till(tx, now - JUST_NOW):
        if person_of(row, sealer) == asked.person and _has_all(tx, row.sale, asked.lacks):
            raise _has_settled(row)


def _has_all(tx: Connection, sale: str, items: frozenset[str]) -> bool:
    """Say whether a sale has packs of each of some drugs."""
    return all(any(_packs_of(tx, sale, frozenset({item}))) for item in items)


def _packs_of(tx: Connection, sale: str, items: frozenset[str]) -> Iterator[str]:
    """Yield the packs of some drugs that lie on a list, or left with it."""
    products = {line.line: line.product for line in sales.lines_of(tx, sale)}
    of_drug = {line: bool(items & items_of_product(tx, name)) for line, name in products.items() if name is not None}
    packs: list[PackRow] = sales.packs_of(tx, sale)
    return (pack.code for pack in packs if pack.state in _THERE and of_drug.get(pack.line, False))


def _settles(sale: str) -> TillSettlesError:
    return TillSettlesError(
        Words(
            f"本机正在为这些药品办理医保结算（单号 {sale}）；本次未转发",
            f"The till of this terminal is settling these packs at this moment, as {sale}; this one did not go on",
        )
    )


def _has_sold(sale: str) -> TillSettlesError:
    return TillSettlesError(
        Words(
            f"本机刚售出这些药品（单号 {sale}）；本次未转发",
            f"The till of this terminal has just sold these packs, as {sale}; this one did not go on",
        )
    )


def _has_settled(row: SettlementRow) -> TillSettlesError:
    if row.standing is Standing.SETTLED:
        setl_id = "" if row.paid is None else row.paid.setl_id
        return TillSettlesError(
            Words(
                f"本机刚为同一参保人结算过同种药品（单号 {row.sale}，结算号 {setl_id}）；本次未转发",
                f"The till of this terminal has just settled the same drug for this person, as {row.sale} "
                f"({setl_id}); this one did not go on",
            )
        )
    return TillSettlesError(
        Words(
            f"本机已为同一参保人申请结算同种药品（单号 {row.sale}），结果未知；本次未转发",
            f"The till of this terminal has asked for this person's settlement of the same drug, as {row.sale}, and "
            "does not know the outcome; this one did not go on",
        )
    )
