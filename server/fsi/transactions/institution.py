"""1201: institutions with an agreement, by code or by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from codes.words import Words
from server.fsi.desk import Deeds, Desk, Output, reading
from server.fsi.refusals import Refusal
from server.store import institutions
from server.store.institutions import Institution, InstitutionKind
from wire.fsi.envelope import Request
from wire.fsi.record import Message, Record

KINDS: Mapping[str, InstitutionKind] = MappingProxyType({"1": InstitutionKind.HOSPITAL, "2": InstitutionKind.PHARMACY})
"""By `fixmedins_type`."""
_CODES = {kind: code for code, kind in KINDS.items()}
_MOST = 100
_HOSPITAL_LEVELS = frozenset({"1", "2", "3"})


class NoSuchInstitutionError(Refusal):
    """No institution fits what was asked."""

    code = "fsi.no_such_institution"
    next_step = Words("请核对机构编号、名称与类型。", "Check code, name and kind of the institution.")


def find(desk: Desk, request: Request, message: Message) -> Output:
    """Return the institutions that fit; whoever names neither code nor name asks for itself.

    Raises:
        NoSuchInstitutionError: None does.
    """
    said = message.one("medinsinfo")
    kind = KINDS.get(said.text("fixmedins_type"))
    if kind is None:
        raise NoSuchInstitutionError(
            Words(
                "fixmedins_type（定点医疗服务机构类型）应为 1（医院）或 2（药店）",
                "fixmedins_type is 1 (hospital) or 2 (pharmacy)",
            )
        )
    found = [one for one in _candidates(desk, request, said, kind) if one.kind is kind]
    if not found:
        raise NoSuchInstitutionError(Words("没有符合条件的定点机构", "No institution fits"))
    if len(found) > _MOST:
        desk.warn(Words(f"只返回前 {_MOST} 家", f"Only the first {_MOST} are given"))
    return {"medinsinfo": [_shown(one) for one in found[:_MOST]]}


def _candidates(desk: Desk, request: Request, said: Record, kind: InstitutionKind) -> Iterable[Institution]:
    code, name = said.text_or("fixmedins_code", ""), said.text_or("fixmedins_name", "")
    if code or not name:
        one = institutions.load_institution(desk.connection, code or request.institution)
        return [one] if one is not None and name in {"", one.name} else []
    return institutions.load_institution_page(desk.connection, limit=_MOST + 1, kind=kind, name=name)


def _shown(one: Institution) -> Mapping[str, object]:
    return {
        "fixmedins_code": one.code,
        "fixmedins_name": one.name,
        "uscc": one.uscc,
        "fixmedins_type": _CODES[one.kind],
        "hosp_lv": one.level if one.level in _HOSPITAL_LEVELS else "",
    }


TRANSACTIONS: Deeds = {"1201": reading(find, is_open_suspended=True)}
