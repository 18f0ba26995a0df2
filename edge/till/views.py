"""What a screen or a POS is told of tickets, people and trials. Nobody's name or number is in it whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, TypeVar, get_args

from pydantic import TypeAdapter

from codes.words import Words
from edge.counter.views import LineShown, Totals
from rules.settling import Standing

_View = TypeVar("_View")


@dataclass(frozen=True, slots=True)
class Lack:
    """One thing that is missing before a sale can be settled."""

    code: str
    words: Words
    next_step: Words
    line: int | None = None
    """Of the list; None if it is about the whole sale."""


@dataclass(frozen=True, slots=True)
class InsuranceShown:
    """One insurance that somebody has."""

    kind: str
    """`insutype`."""
    district: str
    balance: Decimal
    """Personal account, yuan."""


@dataclass(frozen=True, slots=True)
class PersonShown:
    """Whose insurance pays, masked."""

    sale: str
    name: str
    """张*."""
    number: str
    """Of the credential, its last four at most."""
    credential: str
    """`mdtrt_cert_type`."""
    insurances: tuple[InsuranceShown, ...]
    chosen: str
    """Kind of the insurance that pays unless another one is chosen."""


@dataclass(frozen=True, slots=True)
class Amounts:
    """What a sale comes to, in yuan."""

    fee: Decimal
    funds: Decimal
    """Everything that funds pay."""
    account: Decimal
    """From the person's own account."""
    mutual_aid: Decimal
    """From the account of the family."""
    cash: Decimal
    balance: Decimal | None = None
    """Left in the account."""


@dataclass(frozen=True, slots=True)
class TriedShown:
    """What a sale that was paid in cash would come to with the insurance."""

    amounts: Amounts
    needs_second_factor: bool
    """The amount is above a limit: it is settled only with `factor`."""
    person: PersonShown
    """Whose insurance pays, with every other one that they have."""


@dataclass(frozen=True, slots=True)
class LineCut:
    """How the insurance sees a line."""

    line: int
    amount: Decimal
    outside: Decimal
    """全自费."""
    above_limit: Decimal
    """超限价."""
    paid_first: Decimal
    """先行自付."""
    within: Decimal
    """符合政策范围."""
    told: str = ""


@dataclass(frozen=True, slots=True)
class TrialShown:
    """What a settlement would come to, or everything that is missing."""

    sale: str
    lacks: tuple[Lack, ...]
    amounts: Amounts | None = None
    """None as long as something is missing."""
    lines: tuple[LineCut, ...] = ()
    needs_second_factor: bool = False
    told: str = ""
    """What the insurance remarks."""


@dataclass(frozen=True, slots=True)
class PaidShown:
    """What a settlement came to."""

    setl_id: str
    mdtrt_id: str
    at: datetime
    amounts: Amounts


@dataclass(frozen=True, slots=True)
class TicketShown:
    """One sale, wherever it lies: at the counter, aside, or ended. Enough to print the slip of what is not settled."""

    sale: str
    place: str
    """`open`, `waiting`, `held`, `closed` or `cancelled`."""
    standing: Standing
    """Where its settlement with the insurance stands."""
    lines: tuple[LineShown, ...]
    totals: Totals
    opened_at: datetime
    notice: Words
    """To be said or printed: whether it is settled."""
    aside_at: datetime | None = None
    note: str = ""
    told: str = ""
    """What the insurance said last, or why it could not be asked."""
    person: PersonShown | None = None
    """Only while somebody is identified for it."""
    paid: PaidShown | None = None
    paid_by: str | None = None
    """`insured` or `self_pay`; None until it is closed."""
    works: Mapping[str, bool] = field(default_factory=dict)
    """What can be done with it now: `trial`, `settle`, `hold`, `take_up`, `self_pay`, `cancel`."""
    came_back: tuple[str, ...] = ()
    """Packs of `lines` that came back since: `paid` is of what stays."""
    lacks: tuple[Lack, ...] = ()
    """Of a list that is not paid: packs that were sold, came back or were opened elsewhere since they were scanned."""


@dataclass(frozen=True, slots=True)
class TicketsShown:
    """The sales that lie aside."""

    tickets: tuple[TicketShown, ...]


View = PersonShown | TrialShown | TicketShown | TicketsShown

_ADAPTERS: Mapping[type, TypeAdapter[Any]] = MappingProxyType({view: TypeAdapter(view) for view in get_args(View)})


def to_json(view: View) -> bytes:
    """Return a view as JSON."""
    return _ADAPTERS[type(view)].dump_json(view, by_alias=True)


def from_json(view: type[_View], text: bytes) -> _View:
    """Return the view that was kept as JSON."""
    kept: _View = _ADAPTERS[view].validate_json(text)
    return kept
