"""What insurance makes of each line: its class, its highest price, the share paid first, by the lists of the fee's day.

The national code that the line states is looked up. If the lists do not have it, the institution's own code is: what
the institution uploaded with 3301 for that day. What nothing is known of is settled as class 03, which the person pays
in full, and the line's `memo` says so: a list that is behind must not stop a sale, and a fund must not pay for what no
list holds.

Lists are those of the place of insurance; for somebody who is treated in another province, those of the place of
treatment (就医地目录): the rules stay those of the place of insurance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Final

from codes.words import Words
from rules.benefits.case import CHARGE_CLASSES, OUTSIDE_CATALOGUE, Line
from server.settlement.sale import Sale, SaleLine
from server.store import insurance_catalogue as lists
from server.store.database import Connection
from server.store.institutions import Institution
from server.store.insurance_catalogue import Item, PaysFirst, PriceLimit
from server.store.insured import Insurance

_NO_SHARE: Final = Decimal("0.0000")
_PROVINCE: Final = 2
"""Digits of a district that name the province."""


@dataclass(frozen=True, slots=True)
class Priced:
    """A line, and what insurance makes of it."""

    line: SaleLine
    item: Item | None
    """What the lists hold; None if they hold nothing."""
    reckoned: Line
    """As the rules take it."""
    remarks: tuple[Words, ...]
    """What the sender should know."""

    @property
    def memo(self) -> Words:
        """The remarks; `detlcutinfo.memo` has the Chinese ones."""
        return Words("；".join(one.zh for one in self.remarks), "; ".join(one.en for one in self.remarks))


@dataclass(frozen=True, slots=True)
class _Lists:
    """What the lists hold for the lines of one day."""

    items: Mapping[str, Item]
    matches: Mapping[str, Sequence[str]]
    """National codes by the institution's own."""
    limits: Sequence[PriceLimit]
    shares: Sequence[PaysFirst]


def price_lines(
    connection: Connection, sale: Sale, institution: Institution, insurance: Insurance
) -> tuple[Priced, ...]:
    """Return every line of a sale as the rules take it, in their order."""
    district = place_of_lists(sale.by.district, insurance.district)
    by_day = {day: _load(connection, sale, day) for day in {line.day for line in sale.lines}}
    return tuple(_priced(line, by_day[line.day], institution, insurance, district) for line in sale.lines)


def as_listed(connection: Connection, sale: Sale) -> Sale:
    """Return a sale whose lines name the items that they are settled as, which is what a settlement keeps of them."""
    by_day = {day: _load(connection, sale, day) for day in {line.day for line in sale.lines}}
    found = ((line, _item(line, by_day[line.day])[0]) for line in sale.lines)
    return replace(sale, lines=tuple(replace(line, item=item.code) if item else line for line, item in found))


def place_of_lists(treated_in: str, insured_in: str) -> str:
    """Return the district whose lists hold.

    >>> place_of_lists("430102", "430203"), place_of_lists("350203", "430102")
    ('430203', '350203')
    """
    return insured_in if treated_in[:_PROVINCE] == insured_in[:_PROVINCE] else treated_in


def _load(connection: Connection, sale: Sale, day: date) -> _Lists:
    of_day = [line for line in sale.lines if line.day == day]
    own = {line.own_code for line in of_day if line.own_code}
    matches: dict[str, list[str]] = {}
    for match in lists.load_institution_matches_on(connection, sale.by.institution, own, day):
        if match.item:
            matches.setdefault(match.own_item, []).append(match.item)
    codes = {line.item for line in of_day} | {item for found in matches.values() for item in found}
    found = lists.load_items_on(connection, codes, day)
    return _Lists(
        {code: item for code, item in found.items() if item.charge_class in CHARGE_CLASSES},
        matches,
        lists.load_price_limits_on(connection, codes, day),
        lists.load_pays_first_on(connection, codes, day),
    )


def _priced(line: SaleLine, held: _Lists, institution: Institution, insurance: Insurance, district: str) -> Priced:
    item, remarks = _item(line, held)
    code = item.code if item else line.item
    limit = _limit(held.limits, code, institution.level, district) if item else None
    share = _share(held.shares, code, insurance.psn_type, district) if item else None
    reckoned = Line(
        serial=line.serial,
        amount=line.amount,
        quantity=line.count,
        price=line.price,
        charge_class=item.charge_class if item else OUTSIDE_CATALOGUE,
        price_limit=limit.limit if limit else None,
        pays_first=share.share if share else _NO_SHARE,
        item=code,
        is_negotiated=item.is_negotiated if item else False,
        kind=item.charge_kind if item else "",
    )
    return Priced(line, item, reckoned, remarks)


def _item(line: SaleLine, held: _Lists) -> tuple[Item | None, tuple[Words, ...]]:
    """Return what a line is in the lists, and what is remarkable about it."""
    matched = held.matches.get(line.own_code, ())
    stated = held.items.get(line.item)
    if stated is not None:
        if not matched or line.item in matched:
            return stated, ()
        names = "、".join(matched)
        return stated, (
            Words(
                f"机构目录 {line.own_code} 已对照 {names}，与所报 {line.item} 不一致，按所报编码结算",
                f"own code {line.own_code} is matched to {names}, not to {line.item}; settled as stated",
            ),
        )
    for code in matched:
        if (found := held.items.get(code)) is not None:
            return found, (
                Words(
                    f"医保目录中没有 {line.item}，按机构目录对照 {line.own_code}→{code} 结算",
                    f"{line.item} is in no list; settled as {code}, which own code {line.own_code} is matched to",
                ),
            )
    return None, (
        Words(
            f"医保目录中没有 {line.item}，按丙类（全自费）结算",
            f"{line.item} is in no list; settled as class 03, which the person pays in full",
        ),
    )


def _limit(limits: Sequence[PriceLimit], code: str, level: str, district: str) -> PriceLimit | None:
    """Return the limit that says most exactly where and for whom it holds; of two such, the one that began last."""
    fitting = [
        one for one in limits if one.code == code and one.level in {"", level} and covers(one.district, district)
    ]
    return max(fitting, key=lambda one: (len(_stem(one.district)), one.level != "", one.from_day), default=None)


def _share(shares: Sequence[PaysFirst], code: str, psn_type: str, district: str) -> PaysFirst | None:
    fitting = [
        one
        for one in shares
        if one.code == code and psn_type.startswith(one.psn_type) and covers(one.district, district)
    ]
    return max(fitting, key=lambda one: (len(_stem(one.district)), len(one.psn_type), one.from_day), default=None)


def covers(wide: str, district: str) -> bool:
    """Tell whether a district lies within another one; closing pairs of noughts stand for all below.

    >>> covers("430100", "430102"), covers("430000", "430102"), covers("", "430102"), covers("430100", "430203")
    (True, True, True, False)
    """
    return district.startswith(_stem(wide))


def _stem(district: str) -> str:
    while district.endswith("00"):
        district = district[:-2]
    return district
