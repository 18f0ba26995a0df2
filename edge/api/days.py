"""Ends of business days and hand-overs of the counter."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from pydantic import Field
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from edge.api.access import WhoAsks, signed_in
from edge.api.forms import CountForm, DayEndForm, HandOverForm, ReopenForm
from edge.api.parts import COOKIE, ApiParts
from edge.api.session import SessionShown, is_tls, show_session
from edge.clock import SHOP_TIME
from edge.fsi.sign_ins import Operator
from edge.operators.pos_tokens import Scope
from edge.store.day_ends import DayState, latest_hand_overs
from edge.till.day_end import DayEnds
from edge.till.day_sheets import DaySheet
from edge.till.errors import NoInterfaceError
from edge.till.handing_over import Drawer, count_drawer, hand_over, look_into_drawer
from rules.business_day import business_day
from web.security import set_session_cookie

FIRST_DAY, LAST_DAY = date(2020, 1, 1), date(2199, 12, 31)
Day = Annotated[date, Path(ge=FIRST_DAY, le=LAST_DAY, description="Business day")]


@dataclass(frozen=True, slots=True)
class DayShown:
    """One end of a business day, without its figures."""

    day: date
    nth: int
    state: DayState
    operator: str
    ended_at: datetime
    reopened_by: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class DaysShown:
    """The business day that runs now, those that can be ended, and the latest ends."""

    today: Annotated[date, Field(description="The business day that runs now, whatever the calendar says")]
    begins_h: Annotated[int, Field(description="The hour at which a business day begins")]
    open: Annotated[
        list[date], Field(description="Days of the last month that can be ended, the newest first; none is to come")
    ]
    ends: Annotated[list[DayShown], Field(description="The newest first")]


@dataclass(frozen=True, slots=True)
class HandOverShown:
    """The counter went from one person to the next."""

    giver: str
    taker: str
    at: datetime
    cash_expected: Decimal
    cash_counted: Decimal
    note: str


@dataclass(frozen=True, slots=True)
class DrawerShown:
    """What should lie in the drawer."""

    drawer: Drawer
    expected: Annotated[Decimal, Field(description="Yuan")]


def day_routes(parts: ApiParts) -> APIRouter:
    """Return the routes under `/days` and `/hand-overs`."""
    routes = APIRouter(tags=["day"])
    guard = signed_in(parts, None)
    guarded = [Depends(signed_in(parts, Scope.READ))]

    @routes.get("/days", dependencies=guarded)
    async def ends(limit: Annotated[int, Query(ge=1, le=366)] = 31) -> DaysShown:
        """Return which business day it is, which can be ended, and how the latest ones ended."""
        if parts.days is None:
            return DaysShown(business_day(parts.clock.now(), 0, SHOP_TIME), 0, [], [])
        shown = [
            DayShown(one.day, one.nth, one.state, one.operator, one.ended_at, one.reopened_by, one.reason)
            for one in await parts.days.ends(limit)
        ]
        return DaysShown(parts.days.today, parts.days.begins_h, await parts.days.open_days(), shown)

    @routes.get("/days/{day}", dependencies=guarded)
    async def look(day: Day) -> DaySheet:
        """Return what a business day came to so far, or how it ended."""
        return await _days(parts).look(day)

    @routes.post("/days/{day}/end")
    async def end(day: Day, form: DayEndForm, request: Request, shown: WhoAsks) -> DaySheet:
        """End a business day: compare the books of its calendar days with the centre's."""
        session = await guard(request, shown)
        operator = Operator(session.operator, session.name)
        return await _days(parts).end(day, operator, is_confirmed=form.confirmed)

    @routes.post("/days/{day}/reopen")
    async def reopen(day: Day, form: ReopenForm, request: Request, shown: WhoAsks) -> DaySheet:
        """Open a day that was ended again, with a reason."""
        session = await guard(request, shown)
        return await _days(parts).reopen(day, session.operator, form.reason)

    _of_the_drawer(routes, parts)
    return routes


def _of_the_drawer(routes: APIRouter, parts: ApiParts) -> None:
    guard = signed_in(parts, None)
    guarded = [Depends(signed_in(parts, Scope.READ))]

    @routes.get("/drawer", dependencies=guarded)
    async def drawer() -> DrawerShown:
        """Return what should lie in the drawer now: what was counted last, and what went through it since."""
        found = await parts.read(lambda tx: look_into_drawer(tx, parts.clock.now()))
        return DrawerShown(found, found.expected)

    @routes.post("/drawer/count", dependencies=[Depends(guard)])
    async def count(form: CountForm) -> DrawerShown:
        """State what lies in the drawer now, such as the float with which the day begins; it counts from here on."""

        def work(tx: Connection) -> Drawer:
            count_drawer(tx, form.cash_counted, form.note, parts.clock.now())
            return look_into_drawer(tx, parts.clock.now())

        found = await parts.in_store(lambda: parts.outbox.within(work))
        return DrawerShown(found, found.expected)

    @routes.get("/hand-overs", dependencies=guarded)
    async def hand_overs(limit: Annotated[int, Query(ge=1, le=366)] = 31) -> list[HandOverShown]:
        """Return the latest hand-overs, the newest first; of a count of the drawer giver and taker are one."""
        found = await parts.read(lambda tx: latest_hand_overs(tx, limit))
        return [
            HandOverShown(one.giver, one.taker, one.at, one.cash_expected, one.cash_counted, one.note) for one in found
        ]

    @routes.post("/hand-overs", dependencies=[Depends(guard)])
    async def take_over(form: HandOverForm, request: Request, response: Response) -> SessionShown:
        """Hand the counter over: the next one confirms with login and password, and is signed in with this browser."""

        def also(tx: Connection) -> None:
            hand_over(tx, form.operator, form.cash_counted, form.note, parts.clock.now())

        admitted = await parts.sign_in.admit(form.operator, form.password, also)
        set_session_cookie(response, COOKIE, admitted.token, max_age_s=parts.session_s, is_tls=is_tls(request))
        return show_session(admitted.session)


def _days(parts: ApiParts) -> DayEnds:
    if parts.days is None:
        raise NoInterfaceError
    return parts.days
