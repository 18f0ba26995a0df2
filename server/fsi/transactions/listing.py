"""1312 and 1316–1319: the lists of insurance by pages, as settlement reads them.

`updt_time` is a day: rows that changed on it or later are given. Pages are in the order of codes. A row without a
district holds everywhere and is given with 100000, a share for everybody with the kind of people 0. Settlement takes
an item of the medical list for the item of the insurance list with the same code, so that is what 1316 says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any, ClassVar, Final

from codes.words import Words
from server.fsi.desk import Deed, Deeds, Desk, Output, reading
from server.fsi.refusals import Refusal
from server.lists.drafting import EVERYBODY, EVERYWHERE
from server.lists.writing import rid_of
from server.store import list_rows
from server.store.insurance_catalogue import (
    INSTITUTION_MATCHES,
    ITEMS,
    PAYS_FIRST,
    PRICE_LIMITS,
    InstitutionMatch,
    Item,
    PaysFirst,
    PriceLimit,
)
from server.store.list_rows import Query
from server.store.records import Records
from wire.fsi.envelope import Request
from wire.fsi.record import Message, Record
from wire.fsi.values import BEIJING

MOST_ROWS: Final = 1_000
"""On a page."""
_PAGING_LASTS: Final = timedelta(hours=24)
"""So long after its first page somebody may be in the middle of a list."""
_BORNE_BY_THE_PERSON: Final = "1"
"""`overlmt_dspo_way`: what is above the limit is the person's."""
_FLAGS: Final = ("0", "1")
_OTHER_COLUMNS: Final[Mapping[str, str]] = {
    "lmt_used_flag": "0",
    "med_use_flag": "1",
    "matn_used_flag": "0",
    "hilist_use_type": "1",
    "lmt_cpnd_type": "0",
    "wubi": "",
    "pinyin": "",
}
"""Of an item, and what counts where the list says nothing."""
_UNASKABLE: Final = ("rid", "tabname", "poolarea_no")

_Row = dict[str, object]


class PageError(Refusal):
    """There are no such pages."""

    code: ClassVar[str] = "fsi.page"
    next_step: ClassVar[Words] = Words(
        f"page_num 从 1 开始，page_size 为 1–{MOST_ROWS}；取到不足一页为止。",
        f"page_num begins at 1, page_size is 1 to {MOST_ROWS}; go on until a page is not full.",
    )


class QueryFieldError(Refusal):
    """The list cannot be asked by this field."""

    code: ClassVar[str] = "fsi.query_field"
    next_step: ClassVar[Words] = Words("请去掉该字段后重发。", "Leave the field out and send it again.")


def items(desk: Desk, request: Request, message: Message) -> Output:
    """Give the items that insurance knows (1312)."""
    asked = message.one("data")
    columns = {
        "hilist_code": "code",
        "med_chrgitm_type": "charge_kind",
        "chrgitm_lv": "charge_class",
        "list_type": "list_type",
    }
    query = replace(
        _query(asked, columns),
        is_insured=True,
        part_of_name=asked.text_or("hilist_name", ""),
        fields={name: (asked.text(name), usual) for name, usual in _OTHER_COLUMNS.items() if name in asked},
    )
    return _page(desk, request, asked, ITEMS, query, row_of=_item_row)


def matches(desk: Desk, request: Request, message: Message) -> Output:
    """Give which item of the insurance list each of the medical list is (1316)."""
    asked = message.one("data")
    query = replace(_query(asked, {"hilist_code": "code", "list_type": "list_type"}), is_insured=True)
    if "medins_list_codg" in asked:
        query = replace(query, owned=(request.institution, asked.text("medins_list_codg")))
    return _page(desk, request, asked, ITEMS, query, row_of=_match_row)


def own_matches(desk: Desk, request: Request, message: Message) -> Output:
    """Give the institution's own matches (1317).

    Raises:
        QueryFieldError: Another institution's are asked for.
    """
    asked = message.one("data")
    if asked.text_or("fixmedins_code", request.institution) != request.institution:
        raise QueryFieldError(
            Words("fixmedins_code（定点医药机构编号）只能是本机构", "fixmedins_code can only be your own institution")
        )
    columns = {"medins_list_codg": "own_item", "list_type": "list_type", "med_list_codg": "item"}
    query = _query(asked, columns, institution=request.institution)
    query = replace(query, part_of_name=asked.text_or("medins_list_name", ""))
    district = desk.institution.district
    return _page(desk, request, asked, INSTITUTION_MATCHES, query, row_of=lambda one: _own_match_row(one, district))


def price_limits(desk: Desk, request: Request, message: Message) -> Output:
    """Give the highest prices (1318)."""
    asked = message.one("data")
    if asked.text_or("overlmt_dspo_way", _BORNE_BY_THE_PERSON) != _BORNE_BY_THE_PERSON:
        return {"data": []}
    query = _query(asked, {"hilist_code": "code", "hilist_lmtpric_type": "limit_kind"})
    return _page(desk, request, asked, PRICE_LIMITS, replace(query, districts=_districts(asked)), row_of=_limit_row)


def shares(desk: Desk, request: Request, message: Message) -> Output:
    """Give the shares that are paid first (1319)."""
    asked = message.one("data")
    query = _query(asked, {"selfpay_prop_psn_type": "psn_type", "selfpay_prop_type": "share_kind"})
    if (query.texts or {}).get("psn_type") == EVERYBODY:
        query = replace(query, texts={**(query.texts or {}), "psn_type": ""})
    return _page(desk, request, asked, PAYS_FIRST, replace(query, districts=_districts(asked)), row_of=_share_row)


