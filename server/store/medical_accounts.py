"""Personal accounts: a balance is the sum of its movements, and never falls below nothing.

Whoever moves money has locked the people concerned (`insured.lock_person`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import Connection, bindparam, func, insert, select, update

from codes.words import Words
from server.errors import StoreRefusedError
from server.store import bulk
from server.store.amounts import FEN
from server.store.direct import Asked
from server.store.records import Records
from server.store.register_tables import account_movement, medical_account
from server.store.times import micros, moment_or_none

NOTHING = Decimal("0.00")


class Reason(StrEnum):
    """Why money moved."""

    BALANCE = "balance"
    """Somebody told the centre what is in the account."""
    SETTLEMENT = "settlement"
    REVERSAL = "reversal"


@dataclass(frozen=True, slots=True)
class Movement:
    """Money that went into a personal account or out of it."""

    psn_no: str
    """Whose account."""
    setl_id: str | None
    """None where money came in."""
    amount: Decimal
    """Negative when spent."""
    used_by: str
    """For whom; another person is mutual aid."""
    reason: Reason
    year: int
    """Whose limits it counts towards: that of the settlement, also when it is taken back later."""
    moved_at: datetime


@dataclass(frozen=True, slots=True)
class Account:
    """A personal account."""

    balance: Decimal
    told: Decimal | None
    """What an office told last; None if none did."""
    told_at: datetime | None
    """As of when, if that was told."""
    is_moved: bool
    """A settlement of this centre took from it."""


@dataclass(frozen=True, slots=True)
class Telling:
    """What an office tells of an account, and what is in it therefore."""

    psn_no: str
    told: Decimal
    as_of: datetime | None
    balance: Decimal


_MOVEMENTS = Records(account_movement, Movement)
_PEOPLE_PER_STATEMENT = 10_000
_MOVED_SINCE = (
    select(account_movement.c.psn_no, func.sum(account_movement.c.amount_fen))
    .where(
        account_movement.c.psn_no.in_(bindparam("psn_nos", expanding=True)),
        account_movement.c.setl_id.is_not(None),
        account_movement.c.moved_us >= bindparam("since_us"),
    )
    .group_by(account_movement.c.psn_no)
)
_BALANCE = Asked(select(medical_account.c.balance_fen).where(medical_account.c.psn_no == bindparam("psn_no")))
_BY = bindparam("by_fen", type_=medical_account.c.balance_fen.type)
_MOVE = Asked(
    update(medical_account)
    .where(medical_account.c.psn_no == bindparam("of_psn_no"), medical_account.c.balance_fen + _BY >= 0)
    .values(balance_fen=medical_account.c.balance_fen + _BY, changed_us=bindparam("now_us"))
    .returning(medical_account.c.balance_fen)
)
_GIVEN_IN_YEAR = Asked(
    select(func.coalesce(func.sum(account_movement.c.amount_fen), 0)).where(
        account_movement.c.psn_no == bindparam("giver"),
        account_movement.c.used_by == bindparam("receiver"),
        account_movement.c.setl_id.is_not(None),
        account_movement.c.year == bindparam("year"),
    )
)


def load_balance(connection: Connection, psn_no: str) -> Decimal:
    """Return what is in somebody's account; nothing where there is none."""
    found = _BALANCE.value(connection, {"psn_no": psn_no})
    return NOTHING if found is None else FEN.amount(found)


def move(connection: Connection, movement: Movement) -> Decimal:
    """Move money, and return what is in the account now.

    Raises:
        StoreRefusedError: There is not so much in it.
    """
    fen, table, now_us = FEN.stored(movement.amount), medical_account, micros(movement.moved_at)
    balance = _MOVE.value(connection, {"of_psn_no": movement.psn_no, "by_fen": fen, "now_us": now_us})
    if balance is None:
        if fen < 0 or _has_account(connection, movement.psn_no):
            raise StoreRefusedError(Words("个人账户余额不足", "There is not enough in the personal account"))
        connection.execute(insert(table).values(psn_no=movement.psn_no, balance_fen=fen, changed_us=now_us))
        balance = fen
    bulk.insert_all(connection, account_movement, [_MOVEMENTS.row(movement)])
    return FEN.amount(balance)


