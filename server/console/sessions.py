"""Signing in and out of the console."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from server.api.access import SESSION_COOKIE
from server.api.problems import status_of
from server.api.sessions import end_session, open_session
from server.console.desk import PREFIX, ConsoleDesk
from server.errors import LockedOutError, SignInError
from web.pages import is_own_address

_HOME = f"{PREFIX}/"


def session_routes(desk: ConsoleDesk) -> APIRouter:
    """Return the routes of the door."""
    routes = APIRouter()

    @routes.get("/sign-in")
    def show_door(request: Request, next_page: Annotated[str, Query(alias="next")] = _HOME) -> Response:
        return desk.page(request, None, "sign_in.html", {"next_page": _own(next_page), "error": None, "name": ""})

    @routes.post("/sign-in")
    def sign_in(
        request: Request,
        name: Annotated[str, Form(max_length=64)],
        password: Annotated[str, Form(max_length=200)],
        next_page: Annotated[str, Form(alias="next")] = _HOME,
    ) -> Response:
        response = RedirectResponse(_own(next_page), status_code=HTTPStatus.SEE_OTHER)
        try:
            open_session(desk.centre, request, response, name, password)
        except (SignInError, LockedOutError) as error:
            context = {"next_page": _own(next_page), "error": error, "name": name}
            return desk.page(request, None, "sign_in.html", context, status=status_of(error))
        return response

    @routes.post("/sign-out")
    def sign_out(request: Request) -> Response:
        response = RedirectResponse(f"{PREFIX}/sign-in", status_code=HTTPStatus.SEE_OTHER)
        end_session(desk.centre, request, response, request.cookies.get(SESSION_COOKIE))
        return response

    return routes


def _own(address: str) -> str:
    return address if is_own_address(address) else _HOME
