"""A case: who was treated, where and how, for which lines, after what the year has brought so far.

These are the facts that the centre hands in, and nothing here is looked up. `check_case` refuses what contradicts
itself; whatever passes can be settled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum

from codes.words import Words
from rules.benefits.errors import CaseError
from rules.money import CENT, ONE, ZERO, to_cent

LEVELS = frozenset({"1", "2", "3", "community", "pharmacy"})
"""What an institution counts as: hospital of level 1 to 3, community clinic, pharmacy."""
INSTITUTION_KINDS = frozenset({"pharmacy", "hospital"})
CHARGE_CLASSES = frozenset({"01", "02", "03"})
"""甲, 乙, 丙."""
OUTSIDE_CATALOGUE = "03"
LINE_TOLERANCE = CENT
"""By so much a line's amount may differ from quantity times price."""


class Referral(StrEnum):
    """How somebody came to be treated away from home."""

    NONE = "none"
    REFERRAL = "referral"
    """Sent by a hospital at home (转诊)."""
    RECORD = "record"
    """Living or working there, on record (备案)."""


@dataclass(frozen=True, slots=True)
class Line:
    """One fee line. A negative one takes back as much of the same stay."""

    serial: str
    """`feedetl_sn`, unique in the visit."""
    amount: Decimal
    """`det_item_fee_sumamt`, in whole fen."""
    quantity: Decimal
    price: Decimal
    charge_class: str
    """`chrgitm_lv`: 01 甲, 02 乙, 03 丙 (outside the catalogue)."""
    price_limit: Decimal | None = None
    """Ceiling for one unit (1318); none: no ceiling."""
    pays_first: Decimal = ZERO
    """Share that the person pays first (1319), 0 to 1."""
    item: str = ""
    """`med_list_codg`."""
    is_negotiated: bool = False
    kind: str = ""
    """`med_chrgitm_type`."""


@dataclass(frozen=True, slots=True)
class Person:
    """What is true of the insured on the day."""

    insutype: str
    """310 employee, 390 resident."""
    psn_type: str
    """11 employed, 12 retired …; longer local codes begin with these."""
    age: int
    is_civil_servant: bool = False
    has_enterprise_supplement: bool = False
    assistance: str | None = None
    """The highest identity that holds this month; see `RuleSet.highest_identity`."""
    diseases: frozenset[str] = frozenset()
    """Chronic and two-disease registrations valid today."""
    insured_district: str = ""
    account_balance: Decimal = ZERO
    mutual_aid: Decimal = ZERO
    """What the accounts of the family may still give."""


@dataclass(frozen=True, slots=True)
class Visit:
    """How, when and where somebody was treated."""

    med_type: str
    begins: date
    level: str
    institution_kind: str
    district: str = ""
    """Of the treatment; empty: at home."""
    disease: str | None = None
    """`dise_codg`: the chronic disease, two-disease kind or package that is settled."""
    stay_number: int = 1
    """The how manieth stay of the year this is."""
    referral: Referral = Referral.NONE
    uses_account: bool = False
    dual_channel: frozenset[str] = frozenset()
    """Serials of lines with a dual-channel approval."""
    ends: date | None = None
    """Discharge; none: the day it began."""
    is_continued: bool = False
    """A part of the stay was settled in an earlier year."""
    so_far: Mapping[str, Decimal] = field(default_factory=dict)
    """What the parts of the stay that were settled before carry on, by key: sums of `Settlement.carries`."""


