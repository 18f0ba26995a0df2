"""Signing in and out, and the guard that other routes stand behind."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from edge.api.forms import SignInForm
from edge.api.parts import COOKIE, ApiParts
from edge.operators.desk import live_session
from edge.operators.errors import SignInRequiredError
from edge.store.shifts import SessionRow
from web.security import clear_session_cookie, set_session_cookie

Guard = Callable[[Request], Awaitable[SessionRow]]


@dataclass(frozen=True, slots=True)
class SessionShown:
    """Who is signed in with this browser."""

    operator: str
    name: str
    shift: str
    opened_at: datetime
    expires_at: datetime


def signed_in(parts: ApiParts) -> Guard:
    """Return the guard of routes that change something: it lets only a signed-in browser pass."""

    async def guard(request: Request) -> SessionRow:
        token = _token(request)
        return await parts.read(lambda tx: live_session(tx, token, parts.clock))

    return guard


def may_look(parts: ApiParts) -> Callable[[Request], Coroutine[Any, Any, None]]:
    """Return the guard of routes that only show: open on loopback, signed-in browsers where others can ask too."""
    guard = signed_in(parts)

    async def look(request: Request) -> None:
        if not parts.is_open:
            await guard(request)

    return look


def session_routes(parts: ApiParts) -> APIRouter:
    """Return the routes under `/session`."""
    routes = APIRouter(prefix="/session", tags=["session"])
    guard = signed_in(parts)

    @routes.post("")
    async def sign_in(form: SignInForm, request: Request, response: Response) -> SessionShown:
        """Sign in; opens a shift, or takes the counter over from a colleague."""
        admitted = await parts.sign_in.admit(form.operator, form.password)
        set_session_cookie(response, COOKIE, admitted.token, max_age_s=parts.session_s, is_tls=_is_tls(request))
        return _show(admitted.session)

    @routes.get("")
    async def who(request: Request) -> SessionShown:
        """Return who is signed in with this browser."""
        return _show(await guard(request))

    @routes.delete("", status_code=HTTPStatus.NO_CONTENT)
    async def sign_out(request: Request, response: Response) -> None:
        """Sign out; closes the shift."""
        token = _token(request)
        await parts.in_store(lambda: parts.operators.sign_out(token))
        clear_session_cookie(response, COOKIE, is_tls=_is_tls(request))

    return routes


def _token(request: Request) -> str:
    token = request.cookies.get(COOKIE)
    if token is None:
        raise SignInRequiredError
    return token


def _is_tls(request: Request) -> bool:
    """Tell whether the browser came over TLS, by a proxy in front of us."""
    return request.url.scheme == "https"


def _show(session: SessionRow) -> SessionShown:
    return SessionShown(session.operator, session.name, session.shift, session.opened_at, session.expires_at)
