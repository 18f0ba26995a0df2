"""The first page, the alarms, codes in conflict, and the scans as they come in."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from server.api.conflicts import Before, conflicts
from server.api.status import status as centre_status
from server.api.terminals import PLACE, newest_alarms
from server.api.views import MOST_CONFLICTS
from server.console.advice import ADVICE
from server.console.desk import ConsoleDesk
from server.store.terminal_lists import Show, TerminalFilter

_MOST_ATTENTION: Final = 8
_MOST_ALARMS: Final = 6
_ROWS_PER_PAGE: Final = 50
_REPLAYED: Final = 300
"""Events of the live bus that a page of live scans begins with."""


def overview_routes(desk: ConsoleDesk) -> APIRouter:
    """Return the routes of the overview."""
    routes = APIRouter()
    centre = desk.centre

    @routes.get("/")
    def overview(request: Request) -> Response:
        person, now = desk.reader(request), centre.now()
        context = {
            "active": "overview",
            "status": centre_status(request, person, centre),
            "figures": centre.fleet.figures(now),
            "attention": centre.fleet.page(now, TerminalFilter(Show.ATTENTION), skip=0, limit=_MOST_ATTENTION),
            "alarms": newest_alarms(person, centre, limit=_MOST_ALARMS),
            "most_conflicts": MOST_CONFLICTS,
        }
        return desk.page(request, person, "overview.html", context)

    @routes.get("/scans")
    def scans(request: Request) -> Response:
        person = desk.reader(request)
        start = max(desk.first_position, centre.bus.newest_id - _REPLAYED)
        return desk.page(request, person, "scans.html", {"active": "scans", "start": start})

    @routes.get("/alarms")
    def alarms(
        request: Request,
        terminal: Annotated[str, Query(max_length=64)] = "",
        before: Annotated[str | None, Query(pattern=PLACE)] = None,
    ) -> Response:
        person = desk.reader(request)
        found = newest_alarms(person, centre, terminal or None, before, _ROWS_PER_PAGE)
        context = {
            "active": "alarms",
            "terminal": terminal,
            "page": found,
            "is_first": before is None,
            "advice": ADVICE,
        }
        return desk.page(request, person, "alarms.html", context)

    @routes.get("/conflicts")
    def in_conflict(request: Request, before: Before = None) -> Response:
        person = desk.reader(request)
        found = conflicts(person, centre, before, _ROWS_PER_PAGE)
        return desk.page(
            request, person, "conflicts.html", {"active": "conflicts", "page": found, "is_first": before is None}
        )

    return routes
