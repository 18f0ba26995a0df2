"""What the stores say of one sale: read from outside, beside the processes that write them."""

from __future__ import annotations

import sqlite3
from collections import Counter as Tally
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from edge.store.database import FILE_NAME
from tests.kills.ground import Ground, Post

Row = tuple[object, ...]
OF_SALE = """
SELECT setl_id, state, medfee_sumamt_fen, fund_pay_sumamt_fen, acct_pay_fen, psn_cash_pay_fen,
  acct_mulaid_pay_fen,
  (SELECT coalesce(sum(amount_fen), 0) FROM account_movement AS m WHERE m.setl_id = s.setl_id)
FROM settlement AS s WHERE sale_number = ? ORDER BY n
"""
OF_PACK = "SELECT state, conflict_count FROM ledger WHERE code = ?"
TOLD_OF_PACK = """
SELECT r.infno, coalesce(r.setl_id, ''), r.document FROM stock_record AS r JOIN stock_code AS c ON c.record = r.id
WHERE c.code = ? AND r.deleted_us IS NULL
"""
STANDING = """
SELECT standing, setl_id, fee, funds, account, cash FROM settlement
WHERE sale IN (?1, ?2) AND standing NOT IN ('none', 'undone')
"""
ROWS = "SELECT state, infno, coalesce(told, '') FROM ledger_row WHERE sale = ?"
UNDERTAKINGS = "SELECT id, coalesce(outcome, '') FROM undertaking WHERE sale = ? ORDER BY begun_at"
APART = "SELECT count(*) FROM quarantine WHERE code = ? AND released_at IS NULL"


@dataclass(frozen=True)
class AtCentre:
    """One settlement, in yuan."""

    setl_id: str
    state: str
    fee: Decimal
    funds: Decimal
    account: Decimal
    cash: Decimal
    aid: Decimal
    """From accounts of the family."""
    moved: Decimal
    """In anybody's account."""


@dataclass(frozen=True)
class Books:
    """What terminal and centre say of one sale."""

    centre: tuple[AtCentre, ...]
    standing: tuple[Row, ...]
    """At the counter: what stands or is open."""

    @classmethod
    def read(cls, ground: Ground, post: Post, sale: str, number: str, packs: Sequence[str]) -> Books:
        del packs
        found = ask(centre_store(ground), OF_SALE, number)
        settled = (AtCentre(str(one[0]), str(one[1]), *(Decimal(str(fen)) / 100 for fen in one[2:])) for one in found)
        return cls(tuple(settled), tuple(ask(store_of(post), STANDING, sale, number)))

    @property
    def states(self) -> Tally[str]:
        """How many settlements of the sale are in which state at the centre, those taken back by a 2601 apart."""
        return Tally(one.state for one in self.centre if one.state != "reversed")

    @property
    def taken_back(self) -> int:
        return sum(one.state == "reversed" for one in self.centre)

    @property
    def active(self) -> AtCentre | None:
        return next((one for one in self.centre if one.state == "active"), None)

    @property
    def before(self) -> AtCentre | None:
        """The settlement that was cancelled."""
        return next((one for one in self.centre if one.state == "cancelled"), None)


def cash_of(one: AtCentre | None) -> Decimal:
    return Decimal(0) if one is None else one.cash


def undertakings_of(post: Post, sale: str) -> list[tuple[str, str]]:
    """Return the undertakings of a sale at a counter, with how each ended."""
    return [(str(number), str(outcome)) for number, outcome in ask(store_of(post), UNDERTAKINGS, sale)]


def store_of(post: Post) -> Path:
    return post.counter.folder / "store" / FILE_NAME


def centre_store(ground: Ground) -> Path:
    return ground.shop.seeded.folder / "centre.db"


def ask(store: Path, statement: str, *values: object) -> list[Row]:
    """Read beside whoever writes."""
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True, timeout=10)) as connection:
        return list(connection.execute(statement, values))
