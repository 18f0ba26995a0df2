"""Who paid, where the POS settles through the terminal: one answer for the till, the ticket and the end of the day."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import Connection

from edge.counter.closing import close_insured
from edge.counter.counter import Request
from edge.counter.errors import RungUpElsewhereError, SettlingError
from edge.counter.returning import refuse_rung_up
from edge.store import pos_codes, settlements, sql
from edge.store.day_records import Record, records_between
from edge.store.drawer import Cash, cash_between
from edge.store.sales import see_desk
from edge.store.salvage_sales import tell_sales_anew
from edge.store.settlements import Paid, SettlementRow, settlements_of
from edge.store.unfinished import Unfinished, read_unfinished
from rules.day_sheet import Group, Sums
from rules.pack_fold import fold
from rules.pack_life import Act, Evidence, FactKey, Order
from rules.settling import Standing
from tests.edge.pos.around import DRUG, NINE, NOW, ONE, OTHER, SHOP, TWO, message, purchase, sold
from tests.edge.pos.gateway import Gateway, gateway
from tests.edge.pos.terminal import ProxyTerminal, proxying
from tests.edge.scene import FakeClock
from wire.events import Dispensed, SaleReturned

T = TypeVar("T")
THREE = "86000110000000000003"
TOLD = {
    "insutype": "310", "clr_type": "41", "clr_optins": "350200", "medfee_sumamt": 30, "fund_pay_sumamt": 20,
    "acct_pay": 4, "acct_mulaid_pay": 0, "psn_cash_pay": 6, "setl_time": "2026-11-23 10:00:05",
}  # fmt: skip
LINES = (("L1", DRUG, 1), ("L2", OTHER, 1))
NUMBER = "POS-1"


class Counter:
    """A terminal with a POS at it, and what its store says."""

    def __init__(self, terminal: ProxyTerminal, far: Gateway, clock: FakeClock) -> None:
        self.terminal, self.far, self.clock = terminal, far, clock
        self.sent = 1

    def post(self, infno: str, given: object) -> dict[str, object]:
        self.sent += 1
        body = message(infno, given, msgid=f"{SHOP}20261123100000{self.sent:04d}")
        answer: dict[str, object] = json.loads(self.terminal.post(body)[1])
        return answer

    def settle(self, *lines: tuple[str, str, float], number: str = NUMBER, **more: object) -> str:
        given = purchase(*(lines or LINES), expContent=json.dumps({"stoout_no": number}), **more)
        answer = self.post("2102", given)
        return str(answer["output"]["setlinfo"]["setl_id"])  # type: ignore[index]

    def cancel(self, setl_id: str) -> None:
        self.post("2103", {"data": {"setl_id": setl_id, "psn_no": "P1", "mdtrt_id": "V1"}})

    def upload(self, setl_id: str, item: str, count: float, **more: object) -> None:
        """Tell the ledger, with what one area or another wants."""
        self.post("3505", sold(item, count, setl_id=setl_id, psn_cert_type="01", hi_feesetl_type="1", **more))

    def sent_codes(self) -> list[str]:
        """Return the codes that went with the last message."""
        row = json.loads(self.far.bodies[-1])["input"]["selinfo"]
        return sorted(one["drug_trac_codg"] for one in row.get("drugtracinfo", ()))

    def take_back(self, setl_id: str, **more: object) -> None:
        self.post("3506", sold(DRUG, 1, setl_id=setl_id, psn_cert_type="01", **more))

    def see(self, work: Callable[[Connection], T]) -> T:
        def within() -> T:
            with self.terminal.core.connection.begin():
                return work(self.terminal.core.connection)

        return self.terminal.do(within)

    def sales(self) -> list[str]:
        return [str(sale) for (sale,) in self.terminal.rows("SELECT id FROM sale WHERE state = 'closed' ORDER BY id")]

    def settlements(self, sale: str) -> tuple[SettlementRow, ...]:
        return self.see(lambda tx: settlements_of(tx, sale))

    def records(self) -> tuple[Record, ...]:
        return self.see(lambda tx: records_between(tx, NOW - timedelta(days=1), NOW + timedelta(days=2)))

    def cash(self) -> Cash:
        return self.see(lambda tx: cash_between(tx, NOW - timedelta(days=1), NOW + timedelta(days=2)))

    def unfinished(self) -> Unfinished:
        return self.see(read_unfinished)

    def bound(self, setl_id: str) -> list[str]:
        return sorted(self.see(lambda tx: pos_codes.codes_of_settlement(tx, SHOP, setl_id)))

    def dispensed(self) -> set[tuple[str, str]]:
        facts = [fact for fact in self.terminal.facts() if isinstance(fact, Dispensed)]
        return {(fact.sale, pack.code) for fact in facts for pack in fact.packs}

    def returned(self) -> set[tuple[str, str]]:
        facts = [fact for fact in self.terminal.facts() if isinstance(fact, SaleReturned)]
        return {(fact.sale, pack.code) for fact in facts for pack in fact.packs}

    def give_back(self, sale: str, code: str) -> None:
        """Take a pack back at the till."""
        self.terminal.do(lambda: self.terminal.shop.counter.return_packs(Request(None, ""), sale, (code,), "不需要"))

    def scanned(self, code: str) -> str:
        return str(self.terminal.do(lambda: self.terminal.shop.scan(code)).verdict)

    def at_the_till(self, *codes: str) -> str:
        """Keep a sale that the till has settled; return the centre's number."""
        if codes:
            self.terminal.scan(*codes)
        paid = Paid("TILL-S1", "V1", "41", "350200", NOW, *(Decimal(one) for one in (20, 4, 0, 6)))

        def keep(tx: Connection) -> None:
            sale = see_desk(tx).sale if codes else "counter-1-1"
            assert sale is not None
            settlements.put_settlement(
                tx, sale=sale, operator="wang", shift=None, begun_at=NOW, asked=b"", ask_msgid="t1", insutype="310",
                fee=Decimal(30),
            )  # fmt: skip
            settlements.set_settled(tx, sale, 1, paid)
            if codes:
                close_insured(tx, self.terminal.core.outbox, sale, operator="wang", shift=None, now=NOW)

        self.see(keep)
        return paid.setl_id


