"""Rows for the centre's ledger: what they say in each area, what they wait for, and how they go out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from edge.counter.counter import UNNAMED
from edge.store import ledger_rows
from edge.store.batches import Batch, all_batches, name_batch, put_batch
from edge.store.ledger_rows import RowState, find_row, open_rows
from edge.till.batches import BatchFileError, import_batches, read_batches
from edge.till.ledger import LACKS, House, Ledger
from edge.till.uploading import ClaimedError, RowNotOpenError, send_again, set_aside
from tests.edge.till.aisle import PHARMACISTS, SENDER, A, Aisle, B, C, D, new_centre, opened
from tests.server.conftest import NewStore
from tests.server.fsi.counter import LI
from wire.fsi.areas import area_names, shipped_area
from wire.fsi.asking import Asker
from wire.fsi.signing import Secrets, protection_of


def aisle_in(area: str, standing_store: NewStore, folder: Path) -> Iterator[Aisle]:
    with opened(new_centre(standing_store("sqlite"), area), folder / "till") as aisle:
        yield aisle


@pytest.fixture
def aisle(standing_store: NewStore, tmp_path: Path) -> Iterator[Aisle]:
    yield from aisle_in("base", standing_store, tmp_path)


def said(aisle: Aisle, sale: str, number: int = 0) -> dict[str, str]:
    row = aisle.look(lambda tx: ledger_rows.rows_of(tx, sale))[number]
    return aisle.ledger.fields_of(row).said


@pytest.mark.parametrize("area", sorted(set(area_names()) - {"guangdong", "neimenggu", "jilin", "shenzhen"}))
def test_every_row_is_taken_in_every_area(area: str, standing_store: NewStore, tmp_path: Path) -> None:
    for aisle in aisle_in(area, standing_store, tmp_path):
        insured, cash = aisle.settle(A, D), aisle.sell(B)
        aisle.upload()
        assert aisle.rows(insured) == [("3505", "taken")] * 2, aisle.words(insured)
        assert aisle.rows(cash) == [("3505", "taken")], aisle.words(cash)
        assert aisle.states(A, B, D) == ["sold"] * 3


def test_a_row_says_who_pays(aisle: Aisle) -> None:
    insured, cash = said(aisle, aisle.settle(A)), said(aisle, aisle.sell(B))
    assert (insured["mdtrt_setl_type"], insured["psn_no"], insured["hi_feesetl_type"]) == ("1", LI, "1")
    assert (cash["mdtrt_setl_type"], cash["hi_feesetl_type"]) == ("2", "0")
    assert not {"setl_id", "psn_no"} & cash.keys()


class TestWaiting:
    def test_a_sale_of_an_unknown_lot_waits_and_goes_by_itself(self, aisle: Aisle) -> None:
        aisle.look(lambda tx: tx.exec_driver_sql("DELETE FROM shelf_batch"))
        sale = aisle.settle(A)
        aisle.upload()
        (row,) = aisle.look(lambda tx: open_rows(tx, most=9))
        assert (row.state, row.lacks) == (RowState.WAITING, "batch")
        text = "product,batch,lot,made_on,expires_on\nD0001,B-7,L7,2026-01-02,2028-01-01\n"
        batches = read_batches(text, aisle.shop.clock.now() + timedelta(days=1))
        assert aisle.look(lambda tx: import_batches(tx, batches)).batches == 1
        aisle.upload()
        assert aisle.rows(sale) == [("3505", "taken")]
        assert said(aisle, sale)["manu_lotnum"] == "L7"

    def test_the_lot_that_was_opened_last_is_told_unless_a_line_names_another(self, aisle: Aisle) -> None:
        now = aisle.shop.clock.now()
        for batch, opened_at in (("B-8", now - timedelta(days=1)), ("B-9", now + timedelta(days=2))):
            lot = Batch("D0001", batch, "L", date(2026, 1, 1), None, opened_at)
            aisle.look(lambda tx, lot=lot: put_batch(tx, lot))
        assert said(aisle, aisle.settle(A))["fixmedins_bchno"] == "B-8"
        sale = aisle.scan(B)
        aisle.look(lambda tx: name_batch(tx, sale, 1, "B-D0001"))
        aisle.shop.counter.close_sale(UNNAMED)
        aisle.look(lambda tx: aisle.ledger.note_self_paid(tx, sale, "wang"))
        assert said(aisle, sale)["fixmedins_bchno"] == "B-D0001"

    def test_goods_that_nobody_knows_are_named(self, aisle: Aisle) -> None:
        sale = aisle.sell("81773220288616423835")
        (row,) = aisle.look(lambda tx: ledger_rows.rows_of(tx, sale))
        assert set(row.lacks.split(",")) == {"product", "batch", "national"} <= LACKS.keys()
        aisle.look(lambda tx: set_aside(tx, row.id, "非药品"))
        assert aisle.rows(sale) == [("3505", "dropped")]

    def test_without_a_pharmacist_rows_wait(self, aisle: Aisle) -> None:
        aisle.ledger._house = House("350200")
        sale = aisle.settle(A)
        (row,) = aisle.look(lambda tx: ledger_rows.rows_of(tx, sale))
        assert row.lacks == "pharmacist"


class TestGoingOut:
    def test_without_a_line_rows_wait(self, aisle: Aisle) -> None:
        sale = aisle.sell(A)
        aisle.way.script = ["not sent"]
        aisle.upload()
        assert aisle.rows(sale) == [("3505", "due")]
        aisle.wait(seconds=30)
        aisle.upload()
        assert aisle.rows(sale) == [("3505", "taken")]

    @pytest.mark.parametrize("fault", ["lost request", "lost answer"])
    def test_an_unknown_outcome_is_found_out_and_told_once(self, aisle: Aisle, fault: str) -> None:
        sale = aisle.sell(A)
        aisle.way.script = [fault]
        aisle.upload()
        assert aisle.rows(sale) == [("3505", "asked")]
        aisle.recover()
        assert aisle.rows(sale) == [("3505", "taken")]
        assert aisle.states(A) == ["sold"]

    def test_a_return_waits_for_its_sale(self, aisle: Aisle) -> None:
        sale = aisle.sell(A)
        aisle.way.script = ["lost answer"]
        aisle.upload()
        aisle.look(lambda tx: aisle.ledger.note_return(tx, sale, [A], "wang"))
        assert aisle.uploader.look() == 0
        aisle.recover()
        assert aisle.rows(sale) == [("3505", "taken"), ("3506", "taken")]
        assert aisle.states(A) == ["returned"]

    def test_part_of_what_was_never_told_is_told_as_it_is(self, aisle: Aisle) -> None:
        sale = aisle.sell(A, B, C)
        aisle.look(lambda tx: aisle.ledger.note_return(tx, sale, [B], "wang"))
        aisle.upload()
        assert aisle.rows(sale) == [("3505", "dropped"), ("3505", "taken")]
        assert aisle.states(A, C) == ["sold", "sold"]

    def test_a_pack_that_was_paid_elsewhere_is_not_paid_again(self, aisle: Aisle) -> None:
        other = aisle.centre.settle_with(A, number="OTHER")
        assert other
        sale = aisle.settle(A)
        aisle.upload()
        (row,) = aisle.look(lambda tx: ledger_rows.rows_of(tx, sale))
        assert row.state is RowState.REFUSED
        assert "[stock.claimed]" in (row.told or "")
        with pytest.raises(ClaimedError):
            aisle.look(lambda tx: send_again(tx, row.id, aisle.shop.clock))

    def test_what_was_refused_is_sent_again_when_a_person_says_so(self, aisle: Aisle) -> None:
        sale = aisle.settle(A)
        (row,) = aisle.look(lambda tx: ledger_rows.rows_of(tx, sale))
        aisle.look(lambda tx: ledger_rows.set_state(tx, row.id, RowState.REFUSED, "[stock.count] …"))
        aisle.upload()
        assert aisle.rows(sale) == [("3505", "refused")]
        aisle.look(lambda tx: send_again(tx, row.id, aisle.shop.clock))
        aisle.upload()
        assert aisle.rows(sale) == [("3505", "taken")]
        with pytest.raises(RowNotOpenError):
            aisle.look(lambda tx: send_again(tx, row.id, aisle.shop.clock))
        assert aisle.look(lambda tx: find_row(tx, 99)) is None


class TestFile:
    @pytest.mark.parametrize(
        ("text", "named"),
        [
            ("product,batch\nD1,B1\n", "lot, made_on"),
            ("product,batch,lot,made_on\nD1,,L,2026-01-01\nD2,B,L,2026-13-01\n", "line 2: batch is missing; line 3: "),
            ("product,batch,lot,made_on\nD1,B,L,01/02/2026\n", "line 2: made_on '01/02/2026' is no date"),
            ("product,batch,lot,made_on,expires_on\nD1,B,L,2026-02-01,2026-01-31\n", "before it was made"),
            (f"product,batch,lot,made_on\nD1,{'B' * 31},L,2026-01-01\n", "30"),
        ],
    )
    def test_a_list_with_a_fault_is_refused_whole(self, aisle: Aisle, text: str, named: str) -> None:
        with pytest.raises(BatchFileError) as caught:
            read_batches(text, aisle.shop.clock.now())
        assert named in caught.value.words.en
        assert not re.search("[a-z]{3} [a-z]{3}", caught.value.words.zh), "English sentences inside Chinese ones"

    def test_chinese_names_and_tabs_are_read(self, aisle: Aisle) -> None:
        text = "\ufeff商品编码\t批次流水号\t生产批号\t生产日期\t启用日期\nD0001\tB1\tL1\t2026-01-02\t2026-03-01\n"
        (batch,) = read_batches(text, aisle.shop.clock.now())
        assert (batch.product, batch.made_on, batch.expires_on) == ("D0001", date(2026, 1, 2), None)
        assert aisle.look(lambda tx: import_batches(tx, (batch,))).unknown == ()
        assert batch in aisle.look(all_batches)

    def test_products_that_the_catalogue_does_not_know_are_named(self, aisle: Aisle) -> None:
        batches = read_batches("product,batch,lot,made_on\nNOPE,B,L,2026-01-01\n", aisle.shop.clock.now())
        assert aisle.look(lambda tx: import_batches(tx, batches)).unknown == ("NOPE",)


@pytest.mark.parametrize("area", sorted(area_names()))
def test_rows_of_sale_and_return_fit_the_tables_of_every_area(aisle: Aisle, area: str) -> None:
    spoken = shipped_area(area)
    ledger = Ledger(spoken, aisle.sealer, aisle.shop.clock, House("350200", PHARMACISTS))
    sale = aisle.settle(A, D)
    (settled,) = aisle.standing(sale)
    aisle.look(lambda tx: tx.exec_driver_sql("DELETE FROM ledger_row"))
    aisle.look(lambda tx: ledger.note_settled(tx, settled))
    aisle.look(lambda tx: tx.exec_driver_sql("UPDATE ledger_row SET state = 'taken'"))
    aisle.look(lambda tx: ledger.note_return(tx, sale, [A], "wang"))
    asker = Asker(spoken, protection_of(spoken), Secrets())
    rows = aisle.look(lambda tx: ledger_rows.rows_of(tx, sale))
    assert [(row.infno, row.lacks) for row in rows] == [("3505", ""), ("3505", ""), ("3506", "")]
    for row in rows:
        asker.compose(SENDER, row.infno, "", ledger.nodes_of(row), at=aisle.shop.clock.now(), insured_district="350200")
