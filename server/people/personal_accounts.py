"""Paying from personal accounts, one's own first and then the family's, and giving it back exactly as it was taken.

Whoever calls this has locked the person (`server.store.insured.lock_person`), and with it everybody who may give.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar

from codes.errors import RejectedError
from codes.words import Words
from server.errors import ServerError
from server.store.database import Connection
from server.store.insured import load_givers
from server.store.medical_accounts import (
    NOTHING,
    Movement,
    Reason,
    given_in_year,
    load_balance,
    load_movements_of,
    move,
)


class AccountShortError(ServerError, RejectedError):
    """The accounts do not hold what should be taken from them."""

    code: ClassVar[str] = "people.account_short"
    next_step: ClassVar[Words] = Words(
        "余额在试算后发生了变化，请重新试算。", "The balance has changed since the trial: ask for another trial."
    )


@dataclass(frozen=True, slots=True)
class Giver:
    """A family account, and what it may still give."""

    psn_no: str
    available: Decimal


def family_of(connection: Connection, psn_no: str, day: date) -> tuple[Giver, ...]:
    """Return which accounts may pay for somebody on a day, in the order in which they do, and how much each may give.

    A limit is one of the calendar year, and what was paid back of it counts as not given.
    """
    found: dict[str, Giver] = {}
    for binding in load_givers(connection, psn_no, day):
        available = load_balance(connection, binding.giver)
        if binding.limit is not None:
            given = given_in_year(connection, giver=binding.giver, receiver=psn_no, year=day.year)
            available = min(available, max(binding.limit - given, NOTHING))
        found.setdefault(binding.giver, Giver(binding.giver, available))
    return tuple(found.values())


def spend(
    connection: Connection,
    psn_no: str,
    setl_id: str,
    *,
    held: Decimal,
    own: Decimal,
    family: Decimal,
    day: date,
    at: datetime,
) -> Decimal:
    """Take what a settlement says from somebody's own account and from the family's; return the own balance.

    Args:
        connection: In a transaction that may write.
        psn_no: Who was treated.
        setl_id: The settlement.
        held: What is in their own account, read in this transaction since they were locked.
        own: From their own account.
        family: From the accounts of those who may give on `day`.
        day: Of the settlement, in Beijing; its year's limits count.
        at: Now.

    Raises:
        AccountShortError: There is not so much in them; the transaction must not be committed.
    """
    if own > held:
        raise _short("个人账户", "The personal account", held, own)
    shares = {psn_no: own}
    left, rest = held, family
    for giver in family_of(connection, psn_no, day) if family else ():
        taken = min(rest, giver.available)
        shares[giver.psn_no] = taken
        rest -= taken
    if rest:
        raise _short("家庭共济账户", "The family's accounts", family - rest, family)
    for account, amount in shares.items():
        if amount:
            after = move(connection, Movement(account, setl_id, -amount, psn_no, Reason.SETTLEMENT, day.year, at))
            left = after if account == psn_no else left
    return left


def give_back(connection: Connection, setl_id: str, cancelling: str, at: datetime) -> None:
    """Put what a settlement took back into the accounts that it took it from, in the name of what cancels it.

    What was given back can be taken again in the same way, if the cancelling is itself taken back.

    Raises:
        AccountShortError: Meanwhile somebody spent what should be taken again; nothing must be committed.
    """
    for one in load_movements_of(connection, setl_id):
        amount = -one.amount
        if (after := load_balance(connection, one.psn_no) + amount) < NOTHING:
            raise _short("个人账户", "The personal account", after - amount, -amount)
        move(connection, Movement(one.psn_no, cancelling, amount, one.used_by, Reason.REVERSAL, one.year, at))


def _short(zh: str, en: str, held: Decimal, wanted: Decimal) -> AccountShortError:
    return AccountShortError(
        Words(f"{zh}可用 {held:.2f} 元，需要 {wanted:.2f} 元", f"{en} can give {held:.2f}, {wanted:.2f} is needed")
    )
