"""What offices tell of personal accounts: a balance as of a moment, to which comes what this centre has moved since.

An extract is older than its import: what was paid from an account in between is not in it. So a balance is told with
its moment, and what settlements took and cancellations gave back from that moment on is reckoned on top of it. Without
a moment it is taken only where nothing can have been missed. Money that was spent never comes back by an import.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from codes.words import Words
from server.people.drafting import Drafted
from server.people.list_file import Counts, Fault, Line
from server.store import medical_accounts
from server.store.database import Connection
from server.store.medical_accounts import NOTHING, Account, Telling
from wire.fsi.values import BEIJING


@dataclass(frozen=True, slots=True)
class ToldBalance:
    """What a line says."""

    amount: Decimal
    as_of: datetime | None


@dataclass(frozen=True, slots=True)
class BalanceChange:
    """What a balance that was told comes to."""

    psn_no: str
    told: Decimal
    as_of: datetime
    """Of the import, where the line has no moment."""
    moved: Decimal
    """By this centre since then; negative if more was spent than given back."""
    before: Decimal | None
    """None: there was no account."""

    @property
    def after(self) -> Decimal:
        """Return what is in the account now."""
        return self.told + self.moved


class Balances:
    """The balances of one import against the accounts; the people are locked if anything is to be written."""

    def __init__(self, connection: Connection, drafted: Drafted[str, ToldBalance], now: datetime) -> None:
        self._connection = connection
        self._drafted = drafted
        self._now = now
        self._accounts = medical_accounts.load_accounts(connection, drafted.values)
        self.changes = tuple(self._changes())

    def faults(self) -> Iterator[Fault]:
        """Yield what cannot be told like this."""
        for psn_no, told in self._drafted.values.items():
            wrong = self._wrong_moment(told, self._accounts.get(psn_no))
            if wrong is not None:
                yield self._line(psn_no).fault("as_of", *wrong)
        for change in self.changes:
            if change.after < NOTHING:
                words = Words(
                    f"截至 {_shown(change.as_of)} 为 {change.told:.2f}，其后本中心已支付 {-change.moved:.2f}",
                    f"is {change.told:.2f} as of {_shown(change.as_of)}, and {-change.moved:.2f} were paid here since",
                )
                yield self._line(change.psn_no).fault("balance", "people.balance_spent", words)

    def counts(self) -> Counts:
        """Return how many accounts are new, changed, or as they were."""
        added = sum(one.before is None for one in self.changes)
        changed = sum(one.before is not None and one.before != one.after for one in self.changes)
        return Counts(added, changed, len(self._drafted.values) - added - changed)

    def write(self) -> None:
        """Set the accounts; the differences are movements of their own."""
        said = self._drafted.values
        tellings = [Telling(one.psn_no, one.told, said[one.psn_no].as_of, one.after) for one in self.changes]
        medical_accounts.tell(self._connection, tellings, self._now.astimezone(BEIJING).year, self._now)

    def _changes(self) -> Iterator[BalanceChange]:
        by_moment: dict[datetime, list[str]] = {}
        for psn_no, told in self._drafted.values.items():
            account = self._accounts.get(psn_no)
            if told.as_of is None and account is not None and account.told == told.amount:
                continue  # The same list again: nothing new is told.
            by_moment.setdefault(told.as_of or self._now, []).append(psn_no)
        for as_of, psn_nos in by_moment.items():
            moved = medical_accounts.moved_since(self._connection, psn_nos, as_of)
            for psn_no in psn_nos:
                account = self._accounts.get(psn_no)
                before = None if account is None else account.balance
                amount = self._drafted.values[psn_no].amount
                yield BalanceChange(psn_no, amount, as_of, moved.get(psn_no, NOTHING), before)

    def _wrong_moment(self, told: ToldBalance, account: Account | None) -> tuple[str, Words] | None:
        if told.as_of is None:
            if account is None or account.told == told.amount or not account.is_moved:
                return None
            return "people.as_of", Words(
                "该账户在本中心已有收支，须填写余额时点",
                "is needed: this centre has moved money of this account",
            )
        if told.as_of > self._now:
            return "people.as_of_later", Words("晚于现在", "has not come yet")
        if account is not None and account.told_at is not None and told.as_of < account.told_at:
            return "people.as_of_older", Words(
                f"早于已告知余额的时点 {_shown(account.told_at)}",
                f"is before the moment of the balance that is known, {_shown(account.told_at)}",
            )
        return None

    def _line(self, psn_no: str) -> Line:
        return self._drafted.lines[psn_no]


def sums_of(changes: Iterable[BalanceChange]) -> tuple[Decimal, Decimal]:
    """Return by how much accounts rise, and by how much they fall, in all."""
    grown = [one.after - (one.before or NOTHING) for one in changes]
    return sum((one for one in grown if one > 0), NOTHING), sum((-one for one in grown if one < 0), NOTHING)


def _shown(moment: datetime) -> str:
    return f"{moment.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"
