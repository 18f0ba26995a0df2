"""Who asks, and whether they may: a browser by its cookie, a program by its token.

A token acts in the open shift and in its operator's name; without a scope for it, a route is for people only. One that
is shown must be in force, also where nobody need show anything: a program never learns late that its token is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer
from fastapi.security.utils import get_authorization_scheme_param
from sqlalchemy import Connection
from starlette.requests import HTTPConnection

from codes.errors import RejectedError
from edge.api.parts import COOKIE, ApiParts
from edge.local_proof import HEADER
from edge.operators.desk import live_session
from edge.operators.errors import (
    ScopeMissingError,
    ShiftNotOpenError,
    SignInRequiredError,
    TokenLockedError,
    TokenRefusedError,
)
from edge.operators.pos_tokens import Program, Scope, find_program
from edge.store.api_tokens import note_use
from edge.store.shifts import SessionRow, last_session
from web.passwords import token_digest

_COOKIE = APIKeyCookie(
    name=COOKIE, scheme_name="terminal session", description="Set by POST /api/v1/session", auto_error=False
)
_BEARER = HTTPBearer(
    scheme_name="API token", description="Made with `yima edge token create`, for programs", auto_error=False
)
_PROGRAM = "program"


@dataclass(frozen=True, slots=True)
class Shown:
    """What a request shows of who asks."""

    cookie: str | None
    token: str | None
    caller: str
    """Address it came from."""


def shown_by(
    connection: HTTPConnection,
    cookie: Annotated[str | None, Depends(_COOKIE)],
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
) -> Shown:
    """Return what a request shows; declares both ways in the OpenAPI document."""
    del cookie, bearer
    return shown_of(connection)


def shown_of(connection: HTTPConnection) -> Shown:
    """Return the same of a request whose route declares neither: of a stream that anybody here may follow."""
    scheme, token = get_authorization_scheme_param(connection.headers.get("authorization"))
    # An empty one is a token too: of a program that was given none.
    is_bearer = scheme.lower() == "bearer"
    caller = "" if connection.client is None else connection.client.host
    return Shown(connection.cookies.get(COOKIE), token if is_bearer else None, caller)


WhoAsks = Annotated[Shown, Depends(shown_by)]
Guard = Callable[[HTTPConnection, WhoAsks], Coroutine[Any, Any, SessionRow]]
Look = Callable[[Shown], Coroutine[Any, Any, None]]


def signed_in(parts: ApiParts, scope: Scope | None = Scope.SELL) -> Guard:
    """Return the guard of routes that change something.

    Args:
        parts: The terminal.
        scope: What a token must allow; None where only a person may.
    """

    async def guard(connection: HTTPConnection, shown: WhoAsks) -> SessionRow:
        if shown.token is None:
            return await _session(parts, shown)
        program = await _program(parts, shown, scope)
        setattr(connection.state, _PROGRAM, program.name)
        return await parts.read(lambda tx: _at_work(tx, parts))

    return guard


def looking(parts: ApiParts) -> list[Any]:
    """Return the guards of routes that only show: on loopback anybody may look, elsewhere a sign-in or token is due."""
    look = may_look(parts)

    async def guard(shown: WhoAsks) -> None:
        await look(shown)

    return [Depends(_unasked(look) if parts.is_open else guard)]


def looking_or_here(parts: ApiParts) -> list[Any]:
    """Return the same for what a technician's commands ask too: who can read the terminal's key needs no sign-in."""
    look = may_look(parts)

    async def guard(connection: HTTPConnection, shown: WhoAsks) -> None:
        if not parts.is_proof(connection.headers.get(HEADER, "")):
            await look(shown)

    return [Depends(_unasked(look) if parts.is_open else guard)]


def _unasked(look: Look) -> Callable[[HTTPConnection], Coroutine[Any, Any, None]]:
    """Return the guard of routes whose document asks for nothing: what is shown all the same is looked at."""

    async def guard(connection: HTTPConnection) -> None:
        await look(shown_of(connection))

    return guard


def may_look(parts: ApiParts) -> Look:
    """Return what raises unless who asks may look."""

    async def look(shown: Shown) -> None:
        if shown.token is None:
            if not parts.is_open:
                await _session(parts, shown)
        elif parts.is_open:
            await refuse_wrong_token(parts, shown)
        else:
            await _program(parts, shown, Scope.READ)

    return look


async def refuse_wrong_token(parts: ApiParts, shown: Shown) -> None:
    """Refuse a token that is shown and not in force, where none is asked for.

    Raises:
        TokenRefusedError: It is wrong or was revoked.
        TokenLockedError: Too many were.
    """
    if shown.token is not None:
        await _in_force(parts, shown)


async def refusal_of(look: Look, shown: Shown) -> RejectedError | None:
    """Return why who asks may not look; None if they may."""
    try:
        await look(shown)
    except RejectedError as exc:
        return exc
    return None


def program_of(connection: HTTPConnection) -> str | None:
    """Return the name of the program whose token a guard let pass; None for a browser."""
    name: str | None = getattr(connection.state, _PROGRAM, None)
    return name


async def _session(parts: ApiParts, shown: Shown) -> SessionRow:
    cookie = shown.cookie
    if cookie is None:
        raise SignInRequiredError
    return await parts.read(lambda tx: live_session(tx, cookie, parts.operators.steady))


async def _program(parts: ApiParts, shown: Shown, scope: Scope | None) -> Program:
    program = await _in_force(parts, shown)
    if scope is None or scope not in program.scopes:
        raise ScopeMissingError(program.name, scope)
    return program


async def _in_force(parts: ApiParts, shown: Shown) -> Program:
    token, now = shown.token or "", parts.operators.steady.now()
    digest = token_digest(token)
    wait = parts.guesses.wait(shown.caller, digest, now)
    if wait:
        raise TokenLockedError(wait)
    program = await parts.read(lambda tx: find_program(tx, token))
    if program is None:
        parts.guesses.note_wrong(shown.caller, digest, now)
        raise TokenRefusedError
    parts.guesses.note_right(shown.caller, digest)
    if program.is_use_news(parts.clock.now()):
        await parts.in_store(lambda: parts.outbox.within(lambda tx: note_use(tx, digest, parts.clock.now())))
    return program


def _at_work(tx: Connection, parts: ApiParts) -> SessionRow:
    session = last_session(tx)
    if session is None or session.expires_at <= parts.operators.steady.now():
        raise ShiftNotOpenError
    return session
