"""Sales that the institution's own software rang up: its packs left here, its settlement went through the proxy.

Such a sale keeps its number of this terminal, and is told under the number that the software's messages name: so the
fact of a pack is the same fact whoever tells of it, and whoever asks who has paid finds that software's settlement.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection

from edge.clock import to_us
from edge.store import sql
from edge.store.settlements import Paid, SettlementRow, set_undone, settlement_by_message, settlement_by_setl_id

TELL_AS = """
UPDATE sale SET told_as = ?1, told_from = (
  SELECT coalesce(max(s.told_from + l.line), 0) FROM sale AS s JOIN sale_line AS l ON l.sale = s.id
  WHERE s.told_as = ?1 AND s.id <> ?2
) WHERE id = ?2 RETURNING told_from
"""
SELECT_TOLD_FROM = "SELECT told_from FROM sale WHERE id = ?"
PAY_AS = "UPDATE sale SET paid_as = nullif(?2, told_as) WHERE id = ?1"
SELECT_PAID_AS = "SELECT coalesce(paid_as, told_as) FROM sale WHERE id = ?"
SELECT_TOLD_AS = """
SELECT told_as FROM sale WHERE id = ?1 AND told_as IS NOT NULL
UNION ALL SELECT sale FROM settlement WHERE sale = ?1 AND is_by_pos = 1 LIMIT 1
"""
IS_TAKEN = """
SELECT EXISTS (SELECT 1 FROM settlement WHERE sale = ?1 AND is_by_pos = 0) OR EXISTS (
  SELECT 1 FROM sale WHERE id = ?1 AND state = 'closed' AND told_as IS NULL
)
"""
SELECT_SALE_OF = "SELECT sale FROM settlement WHERE setl_id = ?1 OR (?1 = '' AND ask_msgid = ?2)"
SELECT_CANCELLED_BY_POS = """
SELECT 1 FROM settlement AS s WHERE s.sale = ? AND s.standing = 'undone' AND s.is_undone_by_pos = 1
  AND NOT EXISTS (SELECT 1 FROM settlement AS t WHERE t.sale = s.sale AND t.nth > s.nth AND t.standing <> 'none')
"""
SELECT_IS_OUT = """
SELECT 1 FROM sale_pack AS p JOIN sale AS s ON s.id = p.sale AND ?1 IN (s.told_as, s.paid_as)
WHERE p.code = ?2 AND p.state = 'sold' LIMIT 1
"""
SELECT_UNITS = """
SELECT p.units FROM settlement AS x JOIN sale AS s ON x.sale IN (s.told_as, s.paid_as)
JOIN sale_pack AS p ON p.sale = s.id AND p.code = ?2 AND p.state = 'sold' AND p.units IS NOT NULL
WHERE x.setl_id = ?1 AND x.is_by_pos = 1
"""
OVERTAKE = """
UPDATE settlement SET standing = 'undone', undone_at = NULL WHERE sale = ? AND is_by_pos = 1 AND standing = 'settled'
"""
SELECT_UNTOLD = """
SELECT p.sale, p.code FROM pos_binding AS b
JOIN pos_owed AS o ON o.code = b.code AND o.setl_id = b.setl_id AND o.state = 'waiting'
JOIN sale_pack AS p ON p.code = b.code AND p.state = 'sold'
JOIN sale AS s ON s.id = p.sale AND s.told_as = ?
WHERE b.setl_id = ? ORDER BY p.sale, p.code
"""
SELECT_SOLD = """
SELECT p.sale FROM sale_pack AS p JOIN sale AS s ON s.id = p.sale AND s.told_as IS NOT NULL
WHERE p.code = ? AND p.state = 'sold' AND p.units IS NULL ORDER BY s.ended_at DESC
"""
PUT = """
INSERT INTO settlement (sale, nth, standing, operator, shift, begun_at, asked, ask_msgid, setl_id, mdtrt_id, insutype,
  clr_type, clr_optins, settled_at, fee, funds, account, mutual_aid, cash, is_elsewhere, is_by_pos)
VALUES (?1, (SELECT coalesce(max(nth), 0) + 1 FROM settlement WHERE sale = ?1), 'settled', ?2, ?3, ?4, ?5, ?6, ?7, ?8,
  ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, 1)
