"""Settlements summed by month and listed, by the same choice; and a person's year before one of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from server.store import settlement_lists, settlements, visits
from server.store.database import Connection, Store
from server.store.settlement_lists import Chosen, MonthSums
from server.store.settlements import Settlement, SettlementState
from server.store.times import micros
from tests.server.fsi.counter import file_store
from tests.server.store.settlement_rows import furnish, later, negative, settle, settlement, visit
from tests.server.store.test_lists import plan_of

REVERSED = SettlementState.REVERSED
NOTHING = Decimal("0.00")
WHOLE = MonthSums("2026-03", "310", "41", 1, Decimal("100.00"), Decimal("80.00"), Decimal("60.01"))


def one() -> Settlement:
    return settlement("S1", medfee_sumamt=Decimal(100), inscp_scp_amt=Decimal(80), fund_pay_sumamt=Decimal("60.01"))


def fill(connection: Connection) -> None:
    furnish(connection)
    settle(connection, one())
    settle(connection, replace(one(), setl_id="S2", sale_key="2", insutype="390", insured_district="350600"))
    settle(connection, replace(one(), setl_id="S3", sale_key="3", state=REVERSED))
    settle(connection, replace(one(), setl_id="S4", sale_key="4", day=date(2026, 4, 1)))
    settle(connection, negative(one(), "C1", day=date(2026, 4, 30)))


def test_a_month_is_what_was_settled_less_what_was_cancelled_in_it(store: Store) -> None:
    with store.writing() as connection:
        fill(connection)
        found = settlement_lists.load_monthly_sums(connection, first_month="2026-03", last_month="2026-04")
    assert found == [
        MonthSums("2026-04", "310", "41", 0, NOTHING, NOTHING, NOTHING),
        WHOLE,
        replace(WHOLE, insutype="390"),
    ]


@pytest.mark.parametrize(
    ("chosen", "ids"),
    [
        (Chosen(), ["S1", "S2"]),
        (Chosen(insutype="390"), ["S2"]),
        (Chosen(med_type="41"), ["S1", "S2"]),
        (Chosen(med_type="11"), []),
        (Chosen(institution="I1"), ["S1", "S2"]),
        (Chosen(institution="I2"), []),
        (Chosen(insured_district="3506"), ["S2"]),
        (Chosen(insured_district="350600", insutype="310"), []),
        (Chosen(insured_district="35%"), []),
    ],
)
def test_sums_and_lists_follow_one_choice(store: Store, chosen: Chosen, ids: list[str]) -> None:
    with store.writing() as connection:
        fill(connection)
        sums = settlement_lists.load_monthly_sums(
            connection, first_month="2026-03", last_month="2026-03", chosen=chosen
        )
        listed = settlement_lists.load_settlement_page(connection, limit=9, chosen=chosen)
    assert sum(found.settlements for found in sums) == len(ids)
    assert [found.setl_id for found in listed if found.setl_id in {"S1", "S2"}] == ids[::-1]


def test_the_newest_come_first_page_by_page(store: Store) -> None:
    with store.writing() as connection:
        furnish(connection)
        visits.add_visit(connection, visit("M2"))
        settle(connection, settlement("S2", sale_key="2", settled_at=later(hours=1)))
        settle(connection, settlement("S1"))
        settle(connection, settlement("S3", sale_key="3", mdtrt_id="M2", settled_at=later(hours=1), msgid="OTHER"))
        page = settlement_lists.load_settlement_page(connection, limit=2)
        place = micros(page[-1].settled_at), page[-1].setl_id
        rest = settlement_lists.load_settlement_page(connection, before=place, limit=2)
        of_message = settlement_lists.load_settlements_of_message(connection, "OTHER")
    assert [found.setl_id for found in (*page, *rest)] == ["S3", "S2", "S1"]
    assert [found.setl_id for found in of_message] == ["S3"]


def test_the_year_before_one_is_what_counted_before_it(store: Store) -> None:
    with store.writing() as connection:
        furnish(connection)
        for number, (moved, state) in enumerate([("1.00", None), ("2.00", REVERSED), ("4.00", None), ("8.00", None)]):
            made = settlement(f"S{number}", sale_key=str(number), settled_at=later(hours=number))
            made = made if state is None else replace(made, state=state)
            settle(connection, made, ("paid:x", moved))
        before = settlement_lists.load_year_before(connection, "P1", 2026, settled_at=later(hours=3), setl_id="S3")
    assert before == {"paid:x": Decimal("5.00")}


@pytest.mark.parametrize(
    ("before", "institution", "index"),
    [
        (None, "", "ix_settlement_settled_us_setl_id"),
        ((micros(later(hours=1)), "S5"), "", "ix_settlement_settled_us_setl_id ("),
        (None, "I1", "ix_settlement_institution_settled_us (institution=?)"),
        ((micros(later(hours=1)), "S5"), "I1", "ix_settlement_institution_settled_us (institution=? AND settled_us<?)"),
    ],
)
def test_the_newest_are_found_without_looking_at_the_others(
    migrated_file: Path, tmp_path: Path, before: tuple[int, str] | None, institution: str, index: str
) -> None:
    with file_store(migrated_file, tmp_path) as store, store.writing() as connection:
        furnish(connection)
        for number in range(3):
            settle(connection, settlement(f"S{number}", sale_key=f"{number}", settled_at=later(hours=number)))
        found: list[Settlement] = []

        def ask() -> None:
            found[:] = settlement_lists.load_settlement_page(
                connection, before=before, limit=2, chosen=Chosen(institution=institution)
            )

        plan = plan_of(connection, ask)
    assert [one.setl_id for one in found] == (["S2", "S1"] if before is None else ["S1", "S0"])
    assert f"USING INDEX {index}" in plan
    assert "USE TEMP B-TREE FOR ORDER BY" not in plan


def test_what_a_message_made_is_found_by_an_index(migrated_file: Path, tmp_path: Path) -> None:
    with file_store(migrated_file, tmp_path) as store, store.writing() as connection:
        of_anybody = plan_of(connection, lambda: settlement_lists.load_settlements_of_message(connection, "M"))
        of_one = plan_of(connection, lambda: settlements.find_by_msgid(connection, "I1", "M"))
    assert "ix_settlement_msgid_institution (msgid=?)" in of_anybody
    assert "ix_settlement_msgid_institution (msgid=? AND institution=?)" in of_one
