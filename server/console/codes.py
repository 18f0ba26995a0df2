"""One code's life: typed or scanned into one box, shown with its state, its conflicts and every fact in order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from codes.classify import read
from codes.pack import keys_meant
from codes.reading import Reading, Scan
from codes.words import Words
from server.centre import Centre
from server.console.desk import ConsoleDesk
from server.store.terminals import find_terminal
from server.trace.history import CodeHistory, find_history
from web.errors import InvalidRequestError
from wire.events import MAX_CODE_LENGTH

SOURCE = "console"


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

    @routes.get("")
    def code(
        request: Request, typed: Annotated[str, Query(alias="code", max_length=4 * MAX_CODE_LENGTH)] = ""
    ) -> Response:
        person = desk.reader(request)
        asked = _without_groups(typed.strip())
        context: dict[str, object] = {"active": "codes", "asked": asked, "history": None, "error": None}
        if not asked:
            return desk.page(request, person, "code.html", context)
        reading = read(Scan(asked.encode(), source=SOURCE))
        try:
            keys = _keys_of(reading, asked)
        except InvalidRequestError as error:
            context |= {"asked": "" if reading.is_masked else asked, "error": error}
            return desk.page(request, person, "code.html", context, status=422)
        history = _find_any(centre, keys)
        context |= {
            "history": history,
            "product": centre.matching.product_of(history.code),
            "labels": _labels(centre, history),
        }
        return desk.page(request, person, "code.html", context)

    return routes


def _keys_of(reading: Reading, asked: str) -> Sequence[str]:
    """Return the ledger's keys that may be meant: a key as the console shows it, or the pack of a scan."""
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