"""
NOTE_UNDO = "UPDATE settlement SET undo_msgid = ?, is_undone_by_pos = 1 WHERE sale = ? AND nth = ?"
STRIKE_OUT = "UPDATE settlement SET standing = 'none', settled_at = NULL, told = ? WHERE sale = ? AND nth = ?"


@dataclass(frozen=True, slots=True)
class RungUp:
    """A settlement that the software asked for, and the answer agreed to."""

    sale: str
    """The number under which it is kept."""
    operator: str
    """Whom the message names."""
    shift: str | None
    msgid: str
    begun_at: datetime
    asked: bytes
    """Sealed; its place is `asked_place` of the number."""
    insutype: str
    fee: Decimal
    paid: Paid
    is_elsewhere: bool = False
    """Another message made it, which went by another way: it is in no book of this terminal."""


def tell_as(tx: Connection, sale: str, number: str) -> int:
    """Note that the software rang a sale up, and under which number it is told; return how many lines go before its."""
    return int(sql.one(tx, TELL_AS, (number, sale))[0])


def told_from(tx: Connection, sale: str) -> int:
    """Return how many lines of its number go before those of a sale; 0 of a sale of this terminal."""
    found = sql.first(tx, SELECT_TOLD_FROM, (sale,))
    return 0 if found is None else int(found[0])


def pay_as(tx: Connection, sale: str, number: str) -> None:
    """Note under which number the settlement is kept that pays for a sale of the software; its facts keep theirs."""
    sql.change(tx, PAY_AS, (sale, number))


def paid_as(tx: Connection, sale: str) -> str | None:
    """Return the number under which the settlement of a sale of the software is kept; None of any other sale."""
    found = sql.first(tx, SELECT_PAID_AS, (sale,))
    return None if found is None else found[0]


def told_as(tx: Connection, sale: str) -> str | None:
    """Return the number under which a sale of the software is told; None of any other sale."""
    found = sql.first(tx, SELECT_TOLD_AS, (sale,))
    return None if found is None else found[0]


def is_taken(tx: Connection, number: str) -> bool:
    """Say whether a number stands for a sale of this terminal."""
    return bool(sql.one(tx, IS_TAKEN, (number,))[0])


def number_of(tx: Connection, setl_id: str, msgid: str) -> str | None:
    """Return the number of a settlement that is kept here, by the centre's number or that of its message."""
    found = sql.first(tx, SELECT_SALE_OF, (setl_id, msgid))
    return None if found is None else str(found[0])


def put_rung_up(tx: Connection, one: RungUp) -> None:
    """Keep a settlement of the software. Of one number only the newest stands: the centre settles each once."""
    paid = one.paid
    sql.change(tx, OVERTAKE, (one.sale,))
    asked = (one.sale, one.operator, one.shift, to_us(one.begun_at), one.asked, one.msgid)
    told = (paid.setl_id or None, paid.mdtrt_id, one.insutype, paid.clr_type, paid.clr_optins, to_us(paid.at))
    money = (one.fee, paid.funds, paid.account, paid.mutual_aid, paid.cash)
    sql.change(tx, PUT, (*asked, *told, *(str(value) for value in money), one.is_elsewhere))


def undo_by(tx: Connection, row: SettlementRow, msgid: str, at: datetime, told: str) -> None:
    """Note that a message of the software has cancelled a settlement, whoever made it."""
    sql.change(tx, NOTE_UNDO, (msgid, row.sale, row.nth))
    set_undone(tx, row.sale, row.nth, at, told)


def strike_out(tx: Connection, row: SettlementRow, told: str) -> None:
    """Note that a settlement was taken back by a 2601: it stands in no book."""
    sql.change(tx, STRIKE_OUT, (told, row.sale, row.nth))


def untold_packs(tx: Connection, number: str, setl_id: str) -> list[tuple[str, str]]:
    """Return the packs of a settlement that no 3505 has told, each with its sale here."""
    return [(sale, code) for sale, code in sql.rows(tx, SELECT_UNTOLD, (number, setl_id))]


def sale_that_sold(tx: Connection, code: str) -> str | None:
    """Return the sale of the software by which a pack left here, if it has not come back."""
    found = sql.first(tx, SELECT_SOLD, (code,))
    return None if found is None else str(found[0])


def is_cancelled_by_pos(tx: Connection, sale: str) -> bool:
    """Say whether the software has cancelled what the till had settled, and paid back: of that nothing stands."""
    return sql.first(tx, SELECT_CANCELLED_BY_POS, (sale,)) is not None


def is_out(tx: Connection, number: str, code: str) -> bool:
    """Say whether a pack, or units of it, left here under a number of the software and have not come back."""
    return sql.first(tx, SELECT_IS_OUT, (number, code)) is not None


def units_out(tx: Connection, setl_id: str, code: str) -> int | None:
    """Return how many units of a pack left with a settlement of the software; None if it left whole, or not here."""
    found = sql.first(tx, SELECT_UNITS, (setl_id, code))
    return None if found is None else int(found[0])


def settlement_named(tx: Connection, setl_id: str = "", msgid: str = "") -> SettlementRow | None:
    """Return the settlement that a message of the software names, whoever made it."""
    return settlement_by_setl_id(tx, setl_id) if setl_id else settlement_by_message(tx, msgid)
