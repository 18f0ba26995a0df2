"""Lines that a POS sells in part: their units leave, the opened pack stays at the counter, each sale has its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge.store.day_records import Record
from edge.store.splits import opened_packs
from tests.edge.pos.around import DRUG, ONE, TWO
from tests.edge.pos.test_books import NUMBER, Counter, counter
from wire.events import Dispensed, SaleReturned, SplitDispensed

SIZE = 24


def parts(at: Counter) -> list[tuple[str, str, int | None, int]]:
    """Return what left in part: number, pack, its units, and how many a whole one has."""
    facts = [fact for fact in at.terminal.facts() if isinstance(fact, SplitDispensed)]
    return [(fact.sale, pack.code, pack.units, fact.units_per_pack) for fact in facts for pack in fact.packs]


def opened(at: Counter) -> list[tuple[str, int]]:
    return [(one.code, one.rest) for one in at.see(lambda tx: opened_packs(tx, 10))]


def whole(at: Counter) -> list[str]:
    return [pack.code for fact in at.terminal.facts() if isinstance(fact, Dispensed) for pack in fact.packs]


def of_ledger(at: Counter, count: float, number: str, **more: object) -> None:
    at.upload("", DRUG, count, trdn_flag="1", mdtrt_setl_type="2", rtal_docno=number, **more)


def test_units_leave_and_the_pack_stays_open(tmp_path: Path) -> None:
    with counter(tmp_path) as at:
        at.terminal.scan(ONE, TWO)
        of_ledger(at, 10, "R-1")
        assert parts(at) == [("R-1", ONE, 10, SIZE)]
        assert whole(at) == []
        assert opened(at) == [(ONE, 14)]
        assert at.terminal.listed() == [TWO], "another pack stays on the list"
        assert json.loads(at.far.bodies[-1])["input"]["selinfo"]["drugtracinfo"] == [{"drug_trac_codg": ONE}]
        assert at.scanned(ONE) == "added", "on the same list"
        of_ledger(at, 14, "R-2")
        assert parts(at)[1:] == [("R-2", ONE, 14, SIZE)]
        assert opened(at) == []
        assert at.scanned(ONE) == "sold_here", "nothing is left"


def test_what_two_packs_hold_is_taken_from_both(tmp_path: Path) -> None:
    with counter(tmp_path) as at:
        at.terminal.scan(ONE, TWO)
        of_ledger(at, 30, "R-1")
        assert parts(at) == [("R-1", ONE, 24, SIZE), ("R-1", TWO, 6, SIZE)]
        assert opened(at) == [(TWO, 18)]
        assert at.terminal.listed() == []


def test_a_settlement_counts_units_of_a_pack_that_is_to_be_sold_in_part(tmp_path: Path) -> None:
    with counter(tmp_path, "hubei") as at:
        at.terminal.scan(ONE)
        at.terminal.do(lambda: at.terminal.shop.counter.sell_in_part(ONE, 4))
        at.settle(("L1", DRUG, 10))
        (row,) = json.loads(at.far.bodies[-1])["input"]["drug_trac_info"]
        assert (row["drug_trac_codg"], row["trdn_flag"]) == (ONE, "1")
        assert parts(at) == [(NUMBER, ONE, 10, SIZE)], "the POS counts, and the screen is not asked again"
        assert opened(at) == [(ONE, 14)]
        assert at.terminal.shop.heard("warn") == []


def test_half_a_pack_is_so_many_units(tmp_path: Path) -> None:
    with counter(tmp_path) as at:
        at.terminal.scan(ONE)
        at.settle(("L1", DRUG, 0.5))
        assert parts(at) == [(NUMBER, ONE, 12, SIZE)]


def test_each_settlement_of_a_pack_keeps_its_own_code(tmp_path: Path) -> None:
    """The POS tells its sales at the end of the day: the pack was sold to two people by then."""
    with counter(tmp_path) as at:
        settled = []
        for units, number in ((10, "POS-1"), (4, "POS-2")):
            at.terminal.scan(ONE)
            at.terminal.do(lambda: at.terminal.shop.counter.sell_in_part(ONE, 1))
            settled.append(at.settle(("L1", DRUG, units), number=number))
        assert parts(at) == [("POS-1", ONE, 10, SIZE), ("POS-2", ONE, 4, SIZE)]
        assert at.unfinished().pos_owed == 2
        for setl_id, units in zip(settled, (10, 4), strict=True):
            at.upload(setl_id, DRUG, units, trdn_flag="1")
            assert json.loads(at.far.bodies[-1])["input"]["selinfo"]["drugtracinfo"] == [{"drug_trac_codg": ONE}]
        assert at.unfinished().pos_owed == 0
        assert opened(at) == [(ONE, 10)]


def test_units_of_a_settlement_that_is_cancelled_at_once_are_in_the_pack_again(tmp_path: Path) -> None:
    with counter(tmp_path) as at:
        at.terminal.scan(ONE)
        at.terminal.do(lambda: at.terminal.shop.counter.sell_in_part(ONE, 10))
        at.cancel(at.settle(("L1", DRUG, 10)))
        (back,) = [fact for fact in at.terminal.facts() if isinstance(fact, SaleReturned)]
        assert (back.sale, [pack.code for pack in back.packs]) == (NUMBER, [ONE])
        assert opened(at) == [(ONE, SIZE)]
        assert at.unfinished().pos_owed == 0
        assert at.scanned(ONE) == "added"
        records: tuple[Record, ...] = at.records()
        assert [one.is_refund for one in records] == [False, True]


@pytest.mark.parametrize("units", [20, 24])
def test_more_units_than_are_left_is_said_and_the_pack_is_empty(tmp_path: Path, units: int) -> None:
    with counter(tmp_path) as at:
        at.terminal.scan(ONE)
        of_ledger(at, 10, "R-1")
        at.terminal.scan(ONE)
        of_ledger(at, units, "R-2")
        assert parts(at)[1:] == [("R-2", ONE, 14, SIZE)]
        assert [alert["code"] for _, alert in at.terminal.shop.heard("alert")][-1] == "counter.units_left"
        assert opened(at) == []
