"""What the terminal answers. Fields that are new to this version are left out, never an error."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any, TypeVar

_T = TypeVar("_T")
_RENAMED = {"insurance_class": "class"}


@dataclass(frozen=True)
class Words:
    """A sentence in both languages."""

    zh: str
    en: str


@dataclass(frozen=True)
class Session:
    """Who is at work."""

    operator: str
    name: str
    shift: str
    opened_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class Scan:
    """One scan and what the counter made of it."""

    id: int | None
    """Number of the scan; None for a person's credential, which is not kept."""
    at: datetime
    code: str
    """The pack's key, else the code in its normal form; masked if it belongs to a person."""
    kind: str
    verdict: str
    """Names are added, never renamed: go by `tone` where one is new to you."""
    tone: str
    """`ok`, `notice` or `alarm`: the pack must not be handed out."""
    words: Words
    hint: Words | None
    product: str | None
    name: str | None
    spec: str | None
    insurance_class: str | None
    price: Decimal | None
    """Yuan per pack."""
    line: int | None
    quantity: int | None
    device: str
    sale: str | None
    is_next: bool = False
    """It is on the next list, because a sale is being paid."""
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Line:
    """A line of a list."""

    line: int
    product: str | None
    name: str | None
    spec: str | None
    insurance_class: str | None
    price: Decimal | None
    quantity: int
    codes: tuple[str, ...]
    amount: Decimal | None
    verdict: str


@dataclass(frozen=True)
class Totals:
    """The sums of a list."""

    boxes: int
    matched: int
    unmatched: int
    alarms: int
    amount: Decimal
    unpriced: int = 0


@dataclass(frozen=True)
class OpenList:
    """The open sale or delivery."""

    id: str | None
    """None if none is open."""
    mode: str
    operator: str | None
    lines: tuple[Line, ...]
    totals: Totals
    is_paying: bool = False
    waiting: str | None = None
    waiting_boxes: int = 0


@dataclass(frozen=True)
class ClosedList:
    """A sale or delivery that was closed."""

    sale: str
    mode: str
    closed_at: datetime
    lines: tuple[Line, ...]
    totals: Totals


@dataclass(frozen=True)
class CancelledList:
    """A list that was given up."""

    sale: str


@dataclass(frozen=True)
class ReturnedPacks:
    """Packs that came back."""

    sale: str
    codes: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class SoldPack:
    """A pack that was sold, and the sale to which a return belongs."""

    code: str
    sale: str
    closed_at: datetime
    operator: str
    product: str | None
    name: str | None
    spec: str | None
    price: Decimal | None


@dataclass(frozen=True)
class Event:
    """One thing that happened, as the live stream tells it."""

    id: int
    name: str
    """`scan`, `totals`, `alert`, `reset` and others; pass over what is new to you."""
    data: Mapping[str, Any]


def read_as(wanted: type[_T], told: object) -> _T:
    """Return what the terminal told as a value."""
    read: _T = _value(wanted, told)
    return read


def _value(wanted: Any, told: Any) -> Any:
    origin, inner = typing.get_origin(wanted), typing.get_args(wanted)
    if origin is types.UnionType:
        return None if told is None else _value(next(one for one in inner if one is not type(None)), told)
    if origin is tuple:
        return tuple(_value(inner[0], one) for one in told)
    if is_dataclass(wanted):
        return _record(wanted, told)
    if wanted is Decimal:
        return Decimal(str(told))
    return datetime.fromisoformat(told) if wanted is datetime else told


def _record(wanted: Any, told: Mapping[str, Any]) -> Any:
    hints = _hints(wanted)
    named = ((field.name, _RENAMED.get(field.name, field.name)) for field in fields(wanted))
    return wanted(**{name: _value(hints[name], told[key]) for name, key in named if key in told})


@cache
def _hints(wanted: Any) -> dict[str, Any]:
    return typing.get_type_hints(wanted)
