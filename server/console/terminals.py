"""Terminals: the list, one of them, and the decision to take or refuse its records, in two steps."""

from __future__ import annotations

from enum import StrEnum
from http import HTTPStatus
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, Query
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from codes.words import Words
from server.api.problems import status_of
from server.api.terminal_views import AlarmView
from server.console.advice import ADVICE
from server.console.desk import PREFIX, ConsoleDesk
from server.console.fleet_view import page_of
from server.fleet.registry import OtherKeyError
from server.store import alarms, events
from server.store.terminal_lists import Show, TerminalFilter
from web.errors import InvalidRequestError

_MOST_REJECTED = 20
_MOST_ALARMS = 5
Name = Annotated[str, Field(max_length=64)]


class Decision(StrEnum):
    """What can be decided about a terminal."""

    APPROVE = "approve"
    REVOKE = "revoke"


class NotComparedError(InvalidRequestError):
    """Somebody approves a terminal without saying that the fingerprints are the same."""

    code = "terminal.not_compared"
    next_step = Words(
        "请在终端上查看指纹，逐位核对后勾选确认。",
        "Look at the fingerprint on the terminal, compare every digit, then tick the box.",
    )


class Approving(BaseModel):
    """What the form says that approves a terminal."""

    fingerprint: Name
    """As the page showed it."""
    label: Name = ""
    institution: Name = ""
    is_compared: bool = False


def terminal_routes(desk: ConsoleDesk) -> APIRouter:
    """Return the routes of terminals."""
    routes = APIRouter(prefix="/terminals")
    _add_pages(routes, desk)
    _add_decisions(routes, desk)
    return routes


def _add_pages(routes: APIRouter, desk: ConsoleDesk) -> None:
    """Add what only shows."""
    centre = desk.centre

    @routes.get("")
    def terminals(
        request: Request,
        show: Show = Show.ALL,
        institution: Annotated[str, Query(max_length=64)] = "",
        q: Annotated[str, Query(max_length=100)] = "",
        page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    ) -> Response:
        person, now = desk.reader(request), centre.now()
        wanted = TerminalFilter(show, institution, q)
        figures = centre.fleet.figures(now, wanted)
        context = {
            "active": "terminals",
            "figures": figures,
            "wanted": wanted,
            "page": page_of(centre.fleet, wanted, figures, page, now),
        }
        return desk.page(request, person, "terminals.html", context)

    @routes.get("/{terminal_id}")
    def terminal(request: Request, terminal_id: str) -> Response:
        person = desk.reader(request)
        found, lives = centre.fleet.find(terminal_id, centre.now())
        with centre.store.reading() as connection:
            rejected = events.load_rejected_page(connection, terminal_id, _MOST_REJECTED)
            rang = alarms.load_newest_alarms(connection, terminal=terminal_id, before=None, limit=_MOST_ALARMS)
        context = {
            "active": "terminals",
            "one": found,
            "lives": lives,
            "rejected": rejected,
            "alarms": [AlarmView.of(one) for one in rang],
            "advice": ADVICE,
        }
        return desk.page(request, person, "terminal.html", context)


def _add_decisions(routes: APIRouter, desk: ConsoleDesk) -> None:
    """Add approving and revoking."""
    centre = desk.centre

    @routes.get("/{terminal_id}/{decision}")
    def ask(request: Request, terminal_id: str, decision: Decision) -> Response:
        person = desk.approver(request)
        found, _lives = centre.fleet.find(terminal_id, centre.now())
        context = {"active": "terminals", "one": found, "decision": decision, "error": None}
        return desk.page(request, person, "decide.html", context)

    @routes.post("/{terminal_id}/approve")
    def approve(request: Request, terminal_id: str, form: Annotated[Approving, Form()]) -> Response:
        person, now = desk.approver(request), centre.now()
        try:
            if not form.is_compared:
                raise NotComparedError(Words("尚未确认指纹一致", "Nobody has confirmed the fingerprint"))
            centre.fleet.approve(
                terminal_id,
                by=person,
                now=now,
                institution=form.institution.strip() or None,
                label=form.label.strip() or None,
                fingerprint=form.fingerprint,
            )
        except (InvalidRequestError, OtherKeyError) as error:
            found, _lives = centre.fleet.find(terminal_id, now)
            context = {"active": "terminals", "one": found, "decision": Decision.APPROVE, "error": error}
            return desk.page(request, person, "decide.html", context, status=status_of(error))
        return _to(terminal_id)

    @routes.post("/{terminal_id}/revoke")
    def revoke(request: Request, terminal_id: str) -> Response:
        person = desk.approver(request)
        centre.fleet.revoke(terminal_id, by=person, now=centre.now())
        return _to(terminal_id)


def _to(terminal_id: str) -> RedirectResponse:
    return RedirectResponse(f"{PREFIX}/terminals/{quote(terminal_id, safe='')}", status_code=HTTPStatus.SEE_OTHER)
