"""A sale that is told anew under its own number: the rest after a return, or what was paid in cash before."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from rules.pack_meant import Pack, pack_meant
from server.fsi.batches import quantity_in
from server.store.stock_entry import find_records_of_batch
from server.trace import claims
from tests.server.fsi.counter import LI, PLAIN, WANG, file_store, refused
from tests.server.fsi.office import PHARMACY
from tests.server.fsi.shop import BATCH, Shop, open_shop

A, B, C = (f"8600011000000000000{n}" for n in (1, 2, 3))
INSURED = {"mdtrt_setl_type": "1", "psn_no": LI}


@pytest.fixture
def shop(migrated_file: Path, tmp_path: Path) -> Iterator[Shop]:
    with file_store(migrated_file, tmp_path) as store:
        yield open_shop(store)


def sale(shop: Shop, *codes: str, travel: bool, number: str = "N1", **said: object) -> dict[str, object]:
    """Return a sale of packs whose codes may travel with it."""
    more: dict[str, object] = {"stoout_no": number}
    if travel:
        more["drugtracinfo"] = [{"drug_trac_codg": code} for code in codes]
    line = shop.counter.line(PLAIN, str(len(codes)), "100.00")
    return shop.counter.sale(line, expContent=json.dumps(more), **said)


def states(shop: Shop, *codes: str) -> list[str]:
    assert not any(shop.life(code).conflicts for code in codes)
    return [shop.state(code) for code in codes]


def paid_with(shop: Shop, *codes: str) -> list[set[str]]:
    keys = [found.key for found in map(pack_meant, codes) if isinstance(found, Pack)]
    with shop.office.store.reading() as tx:
        found = claims.claims(tx, keys)
    return [{one.setl_id for one in found.get(key, ())} for key in keys]


def buy_ten(shop: Shop) -> None:
    shop.purchase()
    shop.wait(minutes=1)


def there_are(shop: Shop) -> Decimal | None:
    """How many are in stock."""
    with shop.office.store.reading() as tx:
        records = find_records_of_batch(tx, PHARMACY, f"own-{PLAIN}", BATCH, until=shop.office.clock.now)
    return quantity_in(records)


@pytest.fixture(params=[False, True], ids=["codes by 3505", "codes with the settlement"])
def travel(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def settled(shop: Shop, *codes: str, travel: bool) -> dict[str, object]:
    made = shop.counter.settle(sale(shop, *codes, travel=travel))
    told = shop.sell(*codes, rtal_docno="N1", setl_id=made["setl_id"], **INSURED)
    assert told[0] == "1", told
    return made


class TestOneOfThreeComesBack:
    def test_the_rest_stays_sold_and_is_paid_with_the_new_settlement(self, shop: Shop, travel: bool) -> None:
        buy_ten(shop)
        first = settled(shop, A, B, C, travel=travel)
        shop.wait(days=2)
        assert shop.counter.cancel(first)["infcode"] == 0
        second = shop.counter.settle(sale(shop, A, B, travel=travel))
        assert shop.give_back(C, setl_id=first["setl_id"]) == ("1", "")
        row = {"rtal_docno": "N1", "setl_id": second["setl_id"], **INSURED}
        result, told = shop.sell(A, B, **row)
        assert (result, told[:18]) == ("1", "[stock.told_anew] ")
        assert states(shop, A, B, C) == ["sold", "sold", "returned"]
        assert paid_with(shop, A, B, C) == [{second["setl_id"]}, {second["setl_id"]}, set()]
        assert there_are(shop) == 8
        assert shop.sell(A, B, **row)[1].startswith("[stock.repeated]")

    def test_it_is_the_same_whether_return_or_rest_is_uploaded_first(self, shop: Shop, travel: bool) -> None:
        buy_ten(shop)
        first = settled(shop, A, B, C, travel=travel)
        shop.counter.cancel(first)
        second = shop.counter.settle(sale(shop, A, B, travel=travel))
        assert shop.sell(A, B, rtal_docno="N1", setl_id=second["setl_id"], **INSURED)[0] == "1"
        assert shop.give_back(C)[0] == "1"
        assert states(shop, A, B, C) == ["sold", "sold", "returned"]
        assert there_are(shop) == 8

    def test_a_place_that_takes_all_back_and_sells_the_rest_again_comes_to_the_same(
        self, shop: Shop, travel: bool
    ) -> None:
        buy_ten(shop)
        first = settled(shop, A, B, C, travel=travel)
        shop.counter.cancel(first)
        assert shop.give_back(A, B, C)[0] == "1"
        second = shop.counter.settle(sale(shop, A, B, travel=travel))
        assert shop.sell(A, B, rtal_docno="N1-2", setl_id=second["setl_id"], **INSURED)[0] == "1"
        assert states(shop, A, B, C) == ["sold", "sold", "returned"]
        assert paid_with(shop, A) == [{second["setl_id"]}]
        assert there_are(shop) == 8

    def test_one_after_the_other_comes_back(self, shop: Shop, travel: bool) -> None:
        buy_ten(shop)
        made, left = settled(shop, A, B, C, travel=travel), [A, B, C]
        while left:
            back = left.pop()
            shop.wait(hours=1)
            shop.counter.cancel(made)
            if left:
                made = settled(shop, *left, travel=travel)
            assert shop.give_back(back)[0] == "1"
            assert states(shop, *left) == ["sold"] * len(left)
            assert there_are(shop) == 10 - len(left)
        assert states(shop, A, B, C) == ["returned"] * 3

    def test_goods_without_codes_are_taken_over_by_their_number(self, shop: Shop) -> None:
        buy_ten(shop)
        made = shop.counter.settle(sale(shop, A, B, C, travel=False))
        row = {"rtal_docno": "N1", "manu_date": "2024-01-01", **INSURED}
        assert shop.sell(sel_retn_cnt="3", setl_id=made["setl_id"], **row)[0] == "1"
        shop.counter.cancel(made)
        again = shop.counter.settle(sale(shop, A, B, travel=False))
        assert shop.sell(sel_retn_cnt="2", setl_id=again["setl_id"], **row)[0] == "1"
        assert shop.give_back(sel_retn_cnt="1", setl_id=made["setl_id"], manu_date="2024-01-01")[0] == "1"
        assert there_are(shop) == 8

    @pytest.mark.parametrize(
        ("numbers", "receipts"),
        [
            (("", ""), ("R1", "R1")),
            (("N1", "N2"), ("R1", "R1")),
            (("N1", "N1"), ("R1", "R2")),
            (("", ""), ("R1", "R2")),
        ],
        ids=["receipt alone", "receipt, and a new sale number", "sale number", "person and packs alone"],
    )
    def test_the_packs_are_taken_over_whatever_numbers_the_software_gives_again(
        self, shop: Shop, travel: bool, numbers: tuple[str, str], receipts: tuple[str, str]
    ) -> None:
        buy_ten(shop)
        first = shop.counter.settle(sale(shop, A, B, C, travel=travel, number=numbers[0]))
        shop.sell(A, B, C, rtal_docno=receipts[0], setl_id=first["setl_id"], **INSURED)
        shop.wait(hours=1)
        shop.counter.cancel(first)
        assert shop.give_back(C, setl_id=first["setl_id"])[0] == "1"
        second = shop.counter.settle(sale(shop, A, B, travel=travel, number=numbers[1], begntime=shop.now))
        result, told = shop.sell(A, B, rtal_docno=receipts[1], setl_id=second["setl_id"], **INSURED)
        assert (result, told[:18]) == ("1", "[stock.told_anew] ")
        assert states(shop, A, B, C) == ["sold", "sold", "returned"]
        assert paid_with(shop, A, B, C) == [{second["setl_id"]}, {second["setl_id"]}, set()]
        assert there_are(shop) == 8
        assert shop.give_back(B)[0] == "1"
        assert states(shop, A, B) == ["sold", "returned"]

    def test_packs_that_came_back_and_are_sold_to_the_same_person_later_are_another_sale(
        self, shop: Shop, travel: bool
    ) -> None:
        buy_ten(shop)
        for number in ("N1", "N2", "N3"):
            shop.wait(days=1)
            made = shop.counter.settle(sale(shop, A, travel=travel, number=number, begntime=shop.now))
            told = shop.sell(A, rtal_docno=number, setl_id=made["setl_id"], **INSURED)
            assert told[0] == "1"
            assert "told_anew" not in told[1]
            assert paid_with(shop, A) == [{made["setl_id"]}]
            assert there_are(shop) == 9
            shop.counter.cancel(made)
            assert shop.give_back(A)[0] == "1"
            assert states(shop, A) == ["returned"]
            assert there_are(shop) == 10

    def test_goods_without_codes_are_not_taken_over_by_a_receipt_alone(self, shop: Shop) -> None:
        buy_ten(shop)
        row = {"rtal_docno": "R1", "manu_date": "2024-01-01", **INSURED}
        for count, number in (("3", "N1"), ("2", "N2")):
            made = shop.counter.settle(sale(shop, *(A, B, C)[: int(count)], travel=False, number=number))
            told = shop.sell(sel_retn_cnt=count, setl_id=made["setl_id"], **row)[1]
            assert "told_anew" not in told, "another sale of a till that counts its receipts anew"
            shop.counter.cancel(made)

    def test_what_stays_may_be_paid_by_the_person(self, shop: Shop, travel: bool) -> None:
        buy_ten(shop)
        first = settled(shop, A, B, C, travel=travel)
        shop.counter.cancel(first)
        assert shop.give_back(C)[0] == "1"
        assert shop.sell(A, B, rtal_docno="N1", mdtrt_setl_type="2")[0] == "1"
        assert states(shop, A, B, C) == ["sold", "sold", "returned"]
        assert paid_with(shop, A) == [set()]
        assert there_are(shop) == 8

    def test_a_settlement_that_stands_is_never_told_away(self, shop: Shop, travel: bool) -> None:
        first = settled(shop, A, B, travel=travel)
        assert shop.sell(A, B, rtal_docno="N1", mdtrt_setl_type="2")[0] == "0"
        other = shop.counter.settle(sale(shop, B, travel=False, number="N2"))
        assert shop.sell(B, rtal_docno="N1", setl_id=other["setl_id"], **INSURED)[0] == "0"
        assert paid_with(shop, A, B) == [{first["setl_id"]}] * 2

    def test_a_reversed_resettlement_leaves_the_packs_returned(self, shop: Shop) -> None:
        first = settled(shop, A, B, C, travel=True)
        shop.counter.cancel(first)
        second = shop.counter.settle(sale(shop, A, B, travel=True))
        assert states(shop, A, B, C) == ["sold", "sold", "returned"]
        shop.counter.reverse(str(second["medins_setl_id"]))
        assert states(shop, A, B, C) == ["returned"] * 3


class TestTurnedInsured:
    def test_a_sale_that_was_paid_in_cash_is_paid_once_and_sold_once(self, shop: Shop, travel: bool) -> None:
        buy_ten(shop)
        assert shop.sell(A, B, rtal_docno="N1", mdtrt_setl_type="2")[0] == "1"
        shop.wait(days=3)
        answer = shop.office.say("2102", sale(shop, A, B, travel=travel))
        assert "conflict" not in str(answer["warn_msg"])
        made = answer["output"]["setlinfo"]  # type: ignore[index,call-overload]
        assert shop.sell(A, B, rtal_docno="N1", setl_id=made["setl_id"], **INSURED)[0] == "1"
        assert states(shop, A, B) == ["sold", "sold"]
        assert paid_with(shop, A, B) == [{made["setl_id"]}] * 2
        assert there_are(shop) == 8

    def test_whoever_takes_the_cash_sale_back_first_comes_to_the_same(self, shop: Shop, travel: bool) -> None:
        buy_ten(shop)
        shop.sell(A, B, rtal_docno="N1", mdtrt_setl_type="2")
        shop.wait(days=1)
        assert shop.give_back(A, B)[0] == "1"
        made = shop.counter.settle(sale(shop, A, B, travel=travel))
        assert shop.sell(A, B, rtal_docno="N1", setl_id=made["setl_id"], **INSURED)[0] == "1"
        assert states(shop, A, B) == ["sold", "sold"]
        assert paid_with(shop, A, B) == [{made["setl_id"]}] * 2
        assert there_are(shop) == 8

    def test_another_persons_sale_is_not_turned(self, shop: Shop) -> None:
        assert shop.sell(A, rtal_docno="N1", mdtrt_setl_type="2", psn_no=WANG)[0] == "1"
        made = shop.counter.settle(sale(shop, A, travel=False))
        assert shop.sell(A, rtal_docno="N1", setl_id=made["setl_id"], **INSURED)[0] == "0"


class TestDays:
    """The rest of a sale keeps the sale's day; its few days run from the cancellation."""

    @pytest.mark.parametrize(
        ("waited", "said", "code"),
        [
            (0, {}, ""),
            (3, {}, ""),
            (4, {}, "settlement.too_late"),
            (0, {"begntime": "2026-03-11 10:00:00"}, "settlement.too_late"),
        ],
    )
    def test_the_rest_of_an_old_sale_is_settled_on_its_day(
        self, shop: Shop, waited: int, said: dict[str, object], code: str
    ) -> None:
        began, first = shop.now, settled(shop, A, B, C, travel=False)
        shop.wait(days=45)
        rest = sale(shop, A, B, travel=False, begntime=began)
        rest["drugdetail"][0]["fee_ocur_time"] = began  # type: ignore[index]
        assert shop.office.say("2101", rest)["infcode"] == 0
        assert shop.counter.cancel(first)["infcode"] == 0
        shop.wait(days=waited)
        rest["druginfo"] |= said  # type: ignore[operator]
        for line in rest["drugdetail"]:  # type: ignore[attr-defined]
            line["fee_ocur_time"] = rest["druginfo"]["begntime"]  # type: ignore[index]
        answer = shop.office.say("2102", rest)
        assert (refused(answer) if code else str(answer["infcode"])) == (code or "0")

    @pytest.mark.parametrize("fault", ["more of it", "other goods", "other number"])
    def test_nothing_new_is_settled_on_an_old_day(self, shop: Shop, fault: str) -> None:
        began, first = shop.now, settled(shop, A, B, travel=False)
        shop.wait(days=45)
        shop.counter.cancel(first)
        rest = sale(
            shop, *([A, B, C] if fault == "more of it" else [A]), travel=False, begntime=began,
            number="N2" if fault == "other number" else "N1",
        )  # fmt: skip
        line = rest["drugdetail"][0]  # type: ignore[index]
        line["fee_ocur_time"] = began
        if fault == "other goods":
            line["medins_list_codg"] = "own-other"
        assert refused(shop.office.say("2102", rest)) == "settlement.too_late"

    def test_it_counts_in_the_year_of_the_sale(self, shop: Shop) -> None:
        began, first = shop.now, settled(shop, A, B, C, travel=False)
        shop.wait(days=330)
        shop.counter.cancel(first)
        rest = sale(shop, A, B, travel=False, begntime=began)
        rest["drugdetail"][0]["fee_ocur_time"] = began  # type: ignore[index]
        shop.counter.settle(rest)
        assert shop.counter.totals(year=2026)
        assert not shop.counter.totals(year=2027)
