"""The report of listen-only mode: which sales of the institution's software would have been unpaid, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from codes.words import Words
from edge.api.access import signed_in
from edge.api.parts import ApiParts
from edge.operators.pos_tokens import Scope
from edge.pos.listening import Heard
from rules.unpaid import CAUSE_WORDS, Cause, UnpaidReport, UnpaidSale

MOST_SALES = 1_000
NOTHING = Heard(UnpaidReport((), 0), 0, 0, {}, 0)


@dataclass(frozen=True, slots=True)
class CauseShown:
    """What would have been unpaid for one cause."""

    cause: Cause
    words: Words
    count: int
    yuan: Decimal


@dataclass(frozen=True, slots=True)
class HeardDay:
    """What would have been unpaid of one day."""

    day: date
    count: int
    yuan: Decimal


@dataclass(frozen=True, slots=True)
class FindingShown:
    """One reason, and where."""

    cause: Cause
    lines: str
    item: str
    words: Words


@dataclass(frozen=True, slots=True)
class UnpaidShown:
    """One sale that would not have been paid."""

    day: date
    sale: str
    """`setl_id`, or the `msgid` where nothing was settled."""
    yuan: Decimal
    cause: Cause
    """The gravest, under which it is counted."""
    findings: tuple[FindingShown, ...]


@dataclass(frozen=True, slots=True)
class UnreadShown:
    """Messages that could not be read."""

    words: Words
    count: int


@dataclass(frozen=True, slots=True)
class HeardShown:
    """What listening found. The sums are of all days that were asked for, whatever the list is narrowed to."""

    is_listening: bool
    """It goes on."""
    watched: int
    """Insured sales that went by."""
    unpaid: int
    yuan: Decimal
    waiting: int
    """Settled a short time ago and not uploaded yet: nothing is said of them."""
    unjoined: int
    """Uploads that name no settlement that went by."""
    unread: tuple[UnreadShown, ...]
    by_cause: tuple[CauseShown, ...]
    by_day: tuple[HeardDay, ...]
    sales: tuple[UnpaidShown, ...]
    """The newest first."""
    listed: int
    """How many there are of them, shown or not."""
    listed_yuan: Decimal


def listening_routes(parts: ApiParts) -> APIRouter:
    """Return the route of the report."""
    routes = APIRouter(tags=["report"])

    @routes.get("/pos/report", dependencies=[Depends(signed_in(parts, Scope.READ))])
    async def report(
        days: Annotated[int | None, Query(ge=1, le=400, description="Today included; all that is kept without")] = None,
        day: Annotated[date | None, Query(description="List only the sales of this day")] = None,
        cause: Annotated[Cause | None, Query(description="List only sales that are counted under this cause")] = None,
    ) -> HeardShown:
        """Return which insured sales would have been unpaid, of what went by while the proxy only listened."""
        if parts.report is None:
            return shown(NOTHING, is_listening=False, day=day, cause=cause)
        heard = await parts.report.of(days)
        return shown(heard, is_listening=parts.report.is_listening, day=day, cause=cause)

    return routes


def shown(heard: Heard, *, is_listening: bool, day: date | None, cause: Cause | None) -> HeardShown:
    """Return the report as a screen shows it."""
    unpaid = heard.unpaid
    wanted = [one for one in unpaid.sales if day in {None, one.day} and cause in {None, one.cause}]
    latest = sorted(wanted, key=lambda one: one.day, reverse=True)[:MOST_SALES]
    return HeardShown(
        is_listening, unpaid.watched, len(unpaid.sales), unpaid.amount, heard.waiting, heard.unjoined,
        tuple(UnreadShown(words, count) for words, count in heard.unread.items()),
        _causes(unpaid.by_cause()),
        tuple(HeardDay(one, *sums) for one, sums in sorted(unpaid.by_day().items(), reverse=True)),
        tuple(_sale(one) for one in latest), len(wanted), sum((one.amount for one in wanted), Decimal(0)),
    )  # fmt: skip


def _causes(sums: Mapping[Cause, tuple[int, Decimal]]) -> tuple[CauseShown, ...]:
    found = [CauseShown(cause, CAUSE_WORDS[cause], count, yuan) for cause, (count, yuan) in sums.items()]
    return tuple(sorted(found, key=lambda one: one.yuan, reverse=True))


def _sale(sale: UnpaidSale) -> UnpaidShown:
    findings = tuple(FindingShown(one.cause, one.lines, one.item, one.words) for one in sale.findings)
    return UnpaidShown(sale.day, sale.key, sale.amount, sale.cause, findings)
