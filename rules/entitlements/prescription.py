"""Dispensing on an e-prescription: whether it may be, what is in the way if not, and which of its lines it uses up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from codes.words import Words
from rules.entitlements.purchase import Drug, Lack
from rules.entitlements.rule_set import Rest

_ZERO: Final = Decimal(0)
_ASK_THE_DOCTOR: Final = Words("请医师重新开具处方。", "Have it prescribed anew.")
_CHECK_NUMBER: Final = Words("请核对处方号 rxno。", "Check the number, rxno.")


class Stage(StrEnum):
    """How far an e-prescription has come, as far as dispensing asks."""

    UNISSUED = "unissued"
    ISSUED = "issued"
    REVIEWED = "reviewed"
    REFUSED = "refused"
    USED = "used"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class OnFileLine:
    """A drug of an e-prescription."""

    n: int
    item: str
    left: Decimal


@dataclass(frozen=True, slots=True)
class OnFile:
    """An e-prescription as it is known now."""

    number: str
    psn_no: str
    doctor: str
    stage: Stage
    issued_at: datetime
    valid_to: datetime
    """The first moment at which it is no longer valid."""
    lines: tuple[OnFileLine, ...]
    dispensed_at: tuple[str, ...] = ()
    """Institutions that hold something of it."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A line that is to be dispensed on it."""

    serial: str
    drug: Drug
    count: Decimal
    at: datetime
    """When the fee arose, as the sender says."""
    doctor: str = ""
    """Who the sender says prescribed it."""
    dispensed_by: datetime | None = None
    """When it was certainly dispensed; None: when the fee arose."""


@dataclass(frozen=True, slots=True)
class Dispensing:
    """For whom, and where."""

    psn_no: str
    institution: str


@dataclass(frozen=True, slots=True)
class Share:
    """What is taken of one line of a prescription."""

    n: int
    count: Decimal


def allot(lines: Sequence[OnFileLine], item: str, count: Decimal) -> tuple[Share, ...] | None:
    """Return of which lines a quantity is taken, the first that still has something first; None if it is too much.

    >>> allot([OnFileLine(1, "X", Decimal(2)), OnFileLine(2, "X", Decimal(3))], "X", Decimal(4))
    (Share(n=1, count=Decimal('2')), Share(n=2, count=Decimal('2')))
    """
    shares: list[Share] = []
    for line in lines:
        taken = min(line.left, count)
        if line.item == item and taken > 0:
            shares.append(Share(line.n, taken))
            count -= taken
    return None if count > 0 else tuple(shares)


def lacks_of_dispensing(
    found: OnFile, wanted: Sequence[Wanted], where: Dispensing, rest: Rest = Rest.ANYWHERE
) -> tuple[Lack, ...]:
    """Return everything that keeps lines from being dispensed on an e-prescription."""
    lacks = [lack for line in wanted for lack in _whole(found, line, where, rest)]
    return (*lacks, *_quantities(found, wanted))


def _whole(found: OnFile, line: Wanted, where: Dispensing, rest: Rest) -> Iterator[Lack]:
    """Yield what is wrong with the prescription as a whole."""
    number = found.number
    if found.psn_no != where.psn_no:
        yield _lack(line, number, "person", Words("不是此人的处方", "is somebody else's"), _CHECK_NUMBER)
    yield from _stage(found, line)
    if line.at < found.issued_at and found.stage is not Stage.UNISSUED:
        words = Words("在费用发生时尚未开具", "was not issued yet when the fee arose")
        yield _lack(line, number, "not_yet", words, _CHECK_NUMBER)
    if found.valid_to <= (line.dispensed_by or line.at):
        words = Words("已过有效期", "has expired")
        if line.at < found.valid_to:
            words = Words(
                "已过有效期：费用时间在有效期内，但中心收到时已过期",
                "has expired: the fee is told as of before, but the message came after it",
            )
        yield _lack(line, number, "expired", words, _ASK_THE_DOCTOR)
    if line.doctor and line.doctor != found.doctor:
        words = Words(
            f"由 {found.doctor} 开具，bilg_dr_codg 为 {line.doctor}",
            f"is of {found.doctor}; bilg_dr_codg is {line.doctor}",
        )
        yield _lack(line, number, "doctor", words, _CHECK_NUMBER)
    others = [one for one in found.dispensed_at if rest is Rest.NOWHERE or one != where.institution]
    if others and rest is not Rest.ANYWHERE and found.stage is not Stage.USED:
        told = "、".join(sorted(set(others)))
        words = Words(f"已在 {told} 配药，余量不能在此配", f"was dispensed at {told}; the rest cannot be had here")
        yield _lack(line, number, "elsewhere", words, Words(f"请联系 {told}。", f"Ask at {told}."))


def _stage(found: OnFile, line: Wanted) -> Iterator[Lack]:
    step = Words("请药师先审核电子处方。", "Have a pharmacist review it first.")
    told = {
        Stage.UNISSUED: ("unissued", Words("尚未签章开具", "was not issued"), Words("请医师签发。", "Have it issued.")),
        Stage.ISSUED: ("not_reviewed", Words("未经药师审核", "was not reviewed by a pharmacist"), step),
        Stage.REFUSED: ("refused", Words("药师审核未通过", "was refused by a pharmacist"), _ASK_THE_DOCTOR),
        Stage.WITHDRAWN: ("withdrawn", Words("已撤销", "was withdrawn"), _ASK_THE_DOCTOR),
        Stage.USED: ("used", _used(found), _ASK_THE_DOCTOR),
    }
    if found.stage in told:
        code, words, next_step = told[found.stage]
        yield _lack(line, found.number, code, words, next_step)


def _used(found: OnFile) -> Words:
    places = "、".join(sorted(set(found.dispensed_at)))
    if not places:
        return Words("已用完", "is used up")
    return Words(f"已用完（{places}）", f"is used up (at {places})")


def _quantities(found: OnFile, wanted: Sequence[Wanted]) -> Iterator[Lack]:
    if found.stage is Stage.USED:
        return
    left: dict[str, Decimal] = {}
    for on_file in found.lines:
        left[on_file.item] = left.get(on_file.item, _ZERO) + on_file.left
    for line in wanted:
        item = line.drug.item
        if item not in left:
            words = Words(f"没有 {line.drug.name or item}", f"does not have {line.drug.name or item}")
            yield _lack(line, found.number, "item", words, _CHECK_NUMBER)
        elif line.count > left[item]:
            rest, asked = (f"{number.normalize():f}" for number in (left[item], line.count))
            words = Words(f"余量 {rest}，本次 {asked}", f"has {rest} left, this line asks for {asked}")
            step = Words("请按余量配药。", "Dispense what is left.")
            yield _lack(line, found.number, "quantity", words, step)
        else:
            left[item] -= line.count


def _lack(line: Wanted, number: str, code: str, words: Words, step: Words) -> Lack:
    told = Words(f"电子处方 {number} {words.zh}", f"The e-prescription {number} {words.en}")
    return Lack(line.serial, f"entitlement.prescription_{code}", told, step)
