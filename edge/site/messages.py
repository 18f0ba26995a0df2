"""What two terminals of a site say to each other, inside their signed frames.

Everything has a bound: a listed terminal is believed about its own sales, but it may have been tampered with.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta, Struct

from codes.words import Words
from edge.clock import from_us, to_us
from edge.site.errors import BadAnswerError
from edge.store.day_records import Record
from edge.store.site_apart import MOST_APART, MOST_BACK, OwnApart
from edge.store.site_held import MOST_HELD, OwnHeld
from edge.store.site_sales import PackFact
from edge.store.site_units import UnitsFact
from rules.day_sheet import Group, Sheet, Sums, sheet_of
from wire.errors import UNDECODABLE
from wire.events import Code, Count, Name
from wire.receipts import Nonce

VERSION = 1
FACTS_PER_ANSWER = 500
"""No further event is taken into an answer once so many packs are in it."""
MOST_FACTS = FACTS_PER_ANSWER + 10_000
"""One event has up to ten thousand packs, and is not torn."""
ROWS_PER_ANSWER = 2_000
MOST_LIVES = 1_000
MOST_GROUPS = 10_000
"""Of a day sheet: insurance kinds times offices of a whole country are fewer."""
RECORDS_PER_ANSWER = 2_000
"""Settlements and cancellations of a day that one answer names."""
MOST_OPEN = 200
"""Settlements without an outcome: a terminal that has more names the oldest."""
_LATEST = 253_402_300_799_999_999
"""The last microsecond that a date can name."""

Number = Annotated[int, Meta(ge=0, le=2**62)]
SaleNumber = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
"""With a point, where the store of the terminal is not in its first life any more."""
Lives = Annotated[dict[Name, Number], Meta(max_length=MOST_LIVES)]
Moment = Annotated[int, Meta(ge=0, le=_LATEST)]
Short = Annotated[str, Meta(max_length=20)]
_Message = TypeVar("_Message")


class Ask(Struct, frozen=True):
    """What have you sold since?"""

    v: int
    nonce: Nonce
    """Fresh for each; the answer repeats it."""
    heard: Lives
    """Up to which event, by life of the asked terminal's store."""
    days: tuple[date, date] | None = None
    """And what did you settle on these calendar days, the first to the last? Older terminals leave it unanswered."""

    records_from: Annotated[int, Meta(ge=0, le=1_000_000)] | None = None
    """Or, record by record, from which of them on?"""
    apart: Annotated[str, Meta(max_length=100)] | None = None
    """And what lies apart with you, or aside, unless it is as I was told (`Answer.apart_as`)? None: I do not ask."""
    within: tuple[Moment, Moment] | None = None
    """And what did you settle from this moment until before that one, in microseconds? `sheet` answers it."""
    is_open_asked: bool = False
    """And what settlements have you not brought to their end? Older terminals leave it unanswered."""


class SaidRecord(Struct, frozen=True, array_like=True):
    """One settlement or cancellation; nothing of a person."""

    insutype: Short
    clr_type: Short
    clr_optins: Short
    setl_id: Annotated[str, Meta(max_length=64)]
    is_refund: bool
    fee: Decimal
    funds: Decimal
    account: Decimal
    cash: Decimal


class SaidSums(Struct, frozen=True, array_like=True):
    """What was settled of one group."""

    insutype: Short
    clr_type: Short
    clr_optins: Short
    count: Annotated[int, Meta(ge=0, le=2**53)]
    fee: Decimal
    funds: Decimal
    account: Decimal
    cash: Decimal


class SaidFact(Struct, frozen=True, array_like=True):
    """One pack was sold or came back."""

    code: Code
    sale: SaleNumber
    hlc: Annotated[int, Meta(ge=0, le=_LATEST)]
    is_sold: bool


class SaidUnits(Struct, frozen=True, array_like=True):
    """Units of one pack were sold."""

    code: Code
    sale: SaleNumber
    hlc: Annotated[int, Meta(ge=0, le=_LATEST)]
    product: Annotated[str, Meta(max_length=64)]
    units: Count
    size: Count


class SaidApart(Struct, frozen=True, array_like=True):
    """A pack that came back and lies apart, or came back once, or lies on a list that was put aside."""

    code: Code
    sale: SaleNumber
    since: Annotated[int, Meta(ge=0, le=_LATEST)]


