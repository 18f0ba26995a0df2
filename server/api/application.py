"""The web application: routers, problems, the guard in front."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import AbstractAsyncContextManager
from importlib.metadata import version

from fastapi import APIRouter, FastAPI

from codes.words import Words
from server.api import catalogue, conflicts, facts, people, sessions, status, terminals
from server.api.national_interface import DEFAULT_WORKERS, national_interface
from server.api.problems import STATUSES, InternalError
from server.api.views import HealthView
from server.centre import Centre
from web.problem import PROBLEMS, install_problems
from web.security import SecurityMiddleware

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]
_TO_PROGRAMS = Words(
    "请在本系统的页面内操作；程序对接请使用访问令牌。",
    "Work from this system's own pages; programs use an access token.",
)


def create_app(
    centre: Centre,
    *,
    allowed_hosts: Collection[str] = (),
    fsi_workers: int = DEFAULT_WORKERS,
    is_connected: Callable[[], bool] = lambda: False,
    hears_terminals: Callable[[], bool] = lambda: False,
    lifespan: Lifespan | None = None,
) -> FastAPI:
    """Return the application that serves `centre`.

    Args:
        centre: What it serves.
        allowed_hosts: Names besides the loopback ones under which it is reached.
        fsi_workers: Messages of the national interface that are worked on at once.
        is_connected: Whether the broker can be reached, so that records arrive.
        hears_terminals: Whether births, deaths and health reports arrive, which have a connection of their own.
        lifespan: What starts and stops with the application.
    """
    # The documentation pages of the framework load scripts from other hosts; the document itself is enough.
    app = FastAPI(title="Yima centre", version=version("yima"), docs_url=None, redoc_url=None, lifespan=lifespan)
    app.state.centre = centre
    app.state.is_connected = is_connected
    app.state.hears_terminals = hears_terminals
    app.add_middleware(SecurityMiddleware, allowed_hosts=allowed_hosts, advice=_TO_PROGRAMS)
    install_problems(app, STATUSES, unexpected=InternalError(), challenge="Bearer")
    api = APIRouter(prefix="/api/v1", responses=PROBLEMS)
    for part in (sessions, people, terminals, conflicts, facts, catalogue, status):
        api.include_router(part.router)
    if centre.fsi is not None:
        # First, for routes are tried in turn and nothing else is asked as often.
        app.include_router(national_interface(centre, centre.fsi, fsi_workers))
    app.include_router(api)
    app.add_api_route("/healthz", _healthz(centre), methods=["GET"], tags=["status"], response_model=HealthView)
    return app


def _healthz(centre: Centre) -> Callable[[], HealthView]:
    def healthz() -> HealthView:
        """Say whether the database answers; for supervisors, open to all."""
        centre.store.ping()
        return HealthView(is_ok=True)

    return healthz
