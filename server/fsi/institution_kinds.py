"""Which kind of institution a transaction is for: pharmacies sell (21xx), hospitals treat (22xx, 23xx, 24xx).

Rules, limits and ratios go by the kind of the institution, so that the sale of a hospital would be reckoned by rules
that are nobody's. A hospital's retail pharmacy has an agreement and a code of its own; an area where hospitals sell
over the counter says so in its profile. What takes back is open to whoever has something to take back.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from codes.words import Words
from server.fsi.desk import Deed
from server.fsi.refusals import Refusal
from server.store.institutions import Institution, InstitutionKind
from wire.fsi.areas import Area

_HOSPITAL, _PHARMACY = InstitutionKind.HOSPITAL, InstitutionKind.PHARMACY
_KIND_OF: Mapping[str, InstitutionKind] = MappingProxyType(
    {"21": _PHARMACY, "22": _HOSPITAL, "23": _HOSPITAL, "24": _HOSPITAL}
)
"""By how the transaction's number begins."""
_NAMES: Mapping[InstitutionKind, Words] = MappingProxyType(
    {_HOSPITAL: Words("医院", "hospital"), _PHARMACY: Words("药店", "pharmacy")}
)
_INSTEAD: Mapping[InstitutionKind, Words] = MappingProxyType(
    {
        _HOSPITAL: Words(
            "门诊请用 2201–2208，住院请用 2401–2405、2301–2305；医院的零售药店请用其自己的定点药店编号。",
            "Outpatients go by 2201 to 2208, stays by 2401 to 2405 and 2301 to 2305; a hospital's retail pharmacy uses "
            "its own code.",
        ),
        _PHARMACY: Words(
            "药店购药请用 2101–2103；机构类型登记有误的，请管理员更正。",
            "A pharmacy's sales go by 2101 to 2103; if the kind on record is wrong, the administrator can correct it.",
        ),
    }
)
"""What an institution of a kind uses."""


class InstitutionKindError(Refusal):
    """The transaction is for institutions of another kind."""

    code: ClassVar[str] = "fsi.institution_kind"

    def __init__(self, words: Words, next_step: Words) -> None:
        super().__init__(words, next_step=next_step)


def check_kind(institution: Institution, infno: str, deed: Deed, area: Area) -> None:
    """Refuse a transaction that is for institutions of another kind.

    Raises:
        InstitutionKindError: It is; both kinds are named.
    """
    wanted = _KIND_OF.get(infno[:2])
    if wanted is None or wanted is institution.kind or deed.is_always_open:
        return
    if wanted is _PHARMACY and area.hospitals_sell:
        return
    is_kind, for_kind = _NAMES[institution.kind], _NAMES[wanted]
    raise InstitutionKindError(
        Words(
            f"机构 {institution.code} 登记为{is_kind.zh}，交易 {infno} 只供{for_kind.zh}使用",
            f"{institution.code} is a {is_kind.en}, and {infno} is for a {for_kind.en}",
        ),
        _INSTEAD[institution.kind],
    )