class Answer(Struct, frozen=True):
    """What was sold since."""

    v: int
    nonce: Nonce
    heard: Lives
    """Up to which event the asker has heard now."""
    is_all: bool
    """Nothing more is there for now."""
    facts: Annotated[list[SaidFact], Meta(max_length=MOST_FACTS)]
    sheet: Annotated[list[SaidSums], Meta(max_length=MOST_GROUPS)] | None = None
    """The sums of the days, or of the time, that was asked for; nothing of a person."""
    records: Annotated[list[SaidRecord], Meta(max_length=RECORDS_PER_ANSWER)] | None = None
    """The records that were asked for; fewer than an answer holds: these are the last."""
    desk: Annotated[str, Meta(pattern="^[0-9]{0,2}$")] = ""
    """At the national interface: its messages are known by it."""
    apart: Annotated[list[SaidApart], Meta(max_length=MOST_APART)] | None = None
    """All packs that lie apart at this terminal; None: as they were told before, or nobody asked."""
    apart_as: Annotated[str, Meta(max_length=100)] = ""
    """The state of that list, and of the two that are told with it."""
    back: Annotated[list[SaidApart], Meta(max_length=MOST_BACK)] = []
    """With `apart`: packs of other terminals' sales that came back to this one, the newest."""
    held: Annotated[list[SaidApart], Meta(max_length=MOST_HELD)] = []
    """With `apart`: packs on lists that lie aside at this terminal."""
    units: Annotated[list[SaidUnits], Meta(max_length=MOST_FACTS)] = []
    """What was sold since in part. Older terminals hear nothing of it."""

    open_sales: Annotated[list[Annotated[str, Meta(max_length=64)]], Meta(max_length=MOST_OPEN)] | None = None
    """Sales whose settlement, or return, has not come to its end; None: nobody asked, or it is an older terminal."""

    def packs_apart(self) -> list[OwnApart] | None:
        """Return what lies apart there; None if that is no news."""
        if self.apart is None:
            return None
        return [OwnApart(one.code, one.sale, from_us(one.since)) for one in self.apart]

    def packs_back(self) -> list[OwnApart]:
        """Return what came back there of others' sales."""
        return [OwnApart(one.code, one.sale, from_us(one.since)) for one in self.back]

    def packs_held(self) -> list[OwnHeld]:
        """Return what lies aside there."""
        return [OwnHeld(one.code, one.sale, from_us(one.since)) for one in self.held]

    def units_facts(self) -> list[UnitsFact]:
        """Return what was sold in part as the store keeps it."""
        return [UnitsFact(one.code, one.sale, one.hlc, one.product, one.units, one.size) for one in self.units]

    def pack_facts(self) -> list[PackFact]:
        """Return the facts as the store keeps them."""
        return [PackFact(one.code, one.sale, one.hlc, one.is_sold) for one in self.facts]

    def day_records(self) -> list[Record] | None:
        """Return the records that were asked for; None if this terminal does not tell them."""
        if self.records is None:
            return None
        return [
            Record(
                "", Group(one.insutype, one.clr_type, one.clr_optins),
                Sums(1, one.fee, one.funds, one.account, one.cash), b"", one.setl_id, "", one.is_refund,
            )
            for one in self.records
        ]  # fmt: skip

    def day_sheet(self) -> Sheet | None:
        """Return the sums that were asked for; None if this terminal does not tell them."""
        if self.sheet is None:
            return None
        return sheet_of(
            (
                Group(one.insutype, one.clr_type, one.clr_optins),
                Sums(one.count, one.fee, one.funds, one.account, one.cash),
            )
            for one in self.sheet
        )


def said(sheet: Sheet) -> list[SaidSums]:
    """Return sums as they are told."""
    return [
        SaidSums(
            group.insutype, group.clr_type, group.clr_optins, sums.count, sums.fee, sums.funds, sums.account, sums.cash
        )
        for group, sums in sheet.items()
    ]


def said_units(facts: Iterable[UnitsFact]) -> list[SaidUnits]:
    """Return what was sold in part as it is told."""
    return [SaidUnits(one.code, one.sale, one.hlc, one.product, one.units, one.size) for one in facts]


def said_apart(packs: Iterable[OwnApart | OwnHeld]) -> list[SaidApart]:
    """Return packs that lie apart, or aside, as they are told."""
    return [SaidApart(one.code, one.sale, to_us(one.since)) for one in packs]


def said_records(records: Iterable[Record]) -> list[SaidRecord]:
    """Return records as they are told."""
    return [
        SaidRecord(
            one.group.insutype, one.group.clr_type, one.group.clr_optins, one.setl_id, one.is_refund, one.sums.fee,
            one.sums.funds, one.sums.account, one.sums.cash,
        )
        for one in records
    ]  # fmt: skip


def encode(message: Ask | Answer) -> bytes:
    """Return the body of a frame."""
    return msgspec.json.encode(message)


def decode(body: bytes, kind: type[_Message]) -> _Message:
    """Return the message in the body of a frame that was proved.

    Raises:
        BadAnswerError: It is none of this version.
    """
    try:
        if msgspec.json.decode(body, type=_Versioned).v != VERSION:
            raise BadAnswerError(Words("对方的版本与本机不同", "It has another version"))
        return msgspec.json.decode(body, type=kind)
    except UNDECODABLE as exc:
        raise BadAnswerError(Words(f"内容不符合规范：{exc}", f"The message does not fit its schema: {exc}")) from exc


class _Versioned(Struct, frozen=True):
    v: int
