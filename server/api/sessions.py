"""Sign in, who am I, sign out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Cookie, Request, Response
from pydantic import BaseModel, Field

from server.api.access import SESSION_COOKIE, AnyPerson, TheCentre
from server.api.people_views import PersonView, SessionView
from server.centre import Centre
from server.people.roles import PERMISSIONS, Permission, Role
from server.people.signing_in import SignedIn
from web.security import clear_session_cookie, set_session_cookie

router = APIRouter(prefix="/session", tags=["session"])


class Credentials(BaseModel):
    """Name and password."""

    name: Annotated[str, Field(max_length=64)]
    password: Annotated[str, Field(max_length=200)]


@router.post("")
def sign_in(credentials: Credentials, centre: TheCentre, request: Request, response: Response) -> SessionView:
    """Open a session; the answer sets its cookie."""
    opened = open_session(centre, request, response, credentials.name, credentials.password)
    return SessionView(
        name=opened.person.name,
        role=opened.person.role,
        permissions=_permissions(opened.person.role),
        expires_at=opened.expires_at,
    )


@router.get("")
def who_am_i(person: AnyPerson) -> PersonView:
    """Say who is signed in, by cookie or by token."""
    return PersonView(name=person.name, role=person.role, permissions=_permissions(person.role))


@router.delete("", status_code=204)
def sign_out(
    centre: TheCentre,
    request: Request,
    response: Response,
    token: Annotated[str | None, Cookie(alias=SESSION_COOKIE)] = None,
) -> None:
    """End the session of the cookie; without one there is nothing to end."""
    end_session(centre, request, response, token)


def open_session(centre: Centre, request: Request, response: Response, name: str, password: str) -> SignedIn:
    """Sign somebody in and give the browser the session.

    Raises:
        SignInError: Name or password is wrong, or the account is disabled.
        LockedOutError: Too many wrong passwords.
    """
    now = centre.now()
    opened = centre.signing_in.sign_in(name, password, now)
    lasts_s = int((opened.expires_at - now).total_seconds())
    set_session_cookie(response, SESSION_COOKIE, opened.token, max_age_s=lasts_s, is_tls=request.url.scheme == "https")
    return opened


def end_session(centre: Centre, request: Request, response: Response, token: str | None) -> None:
    """End a session with its live streams and take it from the browser."""
    if token is not None:
        centre.signing_in.sign_out(token)
        centre.bus.recheck()
    clear_session_cookie(response, SESSION_COOKIE, is_tls=request.url.scheme == "https")


def _permissions(role: Role) -> list[Permission]:
    return sorted(PERMISSIONS[role])
