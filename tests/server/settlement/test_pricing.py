"""What the lists make of a line, by day, place, level and person."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from server.settlement.pricing import Priced, price_lines
from server.settlement.sale import Caller, Sale, SaleLine
from server.store import insurance_catalogue
from server.store.database import Connection
from server.store.institutions import Institution, InstitutionKind
from server.store.insurance_catalogue import InstitutionMatch, Item
from server.store.insured import Insurance
from tests.server.fsi.counter import ALWAYS, file_store, first, item, limit
from tests.server.fsi.office import NOON, PHARMACY
from wire.fsi.values import BEIJING

PLACE = Institution(PHARMACY, "示例药店", InstitutionKind.PHARMACY, "pharmacy", "350203", "", False, NOON)
INSURANCE = Insurance("P1", "310", ALWAYS, None, "1101", "350206", False, "1", "")
LATER = date(2026, 3, 1)


@pytest.fixture
def connection(migrated_file: Path, tmp_path: Path) -> Iterator[Connection]:
    with file_store(migrated_file, tmp_path) as store, store.writing() as opened:
        yield opened


def priced(
    connection: Connection,
    *codes: str,
    own: str = "own",
    at: datetime = NOON,
    district: str = "350203",
    institution: Institution = PLACE,
    insurance: Insurance = INSURANCE,
) -> tuple[Priced, ...]:
    lines = tuple(
        SaleLine(str(n), code, own, Decimal("20.00"), Decimal(1), Decimal("20.00"), at) for n, code in enumerate(codes)
    )
    by = Caller(institution.code, district, "2102", "m", "o", "o", NOON)
    sale = Sale(by, "P1", None, "310", "", "41", NOON, lines, Decimal("20.00"), uses_account=False)
    return price_lines(connection, sale, institution, insurance)


def one_limit(connection: Connection, **where: object) -> Decimal | None:
    return priced(connection, "X", **where)[0].reckoned.price_limit  # type: ignore[arg-type]


def test_the_limit_that_says_most_exactly_for_whom_it_is_counts(connection: Connection) -> None:
    insurance_catalogue.put_items(connection, [item("X", "02")])
    limits = [
        limit("X", "19.000000"),
        limit("X", "18.000000", level="3"),
        limit("X", "17.000000", district="350000"),
        limit("X", "16.000000", district="350200", level="pharmacy"),
        limit("X", "15.000000", district="430000"),
    ]
    for number, expected in ((1, "19"), (2, "19"), (3, "17"), (4, "16"), (5, "16")):
        insurance_catalogue.put_price_limits(connection, limits[:number])
        assert one_limit(connection) == Decimal(expected)
    assert one_limit(connection, institution=replace(PLACE, level="3")) == 17
    assert one_limit(connection, insurance=replace(INSURANCE, district="110101"), district="110101") == 19


def test_the_share_of_the_persons_kind_counts_before_that_of_everybody(connection: Connection) -> None:
    insurance_catalogue.put_items(connection, [item("X", "02"), item("Y", "02")])
    insurance_catalogue.put_pays_first(
        connection, [first("X", "0.2000"), first("X", "0.0500", psn_type="12"), first("Y", "0.3000")]
    )
    for psn_type, share in (("1101", "0.2"), ("12", "0.05"), ("1201", "0.05")):
        found = priced(connection, "X", "Y", insurance=replace(INSURANCE, psn_type=psn_type))
        assert [one.reckoned.pays_first for one in found] == [Decimal(share), Decimal("0.3")]


def test_the_lists_are_those_of_the_day_of_the_fee(connection: Connection) -> None:
    insurance_catalogue.put_items(
        connection, [replace(item("X", "03"), to_day=date(2026, 2, 28)), item("X", "01", LATER), item("Y", "01", LATER)]
    )
    insurance_catalogue.put_price_limits(connection, [limit("X", "9.000000", since=LATER)])
    before, after = datetime(2026, 2, 28, 23, 59, tzinfo=BEIJING), datetime(2026, 3, 1, tzinfo=BEIJING)
    assert [
        (one.reckoned.charge_class, one.reckoned.price_limit) for one in priced(connection, "X", "Y", at=before)
    ] == [
        ("03", None),
        ("03", None),
    ]
    assert [
        (one.reckoned.charge_class, one.reckoned.price_limit) for one in priced(connection, "X", "Y", at=after)
    ] == [
        ("01", 9),
        ("01", None),
    ]
    assert priced(connection, "X", at=before)[0].remarks == ()
    assert "没有 Y" in priced(connection, "Y", at=before)[0].memo.zh


def test_away_in_another_province_the_lists_of_the_place_hold(connection: Connection) -> None:
    insurance_catalogue.put_items(connection, [item("X", "02")])
    insurance_catalogue.put_price_limits(
        connection, [limit("X", "7.000000", district="430100"), limit("X", "8.000000", district="350200")]
    )
    assert one_limit(connection, district="430103") == 7
    assert one_limit(connection, district="350500") == 8


def match(own: str, code: str, to_day: date | None = None) -> InstitutionMatch:
    return InstitutionMatch(PHARMACY, own, "101", code, ALWAYS, to_day, "自有", True, {}, NOON)


def test_an_own_code_leads_to_what_it_was_matched_to_on_that_day(connection: Connection) -> None:
    insurance_catalogue.put_items(connection, [item("X", "01")])
    insurance_catalogue.put_institution_matches(
        connection, [match("A", "X", date(2026, 3, 9)), match("B", "nowhere"), match("B", "X"), match("C", "")]
    )
    assert priced(connection, "?", own="A")[0].reckoned.charge_class == "03"
    yesterday = datetime(2026, 3, 9, tzinfo=BEIJING)
    assert priced(connection, "?", own="A", at=yesterday)[0].reckoned.item == "X"
    assert priced(connection, "?", own="B")[0].reckoned.item == "X"
    assert priced(connection, "?", own="C")[0].reckoned.item == "?"
    assert priced(connection, "X", own="B")[0].remarks == ()


def test_what_is_no_thing_to_sell_is_in_no_list(connection: Connection) -> None:
    disease: Item = replace(item("M01", ""), list="1307")
    insurance_catalogue.put_items(connection, [disease])
    (found,) = priced(connection, "M01")
    assert (found.item, found.reckoned.charge_class) == (None, "03")
