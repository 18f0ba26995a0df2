"""What a screen or a POS is told of what comes after a sale. Nobody's name or number is in it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType

from sqlalchemy import Connection

from codes.words import Words
from edge.store.batches import Batch
from edge.store.ledger_rows import LedgerRow, RowState, open_rows, row_before
from edge.store.quarantine import all_quarantined
from edge.store.settlements import SettlementRow
from edge.store.site_apart import all_apart_at_site
from edge.store.undertakings import Undertaking
from edge.till.asked import AskedSettlement
from edge.till.ledger import CLAIMED, LACKS
from edge.till.plans import Money, Plan, Step, choices_of, money_of
from rules.settling import Standing

_STATES: Mapping[RowState, tuple[str, str]] = MappingProxyType(
    {
        RowState.WAITING: ("待补全", "it lacks something"),
        RowState.DUE: ("待上传", "to be sent"),
        RowState.ASKED: ("等待应答", "sent, not answered"),
        RowState.REFUSED: ("被拒，请先处理", "refused: see to it first"),
    }
)
NEXT_STEPS: Mapping[str, Words] = MappingProxyType(
    {
        "stock.record_differs": Words(
            "中心已有该单的记录，内容与本机不同：请与中心核对；以中心为准的，写明原因搁置本条，其后各条随即上传。",
            "The centre has a record of this sale that says something else: compare it with the centre. If that one is "
            "right, set this row aside with a reason; those that wait for it go out then.",
        ),
    }
)
"""What can be done at a terminal where the centre's advice is for whoever uploads by hand."""


@dataclass(frozen=True, slots=True)
class MoneyShown:
    """What a sale comes to, in yuan."""

    fee: Decimal
    funds: Decimal
    account: Decimal
    mutual_aid: Decimal
    cash: Decimal


@dataclass(frozen=True, slots=True)
class UndertakingShown:
    """A return, the turning of a sale into an insured one, or the telling again of what was lost, wherever it is."""

    id: str
    kind: str
    """`return`, `insure` or `tell`."""
    sale: str
    codes: tuple[str, ...]
    """Packs that come back."""
    step: str
    """`cancel`, `settle`, `choice`, `restore`, `ended`."""
    is_asking: bool
    """A message was sent, and its outcome is not known yet; it ends by itself."""
    choices: tuple[str, ...]
    """What a person may choose now."""
    outcome: str | None
    """`done`, `self_paid`, `elsewhere`, `restored`, `refused`, `not_sent`, `overtaken`; None until it has ended."""
    told: str
    """What the insurance said last."""
    before: MoneyShown
    after: MoneyShown | None
    cash_back: Decimal | None
    """Yuan to give to the person, below nought to take; None until it is known."""
    operator: str
    begun_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class UndertakingsShown:
    """What is under way, or waits for somebody to choose."""

    undertakings: tuple[UndertakingShown, ...]


@dataclass(frozen=True, slots=True)
class FoundShown:
    """The sale that a pack belongs to, of whichever terminal of the institution."""

    sale: str
    is_elsewhere: bool
    """Another terminal made it; packs of it come back here all the same."""
    codes: tuple[str, ...]
    """Packs that are still out."""
    amounts: MoneyShown


@dataclass(frozen=True, slots=True)
class RowShown:
    """A row for the centre's ledger that is not at its end."""

    id: int
    infno: str
    sale: str
    line: int
    product: str
    state: str
    """`waiting`, `due`, `asked` or `refused`."""
    lacks: tuple[Words, ...]
    """What is missing."""
    is_final: bool
    """The pack was paid with another settlement: it is not paid again, and sending it changes nothing."""
    told: str
    due_at: datetime
    tries: int
    waits_for: int | None = None
    """The row that has to be taken first: refused, or not sent itself."""
    waits: Words | None = None
    """... in words; None if it waits for none."""
    next_step: Words | None = None
    """What can be done here about a refusal; None: what the centre says."""


