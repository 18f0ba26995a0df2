"""Which sale sold a pack: a customer brings the box back, and often no receipt."""

from __future__ import annotations

from sqlalchemy import Connection

from codes.classify import read_text
from codes.pack import pack_key
from codes.words import Words
from edge.counter.errors import PackNotSoldHereError
from edge.counter.views import SoldPack
from edge.store import sales


def find_sold_pack(tx: Connection, text: str) -> SoldPack:
    """Return the sale that sold a pack; reads only, on any connection.

    Args:
        tx: The transaction to look in.
        text: The pack's key, or its code as it is scanned or typed.

    Raises:
        PackNotSoldHereError: This terminal did not sell it, or it came back.
    """
    reading = read_text(text)
    code = pack_key(reading) or reading.value
    found = sales.find_sale_of(tx, code)
    if found is None:
        raise PackNotSoldHereError(
            Words(f"本机没有售出过 {code}，或已退回", f"{code} was not sold at this terminal, or came back before")
        )
    line = next(line for line in sales.lines_of(tx, found.sale) if line.line == found.line)
    return SoldPack(code, found.sale, found.closed_at, found.operator, line.product, line.name, line.spec, line.price)
