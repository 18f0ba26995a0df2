"""Codes of the desk: which lie there, which belong to a sale of the institution's software, which are still owed.

What belongs to a sale that stands leaves the open list: the list itself ends if nothing else is on it, else its packs
go to a sale of their own with the same lines and prices.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from edge.clock import SHOP_TIME, from_us, to_us
from edge.store import sales, sql
from edge.store.sales import Desk, PackRow, PackState

RECENT_SCANS = 5_000
SELECT_AT_DESK = """
SELECT p.code, l.product, p.units FROM sale_pack AS p JOIN sale_line AS l ON l.sale = p.sale AND l.line = p.line
JOIN sale AS s ON s.id = p.sale
WHERE p.sale = ? AND p.state = 'listed' AND NOT EXISTS (
  SELECT 1 FROM pos_binding AS b WHERE b.code = p.code AND (b.setl_id = '' OR b.at >= s.opened_at)
)
ORDER BY p.placed
"""
SELECT_DEVICES = """
SELECT p.code, s.device FROM sale_pack AS p JOIN scan AS s ON s.event = p.reading
WHERE p.sale = ? AND s.id > (SELECT max(id) FROM scan) - ?
"""
SELECT_LISTS = """
SELECT s.id FROM sale AS s JOIN sale_pack AS p ON p.sale = s.id AND p.code = ? AND p.state = 'listed'
WHERE s.state = 'open' AND s.place >= 0 AND s.mode = 'dispense'
"""
# By a message that nobody knows the outcome of, whichever list its packs lie on by now; or by one whose settlement is
# known, if they were bound while the list was open.
SELECT_HELD = """
SELECT b.msgid, b.setl_id, q.msgid IS NOT NULL FROM sale AS s
JOIN sale_pack AS p ON p.sale = s.id AND p.state IN ('listed', 'sold') AND (?2 = '' OR p.code = ?2)
JOIN pos_binding AS b ON b.code = p.code
LEFT JOIN pos_question AS q ON q.institution = b.institution AND q.msgid = b.msgid AND q.state = 'open'
WHERE s.id = ?1 AND s.told_as IS NULL AND CASE b.setl_id
  WHEN '' THEN q.msgid IS NOT NULL ELSE b.at >= s.opened_at AND b.at <= coalesce(s.ended_at, b.at) END
ORDER BY q.msgid IS NULL, b.at DESC LIMIT 1
"""
SELECT_BOUND = "SELECT code FROM pos_binding WHERE institution = ? AND setl_id = ? ORDER BY at, code"
# A whole pack belongs to the last of its sales; of an opened one others have had their part. What a message came to
# stays known if nobody knows what came of its repeat.
UNBIND = """
DELETE FROM pos_binding WHERE code = ?1 AND setl_id <> ?2 AND NOT (?2 = '' AND msgid = ?3)
  AND ((setl_id = '' AND msgid = ?3) OR NOT EXISTS (SELECT 1 FROM opened_pack WHERE code = ?1))
"""
BIND = """
INSERT INTO pos_binding (code, institution, msgid, setl_id, at)
SELECT ?1, ?2, ?3, ?4, ?5 WHERE ?4 <> '' OR NOT EXISTS (
  SELECT 1 FROM pos_binding WHERE code = ?1 AND msgid = ?3 AND setl_id <> ''
)
ON CONFLICT (code, setl_id) DO UPDATE SET institution = excluded.institution, msgid = excluded.msgid, at = excluded.at
"""
NOTE_RECEIPT = "UPDATE pos_binding SET receipt = ? WHERE institution = ? AND setl_id = ? AND code = ?"
SELECT_OF_RECEIPT = """
SELECT DISTINCT setl_id FROM pos_binding WHERE receipt = ? AND institution = ? AND setl_id <> '' AND receipt <> ''
"""
RELEASE = "DELETE FROM pos_binding WHERE institution = ? AND msgid = ? AND setl_id = ''"
# Bound before the list was opened on which it lies, it is at the desk.
UNDO_BINDING = """
UPDATE pos_binding SET at = at - 86400000000
WHERE institution = ?1 AND setl_id <> '' AND (setl_id = ?2 OR (?2 = '' AND msgid = ?3))
"""
FORGET_PART = "DELETE FROM pos_binding WHERE code = ? AND setl_id = ''"
KEEP_AT_DESK = "UPDATE pos_binding SET at = at - 86400000000 WHERE code = ? AND setl_id <> ''"
UNDO_OWED = """
UPDATE pos_owed SET state = 'done' WHERE (code, setl_id) IN (
  SELECT code, setl_id FROM pos_binding
  WHERE institution = ?1 AND setl_id <> '' AND (setl_id = ?2 OR (?2 = '' AND msgid = ?3))
)
"""
FREE = "DELETE FROM pos_binding WHERE code = ?1 AND NOT EXISTS (SELECT 1 FROM opened_pack WHERE code = ?1)"
START_CLOSED = """
INSERT INTO sale (id, day, number, mode, state, operator, opened_at, ended_at)
SELECT ?1 || '-' || ?2 || '-' || n, ?2, n, 'dispense', 'closed', operator, opened_at, ?3
FROM (SELECT coalesce(max(number), 0) + 1 AS n FROM sale WHERE day = ?2), sale WHERE id = ?4
RETURNING id
"""
COPY_LINE = """
INSERT INTO sale_line (sale, line, item, product, name, spec, insurance_class, price, quantity, units)
SELECT ?1, line, item, product, name, spec, insurance_class, price, ?2, iif(units IS NULL, NULL, ?5)
FROM sale_line WHERE sale = ?3 AND line = ?4
"""
MOVE_PACK = "UPDATE sale_pack SET sale = ? WHERE sale = ? AND code = ? AND state = 'listed'"
TAKE_OFF_LINE = "UPDATE sale_line SET quantity = quantity - ?, units = units - ? WHERE sale = ? AND line = ?"
PUT_AWAY = "DELETE FROM pos_binding WHERE at < ?"
OWE = """
INSERT INTO pos_owed (code, institution, setl_id, item, serial, line, state, lacks, at)
VALUES (?, ?, ?, ?, ?, ?, 'waiting', '', ?)
ON CONFLICT (code, setl_id) DO UPDATE SET institution = excluded.institution, item = excluded.item,
  serial = excluded.serial, line = excluded.line, state = 'waiting', lacks = '', msgid = NULL, at = excluded.at