def _query(asked: Record, columns: Mapping[str, str], **texts: str) -> Query:
    """Return what all these transactions ask for in the same way.

    Raises:
        QueryFieldError: They ask by a field that says nothing here.
    """
    for name in _UNASKABLE:
        if name in asked:
            raise QueryFieldError(Words(f"不能按 {name} 查询", f"Nothing can be asked for by {name}"))
    texts |= {column: asked.text(name) for name, column in columns.items() if name in asked}
    for name, column in (("begndate", "from_day"), ("enddate", "to_day")):
        if name in asked:
            texts[column] = asked.day(name).isoformat()
    return Query(
        since=datetime.combine(asked.day("updt_time"), time(), BEIJING),
        on=asked.day_or("query_date", None),
        is_valid=asked.flag("vali_flag") if "vali_flag" in asked else None,
        texts=texts,
    )


def _districts(asked: Record) -> tuple[str, ...] | None:
    """Return the districts whose rows hold in the one that is asked for: itself, those around it, everywhere."""
    said = asked.text_or("insu_admdvs", None)
    if said is None:
        return None
    if said == EVERYWHERE:
        return ("",)
    return (said, f"{said[:4]}00", f"{said[:2]}0000", "")


def _page(
    desk: Desk, request: Request, asked: Record, of: Records[Any], query: Query, *, row_of: Callable[[Any], _Row]
) -> Output:
    number, size = int(asked.number("page_num")), int(asked.number("page_size"))
    if number < 1 or not 1 <= size <= MOST_ROWS:
        raise PageError(
            Words(f"没有第 {number} 页，每页 {size} 行", f"There is no page {number} of {size} rows"),
        )
    whole = asked.as_json()
    del whole["page_num"]
    place = (request.institution, request.infno, repr(sorted(whole.items())))
    marks = desk.parts.page_marks
    after = marks.find(place, number)
    if after is None and number > 1:
        since = desk.now - _PAGING_LASTS
        after = list_rows.find_key_of(desk.connection, of, query, n=(number - 1) * size, changed_since=since)
        if after is None:
            return {"data": []}
    found = list_rows.load_after(desk.connection, of, query, after=after, limit=size)
    if found:
        marks.keep(place, number, found[-1][0])
    return {"data": [row_of(row) for _, row in found]}


def _item_row(one: Item) -> _Row:
    others = {name: one.fields.get(name) or usual for name, usual in _OTHER_COLUMNS.items()}
    return _kept(
        {
            "hilist_code": one.code,
            "hilist_name": one.name,
            "insu_admdvs": EVERYWHERE,
            "med_chrgitm_type": one.charge_kind or "14",
            "chrgitm_lv": one.charge_class,
            "list_type": one.list_type,
            **others,
            "memo": one.fields.get("memo", ""),
            "rid": rid_of(one.list, one.code, one.from_day.isoformat()),
        },
        one,
    )


def _match_row(one: Item) -> _Row:
    return _kept(
        {
            "med_list_codg": one.code,
            "hilist_code": one.code,
            "list_type": one.list_type,
            "insu_admdvs": EVERYWHERE,
            "rid": rid_of("1316", one.list, one.code, one.from_day.isoformat()),
        },
        one,
    )


def _own_match_row(one: InstitutionMatch, district: str) -> _Row:
    key = (one.institution, one.own_item, one.list_type, one.item, one.from_day.isoformat())
    return _kept(
        {
            "fixmedins_code": one.institution,
            "medins_list_codg": one.own_item,
            "medins_list_name": one.name,
            "med_list_codg": one.item,
            "list_type": one.list_type,
            "insu_admdvs": district,
            "memo": str(one.fields.get("memo", "")),
            "rid": rid_of("1317", *key),
        },
        one,
    )


def _limit_row(one: PriceLimit) -> _Row:
    return _kept(
        {
            "hilist_code": one.code,
            "hilist_lmtpric_type": one.limit_kind,
            "overlmt_dspo_way": _BORNE_BY_THE_PERSON,
            "insu_admdvs": one.district or EVERYWHERE,
            "hilist_pric_uplmt_amt": one.limit,
            "rid": rid_of("1318", one.code, one.level, one.district, one.from_day.isoformat()),
        },
        one,
    )


def _share_row(one: PaysFirst) -> _Row:
    return _kept(
        {
            "hilist_code": one.code,
            "selfpay_prop_psn_type": one.psn_type or EVERYBODY,
            "selfpay_prop_type": one.share_kind,
            "insu_admdvs": one.district or EVERYWHERE,
            "selfpay_prop": one.share,
            "rid": rid_of("1319", one.code, one.psn_type, one.district, one.from_day.isoformat()),
        },
        one,
    )


def _kept(row: _Row, one: Item | PriceLimit | PaysFirst | InstitutionMatch) -> _Row:
    """Return a row with what all have; when it was made is not kept, so that the day of its change stands for it."""
    changed: date = one.updated_at.astimezone(BEIJING).date()
    row |= {
        "begndate": one.from_day,
        "enddate": one.to_day,
        "vali_flag": _FLAGS[one.is_valid],
        "updt_time": changed,
        "crte_time": changed,
    }
    return {name: value for name, value in row.items() if value not in {None, ""}}


def _open(handler: Callable[[Desk, Request, Message], Output]) -> Deed:
    return reading(handler, is_open_suspended=True)


TRANSACTIONS: Deeds = {
    "1312": _open(items),
    "1316": _open(matches),
    "1317": _open(own_matches),
    "1318": _open(price_limits),
    "1319": _open(shares),
}
