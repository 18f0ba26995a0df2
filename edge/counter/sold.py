"""Which sale sold a pack: a customer brings the box back, and often no receipt."""

from __future__ import annotations

from sqlalchemy import Connection

from codes.classify import read_text
from codes.pack import keys_meant
from codes.words import Words
from edge.counter.errors import PackNotSoldHereError, SoldAtSiteError
from edge.counter.views import SoldPack
from edge.store import sales
from edge.store.sales import SoldBy
from edge.store.site_sales import site_sale


def find_sold_pack(tx: Connection, text: str) -> SoldPack:
    """Return the sale that sold a pack; reads only, on any connection.

    Args:
        tx: The transaction to look in.
        text: The pack's key, or its code as it is scanned or typed.

    Raises:
        SoldAtSiteError: Another terminal of this site has told that it sold it.
        PackNotSoldHereError: This terminal did not sell it, or it came back.
    """
    reading = read_text(text)
    code = reading.value
    for code in keys_meant(text, reading):
        found = sales.find_sale_of(tx, code)
        if found is not None:
            return _shown(tx, code, found)
    for code in keys_meant(text, reading):
        told = site_sale(tx, code)
        if told is not None:
            raise SoldAtSiteError(
                Words(
                    f"{code} 由本店终端 {told.terminal} 售出（单号 {told.sale}）",
                    f"{code} was sold at terminal {told.terminal} of this site, sale {told.sale}",
                )
            )
    raise PackNotSoldHereError(
        Words(f"本机没有售出过 {code}，或已退回", f"{code} was not sold at this terminal, or came back before")
    )


def _shown(tx: Connection, code: str, sold: SoldBy) -> SoldPack:
    line = next(line for line in sales.lines_of(tx, sold.sale) if line.line == sold.line)
    return SoldPack(code, sold.sale, sold.closed_at, sold.operator, line.product, line.name, line.spec, line.price)
