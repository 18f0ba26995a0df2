"""What was settled month by month, and the share of it that the funds paid."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Final

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from codes.words import Words
from server.console.desk import ConsoleDesk
from server.settlement.ratios import ratios_of
from server.store.settlements import load_monthly_sums
from wire.fsi.table_files import node_at
from wire.fsi.values import BEIJING

_MONTHS_SHOWN: Final = 12
_MONTH: Final = r"^$|^[0-9]{4}-(0[1-9]|1[0-2])$"
Month = Annotated[str, Query(pattern=_MONTH)]


def settlement_routes(desk: ConsoleDesk) -> APIRouter:
    """Return the routes of settlement."""
    routes = APIRouter(prefix="/settlements")
    insurances, treatments = _named("insutype"), _named("med_type")

    @routes.get("")
    def ratios(
        request: Request,
        first: Month = "",
        last: Month = "",
        insutype: Annotated[str, Query(max_length=6, pattern=r"^\w*$")] = "",
    ) -> Response:
        person = desk.reader(request)
        last = last or _month(desk.centre.now())
        first = first or _months_before(last, _MONTHS_SHOWN - 1)
        with desk.centre.store.reading() as connection:
            rows = load_monthly_sums(connection, first_month=first, last_month=last, insutype=insutype)
        context = {
            "active": "settlements",
            "rows": ratios_of(rows),
            "first": first,
            "last": last,
            "insutype": insutype,
            "insurances": insurances,
            "treatments": treatments,
            "percent": _percent,
        }
        return desk.page(request, person, "settlements.html", context)

    return routes


def _named(field: str) -> Mapping[str, Words]:
    """Return the known values of a coded field, as people call them."""
    return next(one.coded for one in node_at("2102.input.druginfo").fields if one.name == field)


def _month(now: datetime) -> str:
    return f"{now.astimezone(BEIJING):%Y-%m}"


def _months_before(month: str, count: int) -> str:
    """Return the month that lies so many before another.

    >>> _months_before("2026-03", 11)
    '2025-04'
    """
    day = date.fromisoformat(f"{month}-01")
    years, index = divmod(day.year * 12 + day.month - 1 - count, 12)
    return f"{max(years, 1):04d}-{index + 1:02d}"


def _percent(ratio: Decimal | None) -> str:
    """Return a ratio as people write it.

    >>> _percent(Decimal("0.8786")), _percent(None)
    ('87.86%', '—')
    """
    return "—" if ratio is None else f"{ratio * 100:.2f}%"