"""
SELECT_OWED = """
SELECT code, institution, setl_id, item, serial, line, state, lacks, at FROM pos_owed
WHERE state <> 'done' ORDER BY at, setl_id, serial, code
"""
SET_OWED = "UPDATE pos_owed SET state = ?1, lacks = ?2 WHERE code = ?3 AND (?4 = '' OR setl_id = ?4)"
PUT_AWAY_OWED = "DELETE FROM pos_owed WHERE state = 'done' AND at < ?"


@dataclass(frozen=True, slots=True)
class AtDesk:
    """A pack on the open list."""

    code: str
    product: str | None
    units: int | None
    """Smallest units that it stands for, if it is to be sold in part."""


@dataclass(frozen=True, slots=True)
class Owner:
    """The sale that codes belong to."""

    institution: str
    msgid: str
    setl_id: str
    """Empty as long as nobody has given one."""


@dataclass(frozen=True, slots=True)
class Held:
    """The software asks for a settlement of packs of a sale of this terminal, or has settled them."""

    msgid: str
    setl_id: str
    """Empty as long as nobody knows of one."""
    is_open: bool
    """Nobody knows what came of its message."""


@dataclass(frozen=True, slots=True)
class OwedRow:
    """A code that is to follow."""

    code: str
    institution: str
    setl_id: str
    item: str
    serial: str
    line: bytes
    """The line as JSON: it names drugs and counts, and nobody."""
    state: str
    lacks: str
    at: datetime


def packs_at_desk(tx: Connection) -> Sequence[AtDesk]:
    """Return what lies on the open list and belongs to no sale yet, in the order of scanning."""
    mine = _list_of(sales.see_desk(tx))
    return [] if mine is None else [AtDesk(*row) for row in sql.rows(tx, SELECT_AT_DESK, (mine,))]


def devices_of_packs(tx: Connection) -> Mapping[str, str]:
    """Return by which device each pack of the open list and the next one was scanned, as far as the last scans tell."""
    desk = sales.see_desk(tx)
    lists = [one for one in (desk.sale, desk.waiting) if one is not None]
    return {code: device for one in lists for code, device in sql.rows(tx, SELECT_DEVICES, (one, RECENT_SCANS))}


def lists_with(tx: Connection, codes: Iterable[str]) -> list[str]:
    """Return the open lists that have these packs: the one at the counter, the next one, or one that was put aside."""
    return sorted({sale for code in codes for (sale,) in sql.rows(tx, SELECT_LISTS, (code,))})


def held_by_pos(tx: Connection, sale: str, code: str = "") -> Held | None:
    """Return what the software asks or has settled of packs of this terminal's own sale, or of one of them."""
    found = sql.first(tx, SELECT_HELD, (sale, code))
    return None if found is None else Held(found[0], found[1], bool(found[2]))


def _list_of(desk: Desk) -> str | None:
    """Return the list that the software may sell from: not the one that the till is settling."""
    return desk.waiting if desk.is_settling else desk.sale


def codes_of_settlement(tx: Connection, institution: str, setl_id: str) -> Sequence[str]:
    """Return what was taken for a sale before."""
    return [code for (code,) in sql.rows(tx, SELECT_BOUND, (institution, setl_id))]


