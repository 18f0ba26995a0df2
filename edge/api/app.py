"""Puts the interface together: the guard in front, one form for errors, the routes under `/api/v1`."""

from __future__ import annotations

from importlib.metadata import version

from fastapi import FastAPI

from edge.api.days import day_routes
from edge.api.ledger_rows import ledger_routes
from edge.api.listening import listening_routes
from edge.api.lists import list_routes
from edge.api.live import live_routes
from edge.api.parts import BODY_LIMIT, ApiParts
from edge.api.problems import STATUSES, UnexpectedError
from edge.api.returns import return_routes
from edge.api.scanner_setup import scanner_setup_routes
from edge.api.scans import scan_routes
from edge.api.session import session_routes
from edge.api.status import health_route, status_routes
from edge.api.tickets import ticket_routes
from edge.api.undertakings import undertaking_routes
from edge.api.visits import visit_routes
from web.problem import PROBLEMS, install_problems
from web.security import SecurityMiddleware

PREFIX = "/api/v1"


def create_api(parts: ApiParts) -> FastAPI:
    """Return the terminal's interface. It starts nothing and owns nothing."""
    # The pages that FastAPI brings load their scripts from another host; the document itself is enough.
    app = FastAPI(title="Yima terminal", version=version("yima"), docs_url=None, redoc_url=None)
    app.add_middleware(SecurityMiddleware, allowed_hosts=parts.allowed_hosts, body_limit=BODY_LIMIT)
    install_problems(app, STATUSES, unexpected=UnexpectedError(), challenge="Bearer")
    for part in (
        session_routes,
        day_routes,
        list_routes,
        return_routes,
        scan_routes,
        scanner_setup_routes,
        status_routes,
        ticket_routes,
        undertaking_routes,
        ledger_routes,
        visit_routes,
        listening_routes,
        live_routes,
    ):
        app.include_router(part(parts), prefix=PREFIX, responses=PROBLEMS)
    app.include_router(health_route(parts), responses=PROBLEMS)
    return app
