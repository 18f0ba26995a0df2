"""How the terminal is, and what the centre refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from starlette.requests import Request

from edge.api.access import WhoAsks, looking, looking_or_here, signed_in
from edge.api.forms import SetAsideForm
from edge.api.parts import ApiParts
from edge.health import TerminalStatus
from edge.store.dead_letters import (
    DeadLetter,
    SetAside,
    damaged_since,
    dead_letters,
    send_dead_letter_again,
    set_dead_letter_aside,
)
from edge.store.terminal import read_state

EventName = Annotated[str, Path(min_length=1, max_length=64, description="Id of the event")]


@dataclass(frozen=True, slots=True)
class DeadLetterShown:
    """A record that the centre refused for good; it is kept here."""

    epoch: str
    seq: int
    id: str
    kind: str
    created_at: datetime
    code: str
    set_aside: SetAside | None = None
    """Somebody looked at it and will not send it again."""


@dataclass(frozen=True, slots=True)
class Alive:
    """The terminal answers and can read its store."""

    ok: bool = True


def status_routes(parts: ApiParts) -> APIRouter:
    """Return the routes that only show."""
    routes = APIRouter(tags=["status"])
    guards, guard = looking(parts), signed_in(parts, None)

    @routes.get("/status", dependencies=looking_or_here(parts))
    async def status() -> TerminalStatus:
        """Return how the terminal is; holds nothing of any sale."""
        return await parts.status()

    @routes.get("/dead-letters", dependencies=guards)
    async def refused(limit: Annotated[int, Query(ge=1, le=500)] = 100) -> list[DeadLetterShown]:
        """Return what the centre refused for good, newest first."""
        letters = await parts.read(lambda tx: dead_letters(tx, limit))
        return [_show(letter) for letter in letters]

    @routes.put("/dead-letters/{event}/send", status_code=HTTPStatus.NO_CONTENT, dependencies=[Depends(guard)])
    async def send_again(event: EventName) -> None:
        """Send a refused record again: the centre was upgraded, or its rule was wrong."""
        done = await parts.in_store(lambda: parts.outbox.within(lambda tx: send_dead_letter_again(tx, event)))
        if done.damaged:
            raise damaged_since(event)

    @routes.put("/dead-letters/{event}/set-aside", status_code=HTTPStatus.NO_CONTENT)
    async def set_aside(event: EventName, form: SetAsideForm, request: Request, shown: WhoAsks) -> None:
        """Keep a refused record, but do not report it any more."""
        now, who = parts.clock.now(), (await guard(request, shown)).operator
        await parts.in_store(
            lambda: parts.outbox.within(
                lambda tx: set_dead_letter_aside(tx, event, operator=who, reason=form.reason, now=now)
            )
        )

    return routes


def health_route(parts: ApiParts) -> APIRouter:
    """Return `/healthz`: good while the terminal can do its work, with or without a line (T-66)."""
    routes = APIRouter(tags=["status"])

    @routes.get("/healthz")
    async def health() -> Alive:
        """Answer if the store can be read; anything else is an error with its code."""
        await parts.read(read_state)
        return Alive()

    return routes


def _show(letter: DeadLetter) -> DeadLetterShown:
    return DeadLetterShown(
        letter.epoch, letter.seq, letter.id, letter.kind, letter.created_at, letter.code, letter.set_aside
    )
