"""Where somebody is treated: in the institution's district, by the register. The envelope must not contradict it.

Rules, ratios, limits, referrals and records hang on the place. The sender states it (`mdtrtarea_admvs`) and does not
decide it: another prefecture than that of the register is refused, so that neither a mistyped code nor a chosen one
makes anybody treated elsewhere; another county of the same prefecture is remarked, and so is a whole province. A code
with closing noughts stands for all districts below it.
"""

from __future__ import annotations

from typing import ClassVar, Final

from codes.words import Words
from server.fsi.desk import Deed
from server.fsi.refusals import Refusal
from server.settlement.pricing import covers

_OF_PLACES: Final = ("21", "22", "23", "24")
"""How the transactions begin whose outcome hangs on the place."""
_PREFECTURE: Final = 4
_MUNICIPALITIES: Final = ("11", "12", "31", "50")
"""Provinces that are one city and have no prefectures."""


class PlaceError(Refusal):
    """The place of treatment that is stated is not that of the institution."""

    code: ClassVar[str] = "fsi.place"
    next_step: ClassVar[Words] = Words(
        "mdtrtarea_admvs 请填本机构所在医保区划；登记有误的，请管理员更正机构目录。更正后重新发送，可沿用原 msgid。",
        "Put the institution's own district into mdtrtarea_admvs; if the register is wrong, have it corrected. Then "
        "send it again; the same msgid will do.",
    )


def asks_for_place(infno: str, deed: Deed) -> bool:
    """Tell whether a message's outcome hangs on the place; what takes back keeps that of what it takes back."""
    return infno[:2] in _OF_PLACES and not deed.is_always_open


def check_place(registered: str, stated: str) -> Words | None:
    """Return what is remarkable about a stated place of treatment; None if nothing is.

    Raises:
        PlaceError: It is of another prefecture than the institution; both are named.
    """
    is_wide = _is_wider_than_a_prefecture(stated)
    if not is_wide and (covers(stated, registered) or covers(registered, stated)):
        return None
    if not (is_wide and covers(stated, registered)) and stated[:_PREFECTURE] != registered[:_PREFECTURE]:
        raise PlaceError(
            Words(
                f"mdtrtarea_admvs（就医地医保区划）为 {stated}，本机构登记在 {registered}",
                f"mdtrtarea_admvs is {stated}, the institution is registered in {registered}",
            )
        )
    return Words(
        f"mdtrtarea_admvs（就医地医保区划）为 {stated}，本机构登记在 {registered}，按 {registered} 结算",
        f"mdtrtarea_admvs is {stated}, the institution is registered in {registered}, which is what counts",
    )


def _is_wider_than_a_prefecture(district: str) -> bool:
    return district[2:] == "0000" and not district.startswith(_MUNICIPALITIES)
