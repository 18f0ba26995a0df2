"""Selling a pack in part (拆零): its smallest units are counted, and what is left is sold from the same pack.

A pack is opened by selling units of it, and never becomes whole again: it is scanned or picked once more, and goes on
a line of units by itself. What is left is reckoned when the sale is closed.
"""

from __future__ import annotations

from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import ClassVar

from sqlalchemy import Connection

from codes.errors import RejectedError
from codes.words import Words
from edge.counter.errors import PackNotOnListError
from edge.counter.views import Divisible
from edge.errors import EdgeError
from edge.store import sales
from edge.store.catalogue import as_sold
from edge.store.sales import LineItem, LineRow, PackState
from edge.store.splits import find_opened, put_units, put_whole, take_units
from wire.events import Fact, SplitDispensed

PER_UNIT = Decimal("0.0001")
"""A unit's price has four decimals, so that a whole pack in units costs what the pack does."""


class NotDivisibleError(EdgeError, RejectedError):
    """The pack cannot be sold in part."""

    code: ClassVar[str] = "counter.not_divisible"
    next_step: ClassVar[Words] = Words(
        "请整盒销售；确可拆零的，请在匹配库中填写拆零数。",
        "Sell it whole. If it may be opened, complete the units of a pack in the matching library.",
    )


class UnitsLeftError(EdgeError, RejectedError):
    """The pack does not hold so many units any more."""

    code: ClassVar[str] = "counter.units_left"
    next_step: ClassVar[Words] = Words("请减少数量，或再开一盒。", "Take fewer, or open another pack as well.")

    def __init__(self, code: str, left: int) -> None:
        super().__init__(Words(f"{code} 余 {left} 个最小单位", f"{left} units are left in {code}"))
        self.left = left


class NotWholeError(EdgeError, RejectedError):
    """The pack is no whole one."""

    code: ClassVar[str] = "counter.not_whole"
    next_step: ClassVar[Words] = Words(
        "请按最小单位销售；未拆开的盒可移除后重新扫码。",
        "Sell units of it. A pack that nobody has opened can be taken off and scanned again.",
    )

    def __init__(self, code: str) -> None:
        super().__init__(Words(f"{code} 已拆零，不能整盒销售", f"{code} was opened: it is not sold as a whole"))


class SplitNotReturnedError(EdgeError, RejectedError):
    """Units of an opened pack do not come back into stock."""

    code: ClassVar[str] = "counter.split_not_returned"
    next_step: ClassVar[Words] = Words(
        "拆零药品不退回库存；质量问题请由负责人按质量投诉处理。",
        "Opened medicines are not taken back; the person in charge handles it as a complaint about quality.",
    )

    def __init__(self, code: str) -> None:
        super().__init__(Words(f"{code} 为拆零售出", f"Units of {code} were sold, not the pack"))


def split_pack(tx: Connection, sale: str, code: str, units: int) -> int:
    """Let a pack on the list stand for some of its units; return its line.

    Raises:
        PackNotOnListError: It is not on the list.
        NotDivisibleError: Nobody knows how many units it holds, or it holds one.
        UnitsLeftError: It does not hold so many any more.
    """
    listed = sales.find_on_list(tx, sale, code)
    row = None if listed is None else next(one for one in sales.lines_of(tx, sale) if one.line == listed[0])
    if row is None:
        raise PackNotOnListError(Words("清单中没有这一盒", "This pack is not on the list"))
    known = None if row.product is None else as_sold(tx, row.product)
    if known is None or not known.is_divisible:
        raise NotDivisibleError(Words(f"{row.name or code} 不可拆零", f"{row.name or code} is not sold in parts"))
    opened = find_opened(tx, code)
    left = known.units_per_pack if opened is None else opened.rest
    if units > left:
        raise UnitsLeftError(code, left)
    return put_units(tx, sale, code, _item(row, known.units_per_pack), units)


def make_whole(tx: Connection, sale: str, code: str) -> int:
    """Let a pack on the list stand for all of itself after all; return its line.

    Raises:
        NotWholeError: Units of it were sold before.
    """
    line = None if find_opened(tx, code) is not None else put_whole(tx, sale, code)
    if line is None:
        raise NotWholeError(code)
    return line


def divisible_packs(tx: Connection, sale: str) -> list[Divisible]:
    """Return the packs on a list that may be sold in part, in the order of its lines."""
    lines = {one.line: one for one in sales.lines_of(tx, sale)}
    known = {product: as_sold(tx, product) for product in {one.product for one in lines.values() if one.product}}
    found = []
    for pack in sales.packs_of(tx, sale):
        row = lines.get(pack.line)
        product = None if row is None or row.product is None else known[row.product]
        if row is None or pack.state is not PackState.LISTED or product is None or not product.is_divisible:
            continue
        opened, size = find_opened(tx, pack.code), product.units_per_pack
        left = size if opened is None else opened.rest
        price = _item(row, size).price
        found.append(
            Divisible(
                pack.code,
                row.line,
                row.name,
                row.spec,
                size,
                left,
                pack.units,
                is_opened=opened is not None,
                price=price,
            )
        )
    return found


def refuse_overdrawn(tx: Connection, sale: str, code: str) -> None:
    """Refuse to put back what does not hold any more what it stands for: others were sold of it meanwhile.

    Raises:
        UnitsLeftError: It does not.
    """
    opened = find_opened(tx, code)
    if opened is None:
        return
    units = next((pack.units for pack in sales.packs_of(tx, sale) if pack.code == code), None)
    if units is None or units > opened.rest:
        raise UnitsLeftError(code, opened.rest)


def note_units(tx: Connection, fact: Fact, now: datetime) -> None:
    """Note what a line of opened packs took from them; of any other fact nothing."""
    if isinstance(fact, SplitDispensed):
        for pack in fact.packs:
            take_units(tx, pack.code, fact.product or "", of=fact.units_per_pack, taken=pack.units or 0, now=now)


def size_of(tx: Connection, code: str, product: str) -> int:
    """Return how many units a whole pack holds: as it was opened, or as the library has it."""
    opened = find_opened(tx, code)
    if opened is not None:
        return opened.units
    known = as_sold(tx, product)
    return 1 if known is None else known.units_per_pack


def _item(row: LineRow, units_per_pack: int) -> LineItem:
    price = row.price
    if row.units is None and price is not None:
        price = (price / units_per_pack).quantize(PER_UNIT, ROUND_HALF_UP)
    spec = row.spec if row.units is not None else f"{row.spec or ''} 拆零".strip()
    return LineItem(f"units {row.product}", row.product, row.name, spec, row.insurance_class, price)
