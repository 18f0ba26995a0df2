from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from server.store import stock
from server.store.database import Store
from server.store.stock import StockCode, StockQuery, StockRecord
from tests.server.store.settlement_rows import NOON, later

SALE = StockRecord(
    id="R1",
    infno="3505",
    institution="I1",
    batch="B1",
    item="XA01",
    own_item="own",
    name="药",
    count=Decimal("2.0000"),
    price=Decimal("3.333333"),
    happened_at=NOON,
    change_kind="",
    lot="L1",
    expires_day=date(2027, 1, 31),
    is_prescription=False,
    is_split=False,
    document="D1",
    visit_number="V1",
    setl_id="S1",
    psn_no="P1",
    is_insured=True,
    fields={"shelf_posi": "A1"},
    personal_sealed=b"sealed",
    msgid="m1",
    received_at=NOON,
    deleted_at=None,
)
SALES = StockQuery("I1", ["3505"])


def test_a_record_is_kept_with_its_codes_a_repeated_one_too(store: Store) -> None:
    bare = replace(SALE, id="R2", price=None, expires_day=None, setl_id=None, psn_no=None, personal_sealed=None)
    with store.writing() as connection:
        codes = [StockCode("R1", n, code) for n, code in enumerate(["81", "80", "81"])]
        stock.add_stock_records(connection, [SALE, bare], codes)

    with store.reading() as connection:
        assert stock.load_stock_record(connection, "R1") == SALE
        assert stock.load_stock_record(connection, "R2") == bare
        assert stock.load_stock_record(connection, "R9") is None
        assert stock.load_stock_codes(connection, ["R1", "R2"]) == {"R1": ["81", "80", "81"], "R2": []}
        found = stock.find_stock_records(connection, replace(SALES, code="81"), limit=9)
    assert found == [SALE]


def test_records_are_asked_for_by_what_is_known_of_them(store: Store) -> None:
    other = replace(
        SALE, id="R2", batch="B2", item="XB", own_item="o2", setl_id="S2", psn_no="P2", document="D2", visit_number="V2"
    )
    elsewhere = replace(SALE, id="R3", institution="I2")
    taken_back = replace(SALE, id="R4", infno="3506")
    with store.writing() as connection:
        stock.add_stock_records(connection, [SALE, other, elsewhere, taken_back], [])
        asked = {
            "batch": "B2",
            "item": "XB",
            "own_item": "o2",
            "setl_id": "S2",
            "psn_no": "P2",
            "document": "D2",
            "visit_number": "V2",
        }
        for name, value in asked.items():
            query = replace(SALES, **{name: value})  # type: ignore[arg-type]
            assert stock.find_stock_records(connection, query, limit=9) == [other], name
        both = stock.find_stock_records(connection, StockQuery("I1", ["3505", "3506"]), limit=9)
        assert {one.id for one in both} == {"R1", "R2", "R4"}


def test_pages_go_on_where_the_one_before_ended(store: Store) -> None:
    same_moment = [replace(SALE, id=f"R{n}") for n in (3, 1, 2)]
    after_it = replace(SALE, id="R0", happened_at=later(hours=1))
    with store.writing() as connection:
        stock.add_stock_records(connection, [*same_moment, after_it], [])
        found: list[str] = []
        last = None
        while page := stock.find_stock_records(connection, SALES, limit=2, after=last):
            found += [one.id for one in page]
            last = (page[-1].happened_at, page[-1].id)
        in_time = stock.find_stock_records(
            connection, replace(SALES, begins=later(minutes=1), ends=later(hours=2)), limit=9
        )
        too_late = stock.find_stock_records(connection, replace(SALES, ends=NOON), limit=9)
    assert found == ["R1", "R2", "R3", "R0"]
    assert in_time == [after_it]
    assert too_late == []


def test_what_was_deleted_counts_no_more(store: Store) -> None:
    purchase = replace(SALE, id="R2", infno="3503", count=Decimal("0.1234"), setl_id=None)
    with store.writing() as connection:
        stock.add_stock_records(connection, [SALE, purchase], [])
        whole = StockQuery("I1", ["3503", "3505"], batch="B1", own_item="own")
        assert stock.sum_counts(connection, whole) == {"3503": Decimal("0.1234"), "3505": Decimal("2.0000")}
        assert stock.delete_stock_records(connection, "I1", "B1", "3503", later(hours=1)) == 1
        assert stock.delete_stock_records(connection, "I1", "B1", "3503", later(hours=2)) == 0
        of_sale = StockQuery("I1", ["3503", "3505"], setl_id="S1")
        assert stock.sum_counts(connection, of_sale) == {"3505": Decimal("2.0000")}
        assert stock.find_stock_records(connection, StockQuery("I1", ["3503"]), limit=9) == []
        kept = stock.load_stock_record(connection, "R2")
        assert kept is not None
        assert kept.deleted_at == later(hours=1)
