"""What of a sale is still with the customer, line by line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

import msgspec
from sqlalchemy import Connection

from edge.counter.lines import amount_of
from edge.store import sales
from edge.store.catalogue import as_sold
from edge.store.sales import PackState
from edge.till.asked import AskedLine


def lines_sold(tx: Connection, sale: str) -> tuple[AskedLine, ...]:
    """Return the lines of a closed sale with the packs that were not given back."""
    return tuple(_lines_sold(tx, sale))


def _lines_sold(tx: Connection, sale: str) -> Iterator[AskedLine]:
    packs = [pack for pack in sales.packs_of(tx, sale) if pack.state is PackState.SOLD]
    for row in sales.lines_of(tx, sale):
        codes = tuple(pack.code for pack in packs if pack.line == row.line)
        goods = None if row.product is None else as_sold(tx, row.product)
        price = row.price or Decimal(0)
        count = len(codes) if row.units is None else row.units
        if codes:
            yield AskedLine(
                serial=str(row.line), line=row.line, product=row.product or "",
                national=("" if goods is None else goods.national) or "", name=row.name or "", price=price,
                count=Decimal(count), amount=amount_of(price, count) or Decimal("0.00"), codes=codes,
                is_split=row.units is not None,
                is_prescription=bool(goods is not None and goods.is_prescription),
            )  # fmt: skip


def without(lines: Iterable[AskedLine], codes: Iterable[str]) -> tuple[AskedLine, ...]:
    """Return what stays of lines when packs come back; a line of which nothing stays is left out."""
    back = set(codes)
    return tuple(stays for line in lines if (stays := _without(line, back)) is not None)


def _without(line: AskedLine, back: set[str]) -> AskedLine | None:
    codes = tuple(code for code in line.codes if code not in back)
    if len(codes) == len(line.codes):
        return line
    if not codes or line.is_split:
        return None
    count = line.count - (len(line.codes) - len(codes))
    amount = amount_of(line.price, int(count)) or Decimal("0.00")
    return msgspec.structs.replace(line, codes=codes, count=count, amount=amount)
