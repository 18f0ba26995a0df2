"""How 3508 to 3513 are asked and answered: a period, own records only, fields that mirror each other, pages.

Answers have camelCase names, as the interface has them: a field that is given in the question is looked for in the
answer of its name. Whoever asks sees its own records and nobody else's. The tables know no pages, but no answer grows
without end: `page_num` and `page_size` in `data` are understood, and `warn_msg` says when there is more.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Final

from codes.words import Words
from rules.pack_meant import Pack, pack_meant
from server.fsi.desk import Desk, Handler, Output
from server.fsi.refusals import NotYourInstitutionError
from server.fsi.stock_refusals import QueryError
from server.store import stock
from server.store.stock import StockQuery, StockRecord
from wire.fsi.envelope import Request
from wire.fsi.record import Message, Record
from wire.fsi.tables import transaction
from wire.fsi.values import BEIJING, Value, trimmed, written

MOST_RECORDS: Final = 10_000
"""Records that one query looks at."""
PAGE: Final = 100
"""Rows of an answer, unless the question says otherwise."""
MOST_ROWS: Final = 500
_RANGE: Final = frozenset({"fixmedins_code", "begndate", "enddate"})
_FIRST: Final = datetime(1900, 1, 1, tzinfo=BEIJING)
LAST_MOMENT: Final = datetime.max.replace(tzinfo=BEIJING)
"""Some say 9999-12-31 for what has no end."""
_DAY: Final = timedelta(days=1)

Shown = Mapping[str, object]
"""One row of an answer; what its table has no place for is left out."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A query as it is answered."""

    desk: Desk
    request: Request
    said: Record
    begins: datetime
    ends: datetime
    """The first moment after it."""

    def records(self, *infnos: str) -> Sequence[StockRecord]:
        """Return the records that may be meant, in the order in which they happened."""
        code = self.said.text_or("drug_trac_codg", "")
        query = StockQuery(
            self.request.institution,
            infnos,
            begins=self.begins,
            ends=self.ends,
            batch=self.said.text_or("fixmedins_bchno", ""),
            item=self.said.text_or("med_list_codg", ""),
            own_item=self.said.text_or("medins_list_codg", ""),
            setl_id=self.said.text_or("setl_id", ""),
            psn_no=self.said.text_or("psn_no", ""),
            code=key_of(code) if code else "",
        )
        found = stock.find_stock_records(self.desk.connection, query, limit=MOST_RECORDS + 1)
        if len(found) > MOST_RECORDS:
            raise QueryError(
                Words(
                    f"data：符合条件的记录超过 {MOST_RECORDS} 条，请缩小日期范围（begndate、enddate）",
                    f"data: more than {MOST_RECORDS} records; narrow begndate and enddate",
                )
            )
        return found


_Show = Callable[[Asked], Iterable[Shown]]


def answering(show: _Show) -> Handler:
    """Return the handler of a query whose rows `show` makes of what was asked."""

    def answer(desk: Desk, request: Request, message: Message) -> Output:
        asked = _asked(desk, request, message.one("data"))
        fitting = [one for one in show(asked) if _fits(one, asked.said)]
        return {"output": _page(desk, request, fitting)}

    return answer


def _asked(desk: Desk, request: Request, said: Record) -> Asked:
    code = said.text("fixmedins_code")
    if code != request.institution:
        raise NotYourInstitutionError(
            Words(
                f"data.fixmedins_code（定点医药机构编号）{code}：只能查询本机构 {request.institution}",
                f"data.fixmedins_code {code}: an institution asks for its own records, {request.institution}",
            )
        )
    begins, ends = said.day_or("begndate", None), said.day_or("enddate", None)
    if begins is not None and ends is not None and begins > ends:
        raise QueryError(
            Words(
                f"data.begndate（开始日期）{begins} 晚于 enddate（结束日期）{ends}",
                f"data.begndate {begins} is after enddate {ends}",
            )
        )
    today = desk.now.astimezone(BEIJING).date()
    return Asked(
        desk,
        request,
        said,
        _FIRST if begins is None else datetime.combine(begins, time(), BEIJING),
        # A sale may be dated ahead of our clock by the till's; nothing is hidden for that.
        _end_of(ends or today + _DAY),
    )


def _end_of(day: date) -> datetime:
    begins = datetime.combine(day, time(), BEIJING)
    return begins + min(_DAY, LAST_MOMENT - begins)


def _fits(shown: Shown, said: Record) -> bool:
    """Say whether a row has every value that was asked for."""
    asked = {_camel(name): value for name, value in said.as_json().items() if name not in _RANGE}
    return all(_is_same(name, shown.get(name), str(value)) for name, value in asked.items())


def _is_same(name: str, shown: object, asked: str) -> bool:
    if name == "drugTracCodg":
        return key_of(str(shown)) == key_of(asked)
    return _text(shown) == asked


def _text(shown: object) -> str:
    if shown is None:
        return ""
    return str(written(shown)) if isinstance(shown, Value) else str(shown)


def _camel(name: str) -> str:
    return re.sub("_([a-z])", lambda found: found[1].upper(), name)


def key_of(code: str) -> str:
    """Return the key of the pack that a code means; of one that means none, the code."""
    found = pack_meant(code)
    return found.key if isinstance(found, Pack) else code


def _page(desk: Desk, request: Request, rows: Sequence[Shown]) -> Sequence[Shown]:
    number, size = _number(request, "page_num", 1), min(_number(request, "page_size", PAGE), MOST_ROWS)
    page = rows[(number - 1) * size : number * size]
    if number * size < len(rows):
        desk.warn(
            Words(
                f"共 {len(rows)} 条，本次为第 {number} 页 {len(page)} 条；后续各页请在 data 中加 page_num、page_size",
                f"{len(rows)} rows; this is page {number} with {len(page)}: ask on with page_num and page_size in data",
            )
        )
    known = {field.name for node in transaction(request.infno, desk.area).output for field in node.fields}
    return [{name: value for name, value in one.items() if name in known and value not in {None, ""}} for one in page]


def beyond_table(request: Request, name: str) -> str:
    """Return what `data` says under a name that its table does not know; empty if it says nothing."""
    nodes = request.input if isinstance(request.input, Mapping) else {}
    data = nodes.get("data")
    raw = data.get(name) if isinstance(data, Mapping) else None
    return trimmed(str(raw)) if isinstance(raw, str | int | Decimal) else ""


def _number(request: Request, name: str, otherwise: int) -> int:
    given = beyond_table(request, name)
    if not given:
        return otherwise
    if not given.isascii() or not given.isdigit() or not 0 < int(given[:9]) < 10**9:
        raise QueryError(Words(f"data.{name} 应为正整数", f"data.{name} has to be a whole number above 0"))
    return int(given[:9])
