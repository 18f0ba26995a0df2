from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import BigInteger, Boolean, Column, LargeBinary, MetaData, Table, Text

from server.errors import StoreRefusedError
from server.store.amounts import COUNT, FEN, PRICE
from server.store.records import Records

THING = Table(
    "thing",
    MetaData(),
    Column("name", Text, primary_key=True),
    Column("kind", Text),
    Column("price_e6", BigInteger),
    Column("rest_fen", BigInteger),
    Column("day", Text),
    Column("made_us", BigInteger),
    Column("is_new", Boolean),
    Column("fields", Text),
    Column("seal", LargeBinary),
)


class Kind(StrEnum):
    SMALL = "small"


@dataclass(frozen=True, slots=True)
class Thing:
    name: str
    kind: Kind
    price: Decimal
    rest: Decimal | None
    day: date | None
    made_at: datetime
    is_new: bool
    fields: Mapping[str, object]
    seal: bytes


@dataclass(frozen=True, slots=True)
class Misspelt:
    name: str
    sort: str


BEIJING = timezone(timedelta(hours=8))
ONE = Thing(
    "药", Kind.SMALL, Decimal("0.333333"), None, None, datetime(2026, 1, 1, tzinfo=BEIJING), True, {"甲": [1]}, b"\0"
)


def test_a_record_is_kept_exactly_and_read_back_as_it_was() -> None:
    row = Records(THING, Thing).row(ONE)

    assert row == ("药", "small", 333_333, None, None, 1_767_196_800_000_000, True, '{"甲":[1]}', b"\0")
    # SQLite's bulk statements give whole numbers for what is true or false.
    found = Records(THING, Thing).record((*row[:6], 1, *row[7:]))
    assert found == ONE
    assert found.is_new is True
    assert found.made_at.tzinfo is UTC


def test_a_record_that_does_not_follow_its_table_is_found_when_the_program_starts() -> None:
    with pytest.raises(TypeError, match="Misspelt does not follow the columns of thing"):
        Records(THING, Misspelt)


@pytest.mark.parametrize("amount", ["0.001", "NaN", "Infinity", "1E-3"])
def test_an_amount_that_is_finer_than_it_is_kept_is_refused_and_never_rounded(amount: str) -> None:
    with pytest.raises(StoreRefusedError):
        FEN.stored(Decimal(amount))


@given(st.decimals(-(10**10), 10**10, places=2), st.decimals(-(10**9), 10**9, places=6))
def test_amounts_come_back_with_all_their_decimals(money: Decimal, price: Decimal) -> None:
    assert FEN.amount(FEN.stored(money)) == money
    assert FEN.amount(FEN.stored(money)).as_tuple().exponent == -2
    assert PRICE.amount(PRICE.stored(price)) == price


def test_what_is_not_there_stays_so() -> None:
    assert (COUNT.stored_or_none(None), COUNT.amount_or_none(None)) == (None, None)
    assert COUNT.amount_or_none(COUNT.stored_or_none(Decimal("0.5"))) == Decimal("0.5000")
