"""Signing in and out, and the guard that other routes stand behind."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.security import APIKeyCookie
from starlette.requests import Request
from starlette.responses import Response

from edge.api.forms import SignInForm
from edge.api.parts import COOKIE, ApiParts
from edge.local_proof import HEADER
from edge.operators.desk import live_session
from edge.operators.errors import SignInRequiredError
from edge.store.shifts import SessionRow
from web.security import clear_session_cookie, set_session_cookie

COOKIE_SCHEME = APIKeyCookie(
    name=COOKIE, scheme_name="terminal session", description="Set by POST /api/v1/session", auto_error=False
)
Token = Annotated[str | None, Depends(COOKIE_SCHEME)]
"""The browser's cookie, declared in the OpenAPI document."""

Guard = Callable[[Token], Coroutine[Any, Any, SessionRow]]


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

    async def guard(token: Token) -> SessionRow:
        if token is None:
            raise SignInRequiredError
        return await parts.read(lambda tx: live_session(tx, token, parts.operators.steady))

    return guard


def looking(parts: ApiParts) -> list[Any]:
    """Return the guards of routes that only show: none on loopback, a signed-in browser where others can ask too."""
    return [] if parts.is_open else [Depends(signed_in(parts))]


def looking_or_here(parts: ApiParts) -> list[Any]:
    """Return the same for what a technician's commands ask too: who can read the terminal's key needs no sign-in."""
    guard = signed_in(parts)

    async def check(request: Request, token: Token) -> None:
        if not parts.is_proof(request.headers.get(HEADER, "")):
            await guard(token)

    return [] if parts.is_open else [Depends(check)]


def session_routes(parts: ApiParts) -> APIRouter:
    """Return the routes under `/session`."""
    routes = APIRouter(prefix="/session", tags=["session"])
    guard = signed_in(parts)

    @routes.post("")
    async def sign_in(form: SignInForm, request: Request, response: Response) -> SessionShown:
        """Sign in; opens a shift, or takes the counter over from a colleague."""
        admitted = await parts.sign_in.admit(form.operator, form.password)
        set_session_cookie(response, COOKIE, admitted.token, max_age_s=parts.session_s, is_tls=is_tls(request))
        return show_session(admitted.session)

    @routes.get("")
    async def who(token: Token) -> SessionShown:
        """Return who is signed in with this browser."""
        return show_session(await guard(token))

    @routes.delete("", status_code=HTTPStatus.NO_CONTENT)
    async def sign_out(request: Request, response: Response, token: Token) -> None:
        """Sign out; closes the shift."""
        if token is None:
            raise SignInRequiredError
        await parts.in_store(lambda: parts.operators.sign_out(token))
        clear_session_cookie(response, COOKIE, is_tls=is_tls(request))

    return routes


def is_tls(request: Request) -> bool:
    """Tell whether the browser came over TLS: our own, or that of a proxy which is known to say so."""
    return request.url.scheme == "https"


def show_session(session: SessionRow) -> SessionShown:
    """Return a session as it is shown."""
    return SessionShown(session.operator, session.name, session.shift, session.opened_at, session.expires_at)