@contextmanager
def counter(folder: Path, area: str = "base") -> Iterator[Counter]:
    clock = FakeClock(NOW)
    with gateway(told=TOLD) as far, proxying(folder / "store", far.url, fsi={"area": area}, clock=clock) as terminal:
        yield Counter(terminal, far, clock)


def test_a_settlement_of_the_pos_is_in_the_books_and_its_fact_is_the_one_that_the_pos_tells(tmp_path: Path) -> None:
    with counter(tmp_path) as at:
        at.terminal.scan(ONE, NINE)
        setl_id = at.settle()
        assert at.dispensed() == {(NUMBER, ONE), (NUMBER, NINE)}
        (sale,) = at.sales()
        (row,) = at.settlements(sale)
        assert (row.is_by_pos, row.standing, row.fee) == (True, Standing.SETTLED, Decimal(30))
        assert row.paid is not None
        assert (row.paid.setl_id, row.paid.mdtrt_id, row.paid.cash) == (setl_id, "V1", Decimal(6))
        (record,) = at.records()
        assert (record.group, record.setl_id) == (Group("310", "41", "350200"), setl_id)
        assert record.sums == Sums(1, Decimal(30), Decimal(20), Decimal(4), Decimal(6))
        assert (at.cash().insured, at.cash().self_paid) == (0, 0), "its money lies where the POS counts it"
        assert b"P1" not in row.asked


def test_a_settlement_without_packs_of_this_counter_is_in_the_books_too(tmp_path: Path) -> None:
    with counter(tmp_path) as at:
        setl_id = at.settle(number="")
        (row,) = at.settlements(setl_id)
        assert row.is_by_pos
        assert at.sales() == []
        # Scanned only now, they go with the ledger's message, and belong to what was settled.
        at.terminal.scan(ONE)
        at.upload(setl_id, DRUG, 1)
        (sale,) = at.sales()
        assert at.settlements(sale) == (row,)
        assert at.dispensed() == {(setl_id, ONE)}


