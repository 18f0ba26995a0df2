"""From the list of a sale to the lines of a settlement. What cannot be a line of one is named, line by line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection

from codes.words import Words
from edge.counter.gone import PackGoneError, gone_packs
from edge.counter.lines import amount_of
from edge.store import sales
from edge.store.catalogue import AsSold, as_sold
from edge.store.sales import LineRow, PackState
from edge.till.asked import AskedLine, Prescription
from edge.till.views import Lack

_REGISTER = Words(
    "请先自费结算该行，或在匹配库中补录。", "Sell this line as self-pay, or complete the matching library."
)
_APART = Words("请将该行移出，另行自费结算。", "Take this line off and sell it as self-pay.")


@dataclass(frozen=True, slots=True)
class Ordered:
    """What a prescription, or who hands out, says of one line."""

    prescription: Prescription | None = None
    dose: str = ""
    frequency: str = ""
    days: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Outside:
    """What this shop does not settle with the insurance."""

    devices: bool = True
    classes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Basket:
    """What is on the list, as a settlement tells it."""

    lines: tuple[AskedLine, ...] = ()
    lacks: tuple[Lack, ...] = ()
    """Why lines of the list are no lines of a settlement."""
    goods: Mapping[int, AsSold] = field(default_factory=dict)
    """What is known of the products, by line."""


def basket_of(tx: Connection, sale: str, orders: Mapping[int, Ordered], outside: Outside, now: datetime) -> Basket:
    """Return the lines of a list that is open."""
    packs = [pack for pack in sales.packs_of(tx, sale) if pack.state is PackState.LISTED]
    lines: list[AskedLine] = []
    lacks: list[Lack] = []
    goods: dict[int, AsSold] = {}
    for row in sales.lines_of(tx, sale):
        known = None if row.product is None else as_sold(tx, row.product)
        found = list(_lacks(row, known, outside))
        lacks += found
        if known is None or found:
            continue
        goods[row.line] = known
        codes = tuple(pack.code for pack in packs if pack.line == row.line)
        lines.append(_line(row, known, codes, orders.get(row.line, Ordered())))
    lacks += lacks_of_gone(tx, sale, now)
    return Basket(tuple(lines), tuple(lacks), goods)


def lacks_of_gone(tx: Connection, sale: str, now: datetime) -> list[Lack]:
    """Return which packs of a list cannot be sold any more, and where they are."""
    return [
        Lack(
            PackGoneError.code,
            Words(f"第 {one.line} 行：{one.words.zh}", f"Line {one.line}: {one.words.en}"),
            PackGoneError.next_step,
            one.line,
        )
        for one in gone_packs(tx, sale, now)
    ]


def _line(row: LineRow, known: AsSold, codes: tuple[str, ...], ordered: Ordered) -> AskedLine:
    price = row.price or Decimal(0)
    return AskedLine(
        serial=str(row.line),
        line=row.line,
        product=row.product or "",
        national=known.national or "",
        name=row.name or "",
        price=price,
        count=Decimal(row.count),
        amount=amount_of(price, row.count) or Decimal("0.00"),
        codes=codes,
        is_split=row.units is not None,
        is_prescription=bool(known.is_prescription),
        prescription=ordered.prescription,
        dose=ordered.dose,
        frequency=ordered.frequency,
        days=ordered.days,
    )


def _lacks(row: LineRow, known: AsSold | None, outside: Outside) -> Iterator[Lack]:
    name = row.name or "?"
    if known is None:
        yield _lack(
            "till.product_unknown", row, Words(f"未匹配到药品：{name}", f"no product is known ({name})"), _REGISTER
        )
        return
    if row.price is None:
        yield _lack("till.price_missing", row, Words(f"{name} 没有单价", f"{name} has no price"), _REGISTER)
    if not known.national:
        words = Words(f"{name} 没有国家医保编码", f"{name} has no national insurance code")
        yield _lack("till.national_missing", row, words, _REGISTER)
    if known.is_device and outside.devices:
        words = Words(
            f"{name} 是医疗器械，本店不作医保结算", f"{name} is a device, which this shop does not have insured"
        )
        yield _lack("till.device_outside", row, words, _APART)
    if row.insurance_class in outside.classes:
        words = Words(
            f"{name} 的医保类别 {row.insurance_class} 本店不作医保结算",
            f"{name} is of class {row.insurance_class}, which this shop does not have insured",
        )
        yield _lack("till.class_outside", row, words, _APART)


def _lack(code: str, row: LineRow, words: Words, next_step: Words) -> Lack:
    return Lack(code, Words(f"第 {row.line} 行：{words.zh}", f"Line {row.line}: {words.en}"), next_step, row.line)
