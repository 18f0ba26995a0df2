"""医保码结算率 by institution and month, and where visits broke off: a page, and the same rows as files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from codes.words import Language, Words
from server.console.desk import ConsoleDesk
from server.console.months import ThisCentury, cell, month_of, months_before, table_file
from server.console.ratios import percent
from server.store.database import Connection
from server.store.institutions import Institution, load_institution_page, load_institutions
from server.store.visit_steps import Months
from server.visits.report import Figures, Report, StepsOf, load_report, load_steps

_MONTHS_SHOWN: Final = 3
_ROWS_PER_PAGE: Final = 50
_MOST_OFFERED: Final = 1000
"""Institutions that the field of the institution offers to choose from."""
_MINUTE: Final = timedelta(minutes=1)


class Form(BaseModel):
    """The fields above the tables; what is empty does not choose."""

    first: ThisCentury = ""
    last: ThisCentury = ""
    institution: Annotated[str, Field(max_length=64)] = ""
    page: Annotated[int, Field(ge=1, le=1_000_000)] = 1


@dataclass(frozen=True, slots=True)
class Paged:
    """Some of the rows."""

    rows: tuple[Figures, ...]
    number: int
    pages: int


def voucher_routes(desk: ConsoleDesk) -> APIRouter:
    """Return the routes of 医保码 and visits."""
    routes = APIRouter(prefix="/vouchers")
    centre = desk.centre

    def asked(form: Form) -> Months:
        last = form.last or month_of(centre.now())
        return Months(form.first or min(months_before(last, _MONTHS_SHOWN - 1), last), last, form.institution.strip())

    @routes.get("")
    def vouchers(request: Request, form: Annotated[Form, Query()]) -> Response:
        person, chosen = desk.reader(request), asked(form)
        with centre.store.reading_steadily() as connection:
            report = load_report(connection, chosen, centre.now())
            page = _paged(report, form.page)
            named = load_institutions(connection, {one.institution for one in page.rows} | {chosen.institution})
            offered = load_institution_page(connection, limit=_MOST_OFFERED)
        context = {
            "active": "vouchers",
            "asked": chosen,
            "query": query_of(chosen),
            "report": report,
            "page": page,
            "institutions": named,
            "offered": offered,
            "percent": percent,
            "minutes": minutes,
        }
        return desk.page(request, person, "vouchers.html", context)

    @routes.get("/rates.csv")
    def rates(request: Request, form: Annotated[Form, Query()]) -> Response:
        desk.reader(request)
        chosen, language = asked(form), desk.pages.language(request)
        with centre.store.reading_steadily() as connection:
            rows = load_report(connection, chosen, centre.now()).rows
            named = _named(connection, rows)
        return table_file(_file_name("voucher-rates", chosen), _rate_rows(rows, named, language))

    @routes.get("/steps.csv")
    def steps(request: Request, form: Annotated[Form, Query()]) -> Response:
        desk.reader(request)
        chosen, language = asked(form), desk.pages.language(request)
        with centre.store.reading_steadily() as connection:
            rows = load_steps(connection, chosen, centre.now())
            named = _named(connection, rows)
        return table_file(_file_name("visit-steps", chosen), _step_rows(rows, named, language))

    return routes


def query_of(chosen: Months) -> str:
    """Return a choice as the query of an address."""
    said = {"first": chosen.first, "last": chosen.last, "institution": chosen.institution}
    return urlencode({name: value for name, value in said.items() if value})


def minutes(waited: timedelta | None) -> str:
    """Return a time in minutes.

    >>> minutes(timedelta(seconds=90)), minutes(None)
    ('1.5', '—')
    """
    return "—" if waited is None else f"{waited / _MINUTE:,.1f}"


_PLACE: Final = (Words("月份", "month"), Words("机构编码", "institution code"), Words("机构名称", "institution"))
_RATE_COLUMNS: Final = (
    *_PLACE,
    Words("医保结算笔数", "insured settlements"),
    Words("医保码（含刷脸）", "by voucher or face"),
    Words("身份证", "by identity card"),
    Words("社保卡", "by insurance card"),
    Words("其他", "otherwise"),
    Words("医保码结算率", "voucher rate"),
    Words("就诊人次", "visits"),
    Words("中断人次", "visits broken off"),
)
_STEP_COLUMNS: Final = (
    *_PLACE,
    Words("用码业务类型", "businessType"),
    Words("环节", "step"),
    Words("到达人次", "visits that reached it"),
    Words("在此中断人次", "visits broken off here"),
    Words("医院系统拒绝次数", "times refused"),
    Words("距上一环节中位数（分钟）", "median minutes since the step before"),
)


def _rate_rows(
    rows: tuple[Figures, ...], named: Mapping[str, Institution], language: Language
) -> Iterator[Iterator[str]]:
    yield (column.of(language) for column in _RATE_COLUMNS)
    for one in rows:
        yield _rate_cells(one, named)


def _rate_cells(one: Figures, named: Mapping[str, Institution]) -> Iterator[str]:
    yield from _place_cells(one, named)
    counts = (one.settled, one.by_voucher, one.by_id_card, one.by_insurance_card, one.otherwise)
    yield from map(str, counts)
    yield "" if one.rate is None else str(one.rate)
    yield from map(str, (one.visits, one.broke_off))


def _step_rows(
    rows: tuple[StepsOf, ...], named: Mapping[str, Institution], language: Language
) -> Iterator[Iterator[str]]:
    yield (column.of(language) for column in _STEP_COLUMNS)
    for one in rows:
        for step in one.steps:
            figures = (step.reached, step.broke_off, step.refused)
            waited = "" if step.waited is None else f"{step.waited / _MINUTE:.1f}"
            yield iter(
                (*_place_cells(one, named), step.step.value, step.words.of(language), *map(str, figures), waited)
            )


def _place_cells(one: Figures | StepsOf, named: Mapping[str, Institution]) -> tuple[str, str, str]:
    name = named[one.institution].name if one.institution in named else ""
    return one.month, cell(one.institution), cell(name)


def _named(connection: Connection, rows: tuple[Figures, ...] | tuple[StepsOf, ...]) -> Mapping[str, Institution]:
    return load_institutions(connection, {one.institution for one in rows})


def _file_name(kind: str, chosen: Months) -> str:
    return f"yima-{kind}-{chosen.first}-{chosen.last}.csv"


def _paged(report: Report, number: int) -> Paged:
    pages = max(1, -(-len(report.rows) // _ROWS_PER_PAGE))
    number = min(number, pages)
    return Paged(report.rows[(number - 1) * _ROWS_PER_PAGE : number * _ROWS_PER_PAGE], number, pages)
