"""The first page, the alarms, and the scans as they come in."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from server.api.status import status as centre_status
from server.console.alarm_view import newest_alarms
from server.console.desk import ConsoleDesk
from server.console.fleet_view import Show, figures_of, filtered, page_of, whole_fleet

_MOST_ATTENTION: Final = 8
_MOST_ALARMS: Final = 6
_REPLAYED: Final = 300
"""Events of the live bus that a page of live scans begins with."""

PageNumber = Annotated[int, Query(ge=1, le=1_000_000)]


def overview_routes(desk: ConsoleDesk) -> APIRouter:
    """Return the routes of the overview."""
    routes = APIRouter()
    centre = desk.centre

    @routes.get("/")
    def overview(request: Request) -> Response:
        person = desk.reader(request)
        terminals = list(whole_fleet(centre.fleet, centre.now()))
        attention = filtered(terminals, Show.ATTENTION, "")
        alarms = newest_alarms(centre.store, None)
        context = {
            "active": "overview",
            "status": centre_status(request, person, centre),
            "figures": figures_of(terminals),
            "attention": attention[:_MOST_ATTENTION],
            "alarms": alarms[:_MOST_ALARMS],
            "alarm_count": len(alarms),
        }
        return desk.page(request, person, "overview.html", context)

    @routes.get("/scans")
    def scans(request: Request) -> Response:
        person = desk.reader(request)
        start = max(desk.first_position, centre.bus.newest_id - _REPLAYED)
        return desk.page(request, person, "scans.html", {"active": "scans", "start": start})

    @routes.get("/alarms")
    def alarms(request: Request, terminal: Annotated[str, Query(max_length=64)] = "", page: PageNumber = 1) -> Response:
        person = desk.reader(request)
        found = page_of(newest_alarms(centre.store, terminal or None), page)
        context = {"active": "alarms", "terminal": terminal, "page": found}
        return desk.page(request, person, "alarms.html", context)

    return routes
