"""What comes after a sale as a screen asks it: answers, repeats, and who may do what."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

import pytest

from edge.counter.counter import UNNAMED, Request
from edge.counter.errors import KeyReusedError, NotApartError, NotSignedInError, SettlingError
from edge.store.ledger_rows import RowState, set_state
from edge.store.quarantine import all_quarantined
from edge.store.site_apart import OwnApart
from edge.store.site_sales import hear_back
from edge.store.unfinished import read_unfinished
from edge.till import aftercare
from edge.till.after_errors import NoChoiceError
from edge.till.aftercare import Aftercare, Verbs
from edge.till.batches import BatchUnknownError
from edge.till.errors import OfflineError
from edge.till.finding import NotFoundError
from edge.till.insuring import Insured
from edge.till.plans import Choice
from tests.edge.till.aisle import A, Aisle, B, C, new_centre, opened, person
from tests.server.conftest import NewStore
from wire.fsi.areas import Area

_T = TypeVar("_T")


@dataclass
class Line:
    area: Area
    up: bool = True

    def is_up(self) -> bool:
        return self.up


class Care:
    def __init__(self, aisle: Aisle) -> None:
        self.aisle, self.line = aisle, Line(aisle.centre.office.area)
        verbs = Verbs(
            aisle.steps, aisle.undoing, aisle.finding, aisle.insuring, aisle.retelling, aisle.ledger, aisle.uploader
        )  # fmt: skip

        async def in_store(work: Callable[[], _T]) -> _T:
            return work()

        self.verbs = Aftercare(
            self.line, verbs, in_store=in_store, connection=aisle.shop.connection, clock=aisle.shop.clock,  # type: ignore[arg-type]
            return_days=10,
        )  # fmt: skip

    def do(self, asked: Awaitable[_T]) -> _T:
        async def wait() -> _T:
            return await asked

        return asyncio.run(wait())


@pytest.fixture
def care(standing_store: NewStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Care]:
    async def aside(work: Callable[[], _T]) -> _T:
        return work()

    # One thread owns the store here.
    monkeypatch.setattr(aftercare, "aside", aside)
    with opened(new_centre(standing_store("sqlite")), tmp_path / "till") as aisle:
        yield Care(aisle)


def test_repeat_that_comes_while_the_first_is_at_work_gets_its_answer(
    care: Care, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def aside(work: Callable[[], _T]) -> _T:
        await asyncio.sleep(0)
        return work()

    monkeypatch.setattr(aftercare, "aside", aside)
    sale = care.aisle.settle(A, B, C)

    async def both(*requests: Request) -> list[object]:
        asked = (care.verbs.return_packs(one, sale, [C], "不合适") for one in requests)
        return await asyncio.gather(*asked, return_exceptions=True)

    first, second, other = care.do(both(*(Request("key-1", said) for said in ("return it", "return it", "another"))))
    assert first == second
    assert isinstance(other, KeyReusedError)


def test_a_return_tells_what_to_give_back_and_a_repeat_gets_its_answer(care: Care) -> None:
    sale = care.aisle.settle(A, B, C)
    request = Request("key-1", "return it")
    shown = care.do(care.verbs.return_packs(request, sale, [C], "不合适"))
    assert (shown.step, shown.outcome, shown.codes) == ("ended", "done", (C,))
    assert shown.after is not None
    assert shown.cash_back == shown.before.cash - shown.after.cash
    assert shown.before.fee - shown.after.fee == Decimal("300.00")
    assert care.do(care.verbs.return_packs(request, sale, [C], "不合适")) == shown
    with pytest.raises(KeyReusedError):
        care.do(care.verbs.return_packs(Request("key-1", "another"), sale, [B], "不合适"))
    assert care.do(care.verbs.show_open()).undertakings == ()
    with pytest.raises(NoChoiceError):
        care.do(care.verbs.go_on(shown.id, Choice.AGAIN))


def test_what_is_insured_never_comes_back_for_cash(care: Care) -> None:
    sale = care.aisle.settle(A, B)
    assert care.do(care.verbs.is_insured(sale))
    with pytest.raises(SettlingError):
        care.aisle.shop.counter.return_packs(UNNAMED, sale, [A], "不合适")
    assert not care.do(care.verbs.is_insured(care.aisle.sell(C)))


def test_nothing_begins_offline_or_without_anybody(care: Care) -> None:
    sale = care.aisle.settle(A, B)
    care.line.up = False
    with pytest.raises(OfflineError):
        care.do(care.verbs.return_packs(UNNAMED, sale, [A], "不合适"))
    care.line.up = True
    care.aisle.look(lambda tx: tx.exec_driver_sql("DELETE FROM session"))
    with pytest.raises(NotSignedInError):
        care.do(care.verbs.cancel(UNNAMED, sale, "患者放弃"))


def test_a_cash_sale_is_tried_and_turned_insured(care: Care) -> None:
    sale = care.aisle.sell(A)
    tried = care.do(care.verbs.try_insured(sale, Insured(person())))
    shown = care.do(care.verbs.turn_insured(UNNAMED, sale, Insured(person())))
    assert shown.after is not None
    assert (shown.after.funds, shown.cash_back) == (tried.amounts.funds, Decimal("300.00") - tried.amounts.cash)
    assert care.do(care.verbs.find(A)).sale == sale


def test_a_sale_is_found_by_its_settlement_and_by_its_packs_as_they_are_out(care: Care) -> None:
    sale = care.aisle.settle(A, B)
    care.aisle.upload()
    (row,) = care.aisle.standing(sale)
    assert row.paid is not None
    for asked in (A, row.paid.setl_id):
        assert (care.do(care.verbs.find(asked)).sale, care.do(care.verbs.find(asked)).codes) == (sale, (A, B))
    care.do(care.verbs.return_packs(UNNAMED, sale, [A], "不合适"))
    assert care.do(care.verbs.find(B)).codes == (B,)
    care.aisle.upload()
    with pytest.raises(NotFoundError):
        care.do(care.verbs.find(A))
    care.do(care.verbs.return_packs(UNNAMED, sale, [B], "不合适"))
    found = care.do(care.verbs.find(row.paid.setl_id))
    assert (found.sale, found.codes) == (sale, ())


def test_rows_behind_one_that_does_not_go_say_so_and_are_none_that_go_by_themselves(care: Care) -> None:
    aisle = care.aisle
    sale = aisle.settle(A, B)
    aisle.upload()
    care.do(care.verbs.return_packs(UNNAMED, sale, [A], "不合适"))
    back, anew = care.do(care.verbs.ledger_desk.rows()).rows
    assert (back.infno, back.waits, anew.waits_for) == ("3506", None, back.id)
    words = "[stock.record_differs] 中心已有记录"
    aisle.look(lambda tx: set_state(tx, back.id, RowState.REFUSED, words))
    back, anew = care.do(care.verbs.ledger_desk.rows()).rows
    assert back.next_step is not None
    assert anew.waits is not None
    assert "被拒" in anew.waits.zh
    left = aisle.look(read_unfinished)
    assert (left.ledger_due, left.ledger_waiting, left.ledger_refused) == (0, 1, 1)
    care.do(care.verbs.ledger_desk.set_row_aside(back.id, "以中心为准"))
    aisle.upload()
    assert care.do(care.verbs.ledger_desk.rows()).rows == ()


def test_rows_lots_and_packs_apart_are_seen_to_by_name(care: Care) -> None:
    aisle = care.aisle
    aisle.look(lambda tx: tx.exec_driver_sql("DELETE FROM shelf_batch"))
    sale = aisle.settle(A, B)
    (row,) = care.do(care.verbs.ledger_desk.rows()).rows
    assert (row.state, [one.en for one in row.lacks]) == ("waiting", ["the lot is in no register"])
    with pytest.raises(BatchUnknownError):
        care.do(care.verbs.ledger_desk.open_batch("D0001", "B1"))
    text = "product,batch,lot,made_on\nD0001,B1,L1,2026-01-02\n"
    assert care.do(care.verbs.ledger_desk.import_batches(text)).batches == 1
    care.do(care.verbs.ledger_desk.name_batch(sale, 1, "D0001", "B1"))
    assert [one.batch for one in care.do(care.verbs.ledger_desk.open_batch("D0001", "B1")).batches] == ["B1"]
    aisle.upload()
    assert care.do(care.verbs.ledger_desk.rows()).rows == ()
    care.do(care.verbs.return_packs(UNNAMED, sale, [A], "不合适"))
    assert [one.code for one in aisle.look(all_quarantined)] == [A]
    aisle.shop.counter.release(A, "外观完好")
    assert aisle.look(all_quarantined) == []
    with pytest.raises(NotApartError):
        aisle.shop.counter.release(A, "外观完好")


def test_what_came_back_elsewhere_is_not_shown_as_out_though_the_centre_says_so(care: Care) -> None:
    sale = care.aisle.settle(A, B)
    back = OwnApart(A, sale, care.aisle.shop.clock.now())
    care.aisle.look(lambda tx: hear_back(tx, "counter-4", [back]))
    assert care.do(care.verbs.find(B)).codes == (B,)
