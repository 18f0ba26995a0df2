"""Signing in and out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from edge.api.access import WhoAsks, refuse_wrong_token, shown_of, signed_in
from edge.api.forms import SignInForm
from edge.api.parts import COOKIE, ApiParts
from edge.operators.errors import SignInRequiredError
from edge.operators.pos_tokens import Scope
from edge.store.shifts import SessionRow
from web.security import clear_session_cookie, set_session_cookie


@dataclass(frozen=True, slots=True)
class SessionShown:
    """Who is signed in with this browser."""

    operator: str
    name: str
    shift: str
    opened_at: datetime
    expires_at: datetime


def session_routes(parts: ApiParts) -> APIRouter:
    """Return the routes under `/session`."""
    routes = APIRouter(prefix="/session", tags=["session"])
    guard = signed_in(parts, Scope.READ)

    @routes.post("")
    async def sign_in(form: SignInForm, request: Request, response: Response) -> SessionShown:
        """Sign in; opens a shift, or takes the counter over from a colleague."""
        await refuse_wrong_token(parts, shown_of(request))
        admitted = await parts.sign_in.admit(form.operator, form.password)
        set_session_cookie(response, COOKIE, admitted.token, max_age_s=parts.session_s, is_tls=is_tls(request))
        return show_session(admitted.session)

    @routes.get("")
    async def who(request: Request, shown: WhoAsks) -> SessionShown:
        """Return who is signed in with this browser; to a token, who is at work."""
        return show_session(await guard(request, shown))

    @routes.delete("", status_code=HTTPStatus.NO_CONTENT)
    async def sign_out(request: Request, response: Response, shown: WhoAsks) -> None:
        """Sign out; closes the shift."""
        await refuse_wrong_token(parts, shown)
        token = shown.cookie
        if token is None:
            raise SignInRequiredError
        await parts.in_store(lambda: parts.operators.sign_out(token))
        if parts.till is not None:
            parts.till.persons.forget_all()
        clear_session_cookie(response, COOKIE, is_tls=is_tls(request))

    return routes


def is_tls(request: Request) -> bool:
    """Tell whether the browser came over TLS: our own, or that of a proxy which is known to say so."""
    return request.url.scheme == "https"


def show_session(session: SessionRow) -> SessionShown:
    """Return a session as it is shown."""
    return SessionShown(session.operator, session.name, session.shift, session.opened_at, session.expires_at)
