"""Packs whose codes travel with a settlement: how many there may be, and what asking about them costs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import event

from server.store.database import Store
from tests.server.conftest import emptied
from tests.server.fake_terminal import code_of, dispensed
from tests.server.fsi.counter import LIMITED, PLAIN, file_store
from tests.server.fsi.office import HOSPITAL
from tests.server.fsi.shop import Shop, open_shop

ONE, TWO, THREE = (code_of(number) for number in (1, 2, 3))


@pytest.fixture(scope="module")
def one_store(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with file_store(migrated_file, tmp_path_factory.mktemp("packs")) as store:
        yield store


@pytest.fixture
def shop(one_store: Store) -> Shop:
    emptied(one_store)
    return open_shop(one_store)


@contextmanager
def statements(store: Store) -> Iterator[list[str]]:
    """List the statements that are executed meanwhile."""
    found: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        found.append(statement)

    event.listen(store._engine, "before_cursor_execute", note)
    yield found
    event.remove(store._engine, "before_cursor_execute", note)


def purchase_of(shop: Shop, code: str) -> dict[str, object]:
    return shop.item(
        spler_name="示例批发",
        prodentp_name="示例药厂",
        aprvno="国药准字H0001",
        purc_retn_cnt="1",
        purc_retn_stoin_time=shop.now,
        purc_retn_opter_name="李",
        drugtracinfo=[{"drug_trac_codg": code}],
    )


def trial(shop: Shop, *codes: str, count: str = "2") -> dict[str, object]:
    sale = shop.sale_with(*codes)
    sale["drugdetail"] = [shop.counter.line(PLAIN, count, "10.00")]
    sale["druginfo"] |= {"medfee_sumamt": f"{int(count) * 10}.00"}  # type: ignore[operator]
    return shop.say("2101", sale)


@pytest.mark.parametrize(
    ("codes", "why"),
    [
        ((ONE, ONE), f"{ONE}：重复填写"),
        ((ONE, f"(01)06901234567892(21){'A' * 9}", f"(01)06901234567892(21){'A' * 9}(10)L1"), "重复填写"),
        ((ONE, TWO, THREE), f"{THREE}：整盒的码多于数量"),
    ],
)
def test_each_pack_is_there_once_and_no_more_than_were_sold(shop: Shop, codes: tuple[str, ...], why: str) -> None:
    answer = trial(shop, *codes, count="3" if why == "重复填写" else "2")
    assert str(answer["err_msg"]).startswith("[settlement.trace_code]")
    assert why in str(answer["err_msg"])


def test_packs_that_fit_are_tried(shop: Shop) -> None:
    for codes in ((), (ONE,), (ONE, TWO)):
        assert trial(shop, *codes)["infcode"] == 0


@pytest.mark.parametrize("number", ["2102", "3505"])
def test_many_packs_are_asked_about_at_once(shop: Shop, number: str) -> None:
    asked: list[int] = []
    for codes in ([code_of(5)], [code_of(10)], [code_of(n) for n in range(20, 23)]):
        with statements(shop.office.store) as found:
            if number == "2102":
                shop.settle_with(*codes, number=f"A-{len(codes)}-{len(asked)}")
            else:
                assert shop.sell(*codes, rtal_docno=f"S{len(asked)}") == ("1", "")
        asked.append(len(found))
    # The first of all is not counted: the ledger gives its stream a number then.
    assert asked[1] == asked[2]


def test_a_pack_that_was_never_sold_costs_one_statement_more(shop: Shop) -> None:
    asked: list[int] = []
    for codes in ((), (code_of(30),)):
        with statements(shop.office.store) as found:
            assert trial(shop, *codes)["infcode"] == 0
        asked.append(len(found))
    assert asked[1] - asked[0] <= 2, "the pack's product, and what was said of the pack"


def test_packs_of_two_lines_that_were_paid_are_named_one_by_one(shop: Shop) -> None:
    setl_id = shop.settle_with(ONE, number="A-1")
    sale = shop.sale_with(TWO, ONE)
    sale["drugdetail"] = [shop.counter.line(PLAIN, "1", "10.00"), shop.counter.line(LIMITED, "1", "10.00")]
    answer = shop.say("2101", sale)
    assert f"{ONE}：已随本机构结算 {setl_id} 支付" in str(answer["err_msg"])


def told(answer: dict[str, object]) -> str:
    assert answer["infcode"] == 0, answer["err_msg"]
    return str(answer.get("warn_msg") or "")


@pytest.mark.parametrize("number", ["2101", "2102"])
def test_a_pack_that_somebody_paid_himself_is_settled_and_the_sender_is_told(shop: Shop, number: str) -> None:
    shop.sell(ONE, envelope={"fixmedins_code": HOSPITAL})
    shop.wait(minutes=1)
    warned = told(shop.say(number, shop.sale_with(ONE, TWO, number="A-1")))
    assert f"{ONE}：同一追溯码售出两次；结算后台账将标为冲突" in warned
    assert TWO not in warned
    assert HOSPITAL not in warned
    assert shop.life(ONE).conflict_count == (number == "2102")


def test_what_stands_in_stock_elsewhere_is_told_and_what_stands_here_is_not(shop: Shop) -> None:
    shop.purchase(ONE)
    shop.say("3503", {"purcinfo": purchase_of(shop, TWO)}, fixmedins_code=HOSPITAL)
    shop.wait(minutes=1)
    warned = told(shop.say("2101", shop.sale_with(ONE, TWO)))
    assert f"{TWO}：未经调拨，在另一机构售出" in warned
    assert ONE not in warned


def test_a_sale_that_the_terminal_told_before_is_no_contradiction(shop: Shop) -> None:
    shop.hear(dispensed(ONE, sale="CK-9"))
    shop.wait(minutes=1)
    assert ONE not in told(shop.say("2102", shop.sale_with(ONE, number="CK-9")))
    assert shop.life(ONE).conflict_count == 0


def test_an_opened_pack_travels_with_a_sale_over_the_counter_and_is_uploaded_so(shop: Shop) -> None:
    line = shop.counter.line(PLAIN, "6", "1.00")
    told = [{"drug_trac_codg": ONE, "feedetl_sn": line["feedetl_sn"], "trdn_flag": "1"}]
    sale = shop.counter.sale(line, expContent=json.dumps({"drugtracinfo": told}))
    settled = shop.counter.settle(sale)
    assert (shop.state(ONE), shop.life(ONE).rest) == ("split", None)
    uploaded = {"setl_id": settled["setl_id"], "trdn_flag": "1", "sel_retn_cnt": "6"}
    assert shop.sell(ONE, **uploaded) == ("1", "")
    assert len(shop.life(ONE).timeline) == 1


def test_part_of_a_pack_is_one_pack_if_nobody_says_that_it_was_opened(shop: Shop) -> None:
    sale = shop.sale_with(ONE)
    sale["drugdetail"] = [shop.counter.line(PLAIN, "0.5", "10.00")]
    sale["druginfo"] |= {"medfee_sumamt": "5.00"}  # type: ignore[operator]
    assert shop.say("2101", sale)["infcode"] == 0