def test_what_the_pos_rang_up_is_not_paid_back_or_settled_at_the_till(tmp_path: Path) -> None:
    with counter(tmp_path) as at:
        at.terminal.scan(ONE, NINE)
        setl_id = at.settle()
        at.terminal.scan(TWO)
        at.post("3505", sold(DRUG, 1, setl_id="", mdtrt_setl_type="2", rtal_docno="R-9", psn_cert_type="99"))
        assert (NUMBER, ONE) in at.dispensed()
        assert ("R-9", TWO) in at.dispensed(), "a sale that the person paid is told under its receipt"
        assert at.cash().self_paid == 0
        for sale, code in zip(at.sales(), (ONE, TWO), strict=True):
            with pytest.raises(RungUpElsewhereError) as refused:
                at.give_back(sale, code)
            assert (setl_id in refused.value.words.zh) == (code == ONE)
        assert at.terminal.rows("SELECT 1 FROM quarantine") == []


def test_an_outcome_that_is_found_out_later_is_written_once(tmp_path: Path) -> None:
    with counter(tmp_path) as at:
        at.terminal.scan(ONE, NINE)
        at.far.cuts = 1
        body = message("2102", purchase(*LINES, expContent=json.dumps({"stoout_no": NUMBER})))
        at.terminal.post(body)
        assert at.records() == ()
        assert at.unfinished().pos_unknown == (f"{SHOP}202611231000000001",)
        assert at.unfinished().is_settling_open
        for _ in range(2):
            assert json.loads(at.terminal.post(body)[1])["infcode"] == 0
        assert at.settle() in {one.setl_id for one in at.records()}
        again = at.post("2102", purchase(*LINES, expContent=json.dumps({"stoout_no": NUMBER})))
        assert again["infcode"] == 0
        assert at.unfinished().pos_unknown == ()
        assert at.unfinished().pos_owed == 2


def test_what_the_pos_cancels_before_it_told_the_ledger_lies_at_the_counter_again(tmp_path: Path) -> None:
    with counter(tmp_path) as at:
        at.terminal.scan(ONE, NINE)
        first = at.settle()
        at.cancel(first)
        (sale,) = at.sales()
        (row,) = at.settlements(sale)
        assert row.standing is Standing.UNDONE
        assert [(one.is_refund, one.sums.fee) for one in at.records()] == [(False, Decimal(30)), (True, Decimal(-30))]
        assert at.returned() == {(NUMBER, ONE), (NUMBER, NINE)}
        assert [at.scanned(code) for code in (ONE, NINE)] == ["added", "added"]
        second = at.settle(number="POS-2")
        assert second != first
        assert at.dispensed() == {(number, code) for number in (NUMBER, "POS-2") for code in (ONE, NINE)}
        at.cancel(first)
        assert len(at.records()) == 3, "cancelled once"


def test_what_stays_is_settled_anew_under_its_number_with_its_codes_and_what_came_back_lies_apart(
    tmp_path: Path,
) -> None:
    with counter(tmp_path, "hubei") as at:
        at.terminal.scan(ONE, TWO, NINE)
        first = at.settle(("L1", DRUG, 2), ("L2", OTHER, 1))
        at.upload(first, DRUG, 2)
        at.upload(first, OTHER, 1)
        at.cancel(first)
        at.take_back(first, drugtracinfo=[{"drug_trac_codg": TWO}])
        assert at.returned() == {(NUMBER, TWO)}
        assert at.terminal.rows("SELECT code FROM quarantine WHERE released_at IS NULL") == [(TWO,)]
        second = at.settle()
        sent = json.loads(at.far.bodies[-1])["input"]["drug_trac_info"]
        assert sorted(one["drug_trac_codg"] for one in sent) == sorted((ONE, NINE))
        (sale,) = at.sales()
        assert [row.standing for row in at.settlements(sale)] == [Standing.UNDONE, Standing.SETTLED]
        assert at.settlements(sale)[-1].paid is not None
        assert {one.setl_id for one in at.records()} == {first, second}


