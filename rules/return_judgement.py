"""Whether a pack may come back: the decision table of returns (FMD Art. 13: same place, in time, still good).

Only the place that handed a pack out takes it back, only once, within the limit, and never one that is expired or
recalled: each refusal has a name of its own. What is not known is no reason to refuse.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from codes.words import Words
from rules.decision import Row, as_table, conditions_of, first_fit, when


class SaleThere(StrEnum):
    """The sale that is named."""

    CLOSED = "closed"
    OPEN = "open"
    """Still open, or the next one."""
    CANCELLED = "cancelled"
    AT_SITE = "at_site"
    """Not of this terminal, but another one of this site told of it."""
    UNKNOWN = "unknown"


class PackThere(StrEnum):
    """The pack in that sale."""

    SOLD = "sold"
    RETURNED = "returned"
    ABSENT = "absent"


class ReturnVerdict(StrEnum):
    """What the counter does with the pack."""

    ALLOWED = "allowed"
    SALE_UNKNOWN = "sale_unknown"
    SOLD_AT_SITE = "sold_at_site"
    SALE_NOT_CLOSED = "sale_not_closed"
    PACK_NOT_SOLD = "pack_not_sold"
    RETURNED_BEFORE = "returned_before"
    RECALLED = "recalled"
    EXPIRED = "expired"
    TOO_LATE = "too_late"


@dataclass(frozen=True, slots=True)
class ReturnFacts:
    """What is known of a pack that is to come back: the columns of the table."""

    sale: SaleThere
    pack: PackThere
    recalled: bool
    """A recall of it is known at this terminal."""
    expired: bool
    """Its code carries an expiry date, and that day is over."""
    in_time: bool


TABLE: tuple[Row[ReturnVerdict], ...] = (
    Row("no such sale", when(sale=SaleThere.UNKNOWN), ReturnVerdict.SALE_UNKNOWN),
    Row("another terminal's sale", when(sale=SaleThere.AT_SITE), ReturnVerdict.SOLD_AT_SITE),
    Row("not closed", when(sale={SaleThere.OPEN, SaleThere.CANCELLED}), ReturnVerdict.SALE_NOT_CLOSED),
    Row("not in this sale", when(pack=PackThere.ABSENT), ReturnVerdict.PACK_NOT_SOLD),
    Row("came back before", when(pack=PackThere.RETURNED), ReturnVerdict.RETURNED_BEFORE),
    Row("recalled", when(recalled=True), ReturnVerdict.RECALLED),
    Row("expired", when(expired=True), ReturnVerdict.EXPIRED),
    Row("after the limit", when(in_time=False), ReturnVerdict.TOO_LATE),
    Row("all is well", when(), ReturnVerdict.ALLOWED),
)
"""All rows, in the order in which they are asked."""

WORDS: dict[ReturnVerdict, Words] = {
    ReturnVerdict.SALE_UNKNOWN: Words("本机没有销售 {sale}", "This terminal has no sale {sale}"),
    ReturnVerdict.SOLD_AT_SITE: Words(
        "销售 {sale} 是本店终端 {terminal} 的", "Sale {sale} was made at terminal {terminal} of this site"
    ),
    ReturnVerdict.SALE_NOT_CLOSED: Words("销售 {sale} 尚未结算", "Sale {sale} is not closed"),
    ReturnVerdict.PACK_NOT_SOLD: Words("销售 {sale} 中没有 {codes}", "{codes} is not in sale {sale}"),
    ReturnVerdict.RETURNED_BEFORE: Words("{codes} 已退回过", "{codes} came back before"),
    ReturnVerdict.RECALLED: Words("{codes} 已被召回", "{codes} was recalled"),
    ReturnVerdict.EXPIRED: Words("{codes} 已过有效期", "{codes} has expired"),
    ReturnVerdict.TOO_LATE: Words(
        "{codes} 已超过 {days} 天退货期限", "{codes} was sold more than {days} days ago, the limit for returns"
    ),
}
"""Why a pack is refused; `{codes}` names each pack of which it is true."""


def judge_return(facts: ReturnFacts) -> ReturnVerdict:
    """Return whether the pack may come back, or why not."""
    return first_fit(TABLE, facts).then


def is_in_time(sold_at: datetime, now: datetime, days: int) -> bool:
    """Tell whether a return is within the limit, the last moment included; 0 days stands for no limit."""
    return days == 0 or now - sold_at <= timedelta(days=days)


def is_expired(expiry: str | None, today: date) -> bool:
    """Tell whether the day of expiry (ISO, as codes give it) is over; the day itself is still good."""
    return expiry is not None and date.fromisoformat(expiry) < today


def return_table() -> str:
    """Return the decision table for the manual."""
    rows = [(row.name, conditions_of(row), f"`{row.then}`") for row in TABLE]
    return as_table(("row", "when", "verdict"), rows)
