"""The centre at a glance."""

from __future__ import annotations

from dataclasses import asdict
from importlib.metadata import version

from fastapi import APIRouter, Request

from server.api.access import Reader, TheCentre
from server.api.views import MOST_CONFLICTS, StatusView
from server.store import catalogue, ledger, terminals
from wire.receipts import Trust

router = APIRouter(tags=["status"])


@router.get("/status")
def status(request: Request, _person: Reader, centre: TheCentre) -> StatusView:
    """Say who the centre is and what it has met since it started."""
    with centre.store.reading() as connection:
        counted = terminals.count_terminals(connection)
        products = catalogue.count_products(connection)
        revision = catalogue.revision(connection)
        conflicts = ledger.count_conflicts(connection, MOST_CONFLICTS)
    return StatusView(
        version=version("yima"),
        epoch=centre.store.epoch,
        public_key=centre.key.public.raw.hex(),
        fingerprint=centre.key.public.fingerprint,
        started_at=centre.started_at,
        is_connected=request.app.state.is_connected(),
        hears_terminals=request.app.state.hears_terminals(),
        terminals={trust: counted.get(trust, 0) for trust in Trust},
        products=products,
        catalogue_revision=revision,
        conflicts=conflicts,
        tally=asdict(centre.ingest.tally),
    )
