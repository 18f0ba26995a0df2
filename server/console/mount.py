"""Puts the console together: an application of its own below `/console`, so that its errors are pages."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from codes.errors import YimaError
from codes.words import Words
from server.api.problems import InternalError, status_of
from server.centre import Centre
from server.console.codes import code_routes
from server.console.desk import FOLDER, PREFIX, ConsoleDesk
from server.console.overview import overview_routes
from server.console.ratios import ratio_routes
from server.console.sessions import session_routes
from server.console.settlements import settlement_routes
from server.console.terminals import terminal_routes
from server.console.vouchers import voucher_routes
from server.errors import SignInError
from web.errors import HttpError
from web.pages import Pages
from web.problem import invalid_request

_SAFE: Final = frozenset({"GET", "HEAD"})
_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


def mount_console(app: FastAPI, centre: Centre) -> None:
    """Let `app` answer with the console below `/console`, and lead `/` there."""
    desk = ConsoleDesk(centre, Pages(FOLDER), centre.bus.newest_id)
    console = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    console.state = app.state
    fleet = (session_routes, overview_routes, terminal_routes, code_routes)
    for part in (*fleet, ratio_routes, settlement_routes, voucher_routes):
        console.include_router(part(desk))
    _install_error_pages(console, desk)

    async def home() -> RedirectResponse:
        return RedirectResponse(f"{PREFIX}/", status_code=HTTPStatus.TEMPORARY_REDIRECT)

    desk.pages.mount(app)
    app.add_api_route("/", home, methods=["GET"], include_in_schema=False)
    app.mount(PREFIX, console)


def _install_error_pages(console: FastAPI, desk: ConsoleDesk) -> None:
    def on_own(request: Request, exc: Exception) -> Response:
        if not isinstance(exc, YimaError):
            raise exc
        if isinstance(exc, SignInError) and request.method in _SAFE:
            address = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            query = urlencode({"next": address})
            return RedirectResponse(f"{PREFIX}/sign-in?{query}", status_code=HTTPStatus.SEE_OTHER)
        return desk.error_page(request, exc, status_of(exc))

    def on_invalid(request: Request, exc: Exception) -> Response:
        if not isinstance(exc, RequestValidationError):
            raise exc
        error = invalid_request(exc)
        return desk.error_page(request, error, status_of(error))

    def on_http(request: Request, exc: Exception) -> Response:
        if not isinstance(exc, HTTPException):
            raise exc
        error = HttpError(exc.status_code, Words("没有这个页面", "There is no such page"))
        return desk.error_page(request, error, error.status)

    def on_fault(request: Request, exc: Exception) -> Response:
        _logger.error("console.fault", path=request.url.path, exc_info=exc)
        error = InternalError()
        return desk.error_page(request, error, HTTPStatus.INTERNAL_SERVER_ERROR)

    console.add_exception_handler(YimaError, on_own)
    console.add_exception_handler(RequestValidationError, on_invalid)
    console.add_exception_handler(HTTPException, on_http)
    console.add_exception_handler(Exception, on_fault)
