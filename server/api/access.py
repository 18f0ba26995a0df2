"""Who asks, and whether they may: a bearer token, or the session cookie of the console."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer

from codes.errors import YimaError
from codes.words import Words
from server.centre import Centre
from server.errors import SignInError
from server.people.roles import Permission, Person

SESSION_COOKIE = "yima_centre"

_bearer = HTTPBearer(auto_error=False, description="API token, made with `yima server token create`")
_cookie = APIKeyCookie(name=SESSION_COOKIE, auto_error=False, description="Session of the console")


def centre_of(request: Request) -> Centre:
    """Return the centre that this application serves."""
    found: Centre = request.app.state.centre
    return found


TheCentre = Annotated[Centre, Depends(centre_of)]


def signed_in(
    centre: TheCentre,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
    cookie: Annotated[str | None, Security(_cookie)],
) -> Person:
    """Return who asks.

    Raises:
        SignInError: Nobody is signed in.
    """
    if bearer is not None:
        return centre.tokens.who(bearer.credentials, centre.now())
    if cookie is not None:
        return centre.signing_in.who(cookie, centre.now())
    raise SignInError(Words("尚未登录", "Nobody is signed in"))


def still_reading(
    centre: TheCentre,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
    cookie: Annotated[str | None, Security(_cookie)],
) -> Callable[[], bool]:
    """Return what tells a stream whether its reader may still read: sessions and tokens end, accounts are disabled."""

    def check() -> bool:
        try:
            signed_in(centre, bearer, cookie).require(Permission.READ)
        except YimaError:
            # Also where it cannot be told: the browser comes back, and then it can.
            return False
        return True

    return check


def requires(permission: Permission) -> Callable[[Person], Person]:
    """Return the dependency that lets pass whoever has `permission`."""

    def check(person: Annotated[Person, Depends(signed_in)]) -> Person:
        person.require(permission)
        return person

    return check


Reader = Annotated[Person, Depends(requires(Permission.READ))]
Approver = Annotated[Person, Depends(requires(Permission.APPROVE))]
Manager = Annotated[Person, Depends(requires(Permission.MANAGE))]
StillReading = Annotated[Callable[[], bool], Depends(still_reading)]
AnyPerson = Annotated[Person, Depends(signed_in)]
