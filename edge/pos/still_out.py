"""Packs that are still out of a sale whose settlement was cancelled: what stays of it is settled anew, and not scanned.

The software names the sale once more by its own number, or by the receipt that its ledger messages bear, and it is the
same person's. Which of several packs stay nobody can tell by that; what came back has left them.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection

from edge.pos.books import person_of
from edge.pos.ports import SaleRef
from edge.sealing import Sealer
from edge.store import pos_codes, rung_up
from edge.store.settlements import SettlementRow, settlement_by_setl_id, settlements_of
from rules.settling import Standing


def codes_still_out(tx: Connection, sale: SaleRef, sealer: Sealer) -> list[str]:
    """Return the packs that left with a cancelled settlement of the same sale and person, and have not come back.

    Args:
        tx: The transaction.
        sale: What is settled anew: by a settlement that stands already (`setl_id`), or for a person that is named; and
            by which number or receipt.
        sealer: Opens whose settlements they are.
    """
    anew = settlement_by_setl_id(tx, sale.setl_id) if sale.setl_id else None
    if sale.setl_id and (anew is None or not anew.is_by_pos):
        return []
    person = sale.person if anew is None else person_of(anew, sealer)
    found: dict[str, None] = {}
    for row in _cancelled(tx, sale, anew) if person else ():
        if row.paid is None or person_of(row, sealer) != person:
            continue
        numbers = {row.sale} if anew is None else {row.sale, anew.sale}
        for code in pos_codes.codes_of_settlement(tx, sale.institution, row.paid.setl_id):
            if any(rung_up.is_out(tx, number, code) for number in numbers):
                found[code] = None
    return list(found)


def pay_by(tx: Connection, code: str, number: str) -> bool:
    """Let the sale of a pack go by the number of the settlement that pays for it now, if its own was cancelled.

    Returns:
        Whether it goes by that number.
    """
    sale = rung_up.sale_that_sold(tx, code)
    paid = None if sale is None else rung_up.paid_as(tx, sale)
    if sale is None or paid is None or not number or paid == number:
        return bool(number) and paid == number
    is_over = all(row.standing in {Standing.NONE, Standing.UNDONE} for row in settlements_of(tx, sale))
    if is_over:
        rung_up.pay_as(tx, sale, number)
    return is_over


def _cancelled(tx: Connection, sale: SaleRef, anew: SettlementRow | None) -> Iterator[SettlementRow]:
    """Yield the settlements of the software that were cancelled under a number, the last of each, or a receipt."""
    for number in {sale.number, "" if anew is None else anew.sale} - {""}:
        rows = [row for row in settlements_of(tx, number) if row.is_by_pos and row.paid is not None]
        others = [row for row in rows if anew is None or row.nth != anew.nth or row.sale != anew.sale]
        yield from others[-1:] if _is_over(others) else ()
    for setl_id in pos_codes.settlements_of_receipt(tx, sale.institution, sale.number) if sale.number else ():
        row = settlement_by_setl_id(tx, setl_id)
        if row is not None and row.is_by_pos and _is_over([row]):
            yield row


def _is_over(rows: list[SettlementRow]) -> bool:
    return bool(rows) and rows[-1].standing is Standing.UNDONE
