"""Packs that a message of the POS is about are its own until its outcome is known: nothing is settled or paid twice."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import Connection

from edge.counter.closing import close_insured, close_list
from edge.counter.counter import Request
from edge.counter.errors import HeldByPosError, RungUpElsewhereError
from edge.counter.held import refuse_held_by_pos
from edge.counter.returning import refuse_rung_up
from edge.pos.errors import TillSettlesError
from edge.pos.till_first import Asked, refuse_what_the_till_has
from edge.store import pos_codes, sales, settlements, sql
from edge.store.settlements import Paid
from edge.till.asked import AskedSettlement, Insurance, Person
from rules.scan_judgement import Mode
from rules.settling import Standing
from tests.conftest import free_port, wait_until
from tests.edge.pos.around import DRUG, NINE, NOW, ONE, TWO, Stand, message, purchase
from tests.edge.pos.gateway import Gateway, gateway, opened
from tests.edge.pos.terminal import proxying
from tests.edge.pos.test_books import LINES, NUMBER, TOLD, Counter, counter
from tests.edge.scene import FakeClock

BODY = message("2102", purchase(*LINES, expContent=json.dumps({"stoout_no": NUMBER})))
UNNAMED = Request(None, "")
WANTED = Asked((ONE,), frozenset(), "P1", lambda _: True)
THIRD = "XJ01CRC002A001030199102"


def begin_settling(at: Counter, person: str = "P9") -> str:
    """Ask at the till for a settlement of the open list."""
    insurance = Insurance("310", "350200", Decimal(0))
    asked = AskedSettlement(Person(person, "", "", "", (insurance,)), insurance, NOW, "41", True, ())

    def begun(tx: Connection) -> str:
        sale = str(sales.see_desk(tx).sale)
        sealed = at.terminal.pos.sealer.seal(msgspec.json.encode(asked), settlements.asked_place(sale))
        settlements.put_settlement(
            tx, sale=sale, operator="wang", shift=None, begun_at=NOW, asked=sealed, ask_msgid="t1", insutype="310",
            fee=Decimal(30),
        )  # fmt: skip
        return sale

    return at.see(begun)


def settle_at_till(at: Counter, tx: Connection, sale: str) -> None:
    paid = Paid("TILL-S1", "V1", "41", "350200", NOW, *(Decimal(one) for one in (20, 4, 0, 6)))
    settlements.set_settled(tx, sale, 1, paid)
    close_insured(tx, at.terminal.core.outbox, sale, operator="wang", shift=None, now=NOW)


def test_what_the_pos_asks_for_is_neither_settled_nor_paid_at_the_till(tmp_path: Path) -> None:
    with counter(tmp_path) as at:
        at.terminal.scan(ONE, NINE, TWO)
        sale = at.see(lambda tx: str(sales.see_desk(tx).sale))
        at.far.cuts = 1
        at.terminal.post(BODY)
        for refuse in (
            refuse_held_by_pos,
            lambda tx, sale: close_list(tx, None, Mode.DISPENSE, asked_for=sale, now=NOW),
        ):
            with pytest.raises(HeldByPosError, match=json.loads(BODY)["msgid"]):
                at.see(lambda tx, refuse=refuse: refuse(tx, sale))
        at.see(lambda tx: sales.put_aside(tx, sale, "等结果", NOW))
        assert json.loads(at.terminal.post(BODY)[1])["infcode"] == 0
        assert at.dispensed() == {(NUMBER, ONE), (NUMBER, NINE)}, "they leave wherever their list lies"
        at.see(lambda tx: refuse_held_by_pos(tx, sale))
        assert [pack.code for pack in at.see(lambda tx: sales.packs_of(tx, sale)) if pack.state == "listed"] == [TWO]


def test_its_packs_are_kept_before_the_message_leaves_and_free_again_if_nothing_came_of_it(tmp_path: Path) -> None:
    held: list[bool] = []
    with counter(tmp_path) as at:
        at.terminal.scan(ONE, NINE)
        sale = at.see(lambda tx: str(sales.see_desk(tx).sale))
        is_held: Callable[[], bool] = lambda: at.see(lambda tx: pos_codes.held_by_pos(tx, sale)) is not None  # noqa: E731
        at.far.before_doing = lambda _: held.append(is_held())
        refusal = json.dumps({"infcode": -1, "inf_refmsgid": "1", "err_msg": "[settlement.total] no"}).encode()
        at.far.answer = lambda _: (held.append(is_held()), refusal)[1]
        assert json.loads(at.terminal.post(BODY)[1])["infcode"] == -1
        assert (held, is_held()) == ([True], False)


def test_what_the_pos_asks_for_stays_on_its_list_until_the_outcome_is_known(tmp_path: Path) -> None:
    with counter(tmp_path) as at:
        at.terminal.scan(ONE, NINE, TWO)
        sale, till = at.see(lambda tx: str(sales.see_desk(tx).sale)), at.terminal.shop.counter
        at.far.cuts = 99
        at.terminal.post(BODY)
        for act in (
            lambda: till.cancel(UNNAMED),
            lambda: till.remove(ONE),
            lambda: till.sell_in_part(ONE, 3),
            lambda: till.sell_whole(ONE),
        ):
            with pytest.raises(HeldByPosError, match=json.loads(BODY)["msgid"]):
                at.terminal.do(act)
        at.terminal.do(lambda: till.remove(TWO))
        assert sorted(at.terminal.listed()) == sorted((ONE, NINE)), "a pack that it does not ask for may go"
        at.far.cuts = 0
        assert json.loads(at.terminal.post(BODY)[1])["infcode"] == 0
        assert at.sales() == [sale]
        assert at.dispensed() == {(NUMBER, ONE), (NUMBER, NINE)}


def test_what_the_pos_asks_for_is_not_paid_in_cash_from_another_list(tmp_path: Path) -> None:
    with counter(tmp_path) as at:
        at.terminal.scan(ONE, NINE)
        at.far.cuts = 99
        at.terminal.post(BODY)
        # As if the list had been given up, however that came.
        for give_up in ("UPDATE sale_pack SET state = 'removed'", "UPDATE sale SET state = 'cancelled'"):
            at.see(lambda tx, give_up=give_up: sql.change(tx, give_up))
        at.clock.advance(5)
        at.terminal.scan(ONE)
        with pytest.raises(HeldByPosError):
            at.terminal.do(lambda: at.terminal.shop.counter.close_sale(UNNAMED))
        at.far.cuts = 0
        at.terminal.post(BODY)
        assert at.dispensed() == {(NUMBER, ONE)}


def test_a_message_that_does_not_leave_holds_nothing(tmp_path: Path) -> None:
    port = free_port()
    with proxying(tmp_path / "store", f"http://127.0.0.1:{port}", clock=FakeClock(NOW)) as terminal:
        terminal.scan(ONE, NINE)
        assert "fsi.not_sent" in str(json.loads(terminal.post(BODY)[1])["err_msg"])
        assert terminal.rows("SELECT 1 FROM pos_binding") == []
        with opened(Gateway(told=TOLD), port):
            assert json.loads(terminal.post(BODY)[1])["infcode"] == 0
        assert terminal.listed() == []


def test_what_the_till_is_settling_is_not_settled_by_the_pos(tmp_path: Path) -> None:
    with counter(tmp_path, "hubei") as at:
        at.terminal.scan(ONE, NINE)
        begin_settling(at)
        at.terminal.scan(TWO)
        at.settle(("L1", LINES[0][1], 1))
        (row,) = json.loads(at.far.bodies[-1])["input"]["drug_trac_info"]
        assert row["drug_trac_codg"] == TWO, "of the next list"
        assert at.dispensed() == {(NUMBER, TWO)}


@pytest.mark.parametrize("area", ["base", "hubei"])
def test_what_the_till_asked_for_first_is_not_settled_by_the_pos_as_well(tmp_path: Path, area: str) -> None:
    with counter(tmp_path, area) as at:
        at.terminal.scan(ONE, NINE)
        sale = begin_settling(at)
        told = json.loads(at.terminal.post(BODY)[1])
        assert told["err_msg"].startswith("[pos.till_settles]")
        assert sale in told["err_msg"]
        assert at.far.bodies == []
        assert at.unfinished().pos_unknown == ()
        # A drug of which nothing lies on that list is another sale.
        at.settle(("L1", THIRD, 1), number="POS-3")
        at.see(lambda tx: settlements.set_standing(tx, sale, 1, Standing.NONE))
        assert json.loads(at.terminal.post(BODY)[1])["infcode"] == 0
        assert at.dispensed() == {(NUMBER, ONE), (NUMBER, NINE)}, "nothing came of it at the till"


@pytest.mark.parametrize("standing", [Standing.UNKNOWN, Standing.SETTLED])
def test_what_the_till_has_settled_for_somebody_is_settled_by_the_pos_only_if_it_was_scanned(
    tmp_path: Path, standing: Standing
) -> None:
    with counter(tmp_path) as at:
        at.terminal.scan(ONE)
        sale = begin_settling(at, "P1")
        if standing is Standing.SETTLED:
            at.see(lambda tx: settle_at_till(at, tx, sale))
        else:
            at.see(lambda tx: settlements.set_standing(tx, sale, 1, standing))
            at.see(lambda tx: sales.put_aside(tx, sale, "结果未知", NOW))
        refused = at.post("2102", purchase(("L1", DRUG, 1)))
        assert str(refused["err_msg"]).startswith("[pos.till_settles]")
        assert sale in str(refused["err_msg"])
        assert at.settle(("L1", DRUG, 1), psn_no="P2", number="POS-2"), "another person's"
        at.terminal.scan(TWO)
        assert at.settle(("L1", DRUG, 1)), "other packs"
        assert at.settle(*LINES, number="POS-5"), "drugs that the till has not all settled"
        at.clock.advance(6 * 60)
        later = at.post("2102", purchase(("L1", DRUG, 1), expContent=json.dumps({"stoout_no": "POS-4"})))
        assert (later["infcode"] == 0) is (standing is Standing.SETTLED)


def test_packs_that_were_sold_while_the_pos_asked_are_not_held_for_it(tmp_path: Path) -> None:
    with counter(tmp_path) as at:
        at.terminal.scan(ONE)
        at.terminal.do(lambda: at.terminal.shop.counter.close_sale(UNNAMED))
        with pytest.raises(TillSettlesError, match=at.sales()[0]):
            at.see(lambda tx: refuse_what_the_till_has(tx, WANTED, at.terminal.pos.sealer, NOW))
        assert at.terminal.rows("SELECT 1 FROM pos_binding") == []


def test_what_the_till_begins_to_settle_in_that_moment_does_not_go_on() -> None:
    async def scene() -> None:
        stand = Stand()
        stand.memory.till_settles = True
        stand.memory.scan(ONE, NINE)
        told = (await stand.post(message("2102", purchase(*LINES)))).json()
        assert told["err_msg"].startswith("[pos.till_settles]")
        assert stand.interface.requests == []
        assert stand.memory.questions == {}
        assert [one.code for one in stand.memory.desks["1"]] == [ONE, NINE]

    asyncio.run(scene())


def test_what_a_listening_proxy_heard_settled_is_not_settled_or_paid_back_at_the_till(tmp_path: Path) -> None:
    clock = FakeClock(NOW)
    with (
        gateway(told=TOLD) as far,
        proxying(tmp_path / "store", far.url, pos={"mode": "listen"}, clock=clock) as terminal,
    ):
        at = Counter(terminal, far, clock)
        at.terminal.scan(ONE, NINE)
        setl_id = at.settle()
        wait_until(lambda: at.bound(setl_id) != [])
        sale = at.see(lambda tx: str(sales.see_desk(tx).sale))
        with pytest.raises(HeldByPosError, match=setl_id):
            at.see(lambda tx: refuse_held_by_pos(tx, sale))
        at.terminal.do(lambda: at.terminal.shop.counter.close_sale(UNNAMED))
        with pytest.raises(RungUpElsewhereError, match=setl_id):
            at.see(lambda tx: refuse_rung_up(tx, sale))