@dataclass(frozen=True, slots=True)
class YearTotals:
    """What the year has brought so far, by key (docs/benefits.md, "Year totals")."""

    amounts: Mapping[str, Decimal] = field(default_factory=dict)

    def of(self, key: str) -> Decimal:
        """Return the total of a key, nothing if there is none."""
        return self.amounts.get(key, ZERO)

    def plus(self, increments: Mapping[str, Decimal]) -> YearTotals:
        """Return the totals after a settlement."""
        return self._moved(increments, ONE)

    def minus(self, increments: Mapping[str, Decimal]) -> YearTotals:
        """Return the totals after that settlement was taken back."""
        return self._moved(increments, -ONE)

    def _moved(self, increments: Mapping[str, Decimal], sign: Decimal) -> YearTotals:
        sums = dict(self.amounts)
        for key, amount in increments.items():
            sums[key] = sums.get(key, ZERO) + sign * amount
        return YearTotals({key: amount for key, amount in sums.items() if amount})


def check_case(person: Person, visit: Visit, lines: Sequence[Line]) -> None:
    """Refuse a case that contradicts itself.

    Raises:
        CaseError: naming the line or field.
    """
    _check_visit(person, visit)
    if not lines:
        raise CaseError("lines", Words("没有费用明细", "There is no fee line"))
    serials = {line.serial for line in lines}
    if len(serials) < len(lines):
        raise CaseError("lines", Words("费用明细流水号重复", "Two lines have the same serial number"))
    unknown = visit.dual_channel - serials
    if unknown:
        told = "、".join(sorted(unknown))
        raise CaseError(
            "visit dual_channel", Words(f"双通道明细 {told} 不在费用明细中", f"Dual-channel lines {told} are not there")
        )
    for line in lines:
        _check_line(line)


def _check_visit(person: Person, visit: Visit) -> None:
    if visit.level not in LEVELS:
        raise _unknown("visit level", visit.level, LEVELS)
    if visit.institution_kind not in INSTITUTION_KINDS:
        raise _unknown("visit institution_kind", visit.institution_kind, INSTITUTION_KINDS)
    if visit.ends is not None and visit.ends < visit.begins:
        raise CaseError("visit ends", Words("结束日期早于开始日期", "The visit ends before it begins"))
    if visit.stay_number < 1:
        raise CaseError("visit stay_number", Words("住院次数从 1 起", "Stays are counted from 1"))
    if person.age < 0:
        raise CaseError("person age", Words("年龄不能为负", "An age cannot be negative"))


def _check_line(line: Line) -> None:
    for name in ("amount", "quantity", "price", "pays_first", "price_limit"):
        number: Decimal | None = getattr(line, name)
        if number is not None and not number.is_finite():
            raise _line_error(line, name, Words("不是数字", "is not a number"))
    if line.charge_class not in CHARGE_CLASSES:
        raise _unknown(f"line {line.serial} charge_class", line.charge_class, CHARGE_CLASSES)
    if not ZERO <= line.pays_first <= ONE:
        raise _line_error(line, "pays_first", Words("应在 0 与 1 之间", "must lie between 0 and 1"))
    if line.price < 0 or (line.price_limit is not None and line.price_limit < 0):
        raise _line_error(line, "price", Words("单价和限价不能为负", "price and ceiling cannot be negative"))
    if line.amount != to_cent(line.amount):
        raise _line_error(
            line, "amount", Words(f"{line.amount} 超过两位小数", f"{line.amount} has more than two decimals")
        )
    expected = to_cent(line.quantity * line.price)
    if abs(line.amount - expected) > LINE_TOLERANCE:
        raise _line_error(
            line,
            "amount",
            Words(
                f"{line.amount} 不等于数量×单价 {expected}", f"{line.amount} is not quantity times price, {expected}"
            ),
        )


def _line_error(line: Line, name: str, words: Words) -> CaseError:
    return CaseError(
        f"line {line.serial} {name}",
        Words(f"明细 {line.serial} 的 {name}：{words.zh}", f"Line {line.serial}, {name}: {words.en}"),
    )


def _unknown(name: str, value: str, known: frozenset[str]) -> CaseError:
    told = "、".join(sorted(known))
    return CaseError(
        name, Words(f"{name} 为 {value!r}，应为 {told} 之一", f"{name} is {value!r}; it must be one of {told}")
    )
