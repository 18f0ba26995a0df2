"""The national interface on this server: who calls is known by the API token of the request."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter

from server.centre import Centre
from server.fsi.build import Fsi
from server.fsi.http import fsi_routes
from server.fsi.post import Voice
from server.store.institutions import CallerKind
from wire.fsi.tables import envelope

DEFAULT_WORKERS = 4


def national_interface(centre: Centre, fsi: Fsi, workers: int) -> APIRouter:
    """Return the routes of the interface."""

    def know_voice(secret: str, now: datetime) -> Voice:
        return Voice(CallerKind.TOKEN, centre.tokens.id_of(secret, now))

    return fsi_routes(
        fsi.answering, know_voice=know_voice, envelope=envelope(fsi.area), now=centre.now, workers=workers
    )