@dataclass(frozen=True, slots=True)
class RowsShown:
    """The rows that are not at their end, in their order."""

    rows: tuple[RowShown, ...]


@dataclass(frozen=True, slots=True)
class QuarantinedShown:
    """A pack that lies apart."""

    code: str
    sale: str
    since: datetime
    reason: str
    operator: str
    terminal: str = ""
    """Another terminal of this site, at which it lies and is released; empty: this one."""


@dataclass(frozen=True, slots=True)
class QuarantineShown:
    """What lies apart."""

    packs: tuple[QuarantinedShown, ...]


@dataclass(frozen=True, slots=True)
class BatchShown:
    """A lot on the shelf."""

    product: str
    batch: str
    lot: str
    made_on: date
    expires_on: date | None
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class BatchesShown:
    """The register of lots."""

    batches: tuple[BatchShown, ...]


def show_undertaking(one: Undertaking, plan: Plan) -> UndertakingShown:
    """Return an undertaking as a screen may show it."""
    stops = one.ended_at is None and one.step == Step.CHOICE
    cash_back = None if plan.after is None else plan.before.cash - plan.after.cash
    return UndertakingShown(
        one.id, one.kind, one.sale, plan.codes, one.step, one.msgid is not None,
        tuple(choice.value for choice in choices_of(plan)) if stops else (), one.outcome, one.told or "",
        _money(plan.before), None if plan.after is None else _money(plan.after), cash_back, one.operator,
        one.begun_at, one.ended_at,
    )  # fmt: skip


def show_found(row: SettlementRow, asked: AskedSettlement, back: Collection[str]) -> FoundShown:
    """Return a settlement as the sale of a pack; of one that stands no more, and of what came back, none is out."""
    money = Money(row.fee) if row.paid is None else money_of(row.paid, row.fee)
    named = (code for line in asked.lines for code in line.codes)
    codes = tuple(code for code in named if row.standing is Standing.SETTLED and code not in back)
    return FoundShown(row.sale, row.is_elsewhere, codes, _money(money))


def show_rows(tx: Connection, most: int) -> RowsShown:
    """Return the rows that are not at their end, each with the one that it waits for."""
    return RowsShown(tuple(_row(row, row_before(tx, row)) for row in open_rows(tx, most=most)))


def _row(row: LedgerRow, before: LedgerRow | None) -> RowShown:
    lacks = tuple(LACKS[name] for name in row.lacks.split(",") if name)
    told = row.told or ""
    next_step = next((step for code, step in NEXT_STEPS.items() if f"[{code}]" in told), None)
    return RowShown(
        row.id, row.infno, row.sale, row.line, row.product, row.state, lacks, CLAIMED in told, told, row.due_at,
        row.tries, None if before is None else before.id, None if before is None else _waits(before),
        next_step if row.state is RowState.REFUSED else None,
    )  # fmt: skip


def _waits(before: LedgerRow) -> Words:
    zh, en = _STATES[before.state]
    return Words(f"等待第 {before.id} 条（{zh}）", f"waits for row {before.id} ({en})")


def show_apart(tx: Connection) -> QuarantineShown:
    """Return the packs that lie apart, here and at the other terminals of the site as far as they were heard."""
    here = (QuarantinedShown(one.code, one.sale, one.since, one.reason, one.operator) for one in all_quarantined(tx))
    there = (QuarantinedShown(one.code, one.sale, one.since, "", "", one.terminal) for one in all_apart_at_site(tx))
    return QuarantineShown((*here, *there))


def show_batch(one: Batch) -> BatchShown:
    """Return a lot."""
    return BatchShown(one.product, one.batch, one.lot, one.made_on, one.expires_on, one.opened_at)


def _money(money: Money) -> MoneyShown:
    return MoneyShown(money.fee, money.funds, money.account, money.mutual_aid, money.cash)