@pytest.mark.parametrize("numbers", [(NUMBER, NUMBER), ("", ""), (NUMBER, "POS-2")], ids=["number", "none", "other"])
def test_the_codes_of_what_stays_follow_by_the_ledgers_message_once_it_is_clear_which_they_are(
    tmp_path: Path, numbers: tuple[str, str]
) -> None:
    with counter(tmp_path) as at:
        at.terminal.scan(ONE, TWO, THREE, NINE)
        first = at.settle(("L1", DRUG, 3), ("L2", OTHER, 1), number=numbers[0])
        for item, count in ((DRUG, 3), (OTHER, 1)):
            at.upload(first, item, count, rtal_docno="R-1")
        at.cancel(first)
        second = at.settle(("L1", DRUG, 2), ("L2", OTHER, 1), number=numbers[1])
        at.upload(second, DRUG, 2, rtal_docno="R-1")
        assert at.sent_codes() == [], "of three that are out two are meant"
        at.take_back(first, drugtracinfo=[{"drug_trac_codg": TWO}])
        at.upload(second, DRUG, 2, rtal_docno="R-1")
        assert at.sent_codes() == [ONE, THREE]
        at.upload(second, OTHER, 1, rtal_docno="R-1")
        assert at.sent_codes() == [NINE]
        assert at.bound(second) == [ONE, THREE, NINE]
        (sale,) = at.sales()
        assert at.settlements(sale)[-1].paid is not None
        assert at.settlements(sale)[-1].paid.setl_id == second
        with pytest.raises(RungUpElsewhereError, match=second):
            at.give_back(sale, ONE)
        at.cancel(second)
        third = at.settle(("L1", DRUG, 2), ("L2", OTHER, 1), number="POS-3")
        at.upload(third, DRUG, 2, rtal_docno="R-1")
        assert at.sent_codes() == [ONE, THREE], "and once more"


def test_packs_that_are_sold_again_under_their_number_are_told_as_sold_again(tmp_path: Path) -> None:
    with counter(tmp_path) as at:
        for _ in range(3):
            at.terminal.scan(ONE, NINE)
            at.cancel(at.settle())
        at.terminal.scan(ONE, NINE)
        at.settle()
        told = [fact for fact in at.terminal.facts() if isinstance(fact, Dispensed | SaleReturned)]
        assert {fact.sale for fact in told} == {NUMBER}
        for code in (ONE, NINE):
            life = fold(
                told_at_centre(n, fact) for n, fact in enumerate(told) if code in {one.code for one in fact.packs}
            )
            assert (life.state, life.conflicts) == ("sold", ())


def told_at_centre(n: int, fact: Dispensed | SaleReturned) -> Evidence:
    """Return what the centre takes a fact for."""
    act = Act.DISPENSED if isinstance(fact, Dispensed) else Act.RETURNED
    return Evidence(f"{n}", FactKey(act, SHOP, fact.sale, fact.line), Order(n, "counter-1", "1", n))


def test_what_stays_goes_by_its_new_settlement_where_the_pos_names_the_codes_itself(tmp_path: Path) -> None:
    with counter(tmp_path) as at:
        at.terminal.scan(ONE, TWO)
        first = at.settle(("L1", DRUG, 2))
        at.upload(first, DRUG, 2, rtal_docno="R-1")
        at.cancel(first)
        second = at.settle(("L1", DRUG, 1), number="POS-2")
        at.upload(second, DRUG, 1, rtal_docno="R-2", drugtracinfo=[{"drug_trac_codg": ONE}])
        at.take_back(first, drugtracinfo=[{"drug_trac_codg": TWO}])
        (sale,) = at.sales()
        assert (at.bound(first), at.bound(second)) == ([], [ONE])
        with pytest.raises(RungUpElsewhereError, match=second):
            at.give_back(sale, ONE)
        at.take_back(second, drugtracinfo=[{"drug_trac_codg": ONE}])
        assert at.returned() == at.dispensed() == {(NUMBER, ONE), (NUMBER, TWO)}, "as they were told when they left"


