"""Rows of settlements: which sale was settled, how each settlement stands, and what it came to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection

from edge.clock import from_us, to_us
from edge.store import sql
from rules.settling import Standing

_COLUMNS = (
    "sale, nth, standing, operator, shift, begun_at, asked, ask_msgid, undo_msgid, setl_id, mdtrt_id, insutype,"
    " clr_type, clr_optins, settled_at, undone_at, fee, funds, account, mutual_aid, cash, told, is_elsewhere, is_by_pos"
)
PUT_SETTLEMENT = """
INSERT INTO settlement (sale, nth, standing, operator, shift, begun_at, asked, ask_msgid, insutype, fee)
VALUES (?1, (SELECT coalesce(max(nth), 0) + 1 FROM settlement WHERE sale = ?1), ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
RETURNING nth
"""
# A sale that the institution's own software rang up goes by the number of that software.
_OF_SALE = "WHERE sale = coalesce((SELECT coalesce(paid_as, told_as) FROM sale WHERE id = ?1), ?1) ORDER BY nth"
SELECT_OF_SALE = f"SELECT {_COLUMNS} FROM settlement {_OF_SALE}"  # noqa: S608 - ours
SELECT_LATEST = f"SELECT {_COLUMNS} FROM settlement {_OF_SALE} DESC LIMIT 1"  # noqa: S608 - ours
SELECT_BY_MESSAGE = f"SELECT {_COLUMNS} FROM settlement WHERE ask_msgid = ?1 OR undo_msgid = ?1"  # noqa: S608 - ours
SELECT_BY_SETL_ID = f"SELECT {_COLUMNS} FROM settlement WHERE setl_id = ? ORDER BY nth DESC LIMIT 1"  # noqa: S608 - ours
SELECT_OPEN = f"""
SELECT {_COLUMNS} FROM settlement WHERE standing IN ('asked', 'unknown', 'undoing', 'undoing_unknown') ORDER BY begun_at
"""  # noqa: S608 - ours
SELECT_OF_TILL = f"""
SELECT {_COLUMNS} FROM settlement WHERE is_by_pos = 0 AND standing = 'settled' AND settled_at >= ?
UNION ALL SELECT {_COLUMNS} FROM settlement WHERE is_by_pos = 0 AND standing IN ('asked', 'unknown')
"""  # noqa: S608 - ours
SET_STANDING = "UPDATE settlement SET standing = ?, told = ? WHERE sale = ? AND nth = ?"
SET_SETTLED = """
UPDATE settlement SET standing = 'settled', setl_id = ?, mdtrt_id = ?, clr_type = ?, clr_optins = ?, settled_at = ?,
  funds = ?, account = ?, mutual_aid = ?, cash = ?, told = ? WHERE sale = ? AND nth = ?
"""
SET_UNDOING = "UPDATE settlement SET standing = 'undoing', undo_msgid = ? WHERE sale = ? AND nth = ?"
SET_UNDONE = "UPDATE settlement SET standing = 'undone', undone_at = ?, told = ? WHERE sale = ? AND nth = ?"
SET_ASKED_AGAIN = """
UPDATE settlement SET standing = 'asked', ask_msgid = ?, told = NULL,
  first_at = coalesce(first_at, (SELECT answered_at FROM fsi_message WHERE msgid = ask_msgid), settled_at),
  first_cash = coalesce(first_cash, cash)
WHERE sale = ? AND nth = ?
"""
SET_TOLD_ANEW = """
UPDATE settlement SET setl_id = ?, mdtrt_id = ?, clr_type = ?, clr_optins = ?, settled_at = ?, funds = ?, account = ?,
  mutual_aid = ?, cash = ? WHERE sale = ? AND nth = ?
"""
SET_UNDONE_AGAIN = """
UPDATE settlement SET undone_at = ?, undo_msgid = ?, first_undone_at =
  coalesce(first_undone_at, (SELECT answered_at FROM fsi_message WHERE msgid = undo_msgid), undone_at)
WHERE sale = ? AND nth = ?
"""
# Without a moment: the refund is in the book of whoever cancelled it, and in none of ours.
SET_OVERTAKEN = "UPDATE settlement SET standing = 'undone', undone_at = NULL, told = ? WHERE sale = ? AND nth = ?"

PUT_ELSEWHERE = """
INSERT INTO settlement (sale, nth, standing, operator, shift, begun_at, asked, insutype, fee, is_elsewhere)
VALUES (?1, (SELECT coalesce(max(nth), 0) + 1 FROM settlement WHERE sale = ?1), 'settled', ?2, ?3, ?4, ?5, ?6, ?7, 1)
RETURNING nth
"""
FORGET_AFTER = "DELETE FROM settlement WHERE sale = ? AND nth > ? AND standing = 'none'"
SET_STANDING_AGAIN = """
UPDATE settlement SET standing = 'settled', undone_at = NULL, undo_msgid = NULL, is_undone_by_pos = 0, told = ?
WHERE sale = ? AND nth = ?
"""


@dataclass(frozen=True, slots=True)
class Paid:
    """What a settlement came to, in yuan, as the centre answered."""

    setl_id: str
    mdtrt_id: str
    clr_type: str
    clr_optins: str
    at: datetime
    funds: Decimal
    """Beside the account, whatever the area counts among `fund_pay_sumamt`."""
    account: Decimal
    mutual_aid: Decimal
    cash: Decimal


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A settlement that another terminal of the institution made, as the centre knows it."""

    sale: str
    operator: str
    """Who looked it up."""
    shift: str | None
    begun_at: datetime
    asked: bytes
    insutype: str
    fee: Decimal
    paid: Paid


@dataclass(frozen=True, slots=True)
class SettlementRow:
    """One settlement of a sale."""

    sale: str
    nth: int
    standing: Standing
    operator: str
    shift: str | None
    begun_at: datetime
    asked: bytes
    """Sealed `edge.till.asked.AskedSettlement`; its place is `asked_place`."""
    ask_msgid: str | None
    undo_msgid: str | None
    insutype: str
    fee: Decimal
    paid: Paid | None
    """None until it was settled."""
    undone_at: datetime | None
    told: str | None
    """What the centre said last, for a person to read."""
    is_elsewhere: bool
    """Another terminal made it; only its cancellation is a record of this one."""
    is_by_pos: bool = False
    """The institution's own software made it, through the proxy; what comes back of it comes back there."""

    @property
    def is_overtaken(self) -> bool:
        """Somebody else cancelled it: the refund is in no book of ours."""
        return self.standing is Standing.UNDONE and self.undone_at is None


def asked_place(sale: str) -> str:
    """Return the place to which the seal of what was asked is bound."""
    return f"settlement.asked/{sale}"


def put_settlement(
    tx: Connection, *, sale: str, operator: str, shift: str | None, begun_at: datetime, asked: bytes, ask_msgid: str,
    insutype: str, fee: Decimal,
) -> int:  # fmt: skip
    """Keep a settlement that is about to be asked for; return which of the sale's it is."""
    values = (sale, Standing.ASKED, operator, shift, to_us(begun_at), asked, ask_msgid, insutype, str(fee))
    return int(sql.one(tx, PUT_SETTLEMENT, values)[0])


def put_elsewhere(tx: Connection, one: Elsewhere) -> None:
    """Keep a settlement of another terminal, to be cancelled here."""
    values = (one.sale, one.operator, one.shift, to_us(one.begun_at), one.asked, one.insutype, str(one.fee))
    nth = int(sql.one(tx, PUT_ELSEWHERE, values)[0])
    set_settled(tx, one.sale, nth, one.paid)


def settlements_of(tx: Connection, sale: str) -> tuple[SettlementRow, ...]:
    """Return the settlements of a sale, the first first."""
    return tuple(_row(row) for row in sql.rows(tx, SELECT_OF_SALE, (sale,)))


def latest_settlement(tx: Connection, sale: str) -> SettlementRow | None:
    """Return the newest settlement of a sale."""
    found = sql.first(tx, SELECT_LATEST, (sale,))
    return None if found is None else _row(found)


def settlement_by_message(tx: Connection, msgid: str) -> SettlementRow | None:
    """Return the settlement that a message asked for or undoes."""
    found = sql.first(tx, SELECT_BY_MESSAGE, (msgid,))
    return None if found is None else _row(found)


def settlement_by_setl_id(tx: Connection, setl_id: str) -> SettlementRow | None:
    """Return the settlement of the centre's number."""
    found = sql.first(tx, SELECT_BY_SETL_ID, (setl_id,))
    return None if found is None else _row(found)


def open_settlements(tx: Connection) -> tuple[SettlementRow, ...]:
    """Return the settlements of which something is asked and not answered yet."""
    return tuple(_row(row) for row in sql.rows(tx, SELECT_OPEN))


def settlements_of_till(tx: Connection, since: datetime) -> tuple[SettlementRow, ...]:
    """Return what the till has asked for and does not know the outcome of, and what it has settled since a moment."""
    return tuple(_row(row) for row in sql.rows(tx, SELECT_OF_TILL, (to_us(since),)))


def set_standing(tx: Connection, sale: str, nth: int, standing: Standing, told: str | None = None) -> None:
    """Note where a settlement stands, and why."""
    sql.change(tx, SET_STANDING, (standing, told, sale, nth))


def set_settled(tx: Connection, sale: str, nth: int, paid: Paid, told: str | None = None) -> None:
    """Note that it is settled, and what it came to."""
    values = (paid.setl_id, paid.mdtrt_id, paid.clr_type, paid.clr_optins, to_us(paid.at))
    money = (str(paid.funds), str(paid.account), str(paid.mutual_aid), str(paid.cash))
    sql.change(tx, SET_SETTLED, (*values, *money, told, sale, nth))


def set_asked_again(tx: Connection, sale: str, nth: int, msgid: str) -> None:
    """Note that what stands here is asked for once more: the centre has lost it."""
    sql.change(tx, SET_ASKED_AGAIN, (msgid, sale, nth))


def set_told_anew(tx: Connection, sale: str, nth: int, paid: Paid) -> None:
    """Note as what the centre knows a settlement now: it had lost it, and another terminal has told it anew."""
    values = (paid.setl_id, paid.mdtrt_id, paid.clr_type, paid.clr_optins, to_us(paid.at))
    money = (str(paid.funds), str(paid.account), str(paid.mutual_aid), str(paid.cash))
    sql.change(tx, SET_TOLD_ANEW, (*values, *money, sale, nth))


def set_undoing(tx: Connection, sale: str, nth: int, undo_msgid: str) -> None:
    """Note that its cancellation is being asked for."""
    sql.change(tx, SET_UNDOING, (undo_msgid, sale, nth))


def set_undone(tx: Connection, sale: str, nth: int, at: datetime, told: str | None = None) -> None:
    """Note that it is cancelled; the refund belongs to this moment."""
    sql.change(tx, SET_UNDONE, (to_us(at), told, sale, nth))


def set_undone_again(tx: Connection, sale: str, nth: int, undo_msgid: str, at: datetime) -> None:
    """Note that it was cancelled once more, for the centre had lost that; the money went back the first time."""
    sql.change(tx, SET_UNDONE_AGAIN, (to_us(at), undo_msgid, sale, nth))


def set_overtaken(tx: Connection, sale: str, nth: int, told: str | None = None) -> None:
    """Note that somebody else has cancelled it: nothing is owed here for that."""
    sql.change(tx, SET_OVERTAKEN, (told, sale, nth))


def is_overtaken(rows: Sequence[SettlementRow]) -> bool:
    """Say of the settlements of a sale whether the last of them was cancelled by somebody else."""
    last = next((row for row in reversed(rows) if row.standing is not Standing.NONE), None)
    return last is not None and last.is_overtaken


def set_standing_again(tx: Connection, sale: str, nth: int, told: str | None = None) -> None:
    """Note that its cancellation was taken back and stands in no book; what was asked for since came to nothing."""
    sql.change(tx, FORGET_AFTER, (sale, nth))
    sql.change(tx, SET_STANDING_AGAIN, (told, sale, nth))


def _row(row: sql.Row) -> SettlementRow:
    (
        sale, nth, standing, operator, shift, begun_at, asked, ask_msgid, undo_msgid, setl_id, mdtrt_id, insutype,
        clr_type, clr_optins, settled_at, undone_at, fee, funds, account, mutual_aid, cash, told, is_elsewhere,
        is_by_pos,
    ) = row  # fmt: skip
    paid = None
    if settled_at is not None:
        money = (Decimal(value or "0") for value in (funds, account, mutual_aid, cash))
        paid = Paid(setl_id or "", mdtrt_id or "", clr_type or "", clr_optins or "", from_us(settled_at), *money)
    undone = None if undone_at is None else from_us(undone_at)
    return SettlementRow(
        sale, nth, Standing(standing), operator, shift, from_us(begun_at), asked, ask_msgid, undo_msgid, insutype,
        Decimal(fee), paid, undone, told, bool(is_elsewhere), bool(is_by_pos),
    )  # fmt: skip
