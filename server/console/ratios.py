"""What was settled month by month, and the shares of it that the funds paid: a page, and the same rows as a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from codes.words import Language, Words
from server.console.desk import ConsoleDesk
from server.console.months import Month, cell, month_of, months_before, table_file
from server.settlement.ratios import Ratios, Report, report_of
from server.store.institutions import load_institution, load_institution_page
from server.store.settlement_lists import EVERY, Chosen, load_monthly_sums
from wire.fsi.table_files import node_at

_MONTHS_SHOWN: Final = 12
_MOST_OFFERED: Final = 1000
"""Institutions that the field of the institution offers to choose from."""
Code = Annotated[str, Field(max_length=6, pattern=r"^\w*$")]
InstitutionCode = Annotated[str, Field(max_length=30, pattern=r"^\w*$")]
District = Annotated[str, Field(max_length=6, pattern=r"^[0-9]*$")]


class Form(BaseModel):
    """The fields above the table; what is empty does not choose."""

    first: Month = ""
    last: Month = ""
    insutype: Code = ""
    med_type: Code = ""
    institution: InstitutionCode = ""
    district: District = ""

    @property
    def chosen(self) -> Chosen:
        """Return what it chooses beside the months."""
        return Chosen(self.insutype, self.med_type, self.institution, self.district)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the page was asked for."""

    first: str
    last: str
    chosen: Chosen

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but the months was chosen."""
        return self.chosen != EVERY

    @property
    def query(self) -> str:
        """Return it as the query of an address."""
        said = {
            "first": self.first,
            "last": self.last,
            "insutype": self.chosen.insutype,
            "med_type": self.chosen.med_type,
            "institution": self.chosen.institution,
            "district": self.chosen.insured_district,
        }
        return urlencode({name: value for name, value in said.items() if value})


@dataclass(frozen=True, slots=True)
class CodeNames:
    """What the codes of kinds are called."""

    insurances: Mapping[str, Words]
    treatments: Mapping[str, Words]


def ratio_routes(desk: ConsoleDesk) -> APIRouter:
    """Return the routes of the monthly shares."""
    routes = APIRouter(prefix="/settlements")
    names = CodeNames(names_of("insutype"), names_of("med_type"))

    def asked(form: Form) -> Asked:
        last = form.last or month_of(desk.centre.now())
        return Asked(form.first or months_before(last, _MONTHS_SHOWN - 1), last, form.chosen)

    def report(found: Asked) -> Report:
        with desk.centre.store.reading() as connection:
            rows = load_monthly_sums(connection, first_month=found.first, last_month=found.last, chosen=found.chosen)
        return report_of(rows)

    @routes.get("")
    def ratios(request: Request, form: Annotated[Form, Query()]) -> Response:
        person = desk.reader(request)
        found = asked(form)
        with desk.centre.store.reading() as connection:
            offered = load_institution_page(connection, limit=_MOST_OFFERED)
            named = load_institution(connection, form.institution) if form.institution else None
        context = {
            "active": "settlements",
            "asked": found,
            "report": report(found),
            "names": names,
            "offered": offered,
            "institution": named,
            "percent": percent,
        }
        return desk.page(request, person, "ratios.html", context)

    @routes.get("/ratios.csv")
    def as_file(request: Request, form: Annotated[Form, Query()]) -> Response:
        desk.reader(request)
        found = asked(form)
        rows = _written(report(found), names, desk.pages.language(request))
        return table_file(f"yima-ratios-{found.first}-{found.last}.csv", rows)

    return routes


def names_of(field: str) -> Mapping[str, Words]:
    """Return the known values of a coded field of a settlement, as people call them."""
    return next(one.coded for one in node_at("2102.output.setlinfo").fields if one.name == field)


def percent(ratio: Decimal | None) -> str:
    """Return a ratio as people write it.

    >>> percent(Decimal("0.8786")), percent(None)
    ('87.86%', '—')
    """
    return "—" if ratio is None else f"{ratio * 100:.2f}%"


_COLUMNS: Final = (
    Words("月份", "month"),
    Words("险种编码", "insutype"),
    Words("险种", "insurance"),
    Words("医疗类别编码", "med_type"),
    Words("医疗类别", "treatment"),
    Words("结算笔数", "settlements"),
    Words("总费用（元）", "costs in yuan"),
    Words("政策范围内费用（元）", "in scope in yuan"),
    Words("基金支付（元）", "funds paid in yuan"),
    Words("政策范围内报销比例", "in-scope share"),
    Words("实际报销比例", "real share"),
)


def _written(report: Report, names: CodeNames, language: Language) -> Iterator[Iterator[str]]:
    """Yield the rows by kind of treatment, without sums: a spreadsheet makes its own."""
    yield (column.of(language) for column in _COLUMNS)
    for month in report.months:
        for insurance in month.insurances:
            yield from (_cells(one, names, language) for one in insurance.rows if not one.is_whole)


def _cells(one: Ratios, names: CodeNames, language: Language) -> Iterator[str]:
    sums = one.sums
    yield sums.month
    for code, known in ((sums.insutype, names.insurances), (sums.med_type, names.treatments)):
        yield cell(code)
        yield known[code].of(language) if code in known else ""
    yield str(sums.settlements)
    yield from (f"{amount:.2f}" for amount in (sums.total, sums.in_scope, sums.fund))
    yield from ("" if ratio is None else str(ratio) for ratio in (one.in_scope, one.real))