@pytest.mark.parametrize("other", [{"psn_no": "P2"}, {"rtal_docno": "R-2"}], ids=["person", "receipt"])
def test_the_codes_of_what_stays_are_nobody_elses(tmp_path: Path, other: dict[str, str]) -> None:
    with counter(tmp_path) as at:
        at.terminal.scan(ONE)
        first = at.settle(("L1", DRUG, 1), number="")
        at.upload(first, DRUG, 1, rtal_docno="R-1")
        at.cancel(first)
        person = {name: value for name, value in other.items() if name == "psn_no"}
        second = at.settle(("L1", DRUG, 1), number="", **person)
        at.upload(second, DRUG, 1, rtal_docno=other.get("rtal_docno", "R-1"))
        assert at.sent_codes() == []
        assert at.bound(second) == []


def test_what_the_pos_takes_back_with_2601_is_in_no_book(tmp_path: Path) -> None:
    with counter(tmp_path) as at:
        at.terminal.scan(ONE, NINE)
        at.settle()
        asked = json.loads(at.far.bodies[0])["msgid"]
        at.post("2601", {"data": {"psn_no": "P1", "omsgid": asked, "oinfno": "2102"}})
        assert at.records() == ()
        (sale,) = at.sales()
        assert [row.standing for row in at.settlements(sale)] == [Standing.NONE]
        assert at.scanned(ONE) == "added"


def test_what_was_scanned_for_the_rest_goes_before_what_is_out_of_it(tmp_path: Path) -> None:
    with counter(tmp_path) as at:
        at.terminal.scan(ONE, NINE)
        first = at.settle()
        for item in (DRUG, OTHER):
            at.upload(first, item, 1)
        at.cancel(first)
        # The box was damaged: another one of the drug is handed out, and the rest of the sale stays with its person.
        at.terminal.scan(TWO)
        second = at.settle()
        assert at.bound(second) == [TWO, NINE]
        assert at.terminal.listed() == []


def test_packs_that_may_have_left_stay_out_when_their_settlement_is_cancelled(tmp_path: Path) -> None:
    with counter(tmp_path) as at:
        at.terminal.scan(ONE, NINE)
        setl_id = at.settle()
        at.clock.advance(45 * 60)
        at.cancel(setl_id)
        assert at.returned() == set()
        assert at.scanned(ONE) == "sold_here"
        (sale,) = at.sales()
        at.give_back(sale, ONE)
        assert at.returned() == {(NUMBER, ONE)}
        assert at.cash() == Cash(Decimal(0), Decimal(0), 0), "the POS has given the money back"
        assert at.terminal.rows("SELECT code FROM quarantine WHERE released_at IS NULL") == [(ONE,)]


@pytest.mark.parametrize("other", [{"psn_no": "P2"}, {"day": 1}], ids=["person", "day"])
def test_a_number_that_comes_again_with_another_is_another_sale(tmp_path: Path, other: dict[str, object]) -> None:
    with counter(tmp_path) as at:
        at.terminal.scan(ONE)
        first = at.settle(("L1", DRUG, 1))
        at.upload(first, DRUG, 1)
        if "day" in other:
            at.clock.advance(86_400)
            at.far.told = {**TOLD, "setl_time": "2026-11-24 10:00:00"}
            other = {"begntime": "2026-11-24 10:00:00"}
        at.terminal.scan(TWO)
        second = at.settle(("L1", DRUG, 1), **other)
        assert at.dispensed() == {(NUMBER, ONE), (second, TWO)}
        assert [row.standing for row in (*at.settlements(NUMBER), *at.settlements(second))] == [Standing.SETTLED] * 2


def test_what_is_out_of_a_cancelled_sale_is_not_another_persons(tmp_path: Path) -> None:
    with counter(tmp_path) as at:
        at.terminal.scan(ONE)
        first = at.settle(("L1", DRUG, 1))
        at.upload(first, DRUG, 1)
        at.cancel(first)
        second = at.settle(("L1", DRUG, 1), psn_no="P2")
        assert at.bound(second) == []
        assert at.settlements(second)[0].standing is Standing.SETTLED


