"""What the screens and the POS are told, in the form in which it crosses the HTTP border.

A view is written once, when the fact is recorded, and shown many times: pushed live, kept with the scan for a screen
that reloads, and described by the OpenAPI document.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, Any, TypeVar, get_args

from pydantic import Field, TypeAdapter

from codes.words import Words
from rules.scan_judgement import Mode, Tone

InsuranceClassName = Annotated[str | None, Field(alias="class")]
"""甲, 乙, 丙 or 自费; None without a product."""

CommittedAt = Annotated[
    float | None,
    Field(
        description="When it was committed, seconds since 1970; only in the live event, and left out elsewhere",
        exclude_if=lambda moment: moment is None,
    ),
]

UnitsOfOpened = Annotated[
    int | None,
    Field(
        description="Smallest units that the pack stands for, where it was opened before; left out otherwise",
        exclude_if=lambda units: units is None,
    ),
]

_View = TypeVar("_View")


@dataclass(frozen=True, slots=True)
class ScanShown:
    """One scan and what the counter made of it."""

    id: int | None
    """Number of the scan, which only grows; None for a credential, which is not kept."""
    at: datetime
    code: str
    """The pack's key, else the code in its normal form; masked if it belongs to a person."""
    kind: str
    """`codes.reading.Kind`."""
    verdict: str
    """`rules.scan_judgement.Verdict`."""
    tone: Tone
    words: Words
    hint: Words | None
    product: str | None
    name: str | None
    spec: str | None
    insurance_class: InsuranceClassName
    price: Decimal | None
    """Yuan per pack."""
    line: int | None
    quantity: int | None
    """Packs on that line now."""
    device: str
    sale: str | None
    """The list it belongs to; None if there is none open."""
    seq: int | None = None
    """Number of its record in the outbox; a live `receipt` names the numbers that the centre has."""
    flags: tuple[str, ...] = ()
    """`codes.reading.Flag`: what was noticed or done while reading (C-03)."""
    is_next: bool = False
    """It belongs to the next list, because a sale is being paid."""
    units: UnitsOfOpened = None
    """Units that it stands for."""
    committed_at: CommittedAt = None
    """When COMMIT had returned. What is kept was written before: without it it says nothing of this, not even null."""


@dataclass(frozen=True, slots=True)
class LineShown:
    """A line of a list, open or closed."""

    line: int
    product: str | None
    name: str | None
    spec: str | None
    insurance_class: InsuranceClassName
    price: Decimal | None
    quantity: int
    codes: tuple[str, ...]
    amount: Decimal | None
    verdict: str
    """`added`, or `unmatched` if no product is known."""
    event: str | None
    """Id of the fact that closed the line; None while it is open."""
    units: int | None = None
    """Smallest units, where its packs are sold in part; the price is then that of a unit."""


@dataclass(frozen=True, slots=True)
class Divisible:
    """A pack on a list that may be sold in part."""

    code: str
    line: int
    name: str | None
    spec: str | None
    size: int
    """Smallest units in a whole pack."""
    left: int
    """Of them in this one, those on the list included."""
    units: int | None
    """Of them on the list; None while the whole pack is."""
    is_opened: bool
    """Something was sold of it before: it is no whole pack any more."""
    price: Decimal | None
    """Yuan per unit."""


@dataclass(frozen=True, slots=True)
class Totals:
    """The sums of the list."""

    boxes: int = 0
    matched: int = 0
    unmatched: int = 0
    alarms: int = 0
    amount: Decimal = Decimal("0.00")
    """Yuan; lines without a price count nothing."""
    unpriced: int = 0
    """Boxes without a price."""


@dataclass(frozen=True, slots=True)
class ListShown:
    """The open list."""

    id: str | None
    """Number of the sale or delivery; None if none is open."""
    mode: Mode
    operator: str | None
    lines: tuple[LineShown, ...]
    totals: Totals
    is_paying: bool = False
    """It is being paid: what is scanned goes on the next list."""
    waiting: str | None = None
    """Number of the next list, if something was scanned during a payment; it opens when this one ends."""
    waiting_boxes: int = 0
    """Packs on it."""


@dataclass(frozen=True, slots=True)
class ListChange:
    """A pack left the list or came back to it, or the list ended: what a screen must redraw."""

    sale: str
    change: str
    """`removed`, `restored`, `closed`, `cancelled`, `returned`, `held`, `taken_up`, `split`, `paying`: the payment, or
    the settlement, began or was given up."""
    line: int | None = None
    code: str | None = None
    quantity: int | None = None
    """Packs on the line now."""


@dataclass(frozen=True, slots=True)
class ClosedList:
    """A sale or delivery that was closed: the answer that stays the same however often it is asked for."""

    sale: str
    mode: Mode
    closed_at: datetime
    lines: tuple[LineShown, ...]
    totals: Totals


@dataclass(frozen=True, slots=True)
class CancelledList:
    """A list that was given up; its packs are free again."""

    sale: str


@dataclass(frozen=True, slots=True)
class ReturnedPacks:
    """Packs that came back."""

    sale: str
    codes: tuple[str, ...]
    reason: str
    events: tuple[str, ...]
    """Ids of the facts that go to the centre, one per line of the sale."""


@dataclass(frozen=True, slots=True)
class SoldPack:
    """A pack that was handed out here and has not come back, and the sale to which a return belongs."""

    code: str
    sale: str
    closed_at: datetime
    operator: str
    """Who opened the sale."""
    product: str | None
    name: str | None
    spec: str | None
    price: Decimal | None


View = ScanShown | Totals | ListShown | ListChange | ClosedList | CancelledList | ReturnedPacks | SoldPack

_ADAPTERS: Mapping[type, TypeAdapter[Any]] = MappingProxyType({view: TypeAdapter(view) for view in get_args(View)})


def to_json(view: View) -> bytes:
    """Return a view as JSON."""
    return _ADAPTERS[type(view)].dump_json(view, by_alias=True)


def from_json(view: type[_View], text: bytes) -> _View:
    """Return the view that was kept as JSON."""
    kept: _View = _ADAPTERS[view].validate_json(text)
    return kept