def load_balances(connection: Connection, psn_nos: Collection[str]) -> dict[str, Decimal]:
    """Return what is in the accounts of those people who have one."""
    table = medical_account.c
    rows = bulk.fetch(connection, (table.psn_no, table.balance_fen), table.psn_no, psn_nos)
    return {psn_no: FEN.amount(fen) for psn_no, fen in rows}


def load_accounts(connection: Connection, psn_nos: Collection[str]) -> dict[str, Account]:
    """Return the accounts of those people who have one."""
    table = medical_account.c
    asked = (table.psn_no, table.balance_fen, table.told_fen, table.told_us)
    accounts = bulk.fetch(connection, asked, table.psn_no, psn_nos)
    used = set(_sums_since(connection, [row[0] for row in accounts], None))
    return {
        psn_no: Account(
            FEN.amount(balance),
            None if told is None else FEN.amount(told),
            moment_or_none(told_us),
            is_moved=psn_no in used,
        )
        for psn_no, balance, told, told_us in accounts
    }


def moved_since(connection: Connection, psn_nos: Collection[str], since: datetime) -> dict[str, Decimal]:
    """Return what settlements and cancellations have moved in accounts from a moment on; none where nothing was."""
    return {psn_no: FEN.amount(fen) for psn_no, fen in _sums_since(connection, psn_nos, since).items()}


def tell(connection: Connection, tellings: Sequence[Telling], year: int, at: datetime) -> None:
    """Set accounts as they were told; the differences are movements of their own. The people must have been locked."""
    before = load_balances(connection, [one.psn_no for one in tellings])
    accounts = [
        (
            one.psn_no,
            FEN.stored(one.balance),
            micros(at),
            FEN.stored(one.told),
            None if one.as_of is None else micros(one.as_of),
        )
        for one in tellings
    ]
    bulk.insert_or_replace(connection, medical_account, accounts)
    moved = [
        Movement(one.psn_no, None, one.balance - before.get(one.psn_no, NOTHING), one.psn_no, Reason.BALANCE, year, at)
        for one in tellings
        if before.get(one.psn_no) != one.balance
    ]
    bulk.insert_all(connection, account_movement, _MOVEMENTS.rows(moved))


def load_movements(connection: Connection, psn_no: str) -> Sequence[Movement]:
    """Return everything that moved in one account, in order."""
    asked = select(*_MOVEMENTS.columns).where(account_movement.c.psn_no == psn_no)
    return _MOVEMENTS.records(connection.execute(asked.order_by(account_movement.c.n)))


def load_movements_of(connection: Connection, setl_id: str) -> Sequence[Movement]:
    """Return what a settlement, or its cancelling, moved."""
    asked = select(*_MOVEMENTS.columns).where(account_movement.c.setl_id == setl_id)
    return _MOVEMENTS.records(connection.execute(asked.order_by(account_movement.c.n)))


def given_in_year(connection: Connection, *, giver: str, receiver: str, year: int) -> Decimal:
    """Return how much one account has paid for somebody in a year, what came back of it taken off."""
    asked = {"giver": giver, "receiver": receiver, "year": year}
    return FEN.amount(-int(_GIVEN_IN_YEAR.value(connection, asked) or 0))


def _sums_since(connection: Connection, psn_nos: Collection[str], since: datetime | None) -> dict[str, int]:
    listed, found = sorted(psn_nos), dict[str, int]()
    since_us = 0 if since is None else micros(since)
    for start in range(0, len(listed), _PEOPLE_PER_STATEMENT):
        part = listed[start : start + _PEOPLE_PER_STATEMENT]
        rows = connection.execute(_MOVED_SINCE, {"psn_nos": part, "since_us": since_us})
        found.update({psn_no: int(fen) for psn_no, fen in rows})
    return found


def _has_account(connection: Connection, psn_no: str) -> bool:
    return connection.scalar(select(medical_account.c.psn_no).where(medical_account.c.psn_no == psn_no)) is not None