def test_what_the_till_settled_is_found_and_not_kept_twice(tmp_path: Path) -> None:
    with counter(tmp_path) as at:
        setl_id = at.at_the_till()
        at.far.told = {**TOLD, "setl_id": setl_id}
        at.settle()
        assert len(at.records()) == 1
        assert at.settlements(NUMBER) == ()


def test_the_till_knows_what_the_pos_has_cancelled(tmp_path: Path) -> None:
    with counter(tmp_path) as at:
        setl_id = at.at_the_till()
        at.cancel(setl_id)
        (row,) = at.settlements("counter-1-1")
        assert (row.standing, row.is_by_pos) == (Standing.UNDONE, False)
        assert row.undo_msgid == json.loads(at.far.bodies[-1])["msgid"]
        assert "收银软件" in (row.told or "")
        assert [one.is_refund for one in at.records()] == [False, True]
        ((_, alert),) = at.terminal.shop.heard("alert")
        assert alert["code"] == "pos.cancelled"
        at.post("2601", {"data": {"psn_no": "P1", "omsgid": row.undo_msgid, "oinfno": "2103"}})
        assert at.settlements("counter-1-1")[0].standing is Standing.SETTLED
        assert [one.is_refund for one in at.records()] == [False]


@pytest.mark.parametrize("by", ["the till", "the POS"])
def test_packs_of_a_sale_of_the_till_that_the_pos_cancelled_come_back_without_money(tmp_path: Path, by: str) -> None:
    with counter(tmp_path) as at:
        setl_id = at.at_the_till(ONE, TWO)
        (sale,) = at.sales()
        with pytest.raises(SettlingError):
            at.give_back(sale, ONE)
        at.cancel(setl_id)
        cash = at.cash()
        if by == "the till":
            at.give_back(sale, ONE)
        else:
            at.take_back(setl_id, drugtracinfo=[{"drug_trac_codg": ONE}])
        assert at.returned() == {(sale, ONE)}
        assert at.terminal.rows("SELECT code FROM quarantine WHERE released_at IS NULL") == [(ONE,)]
        assert at.cash() == cash


def test_a_cancellation_that_another_message_made_is_in_the_book_of_that_one(tmp_path: Path) -> None:
    with counter(tmp_path) as at:
        setl_id = at.at_the_till()
        other = f"{SHOP}20261123095500" + "0120"
        info = {"setl_id": setl_id, "mdtrt_id": "V1", "medins_setl_id": other}
        found = json.dumps({"infcode": 0, "inf_refmsgid": "1", "err_msg": "", "output": {"setlinfo": info}}).encode()
        at.far.answer = lambda body: found if json.loads(body)["infno"] == "2103" else None
        at.cancel(setl_id)
        assert at.settlements("counter-1-1")[0].standing is Standing.UNDONE
        assert [one.is_refund for one in at.records()] == [False]


def test_a_number_that_the_terminal_gave_out_itself_is_not_taken_over(tmp_path: Path) -> None:
    with counter(tmp_path) as at:
        at.at_the_till()
        at.terminal.scan(ONE, NINE)
        setl_id = at.settle(number="counter-1-1")
        assert {sale for sale, _ in at.dispensed()} == {setl_id}
        assert len(at.settlements("counter-1-1")) == 1
        assert at.see(lambda tx: sql.rows(tx, "SELECT told_as FROM sale WHERE told_as IS NOT NULL")) == [(setl_id,)]


def test_what_the_pos_rang_up_stays_its_own_where_the_rows_of_sales_are_lost(tmp_path: Path) -> None:
    with counter(tmp_path) as at:
        at.terminal.scan(ONE, NINE)
        at.settle()
        for forget in ("DELETE FROM sale_pack", "DELETE FROM sale_line", "DELETE FROM sale"):
            at.see(lambda tx, forget=forget: sql.change(tx, forget))
        for _ in range(2):
            at.see(lambda tx: tell_sales_anew(sql.driver_of(tx)))
        assert at.terminal.rows("SELECT id, told_as FROM sale") == [(NUMBER, NUMBER)]
        assert at.settlements(NUMBER)[0].is_by_pos
        with pytest.raises(RungUpElsewhereError):
            at.see(lambda tx: refuse_rung_up(tx, NUMBER))
