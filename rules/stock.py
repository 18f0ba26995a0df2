"""How much of a batch an institution has, from what it reported, and never a guess. Pure.

A stock-taking sets the quantity; purchases, sales, returns and changes move it on from there. Before the first
stock-taking a batch begins with its first purchase. Whoever reported neither has an unknown quantity, and so has a
batch moved by a kind of change of which nobody here knows whether it adds or takes away, until the next stock-taking.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from codes.words import Words
from rules.pack_life import Act


class Movement(StrEnum):
    """What a record does to the quantity of its batch."""

    TAKEN = "taken"
    """It says the quantity."""
    IN = "in"
    OUT = "out"
    UNKNOWN = "unknown"
    """A kind of change that is not known here."""


@dataclass(frozen=True, slots=True)
class ChangeKind:
    """A kind of stock change (`inv_chg_type`)."""

    words: Words
    movement: Movement
    act: Act | None
    """What it says was done to each pack; None where that cannot be told from the kind."""


CHANGE_KINDS: Final = MappingProxyType(
    {
        "101": ChangeKind(Words("调拨入库", "transfer in"), Movement.IN, Act.RECEIVED),
        "102": ChangeKind(Words("调拨出库", "transfer out"), Movement.OUT, Act.TRANSFERRED),
        "103": ChangeKind(Words("盘盈", "found in stock-taking"), Movement.IN, Act.STOCKTAKEN),
        "104": ChangeKind(Words("盘损", "missing in stock-taking"), Movement.OUT, None),
        "105": ChangeKind(Words("销毁", "destroyed"), Movement.OUT, Act.DESTROYED),
        "106": ChangeKind(Words("其他入库", "other intake"), Movement.IN, Act.RECEIVED),
        "107": ChangeKind(Words("其他出库", "other removal"), Movement.OUT, None),
        "108": ChangeKind(Words("商品采购入库", "purchase"), Movement.IN, Act.RECEIVED),
        "109": ChangeKind(Words("商品退货出库", "sent back to the supplier"), Movement.OUT, Act.TRANSFERRED),
        "110": ChangeKind(Words("赠药入库", "gift"), Movement.IN, Act.RECEIVED),
        "111": ChangeKind(Words("赠药退回出库", "gift sent back"), Movement.OUT, Act.TRANSFERRED),
    }
)
"""The kinds of the national dictionary, as integrations in the field have them. An area may use others of its own."""


@dataclass(frozen=True, slots=True)
class Moved:
    """One record, as far as the quantity of its batch is concerned."""

    movement: Movement
    count: Decimal
    is_split: bool = False
    """It counts units of opened packs, which are no packs."""


def quantity(moved: Iterable[Moved]) -> Decimal | None:
    """Return the quantity that records in the order in which they happened come to; None if it cannot be known.

    It may be below zero: more was reported to go than to come.
    """
    there: Decimal | None = None
    is_lost = False
    for one in moved:
        if one.movement is Movement.TAKEN:
            there, is_lost = one.count, False
        elif one.movement is Movement.UNKNOWN or one.is_split:
            there, is_lost = None, True
        elif there is not None:
            there += one.count if one.movement is Movement.IN else -one.count
        elif one.movement is Movement.IN and not is_lost:
            there = one.count
        else:
            is_lost = True
    return there
