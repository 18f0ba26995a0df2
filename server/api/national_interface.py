"""The national interface on this server: who calls is known by the API token of the request."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter

from codes.words import Words
from server.centre import Centre
from server.errors import SignInError
from server.fsi.build import Fsi
from server.fsi.http import fsi_routes
from server.fsi.post import Voice
from server.store import people
from server.store.institutions import CallerKind
from web.passwords import token_digest
from wire.fsi.tables import envelope

DEFAULT_WORKERS = 4


def national_interface(centre: Centre, fsi: Fsi, workers: int) -> APIRouter:
    """Return the routes of the interface."""

    def know_voice(secret: str, now: datetime) -> Voice:
        centre.tokens.who(secret, now)
        with centre.store.reading() as connection:
            found = people.load_token(connection, token_digest(secret))
        if found is None:
            raise SignInError(Words("访问令牌无效", "The access token is not valid"))
        return Voice(CallerKind.TOKEN, found[0].id)

    return fsi_routes(
        fsi.answering, know_voice=know_voice, envelope=envelope(fsi.area), now=centre.now, workers=workers
    )
