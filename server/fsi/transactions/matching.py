"""3301 and 3302: which national item an institution's own item is, for a time; settlement goes by it.

A message is taken whole or not at all, and every row that is wrong is named. 3301 with the same item and first day
changes the match: that is how it is ended. 3302 takes it back altogether, as if it had never been, so that a right one
can be uploaded for the same days; what is settled stays as it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from codes.words import Words
from server.fsi.desk import Deeds, Desk, Output, writing
from server.fsi.refusals import InvalidInputError
from server.store import insurance_catalogue, list_rows
from server.store.insurance_catalogue import InstitutionMatch
from wire.fsi.envelope import Request
from wire.fsi.faults import Fault, fault
from wire.fsi.record import Message, Record

_OWN_ITEM = Words("定点医药机构目录编号", "own item code")
_ITEM = Words("医疗目录编码", "national catalogue code")
_LAST_DAY = Words("结束日期", "end date")
_LIST_TYPE = Words("目录类别", "catalogue kind")
_INSTITUTION = Words("定点医药机构编号", "institution code")

_Row = tuple[Record, InstitutionMatch]


def upload(desk: Desk, request: Request, message: Message) -> Output:
    """Keep matches (3301).

    Raises:
        InvalidInputError: Some rows cannot be kept; each is named.
    """
    rows = [(one, _match(desk, request, one)) for one in message.many("data")]
    list_rows.lock_institution(desk.connection, request.institution)
    known = list_rows.load_known_items(desk.connection, {match.item for _, match in rows})
    kept = list_rows.load_matches_of(desk.connection, request.institution, {match.own_item for _, match in rows})
    faults = [*_faults_of_rows(rows, known), *_contradictions(rows, kept)]
    if faults:
        raise InvalidInputError(tuple(faults))
    insurance_catalogue.put_institution_matches(desk.connection, [match for _, match in rows])
    return {}


def take_back(desk: Desk, request: Request, message: Message) -> Output:
    """Take matches back (3302).

    Raises:
        InvalidInputError: Some are another institution's, or there are no such matches; each is named.
    """
    rows = message.many("data")
    list_rows.lock_institution(desk.connection, request.institution)
    kept = list_rows.load_matches_of(
        desk.connection, request.institution, {one.text("fixmedins_hilist_id") for one in rows}
    )
    faults: list[Fault] = []
    gone: dict[int, InstitutionMatch] = {}
    for one in rows:
        if one.text("fixmedins_code") != request.institution:
            faults.append(_fault(one, "fixmedins_code", _INSTITUTION, Words("不是本机构", "is another institution")))
            continue
        named = [match for match in kept if match.is_valid and _is_named(match, one)]
        if not named:
            words = Words("没有这一有效对照", "has no such match that is valid")
            faults.append(_fault(one, "fixmedins_hilist_id", _OWN_ITEM, words))
        gone |= {id(match): replace(match, is_valid=False, updated_at=desk.now) for match in named}
    if faults:
        raise InvalidInputError(tuple(faults))
    insurance_catalogue.put_institution_matches(desk.connection, list(gone.values()))
    return {}


def _match(desk: Desk, request: Request, one: Record) -> InstitutionMatch:
    return InstitutionMatch(
        institution=request.institution,
        own_item=one.text("fixmedins_hilist_id"),
        list_type=one.text("list_type"),
        item=one.text_or("med_list_codg", ""),
        from_day=one.day("begndate"),
        to_day=one.day("enddate"),
        name=one.text("fixmedins_hilist_name"),
        is_valid=True,
        fields=one.as_json(),
        updated_at=desk.now,
    )


def _faults_of_rows(rows: Sequence[_Row], known: Mapping[str, Sequence[tuple[str, str]]]) -> Iterator[Fault]:
    """Yield what is wrong with a row by itself, or against the lists."""
    for one, match in rows:
        if match.to_day is not None and match.to_day < match.from_day:
            yield _fault(one, "enddate", _LAST_DAY, Words("早于开始日期", "is before the start date"))
        if not match.item:
            continue
        kinds = {list_type for _, list_type in known.get(match.item, ())}
        if not kinds:
            words = Words(f"{match.item} 不在中心的目录中", f"{match.item} is in none of the centre's lists")
            yield _fault(one, "med_list_codg", _ITEM, words)
        elif match.list_type not in kinds and "" not in kinds:
            is_what = "、".join(sorted(kinds))
            words = Words(f"{match.item} 的目录类别是 {is_what}", f"of {match.item} is {is_what}")
            yield _fault(one, "list_type", _LIST_TYPE, words)


def _contradictions(rows: Sequence[_Row], kept: Sequence[InstitutionMatch]) -> Iterator[Fault]:
    """Yield rows by which an own item would be two national items on one day."""
    changed = {_key_of(match) for _, match in rows}
    standing = [one for one in kept if one.is_valid and _key_of(one) not in changed]
    for one, match in rows:
        for other in standing:
            if _is_at_odds(match, other):
                words = Words(
                    f"{match.own_item} 自 {other.from_day} 至 {other.to_day} 已对照 {other.item or '无编码'}，"
                    "请先用 3302 撤销或缩短其结束日期",
                    f"{match.own_item} is {other.item or 'without a code'} from {other.from_day} to {other.to_day}; "
                    "take that back with 3302 or end it earlier",
                )
                yield _fault(one, "med_list_codg", _ITEM, words)
                break
        standing.append(match)


def _is_at_odds(one: InstitutionMatch, other: InstitutionMatch) -> bool:
    if (one.own_item, one.list_type) != (other.own_item, other.list_type):
        return False
    if _key_of(one) == _key_of(other):
        return True
    is_apart = _ends_before(one, other) or _ends_before(other, one)
    return one.item != other.item and not is_apart


def _ends_before(one: InstitutionMatch, other: InstitutionMatch) -> bool:
    return one.to_day is not None and one.to_day < other.from_day


def _is_named(match: InstitutionMatch, one: Record) -> bool:
    named = (one.text("fixmedins_hilist_id"), one.text("list_type"), one.text("med_list_codg"))
    return named == (match.own_item, match.list_type, match.item)


def _key_of(match: InstitutionMatch) -> tuple[object, ...]:
    return (match.own_item, match.list_type, match.item, match.from_day)


def _fault(one: Record, field: str, label: Words, what: Words) -> Fault:
    return fault(f"{one.path}.{field}", label, "fsi.match", what)


TRANSACTIONS: Deeds = {"3301": writing(upload), "3302": writing(take_back)}
