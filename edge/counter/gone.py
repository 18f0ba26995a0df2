"""Packs on a list that cannot be sold any more: what a scan would say of them now, asked once more before money moves.

Between a scan and the payment a pack may be sold at another terminal of the site, come back there, or be opened. A list
that lay aside for hours is asked about when it is taken up. Nothing is taken off by itself: a person looks at the box.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import ClassVar

from sqlalchemy import Connection

from codes.errors import RejectedError
from codes.words import Words
from edge.clock import SHOP_TIME
from edge.counter.errors import PackElsewhereError
from edge.counter.returning import expiries_carried
from edge.errors import EdgeError
from edge.store import sales
from edge.store.quarantine import find_quarantined
from edge.store.sales import PackRow, PackState
from edge.store.site_apart import apart_at_site
from edge.store.site_held import held_at_site
from edge.store.site_sales import site_sale
from edge.store.splits import find_opened
from rules.return_judgement import is_expired


@dataclass(frozen=True, slots=True)
class Gone:
    """A pack on a list that cannot be sold by it now."""

    code: str
    line: int
    words: Words
    """Where it is, or went."""


class PackGoneError(EdgeError, RejectedError):
    """Packs were scanned for this list, and have been sold, or set apart, elsewhere since."""

    code: ClassVar[str] = "counter.pack_gone"
    next_step: ClassVar[Words] = Words(
        "请将该盒移出清单并核对实物，其余照常结算；拆零盒可改少数量。",
        "Take the box off the list and check it; the rest is paid as usual. Of an opened pack fewer units may be left.",
    )

    def __init__(self, gone: list[Gone]) -> None:
        zh, en = "；".join(one.words.zh for one in gone), "; ".join(one.words.en for one in gone)
        super().__init__(Words(zh, en))
        self.codes = tuple(one.code for one in gone)


def gone_packs(tx: Connection, sale: str, now: datetime) -> list[Gone]:
    """Return the packs on a list that cannot be sold by it now, as far as is known here."""
    listed = [pack for pack in sales.packs_of(tx, sale) if pack.state is PackState.LISTED]
    over = _expired(tx, sale, listed, now)
    found = ((pack, next(chain(_gone(tx, pack), over.get(pack.code, ())), None)) for pack in listed)
    return [Gone(pack.code, pack.line, words) for pack, words in found if words is not None]


def refuse_gone(tx: Connection, sale: str, now: datetime) -> None:
    """Refuse to take money for packs that cannot be sold now.

    Raises:
        PackGoneError: There are some on the list.
    """
    gone = gone_packs(tx, sale, now)
    if gone:
        raise PackGoneError(gone)


def refuse_elsewhere(tx: Connection, code: str) -> None:
    """Refuse to put a pack on a list that is on another one of this terminal, or left with it.

    Raises:
        PackElsewhereError: It is.
    """
    aside = sales.aside_with(tx, code)
    sold = None if aside is not None else sales.find_sale_of(tx, code)
    number = aside or (None if sold is None else sold.sale)
    if number is not None:
        raise PackElsewhereError(Words(f"这一盒在单号 {number} 中", f"This pack is on sale {number}"))


def _gone(tx: Connection, pack: PackRow) -> Iterator[Words]:
    """Yield why, the gravest reason first."""
    code = pack.code
    here = sales.find_sale_of(tx, code)
    if here is not None:
        yield Words(
            f"{code} 已于 {_at(here.closed_at)} 在本机售出（单号 {here.sale}）",
            f"{code} was sold at this terminal on {_at(here.closed_at)}, sale {here.sale}",
        )
    there = site_sale(tx, code)
    if there is not None:
        yield Words(
            f"{code} 已于 {_at(there.at)} 在本店终端 {there.terminal} 售出（单号 {there.sale}）",
            f"{code} was sold at terminal {there.terminal} of this site on {_at(there.at)}, sale {there.sale}",
        )
    yield from _apart(tx, code)
    held = held_at_site(tx, code)
    if held is not None:
        yield Words(
            f"{code} 在本店终端 {held.terminal} 的挂单 {held.sale} 中",
            f"{code} is on list {held.sale}, which was put aside at terminal {held.terminal} of this site",
        )
    yield from _opened(tx, pack)


def _expired(tx: Connection, sale: str, packs: Sequence[PackRow], now: datetime) -> Mapping[str, Sequence[Words]]:
    """Return which packs have expired since they were scanned, by what their own codes carry."""
    today = now.astimezone(SHOP_TIME).date()
    return {
        code: (Words(f"{code} 已过有效期（有效期至 {until}）", f"{code} has expired; its last good day was {until}"),)
        for code, until in expiries_carried(tx, sale, [pack.code for pack in packs]).items()
        if is_expired(until, today)
    }


def _apart(tx: Connection, code: str) -> Iterator[Words]:
    here, there = find_quarantined(tx, code), apart_at_site(tx, code)
    if here is not None:
        yield Words(
            f"{code} 为退回药品，在本机隔离（单号 {here.sale}）", f"{code} came back and lies apart here ({here.sale})"
        )
    elif there is not None:
        yield Words(
            f"{code} 为退回药品，在本店终端 {there.terminal} 隔离（单号 {there.sale}）",
            f"{code} came back and lies apart at terminal {there.terminal} of this site, sale {there.sale}",
        )


def _opened(tx: Connection, pack: PackRow) -> Iterator[Words]:
    opened = find_opened(tx, pack.code)
    if opened is not None and (pack.units is None or pack.units > opened.rest):
        yield Words(
            f"{pack.code} 已拆零，余 {opened.rest} 个最小单位",
            f"{pack.code} was opened: {opened.rest} of its units are left",
        )


def _at(moment: datetime) -> str:
    return f"{moment.astimezone(SHOP_TIME):%Y-%m-%d %H:%M}"
