"""One code's life: typed or scanned into one box, shown with its state, its conflicts and every fact in order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from codes.classify import read
from codes.pack import keys_meant
from codes.reading import Scan
from codes.words import Words
from server.centre import Centre
from server.console.desk import PREFIX, ConsoleDesk
from server.people.roles import Person
from server.store.terminals import find_terminal
from server.trace.history import CodeHistory, find_history
from web.errors import InvalidRequestError
from wire.events import MAX_CODE_LENGTH

SOURCE = "console"
_MAX_TYPED = 4 * MAX_CODE_LENGTH


class PersonalCodeError(InvalidRequestError):
    """A patient's credential was scanned into the box."""

    code = "code.personal"
    next_step = Words("请扫描药盒上的追溯码。", "Scan the code on the box.")


class NotAPackError(InvalidRequestError):
    """The code names no single pack."""

    code = "code.not_a_pack"
    next_step = Words(
        "请扫描带序列号的追溯码或 UDI；商品条码与药品编码没有单盒记录。",
        "Scan a trace code or a UDI with its serial number; retail and drug codes have no history of a single pack.",
    )


def code_routes(desk: ConsoleDesk) -> APIRouter:
    """Return the routes of codes."""
    routes = APIRouter(prefix="/codes")
    centre = desk.centre

    @routes.post("")
    def look_up(request: Request, typed: Annotated[str, Form(alias="code", max_length=_MAX_TYPED)] = "") -> Response:
        """Take what was typed or scanned; only what names a pack goes on into an address, a history and a log."""
        person = desk.reader(request)
        asked = _without_groups(typed.strip())
        try:
            if asked:
                _keys_of(asked)
        except InvalidRequestError as error:
            return refused(request, person, asked, error)
        query = f"?{urlencode({'code': asked})}" if asked else ""
        return RedirectResponse(f"{PREFIX}/codes{query}", status_code=HTTPStatus.SEE_OTHER)

    @routes.get("")
    def code(request: Request, typed: Annotated[str, Query(alias="code", max_length=_MAX_TYPED)] = "") -> Response:
        person = desk.reader(request)
        asked = _without_groups(typed.strip())
        if not asked:
            return desk.page(
                request, person, "code.html", {"active": "codes", "asked": "", "history": None, "error": None}
            )
        try:
            keys = _keys_of(asked)
        except InvalidRequestError as error:
            return refused(request, person, asked, error)
        history = _find_any(centre, keys)
        context = {
            "active": "codes",
            "asked": asked,
            "history": history,
            "error": None,
            "product": centre.matching.product_of(history.code),
            "labels": _labels(centre, history),
        }
        return desk.page(request, person, "code.html", context)

    def refused(request: Request, person: Person, asked: str, error: InvalidRequestError) -> Response:
        shown = "" if isinstance(error, PersonalCodeError) else asked
        context = {"active": "codes", "asked": shown, "history": None, "error": error}
        return desk.page(request, person, "code.html", context, status=422)

    return routes


def _keys_of(asked: str) -> Sequence[str]:
    """Return the ledger's keys that may be meant: a key as the console shows it, or the pack of a scan."""
    reading = read(Scan(asked.encode(), source=SOURCE))
    if reading.is_masked:
        raise PersonalCodeError(
            Words("这是患者凭证，不能查询，也不会保存", "This is a patient's credential; it is not looked up")
        )
    keys = [key for key in keys_meant(asked, reading) if len(key) <= MAX_CODE_LENGTH]
    if not keys:
        raise NotAPackError(Words("这个码不代表某一盒药品", "This code names no single pack"))
    return keys


def _find_any(centre: Centre, keys: Sequence[str]) -> CodeHistory:
    """Return the first history that is known; if none is, the empty one of the scan, which a person meant."""
    found = [find_history(centre.store, key, centre.now()) for key in keys]
    return next((history for history in found if history.is_known), found[-1])


def _without_groups(typed: str) -> str:
    """Return digits that were copied in groups as one run; anything else keeps its blanks."""
    joined = "".join(typed.split())
    return joined if joined.isdecimal() else typed


def _labels(centre: Centre, history: CodeHistory) -> dict[str, str]:
    """Return what the terminals in a history are called."""
    names: Iterable[str] = {said.terminal for entry in history.timeline for said in entry.evidence}
    with centre.store.reading() as connection:
        rows = [find_terminal(connection, name) for name in sorted(names)]
    return {row.id: row.label for row in rows if row is not None}