def settlements_of_receipt(tx: Connection, institution: str, receipt: str) -> Sequence[str]:
    """Return the settlements of which the software has told the ledger under a receipt."""
    return [setl_id for (setl_id,) in sql.rows(tx, SELECT_OF_RECEIPT, (receipt, institution))]


def note_receipt(tx: Connection, codes: Iterable[str], owner: Owner, receipt: str) -> None:
    """Keep under which receipt the software has told the ledger of codes of a settlement."""
    sql.change_many(tx, NOTE_RECEIPT, [(receipt, owner.institution, owner.setl_id, code) for code in codes])


def bind_codes(tx: Connection, codes: Iterable[str], owner: Owner, now: datetime) -> None:
    """Let codes belong to a sale from now on."""
    mine, whose = tuple(codes), (owner.institution, owner.msgid, owner.setl_id, to_us(now))
    sql.change_many(tx, UNBIND, [(code, owner.setl_id, owner.msgid) for code in mine])
    sql.change_many(tx, BIND, [(code, *whose) for code in mine])


def release_codes(tx: Connection, institution: str, msgid: str) -> None:
    """Give back what was kept for a message that was not done: it lies at the desk again."""
    sql.change(tx, RELEASE, (institution, msgid))


def sale_undone(tx: Connection, owner: Owner) -> None:
    """Let nothing be owed of a sale that does not stand; a pack of it that is scanned again lies at the desk again.

    Which codes it had stays known: the return of its packs may still be told.
    """
    for statement in (UNDO_OWED, UNDO_BINDING):
        sql.change(tx, statement, (owner.institution, owner.setl_id, owner.msgid))


def keep_at_desk(tx: Connection, codes: Iterable[str]) -> None:
    """Let packs that were sold in part lie at the desk again as soon as they are scanned for the rest of them."""
    mine = [(code,) for code in codes]
    for statement in (FORGET_PART, KEEP_AT_DESK):
        sql.change_many(tx, statement, mine)


def free_codes(tx: Connection, codes: Iterable[str]) -> None:
    """Forget which sale a code belonged to: the pack came back. An opened one may belong to others."""
    sql.change_many(tx, FREE, [(code,) for code in codes])


def sale_of_packs(tx: Connection, numbers: str, source: str, codes: Collection[str], now: datetime) -> str:
    """Return the sale that is to be closed with these packs: a list, or a part of it as a sale of its own.

    The packs are still `listed`.

    Args:
        tx: The transaction.
        numbers: What the numbers of new sales begin with (`Desk.numbers`).
        source: The list that has some of the packs.
        codes: The packs.
        now: The device's clock.
    """
    listed = [pack for pack in sales.packs_of(tx, source) if pack.state is PackState.LISTED]
    mine = [pack for pack in listed if pack.code in codes]
    if len(mine) == len(listed):
        return source
    day = now.astimezone(SHOP_TIME).strftime("%Y%m%d")
    made = str(sql.one(tx, START_CLOSED, (numbers, day, to_us(now), source))[0])
    lines: dict[int, list[PackRow]] = defaultdict(list)
    for pack in mine:
        lines[pack.line].append(pack)
    for line, on_it in lines.items():
        units = sum(pack.units or 0 for pack in on_it)
        sql.change(tx, COPY_LINE, (made, len(on_it), source, line, units))
        sql.change_many(tx, MOVE_PACK, [(made, source, pack.code) for pack in on_it])
        sql.change(tx, TAKE_OFF_LINE, (len(on_it), units, source, line))
    return made


def owe_codes(tx: Connection, rows: Iterable[OwedRow]) -> None:
    """Keep codes that are to follow by a 3505 of ours."""
    values = [(one.code, one.institution, one.setl_id, one.item, one.serial, one.line, to_us(one.at)) for one in rows]
    sql.change_many(tx, OWE, values)


def owed_codes(tx: Connection) -> Sequence[OwedRow]:
    """Return what is still owed, the oldest first."""
    return [
        OwedRow(code, institution, setl_id, item, serial, line, state, lacks, from_us(at))
        for code, institution, setl_id, item, serial, line, state, lacks, at in sql.rows(tx, SELECT_OWED)
    ]


def set_owed(tx: Connection, codes: Iterable[str], state: str, lacks: str = "", *, of: str = "") -> None:
    """Note how far codes that are owed have come: those of one settlement (`of`), or of any."""
    sql.change_many(tx, SET_OWED, [(state, lacks, code, of) for code in codes])


def put_away_codes(tx: Connection, before: datetime) -> int:
    """Delete what belongs to sales of long ago, and what is owed no more."""
    return sql.change(tx, PUT_AWAY, (to_us(before),)) + sql.change(tx, PUT_AWAY_OWED, (to_us(before),))
