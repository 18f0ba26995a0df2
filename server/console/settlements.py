"""Settlements one by one: the newest, those of a visit, a message or a code, and one of them with each of its steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from http import HTTPStatus
from typing import Annotated, Final
from urllib.parse import quote

from fastapi import APIRouter, Form, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from codes.words import Words
from rules.benefits.meanings import psn_type_words
from server.console.desk import PREFIX, ConsoleDesk
from server.console.ratios import InstitutionCode, names_of, percent
from server.people.roles import Person
from server.settlement.errors import UnknownSettlementError
from server.settlement.inspecting import find_settlements, inspect, note_look
from server.settlement.labels import transaction_name
from server.settlement.naming import MESSAGE_STATES, REASONS, told_total, words_of_number, words_of_value
from server.settlement.ratios import share_of
from server.store.institutions import load_institutions
from server.store.settlement_lists import Chosen, load_settlement_page
from server.store.settlements import Settlement
from server.store.times import micros

_ROWS_PER_PAGE: Final = 50
_LONGEST_ID: Final = 100
_FEN_PLACES: Final = 2
Before = Annotated[str | None, Query(pattern=r"^[0-9]{1,18}\.\w{1,30}$")]
_ASK_AGAIN: Final = Words(
    "请核对结算ID、就诊ID、msgid 或追溯码；预结算与自费销售没有结算记录。",
    "Check setl_id, mdtrt_id, msgid or trace code; trials and self-pay sales leave no settlement.",
)


def settlement_routes(desk: ConsoleDesk) -> APIRouter:
    """Return the routes of single settlements."""
    routes = APIRouter(prefix="/settlements")
    _add_lists(routes, desk)
    _add_one(routes, desk)
    return routes


def _add_lists(routes: APIRouter, desk: ConsoleDesk) -> None:
    """Add the list of the newest, and the search."""
    centre = desk.centre
    treatments = names_of("med_type")

    def listed(
        request: Request, person: Person, rows: Sequence[Settlement], more: Mapping[str, object], status: int = 200
    ) -> Response:
        with centre.store.reading() as connection:
            named = load_institutions(connection, {one.institution for one in rows})
        context = {
            "active": "settlements",
            "rows": rows,
            "institutions": named,
            "treatments": treatments,
            "asked": "",
            "error": None,
            "institution": "",
            "is_first": True,
            "next": None,
        }
        return desk.page(request, person, "settlements.html", context | dict(more), status=status)

    @routes.get("/all")
    def newest(
        request: Request, institution: Annotated[InstitutionCode, Query()] = "", before: Before = None
    ) -> Response:
        person = desk.reader(request)
        with centre.store.reading() as connection:
            rows = load_settlement_page(
                connection,
                before=_place(before),
                limit=_ROWS_PER_PAGE,
                chosen=Chosen(institution=institution),
            )
        last = rows[-1] if len(rows) == _ROWS_PER_PAGE else None
        more = {
            "institution": institution,
            "is_first": before is None,
            "next": f"{micros(last.settled_at)}.{last.setl_id}" if last else None,
        }
        return listed(request, person, rows, more)

    @routes.post("/find")
    def find(request: Request, typed: Annotated[str, Form(alias="id", max_length=_LONGEST_ID)] = "") -> Response:
        """Take what was typed: in a form, not in an address, since somebody may type a person's number."""
        person, asked = desk.reader(request), "".join(typed.split())
        if not asked:
            return RedirectResponse(f"{PREFIX}/settlements/all", status_code=HTTPStatus.SEE_OTHER)
        with centre.store.reading() as connection:
            rows = find_settlements(connection, asked)
        if len(rows) == 1:
            return _to(rows[0].setl_id)
        error = None if rows else _unknown(Words("没有找到结算", "No settlement was found"))
        more = {"asked": asked, "error": error}
        return listed(request, person, rows, more, HTTPStatus.OK if rows else HTTPStatus.NOT_FOUND)


def _add_one(routes: APIRouter, desk: ConsoleDesk) -> None:
    """Add the page of one settlement."""
    centre = desk.centre
    names = {"insurances": names_of("insutype"), "treatments": names_of("med_type")}

    @routes.get("/{setl_id}")
    def one(request: Request, setl_id: str) -> Response:
        person, now = desk.reader(request), centre.now()
        try:
            with centre.store.writing() as connection:
                found = inspect(connection, setl_id, centre.fsi.sealer if centre.fsi else None)
                note_look(connection, setl_id, by=person.name, now=now)
        except UnknownSettlementError as error:
            return desk.error_page(request, _unknown(error.words), HTTPStatus.NOT_FOUND)
        record = found.explanation.record
        context = {
            "active": "settlements",
            "found": found,
            "one": record,
            "reasons": REASONS,
            "message_states": MESSAGE_STATES,
            "called": words_of_number,
            "told_total": told_total,
            "said": words_of_value,
            "psn_type": psn_type_words(record.psn_type),
            "transaction": transaction_name,
            "plain": _plain,
            "price": _price,
            "in_scope_share": percent(share_of(record.fund_pay_sumamt, record.inscp_scp_amt)),
            "real_share": percent(share_of(record.fund_pay_sumamt, record.medfee_sumamt)),
        }
        return desk.page(request, person, "settlement.html", context | names)


def _unknown(words: Words) -> UnknownSettlementError:
    """Return the error for somebody who looks: what a sender of messages should do is nothing to him."""
    return UnknownSettlementError(words, next_step=_ASK_AGAIN)


def _plain(number: Decimal) -> str:
    """Return a quantity without noughts at its end.

    >>> _plain(Decimal("500.0000")), _plain(Decimal("0.2500"))
    ('500', '0.25')
    """
    return f"{number.normalize():,f}"


def _price(price: Decimal) -> str:
    """Return a price to the fen, or as fine as it is.

    >>> _price(Decimal("33.300000")), _price(Decimal("0.035600"))
    ('33.30', '0.0356')
    """
    exact = _plain(price)
    return exact if len(exact.partition(".")[2]) > _FEN_PLACES else f"{price:,.2f}"


def _place(before: str | None) -> tuple[int, str] | None:
    if before is None:
        return None
    settled_us, _, last = before.partition(".")
    return int(settled_us), last


def _to(setl_id: str) -> RedirectResponse:
    return RedirectResponse(f"{PREFIX}/settlements/{quote(setl_id, safe='')}", status_code=HTTPStatus.SEE_OTHER)
